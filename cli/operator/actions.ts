import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import { StartError } from "../edge/supervise.ts";
import { jsonText, ownTerminal } from "../terminal.ts";
import { endOf, stageLines } from "./action-text.ts";
import { askEdge, examples, question } from "./ask-edge.ts";
import { type ActionRequest, type ConferenceOfDomain, NoAnswer } from "./operator-client.ts";

/** So often it is asked how far an action has come. */
const LOOK_EVERY_MS = 200;
/** The bridge has 10 s, and then WebEx three attempts. */
const WITHIN_MS = 30_000;
/** Somebody must pick up. */
const CALL_OUT_WITHIN_MS = 120_000;

interface Options {
  readonly domain?: string;
  readonly json?: true;
}

/** The commands by which operators act on a conference. Each shows how far it has come, as it happens. */
export function addActions(program: Command): void {
  const ofCall = [
    ["mute", "mute a caller"],
    ["unmute", "let a muted caller be heard again"],
    ["expel", "hang up a caller, or a call-out that rings"],
  ] as const;
  for (const [type, description] of ofCall) {
    question(program, `${type} <key> <call>`, `${description}; <call>: its id, WebEx's name for it, or its attendee ID`)
      .summary(description)
      .addHelpText("after", examples(`${type} 987654321 444`, `${type} 987654321 c17 --domain acme`))
      .action((key: string, call: string, options: Options) =>
        act(options, key, (of) => ({ type, call: callOf(of, call) })),
      );
  }
  question(program, "move <key> <call> <room>", "move a caller to a sub-conference that is open, or back to `main`")
    .addHelpText("after", examples("move 987654321 444 r7", "move 987654321 444 main"))
    .action((key: string, call: string, room: string, options: Options) =>
      act(options, key, (of) => ({ type: "move", call: callOf(of, call), room })),
    );
  const ofAll = [
    ["lock", "let nobody in who dials in"],
    ["unlock", "let callers in again"],
    ["mute-all", "mute all callers but the host"],
    ["unmute-all", "let all muted callers be heard again"],
    ["end", "end a conference: all of its calls are hung up"],
  ] as const;
  for (const [type, description] of ofAll) {
    question(program, `${type} <key>`, description)
      .addHelpText("after", examples(`${type} 987654321`))
      .action((key: string, options: Options) => act(options, key, () => ({ type })));
  }
  question(program, "call-out <key> <number>", "call somebody into a conference")
    .option("--attendee-id <id>", "the attendee ID by which WebEx knows the person", attendeeId)
    .option("--muted", "muted from the begin on")
    .addHelpText("after", examples("call-out 987654321 +14085551234", "call-out 987654321 +14085551234 --muted"))
    .action((key: string, number: string, options: Options & { attendeeId?: string; muted?: true }) =>
      act(options, key, () => ({
        ...{ type: "call-out", number },
        ...(options.attendeeId !== undefined && { attendeeId: options.attendeeId }),
        ...(options.muted && { muted: true }),
      })),
    );
}

/** Asks a conference for something, and shows what becomes of it. Exit code 1: it was refused, or WebEx does not know of it in time, or never. */
function act(
  { domain: ofDomain, json }: Options,
  key: string,
  requestOf: (conference: ConferenceOfDomain) => ActionRequest,
): Promise<void> {
  return askEdge(async (edge) => {
    const domain = await edge.domain(ofDomain);
    const request = requestOf(await edge.conference(domain, key));
    const id = randomUUID();
    await named(id, edge.act(domain, key, request, id));
    const terminal = ownTerminal();
    const shown = new Set<string>();
    const show = (stages: ActionStages) => {
      if (json) return;
      for (const line of newLines(shown, stageLines(allPrintable(stages), terminal))) process.stdout.write(`${line}\n`);
    };
    if (!json)
      process.stdout.write(`${terminal.style("bold", printable(`${titleOf(request)} in conference ${key}`))}\n`);
    const withinMs = request.type === "call-out" ? CALL_OUT_WITHIN_MS : WITHIN_MS;
    const stages = await named(
      id,
      followed(() => edge.action(domain, key, id), withinMs, show, pause),
    );
    if (json) process.stdout.write(`${jsonText(stages)}\n`);
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

function titleOf({ type, call, room, number }: ActionRequest): string {
  return [type, call, room && `to ${room}`, number].filter((part) => part !== undefined).join(" ");
}

function attendeeId(text: string): string {
  if (/^\S{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 64 characters without blanks.");
}
