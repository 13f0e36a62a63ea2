import type { Child } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import { nextDay, zonedDay } from "../../foundation/time/zone.ts";
import type { AuditEntry } from "../../operators/audit.ts";
import { sumOfLoads } from "../../operators/figures.ts";
import { callStatuses, enders } from "../../records/call-record.ts";
import type { FoundConference, PersonLine } from "../../records/person-line.ts";
import type { DomainActivity, ListedConference } from "../../rpc/directory.ts";
import { type EndedCall, endedCalls, personLines } from "../../views/calls.ts";
import {
  type EndedConference,
  endedConferences,
  foundConferences,
  runningConferences,
} from "../../views/conferences.ts";
import { audit, type ServerRow, serversOf, tspServers } from "../../views/domain.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Choice, Field, Further, List, Notice, PostWay, Search, Tabs } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

interface ListFrame<Answer> extends DomainFrame {
  readonly answer: Answer;
  /** What the page was asked for. */
  readonly fields: Readonly<Partial<Record<string, string>>>;
  /** Why the API refused the search; `null`: it did not. */
  readonly refusal: string | null;
}

/** Why there is no list, and what the list lacks. */
function Notes({ refusal = null, of = [] }: { refusal?: string | null; of?: readonly (string | null)[] }) {
  return (
    <>
      {refusal !== null && <Notice is="bad">{refusal}</Notice>}
      {of.map((says) => says !== null && <Notice is="plain">{says}</Notice>)}
    </>
  );
}

interface Load {
  readonly bridge: string | null;
  readonly conferences: number;
  readonly callers: number;
}

interface RunningAnswer {
  readonly conferences: readonly ListedConference[];
  readonly next: string | null;
  readonly bridges: readonly Load[];
}

/** The conferences of a domain that run. */
export function ConferencesPage(props: ListFrame<RunningAnswer> & { readonly people: PeopleShown }) {
  const { answer, people, fields, refusal, ...frame } = props;
  const { begins = "", number = "", attendeeId = "", cursor } = fields;
  const { domain, now } = frame;
  const path = pathOf(domain, "conferences");
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here="running" />
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
      <Notes refusal={refusal} />
      <section id="list" class="part">
        <p class="dim">{loadText(answer.bridges)}</p>
        <Notes of={[number + attendeeId !== "" && people !== "full" ? peopleWords[people] : null]} />
        <List
          view={runningConferences}
          rows={answer.conferences}
          domain={domain}
          now={now}
          none={noConferences(begins, number + attendeeId, cursor)}
        />
        <Further
          titles={["First page", "Next page"]}
          {...{ path, cursor, query: { begins }, typed: { number, attendeeId } }}
          next={answer.next}
        />
      </section>
    </Page>
  );
}

