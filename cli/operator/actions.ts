import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { type ActionTable, isFlag, isOptional } from "../../src/conference/action-row.ts";
import { askedActions } from "../../src/conference/operator-actions.ts";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import { capitalized } from "../../src/foundation/text/sentence.ts";
import type { ActionStages, NotificationStage, SentCommand } from "../../src/rpc/action-stages.ts";
import { NoAnswer } from "../edge/edge-api.ts";
import { StartError } from "../edge/program.ts";
import type { Screen } from "../shown-times.ts";
import { duration, jsonText, ownTerminal } from "../terminal.ts";
import { askEdge, examples, headed, type Options, question } from "./ask-edge.ts";
import type { ConferenceOfDomain, OperatorClient } from "./operator-client.ts";

const LOOK_EVERY_MS = 200;
/** The bridge has 10 s, and then WebEx three attempts. */
const WITHIN_MS = 30_000;

type Asked = ReturnType<typeof askedActions>[string];

/** The commands by which operators act on a conference, by the table of actions. Each shows how far it has come, as it happens. */
export function addActions(program: Command, actions?: ActionTable): void {
  for (const [type, row] of Object.entries(askedActions(actions))) {
    const { says, examples: endings = [""] } = row.asked;
    const title = capitalized(says);
    const parameters = Object.entries(row.parameters);
    const needed = parameters.flatMap(([name, schema]) => (isOptional(schema) ? [] : [name]));
    const words = [type, "<key>", ...needed.map((name) => `<${name}>`)].join(" ");
    const ofCall = needed.includes("call") ? "; <call>: its ID, WebEx's ID for it, or its attendee ID" : "";
    const command = question(program, words, `${title}${ofCall}`).summary(title);
    for (const [name, schema] of parameters.filter(([, schema]) => isOptional(schema))) {
      const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const help = (v.getDescription(schema) ?? "")
        .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
        .replace(/\.$/, "");
      if (isFlag(schema)) command.option(flag, help);
      else command.option(`${flag} <${flag.split("-").at(-1)}>`, help, (text: string) => checked(schema, text));
    }
    if (row.asked.button.question) command.option("--yes", "skip the confirmation prompt");
    command.addHelpText("after", examples(...endings.map((ending) => `${type} 987654321 ${ending}`.trim())));
    command.action((key: string, ...rest: unknown[]) => {
      const given = command.opts<Options & Agreement>();
      const texts = rest.slice(0, needed.length) as readonly string[];
      return act(row, type, given, key, (of) =>
        Object.fromEntries([
          ...needed.map((name, index) => [name, name === "call" ? callOf(of, texts[index] ?? "") : texts[index]]),
          ...Object.entries(given).filter(([name]) => Object.hasOwn(row.parameters, name)),
        ]),
      );
    });
  }
}

/** Asks a conference for something, and shows what becomes of it. Exit code 1: it was refused, or WebEx does not know of it in time, or never. */
function act(
  row: Asked,
  type: string,
  { domain: ofDomain, json, yes }: Options & Agreement,
  key: string,
  parametersOf: (conference: ConferenceOfDomain) => Readonly<Record<string, unknown>>,
): Promise<void> {
  return askEdge(async (edge) => {
    const domain = await edge.domain(ofDomain);
    const conference = await edge.conference(domain, key);
    const parameters = parametersOf(conference);
    if (!yes && !(await isAgreed(questionOf(row, conference), ownQuestions()))) return;
    const id = randomUUID();
    const place = { domain, confKey: key };
    const request = { body: { type, ...parameters }, actionId: id };
    await named(id, edge.insist("POST /domains/{domain}/conferences/{confKey}/actions", place, request));
    if (!json)
      process.stdout.write(
        `${ownTerminal().style("bold", printable(`${titleOf(row, type, parameters)} in conference ${key}`))}\n`,
      );
    const { withinMs = WITHIN_MS } = row.asked;
    const stages = await named(id, followPrinted(edge, { ...place, action: id }, withinMs, json));
    const end = actionEnd(stages);
    if (end === "open")
      throw new StartError(
        `Not confirmed within ${withinMs / 1_000} s. Still retrying: \`bridgehead conference ${key}\` shows what waits.`,
      );
    if (end !== "confirmed" && end !== "not needed") process.exitCode = 1;
  });
}

