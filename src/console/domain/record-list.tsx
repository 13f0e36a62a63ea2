import type { EpochMs } from "../../foundation/ids.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { cut } from "../../foundation/text/cut.ts";
import { nextDay, zonedDay } from "../../foundation/time/zone.ts";
import { type CallRecord, callStatuses, enders } from "../../records/call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "../../records/conference-record.ts";
import type { RecordPage } from "../../rpc/directory.ts";
import { ageOf } from "../browser/age.js";
import { type DomainFrame, Page } from "../page.tsx";
import { Choice, Empty, Field, Further, Mark, Notice, PostWay, Search, Table, Tabs, Time } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

/** By what records are looked for, as the address has it; all of it texts. */
export const recordFilters = [
  ...(["since", "until", "conference", "number", "attendeeId", "bridge", "webexHost", "endedBy", "status"] as const),
] as const;
export type RecordFilters = Readonly<Partial<Record<(typeof recordFilters)[number], string>>>;

interface RecordsProps extends DomainFrame {
  readonly kind: "conference" | "call";
  readonly filters: RecordFilters;
  /** What of the filters cannot be; `null`: all is right. */
  readonly wrong: string | null;
  readonly records: RecordPage;
  /** Those before this place alone. */
  readonly cursor: string | null;
  /** Names of the domain's bridges. */
  readonly bridges: readonly string[];
}

/** Whoever looks for records of a domain comes here: what has ended, the latest first. */
export function RecordsPage({ kind, filters, wrong, records, cursor, bridges, ...frame }: RecordsProps) {
  const { domain, now, timeZone = "UTC" } = frame;
  const path = pathOf(domain, "records");
  const { number = "", attendeeId = "", ...named } = filters;
  const month = lastMonth(now, timeZone);
  const isFiltered = Object.values(filters).some((value) => value !== "");
  const rows = records.records.map(({ id, record }) => ({ ...record, id }));
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here={kind} />
      <Filters kind={kind} filters={filters} path={path} bridges={bridges} />
      {wrong !== null && <Notice is="bad">{wrong}</Notice>}
      <section id="list" class="part">
        {rows.length === 0 ? (
          <NoRecords isFiltered={isFiltered} hasMore={records.next !== null} />
        ) : kind === "call" ? (
          <Calls {...{ domain, now }} rows={rows.filter((row) => row.kind === "call")} />
        ) : (
          <Conferences {...{ domain, now }} rows={rows.filter((row) => row.kind === "conference")} />
        )}
        <Further
          path={path}
          typed={{ number, attendeeId }}
          to={{
            Latest: cursor === null ? null : { kind, ...named },
            Older: records.next === null ? null : { kind, ...named, cursor: String(records.next) },
          }}
        >
          <span class="end line">
            <PostWay title={`${month} as CSV`} path={`${path}/export`} fields={{ kind, month }} />
            <PostWay
              title={isFiltered ? "Download these as CSV" : "Download all as CSV"}
              path={`${path}/export`}
              fields={{ kind, ...filters, ...daysOf(filters) }}
            />
          </span>
        </Further>
      </section>
    </Page>
  );
}

interface ListTabsProps {
  readonly domain: string;
  readonly here: "running" | RecordsProps["kind"];
}

/** What the list of conferences has beside each other. */
export function ListTabs({ domain, here }: ListTabsProps) {
  const records = pathOf(domain, "records");
  const tabs = {
    running: { title: "Running", to: pathOf(domain, "conferences") },
    conference: { title: "Ended", to: withQuery(records, { kind: "conference" }) },
    call: { title: "Calls", to: withQuery(records, { kind: "call" }) },
  };
  return <Tabs label="Conferences" tabs={tabs} here={here} />;
}

/** WebEx allows hundreds of characters, but a row has one line. */
const MOST_OF_TOPIC = 80;

/** A conference's topic beside its key in a list, where it is known. */
export function Topic({ is }: { readonly is: string | undefined }) {
  return is === undefined ? null : (
    <>
      {" "}
      <span class="dim">
        <bdi>{cut(is, MOST_OF_TOPIC)}</bdi>
      </span>
    </>
  );
}

/** The list includes the last day, as the API does. */
function daysOf({ since, until }: RecordFilters) {
  return {
    since: since !== undefined && nextDay(since) !== null ? since : null,
    until: until === undefined ? null : nextDay(until),
  };
}

/** The month before this one in the zone: `2026-10`. */
function lastMonth(now: EpochMs, zone: string): string {
  const [year = 0, month = 0] = zonedDay(now, zone).split("-").map(Number);
  return new Date(Date.UTC(year, month - 2)).toISOString().slice(0, 7);
}

interface FiltersProps extends Pick<RecordsProps, "kind" | "filters" | "bridges"> {
  readonly path: string;
}

