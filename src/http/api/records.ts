import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { digitsIn } from "../../foundation/text/spelled.ts";
import { daysOfMonth, momentIn, zonedDay, zonedTime } from "../../foundation/time/zone.ts";
import { callStatuses, enders } from "../../records/call-record.ts";
import { csvHead, csvLine } from "../../records/columns.ts";
import { recordColumns } from "../../records/conference-record.ts";
import { promptRow } from "../../records/rows.ts";
import { erasure, type PlacedRecord, type RecordPage } from "../../rpc/directory.ts";
import { personAudited } from "../../settings/domain-settings.ts";
import { failureOf } from "../objects-of-request.ts";
import { problem, wrongPart } from "../problem.ts";
import { anySpelling, cursorAt, cursorOf, limitOf, moment, next, pagedRows, placeOf, sought } from "./lists.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Records");

/** Records of an export that are in memory at a time. */
const PORTION = 500;

const record = v.variant("kind", [
  v.object({ kind: v.literal("call"), ...recordColumns.call }),
  v.object({ kind: v.literal("conference"), ...recordColumns.conference }),
]);

/** The directory's name and the record's ID. A lost directory counts from the beginning. */
const place = /^\d{1,20}-\d{1,17}$/;

const beganAnew =
  "The directory was lost or restored after this cursor. Ask with since instead of cursor, and skip what you have.";

const contentTypes = { csv: "text/csv; charset=UTF-8; header=present", ndjson: "application/x-ndjson" } as const;

