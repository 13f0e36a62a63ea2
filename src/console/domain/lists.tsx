import type { Child } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import { nextDay, zonedDay } from "../../foundation/time/zone.ts";
import type { AuditEntry } from "../../operators/audit.ts";
import { callStatuses, enders } from "../../records/call-record.ts";
import type { FoundConference, ListGaps, SearchedJournals } from "../../records/found-conference.ts";
import { gapTexts, notSearchedText, type PersonLine } from "../../records/person-line.ts";
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

/** What a page was asked for, by field. */
type Fields = Readonly<Partial<Record<string, string>>>;

interface ListFrame extends DomainFrame {
  readonly fields: Fields;
  /** Why the API refused the search; `null`: it did not. */
  readonly refusal: string | null;
}

function Refusal({ of }: { readonly of: string | null }) {
  return of === null ? null : <Notice is="bad">{of}</Notice>;
}

function Notices({ of }: { readonly of: readonly (string | null)[] }) {
  return <>{of.map((says) => says !== null && <Notice is="plain">{says}</Notice>)}</>;
}

interface Load {
  readonly bridge: string | null;
  readonly conferences: number;
  readonly callers: number;
  readonly away?: true | undefined;
}

interface ConferencesProps extends ListFrame {
  readonly answer: {
    readonly conferences: readonly ListedConference[];
    readonly next: string | null;
    readonly bridges: readonly Load[];
  };
  readonly people: PeopleShown;
}

/** The conferences of a domain that run. */
export function ConferencesPage({ answer, people, fields, refusal, ...frame }: ConferencesProps) {
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
      <Refusal of={refusal} />
      <section id="list" class="part">
        <p class="dim">{loadText(answer.bridges)}</p>
        <Notices of={[number + attendeeId !== "" && people !== "full" ? peopleWords[people] : null]} />
        <List
          view={runningConferences}
          rows={answer.conferences}
          domain={domain}
          now={now}
          none={noConferences(begins, number + attendeeId, cursor)}
        />
        <Further
          path={path}
          typed={{ number, attendeeId }}
          to={{
            "First page": cursor === undefined ? null : { begins },
            "Next page": answer.next === null ? null : { begins, cursor: answer.next },
          }}
        />
      </section>
    </Page>
  );
}

/** All that run, and how many are in them. */
export function loadText(loads: readonly Load[]): string {
  const sum = (name: "conferences" | "callers") => loads.reduce((before, load) => before + load[name], 0);
  const away = loads.flatMap((load) => (load.away && load.bridge !== null ? load.bridge : []));
  const notKnown = away.length === 0 ? "" : `, not known for ${away.join(", ")}`;
  const callers = `${away.length === 0 ? "" : "about "}${counted(sum("callers"), "caller")}`;
  return `${counted(sum("conferences"), "conference")}, ${callers}${notKnown}`;
}

function noConferences(begins: string, person: string, cursor: string | undefined) {
  if (person !== "")
    return ["No such caller in a running conference", "Past callers are under Calls, by the same number."] as const;
  if (begins !== "")
    return [`No running conference has a key that begins with ${begins}`, "Past ones are under Ended."] as const;
  return cursor === undefined ? runningConferences.none : (["No more conferences", "The others have ended."] as const);
}

interface ListTabsProps {
  readonly domain: string;
  readonly here: "running" | "conference" | "call";
}

function ListTabs({ domain, here }: ListTabsProps) {
  const records = pathOf(domain, "records");
  const tabs = {
    running: { title: "Running", to: pathOf(domain, "conferences") },
    conference: { title: "Ended", to: withQuery(records, { kind: "conference" }) },
    call: { title: "Calls", to: withQuery(records, { kind: "call" }) },
  };
  return <Tabs label="Conferences" tabs={tabs} here={here} />;
}

interface RecordsProps extends ListFrame {
  readonly answer: { readonly records: readonly (EndedCall | EndedConference)[]; readonly next: string | null };
  /** Names of the domain's bridges. */
  readonly bridges: readonly string[];
}

