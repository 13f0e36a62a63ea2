import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type CallRecord, callStatuses, enders } from "../../records/call-record.ts";
import type { ConferenceRecord } from "../../records/conference-record.ts";
import type { RecordPage } from "../../rpc/directory.ts";
import { ageOf } from "../browser/age.js";
import { Topic, type Topics } from "../conference/topic.tsx";
import { type Frame, Page } from "../page.tsx";
import { Empty, Mark, Notice, Table, Time } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

/** By what records are looked for, as the address has it; all of it texts. */
export const recordFilters = [
  ...(["since", "until", "conference", "number", "attendeeId", "bridge", "webexHost", "endedBy", "status"] as const),
] as const;
export type RecordFilters = Readonly<Partial<Record<(typeof recordFilters)[number], string>>>;

interface RecordsProps extends Frame {
  readonly domain: string;
  readonly kind: "conference" | "call";
  readonly filters: RecordFilters;
  /** What of the filters cannot be; `null`: all is right. */
  readonly wrong: string | null;
  readonly records: RecordPage;
  /** What the domain's WebEx site called these conferences, as far as that is known. */
  readonly topics?: Topics;
  /** Those before this place alone. */
  readonly cursor: string | null;
  /** Names of the domain's bridges. */
  readonly bridges: readonly string[];
}

/** Whoever looks for records of a domain comes here: what has ended, the latest first. */
export function RecordsPage({ kind, filters, wrong, records, topics, cursor, bridges, ...frame }: RecordsProps) {
  const { domain, now } = frame;
  const path = pathOf(domain, "records");
  // What is of people stands in no address.
  const { number, attendeeId, ...named } = filters;
  const isFiltered = Object.values(filters).some((value) => value !== "");
  const address = (more: Readonly<Record<string, string | null>>) => withQuery(path, { kind, ...named, ...more });
  const list =
    kind === "call" ? (
      <Calls domain={domain} page={records} now={now} />
    ) : (
      <Conferences domain={domain} page={records} topics={topics} now={now} />
    );
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here={kind} />
      <Filters kind={kind} filters={filters} path={path} bridges={bridges} />
      {wrong !== null && <Notice is="bad">{wrong}</Notice>}
      <section id="list" data-part="" class="part">
        {records.records.length > 0 ? list : <NoRecords isFiltered={isFiltered} hasMore={records.next !== null} />}
        <div class="line">
          {cursor !== null && <a href={address({})}>Latest</a>}
          {records.next !== null && <a href={address({ cursor: String(records.next) })}>Older</a>}
          {number || attendeeId ? (
            <span class="end dim">bridgehead records has those of one person as CSV.</span>
          ) : (
            <a class="end" href={exportOf(domain, kind, named)}>
              Download all as CSV
            </a>
          )}
        </div>
      </section>
    </Page>
  );
}

/** What the list of conferences has beside each other. */
export function ListTabs({
  domain,
  here,
}: {
  readonly domain: string;
  readonly here: "running" | RecordsProps["kind"];
}) {
  const records = pathOf(domain, "records");
  const tabs = {
    running: { title: "Running", to: pathOf(domain, "conferences") },
    conference: { title: "Ended", to: withQuery(records, { kind: "conference" }) },
    call: { title: "Calls", to: withQuery(records, { kind: "call" }) },
  };
  return (
    <nav class="tabs" aria-label="Conferences">
      {Object.entries(tabs).map(([name, { title, to }]) => (
        <a href={to} {...(name === here && { "aria-current": "page" })}>
          {title}
        </a>
      ))}
    </nav>
  );
}

/** The day before whose end `until` is, as the next midnight. */
export function dayAfter(day: string): EpochMs {
  return Date.parse(`${day}T00:00Z`) + 86_400_000;
}

function exportOf(domain: string, kind: RecordsProps["kind"], { since, until, ...rest }: RecordFilters): string {
  const isDay = (day: string | undefined) => day !== undefined && !Number.isNaN(Date.parse(`${day}T00:00Z`));
  return withQuery(`/api/v1/domains/${encodeURIComponent(domain)}/records`, {
    ...{ format: "csv", kind, ...rest },
    since: isDay(since) ? `${since}T00:00Z` : null,
    until: until !== undefined && isDay(until) ? String(dayAfter(until)) : null,
  });
}

interface FiltersProps extends Pick<RecordsProps, "kind" | "filters" | "bridges"> {
  readonly path: string;
}