function questionOf({ asked }: Asked, conference: ConferenceOfDomain): string | null {
  const { key: confKey, callers, muteAll, unmuteAll, away } = conference;
  return asked.button.question?.says({ confKey, callers: callers.length, muteAll, unmuteAll, away }) ?? null;
}

/** Where the edge dies meanwhile, the id says what became of the action, and has it done once. */
async function named<Result>(id: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new StartError(`${error.message}; the result is unknown. Its Idempotency-Key is ${id}.`);
  }
}

/** Follows an action to its end, or until its time is up, and prints each line once; `json`: how it is then, and nothing before. */
async function followPrinted(
  edge: OperatorClient,
  action: { readonly domain: string; readonly confKey: string; readonly action: string },
  withinMs: number,
  json: true | undefined,
): Promise<ActionStages> {
  const shown = new Set<string>();
  const show = (stages: ActionStages) => {
    if (json) return;
    const lines = headed(edge, (screen) => stageLines(allPrintable(stages), action.domain, screen));
    for (const line of newLines(shown, lines)) process.stdout.write(`${line}\n`);
  };
  const look = () => edge.find("GET /domains/{domain}/conferences/{confKey}/actions/{action}", action);
  const stages = await followed(look, withinMs, show, pause);
  if (json) process.stdout.write(`${jsonText(stages)}\n`);
  return stages;
}

/** The stages of an action as they are at its end, or when its time is up; `show` gets them each time that somebody looks. */
export async function followed(
  look: () => Promise<ActionStages | null>,
  withinMs: number,
  show: (stages: ActionStages) => void,
  wait: (ms: number) => Promise<unknown>,
): Promise<ActionStages> {
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const stages = await look();
    if (!stages) throw new StartError("The conference's journal no longer has the action.");
    show(stages);
    if (actionEnd(stages) !== "open" || waited >= withinMs) return stages;
    await wait(LOOK_EVERY_MS);
  }
}

/** The lines that were not shown yet; from now on they were. */
export function newLines(shown: Set<string>, lines: readonly string[]): readonly string[] {
  const unseen = lines.filter((line) => !shown.has(line));
  for (const line of unseen) shown.add(line);
  return unseen;
}

export function callOf({ key, callers, callOuts }: ConferenceOfDomain, named: string): string {
  const byId = [...callers, ...callOuts].find(({ call }) => call === named);
  if (byId) return byId.call;
  const byName = [...callers, ...callOuts].filter(({ extCallId }) => extCallId === named);
  const found = byName.length > 0 ? byName : callers.filter(({ attendeeId }) => attendeeId === named);
  const [first, ...others] = found;
  if (first && others.length === 0) return first.call;
  if (first) {
    const ids = found.map(({ call }) => call).join(", ");
    throw new StartError(`${found.length} callers of conference ${key} match ${named}. Name one by its ID: ${ids}.`);
  }
  const known = callers.slice(0, 5).map(({ call, extCallId }) => (extCallId === "" ? call : `${call} (${extCallId})`));
  const more = callers.length > known.length ? `, and ${callers.length - known.length} more` : "";
  const those = known.length === 0 ? "it has no caller" : `its callers are ${known.join(", ")}${more}`;
  throw new StartError(`Conference ${key} has no caller ${named}; ${those}.`);
}

function titleOf({ parameters }: Asked, type: string, given: Readonly<Record<string, unknown>>): string {
  const needed = Object.keys(parameters).filter((name) => !isOptional(parameters[name]));
  return [type, ...needed.map((name) => (name === "room" ? `to ${given.room}` : given[name]))].join(" ");
}

function checked(schema: v.GenericSchema, text: string): string {
  const [issue] = v.safeParse(schema, text).issues ?? [];
  if (issue === undefined) return text;
  throw new InvalidArgumentError(`It ${issue.message}.`);
}

