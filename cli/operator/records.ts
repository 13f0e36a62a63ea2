import { once } from "node:events";
import { type Command, InvalidArgumentError, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable, printable, printableJson } from "../../src/foundation/text/printable.ts";
import { daysOfMonth } from "../../src/foundation/time/zone.ts";
import { StartError } from "../edge/program.ts";
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
import type { OperatorClient, Search } from "./operator-client.ts";
import { auditText, recordsText } from "./record-views.ts";

/** Lines for people; an export has all. */
const USUAL = 100;

interface PeriodOptions extends Options {
  readonly since?: string;
  readonly until?: string;
}

interface RecordOptions extends PeriodOptions {
  readonly csv?: true;
  readonly ndjson?: true;
  readonly after?: string;
  readonly month?: string;
  readonly [filter: string]: string | true | undefined;
}

/** By their names in the API. */
const filterOptions: Readonly<Record<string, Option>> = {
  kind: new Option("--kind <kind>", "calls alone, or conferences alone").choices(["call", "conference"]),
  conference: new Option("--conference <key>", "of this conference"),
  number: new Option("--number <number>", "with this number at the other end"),
  attendeeId: new Option("--attendee-id <id>", "with this attendee ID"),
  bridge: new Option("--bridge <name>", "on this bridge"),
  webexHost: new Option("--server <host>", "of this TSP server"),
  endedBy: new Option("--ended-by <who>", "ended by caller, webex, operator, telephone, policy, bridge or nobody"),
  status: new Option("--status <word>", "completed, busy, no-answer, failed or canceled"),
};

export function addRecords(program: Command): void {
  addUpkeep(program);
  const records = question(
    program,
    "records",
    `records of calls and conferences that are over: the latest ${USUAL}, or all as a file`,
  )
    .option("--csv", "all that fit as a table: calls, or conferences with --kind conference")
    .option("--ndjson", "all that fit as lines of JSON")
    .option(
      "--since <time>",
      "recorded from then on, as 2026-11-01, 2026-11-01T02:40 or 02:40 of the domain's time zone",
      clockTimeText,
    )
    .option("--until <time>", "recorded before then", clockTimeText)
    .option("--month <month>", "recorded in this month of the domain's time zone, as 2026-10", monthText)
    .option(
      "--after <cursor>",
      "behind the record of this cursor, the first column of an export; without the names of columns",
    )
    .addHelpText(
      "after",
      examples(
        "records --month 2026-11 --csv > november.csv",
        "records --csv --after 5533298-1200 >> all.csv",
        "records --number +14085551234 --since 2026-11-20",
      ),
    )
    .action((options: RecordOptions) => askEdge((edge) => showRecords(edge, options)));
  for (const option of Object.values(filterOptions)) records.addOption(option);

  question(program, "audit", `what people have asked of a domain, refusals too: the latest ${USUAL}`)
    .option(
      "--since <time>",
      "all since then, as 2026-11-01, 2026-11-01T02:40 or 02:40 of the domain's time zone",
      clockTimeText,
    )
    .addHelpText("after", examples("audit", "audit --since 2026-11-20 --json"))
    .action((options: PeriodOptions) =>
      answer(options, async (edge) => {
        const domains = await edge.domains(options.domain);
        const entries = await edge.ofEach(domains, (domain) =>
          edge.audit(domain, USUAL, periodOf(options, Date.now(), edge.zoneOf(domain)).since),
        );
        return found(
          entries.toSorted((one, other) => other.at - one.at),
          auditText,
        );
      }),
    );
}

function addUpkeep(program: Command): void {
  question(program, "erase <number>", "take a person's number, and the attendee ID beside it, out of all records")
    .addHelpText("after", examples("erase +14085551234 --domain acme"))
    .action((number: string, { domain: named, json }: Options) =>
      askEdge(async (edge) => {
        const domain = await edge.domain(named);
        const path = "POST /domains/{domain}/records/erasures";
        const { erased, alike, inside } = await edge.insist(path, { domain }, { body: { number } });
        if (json || erased > 0)
          await print(
            json
              ? JSON.stringify({ erased, ...(alike.length > 0 && { alike }), ...(inside.length > 0 && { inside }) })
              : `the number is out of ${counted(erased, "place")}: records, and calls at the prompt`,
          );
        const others = `records have ${alike.join(", ")}: erase each that is meant, as it stands here`;
        if (erased > 0 && alike.length > 0) console.error(printable(`of numbers like it, ${others}`));
        if (inside.length > 0) {
          const where = `in ${inside.join(", ")}`;
          console.error(
            printable(`calls ${where} have it now, and so will their records: erase it again once they are over`),
          );
        }
        if (erased > 0) return;
        process.exitCode = 1;
        const mistake = "look at each digit, and at the country code; a call that is up has its record later";
        const advice = alike.length > 0 ? others : inside.length > 0 ? "there is none yet" : mistake;
        console.error(printable(`no record and no call at the prompt has the number ${number}: ${advice}`));
      }),
    );
}

async function showRecords(edge: OperatorClient, options: RecordOptions): Promise<void> {
  const { csv, ndjson, json, after, domain: named } = options;
  if ([csv, ndjson, json].filter(Boolean).length > 1) throw new StartError("say one of --csv, --ndjson and --json");
  if (csv || ndjson || json) {
    const domain = await edge.domain(named);
    return exportRecords(edge, domain, filtersOf(options, edge.zoneOf(domain)), options);
  }
  if (after !== undefined) throw new StartError("--after is for --csv, --ndjson and --json");
  const domains = await edge.domains(named);
  let hasMore = false;
  const records = await edge.ofEach(domains, async (domain) => {
    const asks = { ...filtersOf(options, edge.zoneOf(domain)), limit: USUAL, order: "newest" };
    const page = await edge.ask("POST /domains/{domain}/records", { domain }, { asks });
    hasMore ||= page.next !== null;
    return page.records;
  });
  records.sort((one, other) => other.recordedAt - one.recordedAt);
  await print(headed(edge, (screen) => recordsText(allPrintable(records), screen)).join("\n"));
  if (hasMore) console.error(`there may be more: --csv, --ndjson or --json has all`);
}

async function exportRecords(
  edge: OperatorClient,
  domain: string,
  filters: Search,
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

function filtersOf({ month, ...options }: RecordOptions, zone: string): Search {
  const given = Object.entries(filterOptions).map(([name, option]) => [name, options[option.attributeName()]]);
  const days = month === undefined ? null : daysOfMonth(month);
  if (days && (options.since ?? options.until) !== undefined)
    throw new StartError("say --month, or --since and --until");
  return { ...periodOf(days ?? options, Date.now(), zone), ...Object.fromEntries(given) };
}

function monthText(text: string): string {
  if (daysOfMonth(text)) return text;
  throw new InvalidArgumentError("It must be a month such as 2026-10.");
}

function print(text: string): Promise<void> {
  return write(`${text}\n`);
}

/** Waits for a slow reader: an export may be larger than the memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