export const recordRoutes = [
  route("listRecords", "POST /domains/{domain}/records", {
    says: "The records of ended calls and conferences",
    more: "For billing, `format=csv` or `ndjson` returns all matches in one answer. Each line has its `cursor`. To continue after a failure, use the cursor of the last whole line ([records-and-privacy.md](records-and-privacy.md#billing)).",
    query: {
      kind: v.pipe(v.optional(v.picklist(["call", "conference"])), v.description("Absent: both; in CSV, calls.")),
      since: v.optional(moment("Recorded from then on. A record is stored soon after the end.")),
      until: v.optional(moment("Recorded before then.")),
      month: v.optional(
        v.pipe(
          v.string(),
          v.check((text) => daysOfMonth(text) !== null, "must be a month such as 2026-10"),
          v.transform(daysOfMonth),
          v.description("Recorded in this month of the domain's `timeZone`. Replaces `since` and `until`."),
        ),
      ),
      conference: filter("The conference's key."),
      number: filter(`The other end's number. ${anySpelling}`),
      attendeeId: filter("In any spelling. If it is masked, all with the same length and end match."),
      bridge: filter("The bridge's name."),
      webexHost: filter("The TSP server; of a conference, any of its servers."),
      endedBy: v.pipe(v.optional(v.picklist(enders)), v.description("Who ended it.")),
      status: v.pipe(v.optional(v.picklist(callStatuses)), v.description("What became of it.")),
      order: v.pipe(v.optional(v.picklist(["oldest", "newest"]), "oldest"), v.description("Which come first.")),
      format: v.pipe(
        v.optional(v.picklist(["json", "ndjson", "csv"]), "json"),
        v.description("`json` is one page. The others continue to the last record, or to `limit`."),
      ),
      cursor: cursorOf(place),
      // The directory returns no more at once.
      limit: v.optional(limitOf(1_000)),
    },
    answer: {
      says: "A page as JSON; or a line for each record, as JSON or as CSV (RFC 4180) after a line of names.",
      schema: v.object({ records: v.array(record), next }),
      also: Object.values(contentTypes),
    },
    refusals: { 409: "The cursor belongs to a lost directory. The detail says how to continue." },
    async handle({ domain: { name, settings }, edge, query }) {
      const { format, cursor, limit, order, since, until, month, conference, ...rest } = query;
      if (month !== undefined && (since ?? until) !== undefined)
        return wrongPart("body", "month", "cannot be used with since or until");
      const { timeZone } = settings;
      const inMonth = (day: string) => momentIn(day, timeZone) ?? 0;
      const period = month
        ? { since: inMonth(month.since), until: inMonth(month.until) }
        : { since: since?.in(timeZone), until: until?.in(timeZone) };
      if (period.since !== undefined && period.until !== undefined && period.since > period.until)
        return wrongPart("body", "until", "must not be before since");
      const { kind = format === "csv" ? "call" : undefined, ...fields } = rest;
      const [named, id] = cursor?.split("-") ?? [];
      const most = limit ?? (format === "json" ? 100 : Number.POSITIVE_INFINITY);
      const filter = { ...fields, conference: conference as ConfKey | undefined };
      const portion = format === "json" ? most : Math.min(most, PORTION);
      const pageBehind = (cursor: number | null): Promise<RecordPage> =>
        edge.objects.directory(name).records({ domain: name, kind, ...period, filter, order, cursor, limit: portion });
      const first = await pageBehind(placeOf(id));
      const { directory, id: last } = first.end ?? { directory: "", id: 0 };
      // A directory restored from a backup may not have reached this position yet.
      if (named !== undefined && (named !== directory || Number(id) > last))
        return problem(409, "records began anew", beganAnew);
      const shown = ({ id, at, record }: PlacedRecord) => {
        const startedAt = record.kind === "call" ? record.answeredAt : record.runningAt;
        const startedLocal = typeof startedAt === "number" ? zonedTime(startedAt, timeZone) : "";
        const cursor = `${directory}-${id}`;
        return { cursor, recordedAt: at, ...record, timeZone, day: zonedDay(at, timeZone), startedLocal };
      };
      if (format === "json") {
        const { records, next } = first;
        return { records: records.map(shown), next: next === null ? null : `${directory}-${next}` };
      }
      const isCsv = format === "csv";
      const columnsOfKind = recordColumns[kind ?? "call"];
      const line = (one: PlacedRecord) =>
        isCsv ? csvLine(columnsOfKind, shown(one)) : `${JSON.stringify(shown(one))}\n`;
      const pageOrLog = async (place: number) => {
        try {
          // The answer is already being sent, so each page waits for its own data.
          const page = await pageBehind(place);
          await edge.mayLeave?.();
          if (page.end?.directory !== directory) throw new Error("the directory was lost meanwhile");
          return page;
        } catch (error) {
          edge.log("export-broken", { domain: name, ...failureOf(error) }, "error");
          throw error;
        }
      };
      const stream = streamOf(exported(first, isCsv ? csvHead(columnsOfKind) : "", most, line, pageOrLog));
      return new Response(stream, { headers: { "content-type": contentTypes[format] } });
    },
  }),
  routeOf("Domains")("listPromptCalls", "POST /domains/{domain}/prompt-calls", {
    says: "Calls in the prompt that were not admitted at once",
    more: "First the calls in the prompt now: those that entered a wrong key, or digits without a `#` and then paused for five seconds. Then the calls that ended without admission, the latest first. At most 5,000, for `recordsDays`.",
    query: {
      number: v.optional(sought(`The caller's number. ${anySpelling}`)),
      since: v.optional(moment("Entered the prompt from then on.")),
      ...pagedRows(1_000, 100),
    },
    answer: {
      says: "Calls with their wrong keys, and how each ended.",
      schema: v.object({ calls: v.array(promptRow), next }),
    },
    async handle({ domain: { name, settings }, edge, query: { number, since, cursor, limit } }) {
      const query = { number, since: since?.in(settings.timeZone), before: placeOf(cursor), limit };
      const page = await edge.objects.directory(name).promptCalls(query);
      return { calls: page.calls, next: cursorAt(page.next) };
    },
  }),
  route("erase", "POST /domains/{domain}/records/erasures", {
    says: "Erases a number, and the attendee ID stored with it, from all records",
    more: "The records stay, without both. [records-and-privacy.md](records-and-privacy.md#erase-a-number) lists the places that keep the number, and for how long.",
    body: v.object({
      number: v.pipe(
        v.string(),
        v.regex(/[\p{L}\p{N}]/u, "must have a digit, or a letter where bridges report names"),
        v.maxLength(256, "must be at most 256 characters"),
        v.description(
          "All digits as in the records, or a caller's name. `+`, signs between digits, a final `#`, `tel:` and the like do not count.",
        ),
      ),
    }),
    answer: {
      says: "How many records and calls in the prompt had it.",
      schema: erasure,
    },
    about: ({ domain: { settings }, body }) => ({ number: personAudited(settings)(exactly(body.number)) }),
    handle: ({ domain: { name }, edge, body }) => edge.objects.directory(name).erase(name, exactly(body.number)),
  }),
];

/** Compares all digits, so that no other number is erased. */
function exactly(number: string): string {
  return digitsIn(number) ?? number;
}

function filter(what: string) {
  return v.optional(v.pipe(v.string(), v.maxLength(256, "must be at most 256 characters"), v.description(what)));
}

/** All records as bytes, one page in memory at a time. If a page fails, the answer breaks off, so that readers notice. */
async function* exported(
  first: RecordPage,
  head: string,
  most: number,
  line: (record: PlacedRecord) => string,
  pageBehind: (place: number) => Promise<RecordPage>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (head !== "") yield encoder.encode(head);
  let left = most;
  for (let page = first; ; page = await pageBehind(page.next)) {
    const text = page.records.slice(0, left).map(line).join("");
    left -= page.records.length;
    if (text !== "") yield encoder.encode(text);
    if (page.next === null || left <= 0) return;
  }
}

/** Makes a part only when the reader wants it. */
function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
