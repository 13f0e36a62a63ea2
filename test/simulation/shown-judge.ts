import { metricsText } from "../../bridge-agent/service/health.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { persons } from "../../src/foundation/shown.ts";
import { shownFacts } from "../../src/foundation/text/log-line.ts";
import { shownSettings } from "../../src/settings/domain-settings.ts";
import type { Database } from "../kit/database.ts";
import type { AgentProcess } from "./agent-process.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";

/** How each access code, AnonymousID and token of these worlds begins, and each attendee ID: nothing else does. */
export const secretBegin = "6161";
export const attendeeBegin = "5252";

/** Those of settings and of clients' data: no caller keys them, and so they are secret from the first. */
export const settingBegin = `${secretBegin}9`;

const secrets = new RegExp(`(?<!\\d)${secretBegin}\\d{4}(?!\\d)`, "g");
const personal = new RegExp(`(?<!\\d)140855[0-4]\\d{4}(?!\\d)|(?<!\\d)${attendeeBegin}\\d{3}(?!\\d)|Meeting \\d`);
/** Not among random digits. */
const keyOfConference = /(?<!\d)98765\d{4}(?!\d)/;

const mostRows = 20;

type Violated = WorldContext["violated"];

/** A line of the edge's log. */
export function judgeEdgeLine(violated: Violated, { level: _, event, ...said }: LogLine): void {
  const shown = shownFacts(said, persons.masked);
  const unjudged = Object.keys(said).filter((name) => !(name in shown));
  if (unjudged.length > 0) violated("a line of the log is written whole", `${event}: ${unjudged}`);
  judgeLine(violated, event, shown);
  judgeSecrets(violated, event, shownFacts(said, persons.full));
}

/** A line of the log as it is written, where numbers and keys are masked. */
export function judgeLine(violated: Violated, event: string, line: object): void {
  judgeSecrets(violated, `a line of the log, ${event}`, line);
  judgeNames(violated, `a line of the log, ${event}`, line, keyOfConference);
}

/** The same, where they are not. As its name a caller may key what the next create makes a secret. */
export function judgePersonalLine(violated: Violated, event: string, { attendeeId: _, ...line }: LineOfAgent): void {
  judgeSecrets(violated, `a line of the log with numbers, ${event}`, line);
}

interface LineOfAgent {
  readonly text: string;
  readonly attendeeId?: unknown;
}

/**
 * What whoever sees a conference may read of it; `showsPersonal`: numbers and names, too. A caller may key what will be a secret with the
 * next create, or would have been one, had that create arrived: until then, nobody can know.
 */
export async function judgeViews(
  violated: Violated,
  conference: Whole<"conference">,
  { disk, showsPersonal }: { readonly disk: Database; readonly showsPersonal: boolean },
): Promise<void> {
  const known = secretsKnown(disk, Number.POSITIVE_INFINITY);
  const timeline = await conference.timeline(0);
  const rows = [...new Set(timeline.items.map(({ seq }) => seq))].slice(0, mostRows);
  // The name of the meeting is shown as `recordsPersonal` of these domains has it, whatever the journal shows.
  const { topic: _, ...view } = (await conference.view()) ?? {};
  const views = {
    "the view": view,
    "the timeline": timeline,
    "texts on the wire": await conference.wire(rows),
  };
  for (const [name, view] of Object.entries(views)) {
    judgeSecrets(violated, name, view, known);
    if (!showsPersonal) judgeNames(violated, name, view);
  }
}

/** What is kept of all conferences, and counted. */
export function judgeDomain(violated: Violated, { conferences, directory, measures, domain }: Edge): void {
  for (const { data } of directory.disk.dump()) {
    const { conference, began = 0 }: { readonly conference?: ConfKey; readonly began?: number } =
      JSON.parse(String(data ?? null)) ?? {};
    const { disk } = (conference && conferences.get(conference)) || {};
    if (disk) judgeSecrets(violated, "the directory", data, secretsKnown(disk, began));
  }
  const counted = measures.text([domain]);
  judgeSecrets(violated, "the settings", shownSettings(domain.settings));
  judgeSecrets(violated, "a metric", counted);
  judgeNames(violated, "a metric", counted, keyOfConference);
}

/** What agents have counted since they began, and what they carry. */
export function judgeAgents(violated: Violated, agents: readonly AgentProcess[]): void {
  for (const { running, showsPersonal } of agents) {
    if (!running) continue;
    const { status, counters, calls } = running;
    const counted = metricsText({ status, counters, logLinesDropped: 0 });
    judgeSecrets(violated, "a metric of an agent", counted);
    judgeNames(violated, "a metric of an agent", counted, keyOfConference);
    judgeSecrets(violated, "the calls of an agent", calls);
    if (!showsPersonal) judgeNames(violated, "the calls of an agent", calls, keyOfConference);
  }
}

/** What the directory tells of conferences that run, and of who is posted to: no caller's number is in it. */
export function judgeLists(violated: Violated, { directory, domain }: Edge): void {
  directory.deliver(async (one) => {
    judgeSecrets(violated, "the webhooks", await one.webhooks(domain.name));
    judgeSecrets(violated, "posts and what waits", await one.stats());
    const { conferences } = await one.running({ domain: domain.name, after: null, limit: 100 });
    judgeSecrets(violated, "the list of conferences", conferences, new Set());
  });
}

/** All that creates have brought up to this row of the journal. */
function secretsKnown(disk: Database, row: number): ReadonlySet<string> {
  if (!hasTable(disk, "journal")) return new Set();
  const creates = disk.exec(`SELECT input FROM journal WHERE input LIKE '%"create-conference"%' AND seq < ?`, row);
  return new Set(creates.flatMap(({ input }) => String(input).match(secrets) ?? []));
}

function judgeSecrets(violated: Violated, where: string, shown: unknown, known?: ReadonlySet<string>): void {
  const found = textOf(shown)
    .match(secrets)
    ?.find((one) => one.startsWith(settingBegin) || (known?.has(one) ?? true));
  if (found !== undefined) violated("what is secret is shown to nobody", `${where}: ${found}`);
}

function judgeNames(violated: Violated, where: string, shown: unknown, alsoHidden?: RegExp): void {
  const text = textOf(shown);
  const [found] = personal.exec(text) ?? alsoHidden?.exec(text) ?? [];
  if (found !== undefined) violated("what is personal is masked", `${where}: ${found}`);
}

function textOf(shown: unknown): string {
  return typeof shown === "string" ? shown : (JSON.stringify(shown) ?? "");
}