/** All that run, and how many are in them. */
export function loadText(loads: readonly Load[]): string {
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

function ListTabs({ domain, here }: { readonly domain: string; readonly here: "running" | "conference" | "call" }) {
  const records = pathOf(domain, "records");
  const tabs = {
    running: { title: "Running", to: pathOf(domain, "conferences") },
    conference: { title: "Ended", to: withQuery(records, { kind: "conference" }) },
    call: { title: "Calls", to: withQuery(records, { kind: "call" }) },
  };
  return <Tabs label="Conferences" tabs={tabs} here={here} />;
}

interface RecordsAnswer {
  readonly records: readonly (EndedCall | EndedConference)[];
  readonly next: string | null;
}

/** What has ended in a domain, the latest first; `bridges`: the names of the domain's bridges. */
export function RecordsPage(props: ListFrame<RecordsAnswer> & { readonly bridges: readonly string[] }) {
  const { answer, fields, refusal, bridges, ...frame } = props;
  const { records, next } = answer;
  const { domain, now, timeZone = "UTC" } = frame;
  const { kind: asked, cursor, number = "", attendeeId = "", ...filters } = fields;
  const kind = asked === "call" ? "call" : "conference";
  const path = pathOf(domain, "records");
  const month = lastMonth(now, timeZone);
  const isFiltered = Object.keys(filters).length > 0 || number + attendeeId !== "";
  const none = noRecords(isFiltered, next !== null);
  const exported = { kind, ...filters, number, attendeeId, until: filters.until ? nextDay(filters.until) : null };
  const calls = records.filter((one) => one.kind === "call");
  const conferences = records.filter((one) => one.kind === "conference");
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here={kind} />
      <Filters isCall={kind === "call"} fields={fields} path={path} bridges={bridges} />
      <Notes refusal={refusal} />
      <section id="list" class="part">
        {kind === "call" ? (
          <List view={endedCalls} rows={calls} {...{ domain, now, none }} />
        ) : (
          <List view={endedConferences} rows={conferences} {...{ domain, now, none }} />
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
  if (hasMore) return ["None of the latest records matches", "There are more records: choose Older."];
  return isFiltered ? ["No record matches", "Widen the filters or the dates."] : undefined;
}

interface FiltersProps extends Pick<ListFrame<unknown>, "fields"> {
  readonly isCall: boolean;
  readonly path: string;
  readonly bridges: readonly string[];
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

interface LinesAnswer {
  /** What happened to callers, a line for each call. */
  readonly lines: readonly PersonLine[];
  readonly next: string | null;
  readonly people: PeopleShown;
}

const calls = "Calls, the latest first";

interface FindAnswer extends LinesAnswer {
  readonly conferences: readonly FoundConference[];
}

/** Whatever a text names: conferences, and what happened to callers. */
export function FindPage({ answer, fields, refusal, ...frame }: ListFrame<FindAnswer>) {
  const { find = "", cursor } = fields;
  const { domain, now } = frame;
  const { conferences, lines, next, people } = answer;
  const path = pathOf(domain, "find");
  const nothing = {
    none: find === "" ? (["Find anything", foundConferences.none[1]] as const) : foundConferences.none,
  };
  const listed = conferences.length + lines.length === 0 ? nothing : { title: "Conferences" };
  return (
    <Page {...frame} title="Find">
      <Notes refusal={refusal} />
      {find !== "" && (
        <p>
          {`${counted(conferences.length, "conference")} and ${counted(lines.length, "call")} for `}
          <b>
            <bdi>{find}</bdi>
          </b>
        </p>
      )}
      <Notes of={[people === "full" ? null : peopleWords[people]]} />
      <List view={foundConferences} rows={conferences} domain={domain} now={now} {...listed} />
      <List view={personLines} rows={lines} domain={domain} now={now} title={calls} />
      <Further {...{ path, cursor, next, typed: { find } }} />
    </Page>
  );
}

/** What happened to a telephone number in all conferences. */
export function NumberPage({ answer, fields, refusal, ...frame }: ListFrame<LinesAnswer>) {
  const { number = "", cursor } = fields;
  const { domain, now } = frame;
  const { lines, next, people } = answer;
  const path = pathOf(domain, "numbers");
  return (
    <Page {...frame} title="Number">
      <form class="bar" method="post" action={path}>
        <Field label="Number, in any spelling" name="number" value={number} maxlength={64} />
        <Search />
      </form>
      <Notes refusal={refusal} of={[people === "full" ? null : peopleWords[people]]} />
      {number !== "" && <List view={personLines} rows={lines} domain={domain} now={now} />}
      <Further {...{ path, cursor, next, typed: { number } }} />
    </Page>
  );
}

/** Calls in the prompt that were not admitted at once. */
export function PromptCallsPage({ answer, fields, refusal, ...frame }: ListFrame<Pick<LinesAnswer, "lines" | "next">>) {
  const { domain, now } = frame;
  const none = ["No call in the prompt", "Callers who enter a right key at once are not listed."] as const;
  return (
    <Page {...frame} title="Calls in the prompt">
      <Notes refusal={refusal} />
      <List view={personLines} rows={answer.lines} domain={domain} now={now} none={none} />
      <Further path={pathOf(domain, "prompt-calls")} cursor={fields.cursor} next={answer.next} />
    </Page>
  );
}

interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  readonly next: string | null;
}

/** What users have asked of a domain, the latest first. */
export function AuditPage({ answer, fields, refusal, ...frame }: ListFrame<AuditAnswer>) {
  const { domain, now } = frame;
  return (
    <Page {...frame} title="Audit">
      <p class="dim">
        What users have asked of this domain, refused or not. The timeline of a conference has the results.
      </p>
      <Notes refusal={refusal} />
      <section id="list" class="part">
        <List view={audit} rows={answer.entries} domain={domain} now={now} />
        <Further path={pathOf(domain, "audit")} cursor={fields.cursor} next={answer.next} />
      </section>
    </Page>
  );
}

/** The TSP servers of a domain: what they confirmed in the last hour, how fast, and what waits for them. */
export function TspServersPage({ answer, ...frame }: DomainFrame & { readonly answer: DomainActivity }) {
  const { domain, now, person } = frame;
  const resync = ({ load }: ServerRow): Child =>
    load && load.documents > 0 && load.host !== BACK_END ? (
      <form method="post" action={pathOf(domain, "servers", "resync")} class="inline" data-stay="">
        <input type="hidden" name="server" value={load.host} />
        <button type="submit">Resync</button>
      </form>
    ) : (
      ""
    );
  return (
    <Page {...frame} title="TSP servers">
      <section id="hosts" class="part">
        <p class="dim">Posts of the last hour.</p>
        <List
          view={tspServers}
          rows={serversOf(answer)}
          domain={domain}
          now={now}
          actions={person.role === "operator" && resync}
        />
      </section>
    </Page>
  );
}