function Filters({ kind, filters, path, bridges }: FiltersProps) {
  const statuses = kind === "call" ? callStatuses : ["completed", "failed"];
  const of = (name: keyof RecordFilters) => ({ name, value: filters[name] ?? "" });
  const field = { maxlength: 128 };
  return (
    <form class="bar" method="post" action={path}>
      <input type="hidden" name="kind" value={kind} />
      <Field label="From" type="date" {...of("since")} {...field} />
      <Field label="To" type="date" {...of("until")} {...field} />
      <Field label="Conference" {...of("conference")} {...field} />
      {kind === "call" && <Field label="Number" {...of("number")} {...field} />}
      {kind === "call" && <Field label="Attendee ID" {...of("attendeeId")} {...field} />}
      <Field label="TSP server" {...of("webexHost")} {...field} />
      <Choice label="Bridge" all="any" values={asTitles(bridges)} {...of("bridge")} />
      <Choice label="Ended by" all="any" values={asTitles(enders)} {...of("endedBy")} />
      <Choice label="Became" all="any" values={asTitles(statuses)} {...of("status")} />
      <Search />
    </form>
  );
}

function asTitles(values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map((value) => [value, value]));
}

function NoRecords({ isFiltered, hasMore }: { readonly isFiltered: boolean; readonly hasMore: boolean }) {
  if (hasMore) {
    return <Empty title="None of the latest records fits">There are more of them: go on with Older.</Empty>;
  }
  if (isFiltered) return <Empty title="No record fits">Look for less, or for longer.</Empty>;
  return (
    <Empty title="Nothing has ended yet">A record stands here a second after a conference or a call is over.</Empty>
  );
}

interface ListProps<Kind extends DirectoryRecord> {
  readonly domain: string;
  readonly rows: readonly (Kind & { readonly id: number })[];
  readonly now: EpochMs;
}

/** The conference of a record: its key and, where it is known, its name. */
function Meeting({
  domain,
  of: { conference, topic },
}: Pick<ListProps<DirectoryRecord>, "domain"> & { readonly of: DirectoryRecord }) {
  return (
    <>
      <a href={pathOf(domain, "conferences", conference)}>{conference}</a>
      <Topic is={topic || undefined} />
    </>
  );
}

function Conferences({ domain, rows, now }: ListProps<ConferenceRecord>) {
  return (
    <Table
      rows={rows}
      id={({ id }) => `record-${id}`}
      classes={{ Calls: "number", Minutes: "number" }}
      columns={{
        Conference: (one) => (
          <>
            <Meeting domain={domain} of={one} />
            <ConferenceMarks of={one} />
          </>
        ),
        Ended: ({ endedAt }) => <Time at={endedAt} now={now} />,
        Lasted: ({ runningAt, seconds }) => (runningAt === null ? "never ran" : ageOf(seconds * 1_000)),
        "Ended by": endText,
        Calls: ({ calls }) => calls,
        Minutes: ({ callMinutes }) => callMinutes,
        "TSP servers": ({ webexHosts }) => webexHosts.map(hostText).join(", "),
        Bridge: ({ bridge }) => bridge,
      }}
    />
  );
}

function ConferenceMarks({ of }: { readonly of: ConferenceRecord }) {
  const { status, failovers, repairs, givenUp, clockDiffers } = of;
  return (
    <span class="marks">
      {status === "failed" && <Mark is="bad">failed</Mark>}
      {givenUp > 0 && <Mark is="bad">{`${counted(givenUp, "document")} given up`}</Mark>}
      {repairs > 0 && <Mark is="warn">{`${repairs} repaired`}</Mark>}
      {failovers > 0 && <Mark is="plain">{failovers === 1 ? "failover" : `${failovers} failovers`}</Mark>}
      {clockDiffers && <Mark is="warn">a clock was set: its length may be wrong</Mark>}
    </span>
  );
}

function Calls({ domain, rows, now }: ListProps<CallRecord>) {
  return (
    <Table
      rows={rows}
      id={({ id }) => `record-${id}`}
      classes={{ Bridge: "bridge" }}
      columns={{
        Number: (one) => (
          <>
            {one.number || "withheld"}
            <CallMarks of={one} />
          </>
        ),
        Dialled: ({ dialled }) => dialled,
        Conference: (one) => <Meeting domain={domain} of={one} />,
        "Attendee ID": ({ attendeeId }) => <bdi>{attendeeId}</bdi>,
        Ended: ({ endedAt }) => <Time at={endedAt} now={now} />,
        Lasted: ({ answeredAt, seconds }) => (answeredAt === null ? "not answered" : ageOf(seconds * 1_000)),
        "Ended by": endText,
        Bridge: ({ bridge }) => bridge,
      }}
    />
  );
}

function CallMarks({ of: { status, direction, host, repairs } }: { readonly of: CallRecord }) {
  return (
    <span class="marks">
      {status !== "completed" && <Mark is={status === "failed" ? "bad" : "warn"}>{status}</Mark>}
      {direction === "out" && <Mark is="plain">called out</Mark>}
      {host && <Mark is="plain">host</Mark>}
      {repairs > 0 && <Mark is="warn">{`${repairs} repaired`}</Mark>}
    </span>
  );
}

/** Who ended it, and why. */
export function endText({ endedBy, reason }: { readonly endedBy: string; readonly reason: string }): string {
  return reason === "" ? endedBy : `${endedBy}: ${reason}`;
}
