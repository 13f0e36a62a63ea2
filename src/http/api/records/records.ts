import * as v from "valibot";
import type { ConfKey } from "../../../foundation/ids.ts";
import { callColumns, callStatuses, enders } from "../../../records/call-record.ts";
import { type Columns, column, csvHead, csvLine, time, word } from "../../../records/columns.ts";
import { conferenceColumns } from "../../../records/conference-record.ts";
import type { PlacedRecord, RecordPage } from "../../../rpc/directory.ts";
import { failureOf } from "../../objects-of-request.ts";
import { problem } from "../../problem.ts";
import { cursorOf, limitOf, next } from "../paging.ts";
import { route } from "../route.ts";
import { digitsOfNumber, moment } from "../values.ts";
import { exported } from "./record-export.ts";

/** The directory gives no more at once. */
const MOST_LISTED = 1_000;
const USUAL = 100;
/** Records of an export that are in memory at a time. */
const PORTION = 500;

const placed = {
  cursor: column(word, "its place: with it as `cursor`, a request goes on behind this record"),
  recordedAt: column(time, "when the directory got it, soon after the end"),
} as const satisfies Columns;
const columns = {
  call: { ...placed, ...callColumns },
  conference: { ...placed, ...conferenceColumns },
} as const;

const record = v.variant("kind", [
  v.object({ kind: v.literal("call"), ...described(columns.call) }),
  v.object({ kind: v.literal("conference"), ...described(columns.conference) }),
]);

/** The directory's name and the record's id: a directory that was lost counts anew. */
const place = /^\d{1,20}-\d{1,15}$/;

const contentTypes = { csv: "text/csv; charset=UTF-8; header=present", ndjson: "application/x-ndjson" } as const;

export const recordRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/records",
    id: "listRecords",
    tag: "Records",
    says: "The records of calls and conferences that are over",
    more: "For billing, `format=csv` or `ndjson` gives all that fit in one answer, and each line has its `cursor`: an export that broke off goes on behind its last whole line, and nothing is missing or there twice ([operations.md](operations.md#billing)).",
    query: {
      kind: v.pipe(v.optional(v.picklist(["call", "conference"])), v.description("Without it both; in CSV, calls.")),
      since: v.optional(moment("Recorded from then on. A record comes soon after the end, and later ones behind it.")),
      until: v.optional(moment("Recorded before then.")),
      conference: filter("The conference's key."),
      number: filter("The other end's number; a `+` and signs between its digits do not count."),
      attendeeId: filter("As the record has it."),
      bridge: filter("The bridge's name."),
      webexHost: filter("The TSP server; of a conference, any of its servers."),
      endedBy: v.pipe(v.optional(v.picklist(enders)), v.description("Who ended it.")),
      status: v.pipe(v.optional(v.picklist(callStatuses)), v.description("What became of it.")),
      order: v.pipe(v.optional(v.picklist(["oldest", "newest"]), "oldest"), v.description("Which come first.")),
      format: v.pipe(
        v.optional(v.picklist(["json", "ndjson", "csv"]), "json"),
        v.description("`json` is one page. The others go on to the last record, or to `limit`."),
      ),
      cursor: cursorOf(place),
      limit: limitOf(MOST_LISTED),
    },
    answer: {
      says: "A page as JSON; or a line for each record, as JSON or as CSV (RFC 4180) behind a line of names.",
      schema: v.object({ records: v.array(record), next }),
      also: Object.values(contentTypes),
    },
    refusals: { 409: "The cursor is of a directory that was lost since; the detail says how to go on." },
    async handle({ domain: { name }, edge, query }) {
      const { format, cursor, limit, order, since, until, conference, number, ...rest } = query;
      const { kind = format === "csv" ? "call" : undefined, ...fields } = rest;
      const [named, id] = cursor?.split("-") ?? [];
      const most = limit ?? (format === "json" ? USUAL : Number.POSITIVE_INFINITY);
      const filter = {
        ...{ ...fields, conference: conference as ConfKey | undefined },
        number: number === undefined ? number : digitsOfNumber(number),
      };
      const portion = format === "json" ? most : Math.min(most, PORTION);
      const pageBehind = (cursor: number | null): Promise<RecordPage> =>
        edge.objects
          .directory(name)
          .records({ domain: name, kind, since, until, filter, order, cursor, limit: portion });
      const first = await pageBehind(id === undefined ? null : Number(id));
      const { directory, id: last } = first.end ?? { directory: "", id: 0 };
      // One that was restored from a backup may not have given out this place yet.
      if (named !== undefined && (named !== directory || Number(id) > last)) return beganAnew();
      const shown = ({ id, at, record }: PlacedRecord) => ({
        ...{ cursor: `${directory}-${id}`, recordedAt: at },
        ...record,
      });
      if (format === "json") {
        const { records, next } = first;
        return { records: records.map(shown), next: next === null ? null : `${directory}-${next}` };
      }
      const isCsv = format === "csv";
      const columnsOfKind = columns[kind ?? "call"];
      const stream = exported(first, {
        most,
        head: isCsv ? csvHead(columnsOfKind) : "",
        line: (one) => (isCsv ? csvLine(columnsOfKind, shown(one)) : `${JSON.stringify(shown(one))}\n`),
        async pageBehind(place) {
          try {
            const page = await pageBehind(place);
            if (page.end?.directory !== directory) throw new Error("the directory was lost meanwhile");
            return page;
          } catch (error) {
            const { object, objectId, error: why } = failureOf(error);
            edge.log("export-broken", { domain: name, object, objectId, error: why }, "error");
            throw error;
          }
        },
      });
      return new Response(stream, { headers: { "content-type": contentTypes[format] } });
    },
  }),
];

function filter(what: string) {
  return v.optional(v.pipe(v.string(), v.maxLength(256, "must be at most 256 characters"), v.description(what)));
}

/** The columns as fields of JSON, with their meaning. */
function described<const Of extends Columns>(of: Of) {
  const entries = Object.entries(of).map(([name, { schema, meaning }]) => [
    name,
    v.pipe(schema, v.description(meaning)),
  ]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Of]: Of[Name]["schema"] };
}

function beganAnew(): Response {
  const detail =
    "The directory was lost, or an older copy of it restored, since this cursor was given. Ask without cursor, by since, and leave out what you have.";
  return problem(409, "records began anew", detail);
}
