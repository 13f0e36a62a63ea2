import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { type ActionTable, isFlag, isOptional } from "../../src/conference/action-row.ts";
import { askedActions } from "../../src/conference/operator-actions.ts";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import { NoAnswer } from "../edge/edge-api.ts";
import { StartError } from "../edge/supervise.ts";
import { jsonText, ownTerminal } from "../terminal.ts";
import { endOf, stageLines } from "./action-text.ts";
import { askEdge, examples, question } from "./ask-edge.ts";
import type { ConferenceOfDomain } from "./operator-client.ts";

/** So often it is asked how far an action has come. */
const LOOK_EVERY_MS = 200;
/** The bridge has 10 s, and then WebEx three attempts. */
const WITHIN_MS = 30_000;

interface Options {
  readonly domain?: string;
  readonly json?: true;
}

type Asked = ReturnType<typeof askedActions>[string];

/** The commands by which operators act on a conference, by the table of actions. Each shows how far it has come, as it happens. */
export function addActions(program: Command, actions?: ActionTable): void {
  for (const [type, row] of Object.entries(askedActions(actions))) {
    const { says, examples: endings = [""] } = row.asked;
    const parameters = Object.entries(row.parameters);
    const needed = parameters.flatMap(([name, schema]) => (isOptional(schema) ? [] : [name]));
    const words = [type, "<key>", ...needed.map((name) => `<${name}>`)].join(" ");
    const ofCall = needed.includes("call") ? "; <call>: its id, WebEx's name for it, or its attendee ID" : "";
    const command = question(program, words, says + ofCall).summary(says);
    for (const [name, schema] of parameters.filter(([, schema]) => isOptional(schema))) {
      const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const help = (v.getDescription(schema) ?? "")
        .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
        .replace(/\.$/, "");
      if (isFlag(schema)) command.option(flag, help);
      else command.option(`${flag} <${flag.split("-").at(-1)}>`, help, (text: string) => checked(schema, text));
    }
    command.addHelpText("after", examples(...endings.map((ending) => `${type} 987654321 ${ending}`.trim())));
    command.action((key: string, ...rest: unknown[]) => {
      const given = command.opts<Options>();
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
  { domain: ofDomain, json }: Options,
  key: string,
  parametersOf: (conference: ConferenceOfDomain) => Readonly<Record<string, unknown>>,
): Promise<void> {
  return askEdge(async (edge) => {
    const domain = await edge.domain(ofDomain);
    const parameters = parametersOf(await edge.conference(domain, key));
    const id = randomUUID();
    await named(id, edge.act(domain, key, { type, ...parameters }, id));
    if (!json)
      process.stdout.write(
        `${ownTerminal().style("bold", printable(`${titleOf(row, type, parameters)} in conference ${key}`))}\n`,
      );
    const { withinMs = WITHIN_MS } = row.asked;
    const stages = await named(
      id,
      followPrinted(() => edge.action(domain, key, id), withinMs, json),
    );
    const end = endOf(stages);
    if (end === "open")
      throw new StartError(`not over within ${withinMs / 1_000} s; \`bridgehead conference ${key}\` shows what waits`);
    if (end !== "told" && end !== "not to be told") process.exitCode = 1;
  });
}

/** Where the edge dies meanwhile, the id says what became of the action, and has it done once. */
async function named<Result>(id: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new StartError(`${error.message}; nobody knows how far the action is: its Idempotency-Key is ${id}`);
  }
}

/** Follows an action to its end, or until its time is up, and prints each line once; `json`: how it is then, and nothing before. */
export async function followPrinted(
  look: () => Promise<ActionStages | null>,
  withinMs: number,
  json: true | undefined,
): Promise<ActionStages> {
  const terminal = ownTerminal();
  const shown = new Set<string>();
  const show = (stages: ActionStages) => {
    if (json) return;
    for (const line of newLines(shown, stageLines(allPrintable(stages), terminal))) process.stdout.write(`${line}\n`);
  };
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
    if (!stages) throw new StartError("the conference's journal does not have the action any more");
    show(stages);
    if (endOf(stages) !== "open" || waited >= withinMs) return stages;
    await wait(LOOK_EVERY_MS);
  }
}

/** The lines that were not shown yet; from now on they were. */
export function newLines(shown: Set<string>, lines: readonly string[]): readonly string[] {
  const unseen = lines.filter((line) => !shown.has(line));
  for (const line of unseen) shown.add(line);
  return unseen;
}

/** The id of the call that a person means. */
export function callOf({ key, callers, callOuts }: ConferenceOfDomain, named: string): string {
  const byId = [...callers, ...callOuts].find(({ call }) => call === named);
  if (byId) return byId.call;
  const byName = [...callers, ...callOuts].filter(({ extCallId }) => extCallId === named);
  const found = byName.length > 0 ? byName : callers.filter(({ attendeeId }) => attendeeId === named);
  const [first, ...others] = found;
  if (first && others.length === 0) return first.call;
  if (first) {
    const ids = found.map(({ call }) => call).join(", ");
    throw new StartError(
      `${found.length} callers of the conference ${key} go by ${named}; say which one by its id: ${ids}`,
    );
  }
  const known = callers.slice(0, 5).map(({ call, extCallId }) => (extCallId === "" ? call : `${call} (${extCallId})`));
  const more = callers.length > known.length ? `, and ${callers.length - known.length} more` : "";
  const those = known.length === 0 ? "it has no caller" : `its callers are ${known.join(", ")}${more}`;
  throw new StartError(`the conference ${key} has no caller ${named}; ${those}`);
}

function titleOf({ parameters }: Asked, type: string, given: Readonly<Record<string, unknown>>): string {
  const needed = Object.keys(parameters).filter((name) => !isOptional(parameters[name]));
  return [type, ...needed.map((name) => (name === "room" ? `to ${given.room}` : given[name]))].join(" ");
}

/** An option as its parameter wants it. */
function checked(schema: v.GenericSchema, text: string): string {
  const [issue] = v.safeParse(schema, text).issues ?? [];
  if (issue === undefined) return text;
  throw new InvalidArgumentError(`It ${issue.message}.`);
}
