import type { Child } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import { nextDay, zonedDay } from "../../foundation/time/zone.ts";
import type { Answers } from "../../http/api/routes.ts";
import { sumOfLoads } from "../../operators/figures.ts";
import { callStatuses, enders } from "../../records/call-record.ts";
import { lineOfPromptCall } from "../../records/person-line.ts";
import { endedCalls, personLines } from "../../views/calls.ts";
import { endedConferences, foundConferences, runningConferences } from "../../views/conferences.ts";
import { audit, type ServerRow, serversOf, tspServers } from "../../views/domain.ts";
import { Page } from "../page.tsx";
import { Choice, Empty, Field, Further, List, Notice, PostWay, Refusal, Search, Tabs, useFrame } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

/** The answer for a page, and the values of its form. */
interface Listed<Asked extends keyof Answers> {
  readonly answer: Answers[Asked];
  readonly fields: Readonly<Partial<Record<string, string>>>;
  /** Why the API refused the search; `null`: it did not. */
  readonly refusal: string | null;
}

function Hidden({ people }: { readonly people: PeopleShown }) {
  return people === "full" ? null : <Notice is="plain">{peopleWords[people]}</Notice>;
}

interface ConferencesProps extends Listed<"POST /domains/{domain}/running-conferences"> {
  readonly people: PeopleShown;
}

export function ConferencesPage({ answer, people, fields, refusal }: ConferencesProps) {
  const { begins = "", number = "", attendeeId = "", cursor } = fields;
  const path = pathOf(useFrame().domain, "conferences");
  const person = number + attendeeId;
  return (
    <Page title="Conferences" here="conferences">
      <ListTabs here="running" />
      <form class="bar" method="post" action={path}>
        <Field label="Key begins with" name="begins" value={begins} maxlength={64} />
        {people !== "none" && (
          <>
            <Field label="Number" name="number" value={number} maxlength={64} />
            <Field label="Attendee ID" name="attendeeId" value={attendeeId} maxlength={64} />
          </>
        )}
        <Search />
      </form>
      <Refusal says={refusal} />
      <section id="list" class="part">
        <p class="dim">{loadText(answer.bridges)}</p>
        {person !== "" && <Hidden people={people} />}
        <List view={runningConferences} rows={answer.conferences} none={noConferences(begins, person, cursor)} />
        <Further
          titles={["First page", "Next page"]}
          {...{ path, cursor, query: { begins }, typed: { number, attendeeId } }}
          next={answer.next}
        />
      </section>
    </Page>
  );
}

export function loadText(loads: Parameters<typeof sumOfLoads>[0]): string {
  const { conferences, callers } = sumOfLoads(loads);
  return `${counted(conferences, "conference")}, ${counted(callers, "caller")}`;
}

function noConferences(begins: string, person: string, cursor: string | undefined): readonly [string, string] {
  if (person !== "")
    return ["No such caller in a running conference", "Past callers are under Calls, by the same number."];
  if (begins !== "")
    return [`No running conference has a key that begins with ${begins}`, "Past ones are under Ended."];
  return cursor === undefined ? runningConferences.none : ["No more conferences", "The others have ended."];
}

function ListTabs({ here }: { readonly here: "running" | "conference" | "call" }) {
  const { domain } = useFrame();
  const records = pathOf(domain, "records");
  const tabs = {
    running: { title: "Running", to: pathOf(domain, "conferences") },
    conference: { title: "Ended", to: withQuery(records, { kind: "conference" }) },
    call: { title: "Calls", to: withQuery(records, { kind: "call" }) },
  };
  return <Tabs label="Conferences" tabs={tabs} here={here} />;
}

interface RecordsProps extends Listed<"POST /domains/{domain}/records"> {
  /** The names of the domain's bridges. */
  readonly bridges: readonly string[];
}

/** Ended calls and conferences, the latest first. */
export function RecordsPage({ answer: { records, next }, fields, refusal, bridges }: RecordsProps) {
  const { domain, now, timeZone } = useFrame();
  const { kind: asked, cursor, number = "", attendeeId = "", ...filters } = fields;
  const kind = asked === "call" ? "call" : "conference";
  const path = pathOf(domain, "records");
  const month = lastMonth(now, timeZone);
  const isFiltered = Object.keys(filters).length > 0 || number + attendeeId !== "";
  const none = noRecords(isFiltered, next !== null);
  const exported = { kind, ...filters, number, attendeeId, until: filters.until ? nextDay(filters.until) : null };
  return (
    <Page title="Conferences" here="conferences" isStill={isFiltered || cursor !== undefined}>
      <ListTabs here={kind} />
      <Filters isCall={kind === "call"} fields={fields} path={path} bridges={bridges} />
      <Refusal says={refusal} />
      <section id="list" class="part">
        {kind === "call" ? (
          <List view={endedCalls} rows={records.filter((one) => one.kind === "call")} none={none} />
        ) : (
          <List view={endedConferences} rows={records.filter((one) => one.kind === "conference")} none={none} />
        )}
        <Further {...{ path, cursor, next, query: { kind, ...filters }, typed: { number, attendeeId } }}>
          <span class="end line">
            <PostWay title={`${month} as CSV`} path={`${path}/export`} fields={{ kind, month }} />
            <PostWay
              title={isFiltered ? "Download these as CSV" : "Download all as CSV"}
              path={`${path}/export`}
              fields={exported}
            />
          </span>
        </Further>
      </section>
    </Page>
  );
}

