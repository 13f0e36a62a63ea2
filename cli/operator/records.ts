import { once } from "node:events";
import { type Command, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable, printable, printableJson } from "../../src/foundation/text/printable.ts";
import { StartError } from "../edge/supervise.ts";
import { jsonText, ownTerminal } from "../terminal.ts";
import { askEdge, clockTimeText, examples, periodOf, question } from "./ask-edge.ts";
import type { OperatorClient, RecordSelection } from "./operator-client.ts";
import { auditText, recordsText } from "./record-views.ts";

/** Lines for people; an export has all. */
const USUAL = 100;

interface Options {
  readonly domain?: string;
  readonly json?: true;
  readonly since?: string;
  readonly until?: string;
}

interface RecordOptions extends Options {
  readonly csv?: true;
  readonly ndjson?: true;
  readonly after?: string;
  readonly kind?: string;
  readonly conference?: string;
  readonly number?: string;
  readonly attendeeId?: string;
  readonly bridge?: string;
  readonly server?: string;
  readonly endedBy?: string;
  readonly status?: string;
}

/** The commands about what is over: records of calls and conferences, and what people have asked. */
export function addRecords(program: Command): void {
  addUpkeep(program);
  question(program, "records", `records of calls and conferences that are over: the latest ${USUAL}, or all as a file`)
    .option("--csv", "all that fit as a table: calls, or conferences with --kind conference")
    .option("--ndjson", "all that fit as lines of JSON")
    .option("--since <time>", "recorded from then on, as 2026-11-01, 2026-11-01T02:40 or 02:40", clockTimeText)
    .option("--until <time>", "recorded before then", clockTimeText)
    .option(
      "--after <cursor>",
      "behind the record of this cursor, the first column of an export; without the names of columns",
    )
    .addOption(new Option("--kind <kind>", "calls alone, or conferences alone").choices(["call", "conference"]))
    .option("--conference <key>", "of this conference")
    .option("--number <number>", "with this number at the other end")
    .option("--attendee-id <id>", "with this attendee ID")
    .option("--bridge <name>", "on this bridge")
    .option("--server <host>", "of this TSP server")
    .option("--ended-by <who>", "ended by caller, webex, operator, telephone, policy, bridge or nobody")
    .option("--status <word>", "completed, busy, no-answer, failed or canceled")
    .addHelpText(
      "after",
      examples(
        "records --since 2026-11-01 --until 2026-12-01 --csv > november.csv",
        "records --csv --after 5533298-1200 >> all.csv",
        "records --number +14085551234 --since 2026-11-20",
      ),
    )
    .action((options: RecordOptions) => askEdge((edge) => showRecords(edge, options)));

  question(program, "audit", `what people have asked of a domain, refusals too: the latest ${USUAL}`)
    .option("--since <time>", "all since then, as 2026-11-01, 2026-11-01T02:40 or 02:40", clockTimeText)
    .addHelpText("after", examples("audit", "audit --since 2026-11-20 --json"))
    .action((options: Options) =>
      askEdge(async (edge) => {
        const { since } = periodOf(options, Date.now());
        const domains = await edge.domains(options.domain);
        const lists = domains.map(async (domain) =>
          (await edge.audit(domain, USUAL, since)).map((entry) => ({ ...entry, domain })),
        );
        const entries = (await Promise.all(lists)).flat().sort((one, other) => other.at - one.at);
        await print(options.json ? jsonText(entries) : auditText(allPrintable(entries), ownTerminal()).join("\n"));
      }),
    );
}

/** What is done to records by hand. */
function addUpkeep(program: Command): void {
  question(program, "erase <number>", "take a person's number, and the attendee ID beside it, out of all records")
    .addHelpText("after", examples("erase +14085551234 --domain acme"))
    .action((number: string, { domain: named, json }: Options) =>
      askEdge(async (edge) => {
        const erased = await edge.erase(await edge.domain(named), number);
        await print(json ? JSON.stringify({ erased }) : `the number is out of ${counted(erased, "record")}`);
      }),
    );

  question(program, "rebuild", "have the conferences of the last week tell a directory that was lost what they know")
    .addHelpText("after", examples("rebuild --domain acme"))
    .action(({ domain: named, json }: Options) =>
      askEdge(async (edge) => {
        const domain = await edge.domain(named);
        const { reported, failed } = await edge.rebuild(domain, (so) => {
          if (!json) console.error(`${counted(so, "conference")} told so far`);
        });
        await print(
          json
            ? printableJson(JSON.stringify({ told: reported, failed }))
            : `${counted(reported, "conference")} told all`,
        );
        if (failed.length === 0) return;
        process.exitCode = 1;
        console.error(printable(`did not answer, so rebuild again: ${failed.join(", ")}`));
      }),
    );
}

async function showRecords(edge: OperatorClient, options: RecordOptions): Promise<void> {
  const { csv, ndjson, json, after, domain: named } = options;
  if ([csv, ndjson, json].filter(Boolean).length > 1) throw new StartError("say one of --csv, --ndjson and --json");
  const filters = filtersOf(options);
  if (csv || ndjson || json) return exportRecords(edge, await edge.domain(named), filters, options);
  if (after !== undefined) throw new StartError("--after is for --csv, --ndjson and --json");
  const domains = await edge.domains(named);
  const lists = domains.map(async (domain) => {
    const { records, next } = await edge.records(domain, { ...filters, limit: String(USUAL) });
    return { records: records.map((record) => ({ ...record, domain })), hasMore: next !== null };
  });
  const found = await Promise.all(lists);
  const records = found.flatMap((one) => one.records).sort((one, other) => other.recordedAt - one.recordedAt);
  await print(recordsText(allPrintable(records), ownTerminal()).join("\n"));
  if (found.some(({ hasMore }) => hasMore)) console.error(`there may be more: --csv, --ndjson or --json has all`);
}

async function exportRecords(
  edge: OperatorClient,
  domain: string,
  filters: RecordSelection,
  { csv, json, after }: RecordOptions,
): Promise<void> {
  // A terminal is steered by nothing; a file has what the records have.
  const shown = process.stdout.isTTY ? printable : (text: string) => text;
  const notice = (text: string) => console.error(printable(text));
  let count = 0;
  if (json) await print("[");
  for await (const { text } of edge.exportRecords(domain, csv ? "csv" : "ndjson", filters, after, notice)) {
    if (csv) await write(`${shown(text)}\r\n`);
    else if (json) await write(`${count === 0 ? "  " : ",\n  "}${printableJson(text)}`);
    else await write(`${printableJson(text)}\n`);
    count += 1;
  }
  if (json) await print(count === 0 ? "]" : "\n]");
}

function filtersOf(options: RecordOptions): RecordSelection {
  const { since, until } = periodOf(options, Date.now());
  const { kind, conference, number, attendeeId, bridge, server: webexHost, endedBy, status } = options;
  const all = { since, until, kind, conference, number, attendeeId, bridge, webexHost, endedBy, status };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function print(text: string): Promise<void> {
  return write(`${text}\n`);
}

/** Waits for a slow reader: an export may be larger than the memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