/** What has ended in a domain, the latest first. */
export function RecordsPage({ answer: { records, next }, fields, refusal, bridges, ...frame }: RecordsProps) {
  const { domain, now, timeZone = "UTC" } = frame;
  const { kind: asked, cursor, number = "", attendeeId = "", ...filters } = fields;
  const kind = asked === "call" ? "call" : "conference";
  const path = pathOf(domain, "records");
  const month = lastMonth(now, timeZone);
  const isFiltered = Object.keys(filters).length > 0 || number + attendeeId !== "";
  const none = noRecords(isFiltered, next !== null);
  const exported = { kind, ...filters, number, attendeeId, until: filters.until ? nextDay(filters.until) : null };
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here={kind} />
      <Filters kind={kind} fields={fields} path={path} bridges={bridges} />
      <Refusal of={refusal} />
      <section id="list" class="part">
        {kind === "call" ? (
          <List view={endedCalls} rows={records.filter((one) => one.kind === "call")} {...{ domain, now, none }} />
        ) : (
          <List
            view={endedConferences}
            rows={records.filter((one) => one.kind === "conference")}
            {...{ domain, now, none }}
          />
        )}
        <Further
          path={path}
          typed={{ number, attendeeId }}
          to={{
            Latest: cursor === undefined ? null : { kind, ...filters },
            Older: next === null ? null : { kind, ...filters, cursor: next },
          }}
        >
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

interface FiltersProps extends Pick<RecordsProps, "fields" | "bridges"> {
  readonly kind: "conference" | "call";
  readonly path: string;
}

function Filters({ kind, fields, path, bridges }: FiltersProps) {
  const isCall = kind === "call";
  const field = (name: string) => ({ name, value: fields[name] ?? "", maxlength: 128 });
  const choice = (name: string, values: readonly string[]) => ({
    name,
    value: fields[name] ?? "",
    all: "any",
    values: Object.fromEntries(values.map((value) => [value, value])),
  });
  return (
    <form class="bar" method="post" action={path}>
      <input type="hidden" name="kind" value={kind} />
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

interface LinesProps extends ListFrame {
  readonly lines: readonly PersonLine[];
  readonly next: string | null;
  /** Fields of the search, which are posted for its other pages. */
  readonly typed: Readonly<Record<string, string>>;
  readonly path: string;
}

/** What happened to callers, a line for each call, and links to the other pages. */
function Lines({
  lines,
  next,
  fields,
  typed,
  path,
  domain,
  now,
}: Omit<LinesProps, keyof DomainFrame | "refusal"> & Pick<LinesProps, "domain" | "now">) {
  const to = { Latest: fields.cursor === undefined ? null : {}, Older: next === null ? null : { cursor: next } };
  return (
    <>
      <List view={personLines} rows={lines} domain={domain} now={now} title="Calls, the latest first" />
      <Further path={path} typed={typed} to={to} />
    </>
  );
}

interface FindProps extends ListFrame {
  readonly answer: ListGaps & {
    readonly conferences: readonly FoundConference[];
    readonly lines: readonly PersonLine[];
    readonly next: string | null;
    readonly people: PeopleShown;
    readonly journals?: SearchedJournals | undefined;
  };
}

/** Whatever a text names: conferences, and what happened to callers. */
export function FindPage({ answer, fields, refusal, ...frame }: FindProps) {
  const { find = "" } = fields;
  const { domain, now } = frame;
  const { conferences, lines, next, people, journals } = answer;
  const isNothing = conferences.length + lines.length === 0;
  const path = pathOf(domain, "find");
  const notSearched = notSearchedText(journals);
  return (
    <Page {...frame} title="Find">
      <Refusal of={refusal} />
      {find !== "" && (
        <p>
          {`${counted(conferences.length, "conference")} and ${counted(lines.length, "call")} for `}
          <b>
            <bdi>{find}</bdi>
          </b>
        </p>
      )}
      <Notices of={[notSearched, ...gapTexts(answer), people === "full" ? null : peopleWords[people]]} />
      {journals?.searched === 0 && <PostWay title="Search the journals" path={path} fields={{ find, journals: "1" }} />}
      <List
        view={foundConferences}
        rows={conferences}
        domain={domain}
        now={now}
        {...(isNothing
          ? { none: find === "" ? ["Find anything", foundConferences.none[1]] : foundConferences.none }
          : { title: "Conferences" })}
      />
      <Lines {...{ lines, next, fields, path, domain, now }} typed={{ find }} />
    </Page>
  );
}

interface NumberProps extends ListFrame {
  readonly answer: Omit<FindProps["answer"], "conferences" | "journals">;
}

/** What happened to a telephone number in all conferences. */
export function NumberPage({ answer, fields, refusal, ...frame }: NumberProps) {
  const { number = "" } = fields;
  const { domain, now } = frame;
  const { lines, next, people } = answer;
  const path = pathOf(domain, "numbers");
  return (
    <Page {...frame} title="Number">
      <form class="bar" method="post" action={path}>
        <Field label="Number, in any spelling" name="number" value={number} maxlength={64} />
        <Search />
      </form>
      <Refusal of={refusal} />
      <Notices of={[...gapTexts(answer), people === "full" ? null : peopleWords[people]]} />
      {number !== "" && lines.length === 0 && <List view={personLines} rows={[]} domain={domain} now={now} />}
      <Lines {...{ lines, next, fields, path, domain, now }} typed={{ number }} />
    </Page>
  );
}

interface PromptCallsProps extends ListFrame {
  readonly lines: readonly PersonLine[];
  readonly next: string | null;
}

/** Calls in the prompt that were not admitted at once. */
export function PromptCallsPage({ lines, next, fields, refusal, ...frame }: PromptCallsProps) {
  const { domain, now } = frame;
  const path = pathOf(domain, "prompt-calls");
  const none = ["No call in the prompt", "Callers who enter a right key at once are not listed."] as const;
  return (
    <Page {...frame} title="Calls in the prompt">
      <Refusal of={refusal} />
      {lines.length === 0 && <List view={personLines} rows={[]} domain={domain} now={now} none={none} />}
      <Lines {...{ lines, next, fields, path, domain, now }} typed={{}} />
    </Page>
  );
}

interface AuditProps extends ListFrame {
  readonly answer: { readonly entries: readonly AuditEntry[]; readonly next: string | null };
}

/** What users have asked of a domain, the latest first. */
export function AuditPage({ answer: { entries, next }, fields, refusal, ...frame }: AuditProps) {
  const { domain, now } = frame;
  const to = { Latest: fields.cursor === undefined ? null : {}, Older: next === null ? null : { cursor: next } };
  return (
    <Page {...frame} title="Audit">
      <p class="dim">
        What users have asked of this domain, refused or not. The timeline of a conference has the results.
      </p>
      <Refusal of={refusal} />
      <section id="list" class="part">
        <List view={audit} rows={entries} domain={domain} now={now} />
        <Further path={pathOf(domain, "audit")} to={to} />
      </section>
    </Page>
  );
}

/** The TSP servers to which a domain posts: what they confirmed in the last hour, how fast, and what waits for them. */
export function TspServersPage({ answer, ...frame }: DomainFrame & { readonly answer: DomainActivity }) {
  const { domain, now, person } = frame;
  return (
    <Page {...frame} title="TSP servers">
      <section id="hosts" class="part">
        <p class="dim">Posts of the last hour.</p>
        <List
          view={tspServers}
          rows={serversOf(answer)}
          domain={domain}
          now={now}
          actions={
            person.role === "operator" &&
            (({ load }: ServerRow): Child =>
              load && load.documents > 0 && load.host !== BACK_END ? (
                <form method="post" action={pathOf(domain, "servers", "resync")} class="inline" data-stay="">
                  <input type="hidden" name="server" value={load.host} />
                  <button type="submit">Resync</button>
                </form>
              ) : (
                ""
              ))
          }
        />
      </section>
    </Page>
  );
}