type ActionEnd = "open" | "no result" | NotificationStage["is"];

export function actionEnd({ result, notified }: ActionStages): ActionEnd {
  if (result === null) return "open";
  if (result.type !== "done") return result.type;
  return notified === null || notified.is === "posted" ? "open" : notified.is;
}

/** A line for each stage that is known; when more is known, they are still true. */
export function stageLines(stages: ActionStages, domain: string, { style, times }: Screen): readonly string[] {
  const { asked, onDisk, person, sent, result, notified } = stages;
  const line = (stage: string, at: number | null, text: string) =>
    `  ${stage.padEnd(10)}${(at === null ? "" : at === asked ? "at once" : `+${duration(at - asked)}`).padEnd(10)}${text}`.trimEnd();
  const sentence = (text: string) => times.sentence(text, domain, asked);
  const command = ({ id, type }: Pick<SentCommand, "id" | "type">) => `${type} ${style("dim", `(${id})`)}`;
  const ofBridge = sent.flatMap((one) => [
    { at: one.at, text: line("sent", one.at, `${command(one)} to the bridge`) },
    ...(one.result && sent.length > 1
      ? [
          {
            at: one.result.at,
            text: line("bridge", one.result.at, `${command(one)}: ${"why" in one.result ? one.result.why : "done"}`),
          },
        ]
      : []),
  ]);
  const lines = [
    line("asked", null, `${times.exact(asked, domain)} by ${person}`),
    line("on disk", onDisk.at, `row ${onDisk.seq} of the journal`),
    ...ofBridge.sort((one, other) => one.at - other.at).map(({ text }) => text),
  ];
  if (result?.type === "done") {
    lines.push(style("green", line("done", result.at, sent.length === 0 ? "nothing to do on the bridge" : "")));
    for (const { undoneBy } of sent)
      if (undoneBy)
        lines.push(style("yellow", line("undone", null, `by ${command(undoneBy)}, issued before this was known`)));
  } else if (result) {
    lines.push(style("red", line(result.type, result.at, whyOf(result))));
  }
  if (notified && notified.transIds.length > 0)
    lines.push(line("posted", null, `WebEx, by TransID ${notified.transIds.join(", ")}`));
  const { is, at, why } = notified ?? { is: "posted", at: null, why: "" };
  if (is === "confirmed") lines.push(style("green", line("notified", at, "WebEx confirmed it")));
  else if (is === "refused") lines.push(style("red", line("refused", at, "WebEx confirmed it with a failure")));
  else if (is === "waiting") lines.push(style("yellow", line("waits", at, sentence(why))));
  else if (is !== "posted") lines.push(line("no notice", null, sentence(why)));
  return lines;
}

function whyOf({ type, why }: { readonly type: "refused" | "no result"; readonly why: string }): string {
  return type === "refused" ? `the bridge refused it: ${why}` : `${why}; a late result still counts`;
}

/** The option of commands that ask for confirmation. */
export interface Agreement {
  readonly yes?: true;
}

/** Asks for confirmation at a terminal. */
export interface PersonAsked {
  /** `null`: there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  note(line: string): void;
}

/** The terminal of this process. */
export function ownQuestions(): PersonAsked {
  const { stdin: input, stderr: output } = process;
  const note = (line: string) => console.error(line);
  if (!input.isTTY || !output.isTTY) return { ask: null, note };
  const ask = async (question: string) => {
    const lines = createInterface({ input, output });
    // A terminal that is closed has not agreed.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    try {
      return await Promise.race([lines.question(question), closed]);
    } finally {
      lines.close();
    }
  };
  return { ask, note };
}

/** True if the user agrees, or need not be asked: there is no terminal, or `question` is `null` (at most one caller is affected). */
export async function isAgreed(question: string | null, { ask, note }: PersonAsked): Promise<boolean> {
  if (question === null || ask === null) return true;
  if (/^y(?:es)?$/i.test((await ask(`${printable(question)} [y/N] `)).trim())) return true;
  note("Nothing was done.");
  process.exitCode = 1;
  return false;
}
