import { once } from "node:events";
import { type Command, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { printable, printableJson } from "../../src/foundation/text/printable.ts";
import { csvHead, csvLine } from "../../src/records/columns.ts";
import { recordColumns } from "../../src/records/conference-record.ts";
import { endedCalls } from "../../src/views/calls.ts";
import { endedConferences } from "../../src/views/conferences.ts";
import { StartError } from "../edge/program.ts";
import type { Screen } from "../shown-times.ts";
import { answer, askEdge, clockTimeText, examples, found, type Options, periodOf, question } from "./ask-edge.ts";
import { askingFirst, type Confirmed, isConfirmed } from "./confirmation.ts";
import { NoAnswer } from "./edge-api.ts";
import { apart, latestFirst, listText, USUAL } from "./list-text.ts";
import type { OperatorClient } from "./operator-client.ts";

/** Records that an export asks for at once. */
const PORTION = 1_000;

/** In addition to these, filters that have the same name in the API. */
interface RecordOptions extends Options {
  readonly since?: string;
  readonly until?: string;
  readonly csv?: true;
  readonly after?: string;
  readonly kind?: string;
  readonly server?: string;
}

export function addRecords(program: Command): void {
  question(program, "records", "List ended calls and conferences, or export them")
    .option(
      "--csv",
      `print all that match as CSV, not the latest ${USUAL}: calls, or conferences with --kind conference`,
    )
    .option("--since <time>", "recorded since then, such as 2026-11-01, 2026-11-01T02:40 or 02:40", clockTimeText)
    .option("--until <time>", "recorded before then", clockTimeText)
    .option("--after <cursor>", "continue an export after the record with this cursor, its first column")
    .addOption(new Option("--kind <kind>", "only calls, or only conferences").choices(["call", "conference"]))
    .option("--month <month>", "recorded in this month of the domain's time zone, such as 2026-10")
    .option("--conference <key>", "only of this conference")
    .option("--number <number>", "only with this number at the other end")
    .option("--attendee-id <id>", "only with this attendee ID")
    .option("--bridge <name>", "only on this bridge")
    .option("--server <host>", "only of this TSP server")
    .option("--ended-by <who>", "caller, webex, operator, telephone, policy, bridge or nobody")
    .option("--status <word>", "completed, busy, no-answer, failed or canceled")
    .addHelpText(
      "after",
      examples(
        "records --month 2026-11 --csv > november.csv",
        "records --csv --after 5533298-1200 >> all.csv",
        "records --number +14085551234 --since 2026-11-20",
      ),
    )
    .action((options: RecordOptions) =>
      options.csv || options.json
        ? askEdge((edge) => exportRecords(edge, options))
        : answer(options, (edge) => latestRecords(edge, options)),
    );

  askingFirst(
    question(program, "erase <number>", "Erase a phone number, and the attendee ID stored with it, from all records"),
  )
    .summary("Erase a phone number from all records")
    .addHelpText("after", examples("erase +14085551234 --domain acme"))
    .action((number: string, options: Options & Confirmed) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const asks = `Erase ${number} from all records of ${domain}? It cannot be undone.`;
        if (!(await isConfirmed(options, asks))) return null;
        const path = "POST /domains/{domain}/records/erasures";
        const erasure = await edge.insist(path, { domain }, { body: { number } });
        const { erased, alike } = erasure;
        const warnings = [
          erased > 0 ? null : `No record and no call in the prompt has the number ${number}. Check each digit.`,
          alike.length === 0 ? null : `Records also have ${alike.join(", ")}: erase each one that you mean.`,
        ].filter((text) => text !== null);
        const text = [`Erased from ${counted(erased, "record")} and calls in the prompt.`];
        return found(erasure, () => text, { warning: warnings.map(printable).join("\n") });
      }),
    );
}

/** Prints all records that match, the oldest first. */
async function exportRecords(edge: OperatorClient, options: RecordOptions): Promise<void> {
  const { csv, json, after, kind = csv ? "call" : undefined } = options;
  if (csv && json) throw new StartError("Choose one of --csv and --json.");
  const domain = await edge.domain(options.domain);
  const columns = recordColumns[kind === "conference" ? kind : "call"];
  // A file gets the exact data of the records.
  const shown = process.stdout.isTTY ? printable : (text: string) => text;
  const asks = { kind, ...filtersOf(options, edge.zoneOf(domain)), limit: PORTION, cursor: after };
  let cursor = after;
  try {
    if (csv && after === undefined) await write(csvHead(columns));
    for await (const { records } of edge.pages("POST /domains/{domain}/records", { domain }, { asks })) {
      const lines = records.map((one) =>
        csv ? `${shown(csvLine(columns, one).trimEnd())}\r\n` : `${printableJson(JSON.stringify(one))}\n`,
      );
      await write(lines.join(""));
      cursor = records.at(-1)?.cursor ?? cursor;
    }
  } catch (error) {
    if (!(error instanceof NoAnswer) || cursor === undefined) throw error;
    throw new StartError(`${error.message}; the export is incomplete: --after ${cursor} continues`);
  }
}

async function latestRecords(edge: OperatorClient, options: RecordOptions) {
  if (options.after !== undefined) throw new StartError("--after needs --csv or --json.");
  let warning: string | undefined;
  const records = await edge.ofEach(options.domain, async (domain) => {
    const asks = { ...filtersOf(options, edge.zoneOf(domain)), limit: USUAL, order: "newest" };
    const page = await edge.ask("POST /domains/{domain}/records", { domain }, { asks });
    if (page.next !== null) warning = "There may be more: --csv or --json prints all.";
    return page.records;
  });
  const text = (shown: typeof records, now: number, screen: Screen) => {
    if (shown.length === 0) return ["No record matches."];
    const conferences = shown.filter((one) => one.kind === "conference");
    const calls = shown.filter((one) => one.kind === "call");
    return apart(
      listText(endedConferences, null)(conferences, now, screen),
      listText(endedCalls, null)(calls, now, screen),
    );
  };
  return found(
    latestFirst(records, ({ recordedAt }) => recordedAt),
    text,
    { warning },
  );
}

function filtersOf(options: RecordOptions, zone: string) {
  const { domain: _domain, json: _json, csv: _csv, after: _after, server: webexHost, ...filters } = options;
  return { ...filters, webexHost, ...periodOf(options, Date.now(), zone) };
}

/** Waits for a slow reader: an export may be larger than the memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
