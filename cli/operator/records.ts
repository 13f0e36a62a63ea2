import { once } from "node:events";
import { type Command, InvalidArgumentError, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable, printable, printableJson } from "../../src/foundation/text/printable.ts";
import { daysOfMonth } from "../../src/foundation/time/zone.ts";
import { endedCalls } from "../../src/views/calls.ts";
import { endedConferences } from "../../src/views/conferences.ts";
import type { ApiAnswer } from "../edge/edge-api.ts";
import { StartError } from "../edge/program.ts";
import type { Screen } from "../shown-times.ts";
import {
  answer,
  askEdge,
  clockTimeText,
  examples,
  found,
  headed,
  type Options,
  periodOf,
  question,
} from "./ask-edge.ts";
import { exportRecords } from "./export.ts";
import { listText, USUAL } from "./lists.ts";
import type { Search } from "./operator-client.ts";

interface RecordOptions extends Options {
  readonly since?: string;
  readonly until?: string;
  readonly month?: string;
  readonly csv?: true;
  readonly ndjson?: true;
  readonly after?: string;
  readonly [filter: string]: string | true | undefined;
}

/** By their names in the API. */
const filterOptions: Readonly<Record<string, Option>> = {
  kind: new Option("--kind <kind>", "only calls, or only conferences").choices(["call", "conference"]),
  conference: new Option("--conference <key>", "only of this conference"),
  number: new Option("--number <number>", "only with this number at the other end"),
  attendeeId: new Option("--attendee-id <id>", "only with this attendee ID"),
  bridge: new Option("--bridge <name>", "only on this bridge"),
  webexHost: new Option("--server <host>", "only of this TSP server"),
  endedBy: new Option("--ended-by <who>", "caller, webex, operator, telephone, policy, bridge or nobody"),
  status: new Option("--status <word>", "completed, busy, no-answer, failed or canceled"),
};

/** The commands about what has ended. */
export function addRecords(program: Command): void {
  const records = question(
    program,
    "records",
    `List ended calls and conferences: the latest ${USUAL}, or all as a file`,
  )
    .option("--csv", "print all that match as CSV: calls, or conferences with --kind conference")
    .option("--ndjson", "print all that match as lines of JSON")
    .option("--since <time>", "recorded since then, such as 2026-11-01, 2026-11-01T02:40 or 02:40", clockTimeText)
    .option("--until <time>", "recorded before then", clockTimeText)
    .option("--month <month>", "recorded in this month of the domain's time zone, such as 2026-10", monthText)
    .option("--after <cursor>", "continue an export after the record with this cursor, its first column")
    .addHelpText(
      "after",
      examples(
        "records --month 2026-11 --csv > november.csv",
        "records --csv --after 5533298-1200 >> all.csv",
        "records --number +14085551234 --since 2026-11-20",
      ),
    )
    .action((options: RecordOptions) => showRecords(options));
  for (const option of Object.values(filterOptions)) records.addOption(option);

  question(program, "erase <number>", "Erase a phone number, and the attendee ID stored with it, from all records")
    .addHelpText("after", examples("erase +14085551234 --domain acme"))
    .action((number: string, options: Options) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const path = "POST /domains/{domain}/records/erasures";
        const erasure = await edge.insist(path, { domain }, { body: { number } });
        const { erased, alike, inside } = erasure;
        const warnings = [
          ...(erased === 0 ? [`No record and no call in the prompt has the number ${number}. Check each digit.`] : []),
          ...(alike.length > 0 ? [`Records also have ${alike.join(", ")}: erase each one that you mean.`] : []),
          ...(inside.length > 0 ? [`Calls in ${inside.join(", ")} have it now: erase it again once they end.`] : []),
        ];
        const more = { failed: erased === 0, ...(warnings.length > 0 && { warning: printable(warnings.join("\n")) }) };
        return found(
          erasure,
          (shown) => [`Erased from ${counted(shown.erased, "record")} and calls in the prompt.`],
          more,
        );
      }),
    );
}

function showRecords(options: RecordOptions): Promise<void> {
  const { csv, ndjson, json, after, domain: named } = options;
  return askEdge(async (edge) => {
    if ([csv, ndjson, json].filter(Boolean).length > 1)
      throw new StartError("Choose one of --csv, --ndjson and --json.");
    if (csv || ndjson || json) {
      const domain = await edge.domain(named);
      const filters = { ...filtersOf(options, edge.zoneOf(domain)), format: csv ? "csv" : "ndjson" } as const;
      const notice = (text: string) => console.error(printable(text));
      return printExport(exportRecords(edge, domain, filters, after, notice), options);
    }
    if (after !== undefined) throw new StartError("--after needs --csv, --ndjson or --json.");
    const warnings = new Set<string>();
    const records = await edge.ofEach(await edge.domains(named), async (domain) => {
      const asks = { ...filtersOf(options, edge.zoneOf(domain)), limit: USUAL, order: "newest" };
      const page = await edge.ask("POST /domains/{domain}/records", { domain }, { asks });
      if (page.next !== null) warnings.add("There may be more: --csv, --ndjson or --json prints all.");
      return page.records;
    });
    records.sort((one, other) => other.recordedAt - one.recordedAt);
    const lines = headed(edge, (screen) => recordsText(allPrintable(records), Date.now(), screen));
    await write(`${lines.join("\n")}\n`);
    for (const warning of warnings) console.error(warning);
  });
}

type RecordOfDomain = ApiAnswer<"POST /domains/{domain}/records">["records"][number] & { readonly domain: string };

export function recordsText(records: readonly RecordOfDomain[], now: number, screen: Screen): readonly string[] {
  const conferences = records.filter((one) => one.kind === "conference");
  const calls = records.filter((one) => one.kind === "call");
  if (calls.length === 0) return listText(endedConferences, "No record matches.")(conferences, now, screen);
  const ofCalls = listText(endedCalls)(calls, now, screen);
  return conferences.length === 0 ? ofCalls : [...listText(endedConferences)(conferences, now, screen), "", ...ofCalls];
}

async function printExport(lines: ReturnType<typeof exportRecords>, { csv, json }: RecordOptions): Promise<void> {
  // A file gets exactly what the records have.
  const shown = process.stdout.isTTY ? printable : (text: string) => text;
  let count = 0;
  if (json) await write("[\n");
  for await (const { text } of lines) {
    if (csv) await write(`${shown(text)}\r\n`);
    else await write(json ? `${count === 0 ? "  " : ",\n  "}${printableJson(text)}` : `${printableJson(text)}\n`);
    count += 1;
  }
  if (json) await write(count === 0 ? "]\n" : "\n]\n");
}

function filtersOf({ month, ...options }: RecordOptions, zone: string): Search {
  const given = Object.entries(filterOptions).map(([name, option]) => [name, options[option.attributeName()]]);
  const days = month === undefined ? null : daysOfMonth(month);
  if (days && (options.since ?? options.until) !== undefined)
    throw new StartError("Choose --month, or --since and --until.");
  return { ...periodOf(days ?? options, Date.now(), zone), ...Object.fromEntries(given) };
}

function monthText(text: string): string {
  if (daysOfMonth(text)) return text;
  throw new InvalidArgumentError("It must be a month such as 2026-10.");
}

/** Waits for a slow reader: an export may be larger than the memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