/** The month before this one in the zone: `2026-10`. */
function lastMonth(now: EpochMs, zone: string): string {
  const [year = 0, month = 0] = zonedDay(now, zone).split("-").map(Number);
  return new Date(Date.UTC(year, month - 2)).toISOString().slice(0, 7);
}

function noRecords(isFiltered: boolean, hasMore: boolean): readonly [string, string] | undefined {
  if (hasMore) return ["No match among the latest records", "There are more records: choose Older."];
  return isFiltered ? ["No record matches", "Widen the filters or the dates."] : undefined;
}

interface FiltersProps extends Pick<RecordsProps, "fields" | "bridges"> {
  readonly isCall: boolean;
  readonly path: string;
}

function Filters({ isCall, fields, path, bridges }: FiltersProps) {
  const field = (name: string) => ({ name, value: fields[name] ?? "", maxlength: 128 });
  const choice = (name: string, values: readonly string[]) => {
    return { name, value: fields[name] ?? "", all: "any", values: Object.fromEntries(values.map((one) => [one, one])) };
  };
  return (
    <form class="bar" method="post" action={path}>
      <input type="hidden" name="kind" value={isCall ? "call" : "conference"} />
      <Field label="From" type="date" {...field("since")} />
      <Field label="To" type="date" {...field("until")} />
      <Field label="Conference" {...field("conference")} />
      {isCall && <Field label="Number" {...field("number")} />}
      {isCall && <Field label="Attendee ID" {...field("attendeeId")} />}
      <Field label="TSP server" {...field("webexHost")} />
      <Choice label="Bridge" {...choice("bridge", bridges)} />
      <Choice label="Ended by" {...choice("endedBy", enders)} />
      <Choice label="Outcome" {...choice("status", isCall ? callStatuses : ["completed", "failed"])} />
      <Search />
    </form>
  );
}

/** Search results: conferences, and calls of callers. */
export function FindPage({ answer, fields, refusal }: Listed<"POST /domains/{domain}/find">) {
  const { find = "", cursor } = fields;
  const { conferences, lines, next, people } = answer;
  const [title, says] = foundConferences.none;
  return (
    <Page title="Find" isStill>
      <Refusal says={refusal} />
      {find !== "" && (
        <p>
          {`${counted(conferences.length, "conference")} and ${counted(lines.length, "call")} for `}
          <b>
            <bdi>{find}</bdi>
          </b>
        </p>
      )}
      <Hidden people={people} />
      {conferences.length + lines.length === 0 && <Empty title={find === "" ? "Find anything" : title}>{says}</Empty>}
      <List view={foundConferences} rows={conferences} title="Conferences" />
      <List view={personLines} rows={lines} title="Calls, the latest first" />
      <Further {...{ cursor, next, typed: { find } }} path={pathOf(useFrame().domain, "find")} />
    </Page>
  );
}

/** Calls in the prompt that were not admitted at once. */
export function PromptCallsPage({ answer, fields, refusal }: Listed<"POST /domains/{domain}/prompt-calls">) {
  const none = ["No call in the prompt", "Callers who enter a right key at once are not listed."] as const;
  return (
    <Page title="Calls in the prompt">
      <Refusal says={refusal} />
      <List view={personLines} rows={answer.calls.map(lineOfPromptCall)} none={none} />
      <Further path={pathOf(useFrame().domain, "prompt-calls")} cursor={fields.cursor} next={answer.next} />
    </Page>
  );
}

export function AuditPage({ answer, fields, refusal }: Listed<"GET /domains/{domain}/audit">) {
  return (
    <Page title="Audit" here="audit">
      <p class="dim">
        What users have asked of this domain, refused or not. The timeline of a conference has the results.
      </p>
      <Refusal says={refusal} />
      <section id="list" class="part">
        <List view={audit} rows={answer.entries} />
        <Further path={pathOf(useFrame().domain, "audit")} cursor={fields.cursor} next={answer.next} />
      </section>
    </Page>
  );
}

/** The TSP servers of a domain: confirmed posts of the last hour, mean time, and backlog. */
export function TspServersPage({ answer }: Pick<Listed<"GET /domains/{domain}/activity">, "answer">) {
  const { domain, person } = useFrame();
  const resync = ({ load }: ServerRow): Child =>
    load !== undefined &&
    load.documents > 0 &&
    load.host !== BACK_END && (
      <form method="post" action={pathOf(domain, "servers", "resync")} class="inline" data-stay="">
        <input type="hidden" name="server" value={load.host} />
        <button type="submit">Resync</button>
      </form>
    );
  return (
    <Page title="TSP servers" here="servers">
      <section id="hosts" class="part">
        <p class="dim">Posts of the last hour.</p>
        <List view={tspServers} rows={serversOf(answer)} actions={person.role === "operator" && resync} />
      </section>
    </Page>
  );
}