function Filters({ kind, filters, path, bridges }: FiltersProps) {
  return (
    <form class="bar" method="post" action={path}>
      <input type="hidden" name="kind" value={kind} />
      <Field name="since" label="From" type="date" filters={filters} />
      <Field name="until" label="To" type="date" filters={filters} />
      <Field name="conference" label="Conference" type="search" filters={filters} />
      {kind === "call" && <Field name="number" label="Number" type="text" filters={filters} />}
      {kind === "call" && <Field name="attendeeId" label="Attendee ID" type="text" filters={filters} />}
      <Field name="webexHost" label="WebEx host" type="text" filters={filters} />
      <Choice name="bridge" label="Bridge" values={bridges} filters={filters} />
      <Choice name="endedBy" label="Ended by" values={enders} filters={filters} />
      <Choice
        name="status"
        label="Became"
        values={kind === "call" ? callStatuses : ["completed", "failed"]}
        filters={filters}
      />
      <button type="submit">
        Search <kbd>/</kbd>
      </button>
    </form>
  );
}

interface FieldProps {
  readonly name: keyof RecordFilters;
  readonly label: string;
  readonly filters: RecordFilters;
}

function Field({ name, label, type, filters }: FieldProps & { readonly type: "date" | "search" | "text" }) {
  return (
    <div>
      <label for={name}>{label}</label>
      <input id={name} name={name} type={type} value={filters[name] ?? ""} maxlength={128} autocomplete="off" />
    </div>
  );
}

function Choice({ name, label, values, filters }: FieldProps & { readonly values: readonly string[] }) {
  return (
    <div>
      <label for={name}>{label}</label>
      <select id={name} name={name}>
        <option value="">any</option>
        {values.map((value) => (
          <option value={value} selected={filters[name] === value}>
            {value}
          </option>
        ))}
      </select>
    </div>
  );
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

interface ListProps {
  readonly domain: string;
  readonly page: RecordPage;
  readonly now: EpochMs;
}

function Conferences({ domain, page, topics, now }: ListProps & { readonly topics: Topics | undefined }) {
  return (
    <Table
      heads={[
        "Conference",
        "Ended",
        "Lasted",
        "Ended by",
        { number: "Calls" },
        { number: "Minutes" },
        "WebEx hosts",
        "Bridge",
      ]}
    >
      {page.records.flatMap(({ id, record }) =>
        record.kind === "conference" ? (
          <tr id={`record-${id}`} data-row="">
            <th scope="row">
              <a href={pathOf(domain, "conferences", record.conference)}>{record.conference}</a>
              <Topic is={record.topic || topics?.get(record.conference)} />
              <ConferenceMarks of={record} />
            </th>
            <td data-label="Ended">
              <Time at={record.endedAt} now={now} />
            </td>
            <td data-label="Lasted">{record.runningAt === null ? "never ran" : ageOf(record.seconds * 1_000)}</td>
            <td data-label="Ended by">{endOf(record)}</td>
            <td data-label="Calls" class="number">
              {record.calls}
            </td>
            <td data-label="Minutes" class="number">
              {record.callMinutes}
            </td>
            <td data-label="WebEx hosts">{record.webexHosts.join(", ")}</td>
            <td data-label="Bridge">{record.bridge}</td>
          </tr>
        ) : (
          []
        ),
      )}
    </Table>
  );
}

function ConferenceMarks({ of: { status, failovers, repairs, givenUp } }: { readonly of: ConferenceRecord }) {
  return (
    <span class="marks">
      {status === "failed" && <Mark is="bad">failed</Mark>}
      {givenUp > 0 && <Mark is="bad">{`${counted(givenUp, "post")} given up`}</Mark>}
      {repairs > 0 && <Mark is="warn">{`${repairs} repaired`}</Mark>}
      {failovers > 0 && <Mark is="plain">{failovers === 1 ? "failover" : `${failovers} failovers`}</Mark>}
    </span>
  );
}

function Calls({ domain, page, now }: ListProps) {
  return (
    <Table heads={["Number", "Dialled", "Conference", "Attendee ID", "Ended", "Lasted", "Ended by", "Bridge"]}>
      {page.records.flatMap(({ id, record }) =>
        record.kind === "call" ? (
          <tr id={`record-${id}`} data-row="">
            <th scope="row">
              {record.number || "withheld"}
              <CallMarks of={record} />
            </th>
            <td data-label="Dialled">{record.dialled}</td>
            <td data-label="Conference">
              <a href={pathOf(domain, "conferences", record.conference)}>{record.conference}</a>
            </td>
            <td data-label="Attendee ID">
              <bdi>{record.attendeeId}</bdi>
            </td>
            <td data-label="Ended">
              <Time at={record.endedAt} now={now} />
            </td>
            <td data-label="Lasted">{record.answeredAt === null ? "not answered" : ageOf(record.seconds * 1_000)}</td>
            <td data-label="Ended by">{endOf(record)}</td>
            <td data-label="Bridge">{record.bridge}</td>
          </tr>
        ) : (
          []
        ),
      )}
    </Table>
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
export function endOf({ endedBy, reason }: { readonly endedBy: string; readonly reason: string }): string {
  return reason === "" ? endedBy : `${endedBy}: ${reason}`;
}
