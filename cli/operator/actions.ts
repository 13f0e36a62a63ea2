import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import * as v from "valibot";
import { type ActionTable, isFlag, isOptional } from "../../src/conference/action-row.ts";
import { askedActions } from "../../src/conference/operator-actions.ts";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import { capitalized } from "../../src/foundation/text/sentence.ts";
import type { ActionStages, NotificationStage } from "../../src/rpc/timeline.ts";
import { shownStages } from "../../src/views/action-stages.ts";
import { StartError } from "../edge/program.ts";
import type { Screen } from "../shown-times.ts";
import { duration, jsonText, ownTerminal } from "../terminal.ts";
import { askEdge, examples, headed, type Options, question, valid } from "./ask-edge.ts";
import { askingFirst, type Confirmed, isAgreed } from "./confirmation.ts";
import { NoAnswer } from "./edge-api.ts";
import { type ConferenceOfDomain, known, type OperatorClient } from "./operator-client.ts";

const LOOK_EVERY_MS = 200;
/** The bridge has 10 s, and then WebEx three attempts. */
const WITHIN_MS = 30_000;

type ActionOptions = Options & Confirmed;

/** The commands that act on a conference, from the table of actions. */
export function addActions(program: Command, actions?: ActionTable): void {
  for (const [type, row] of Object.entries(askedActions(actions))) {
    const { says, examples: endings = [""], button, withinMs = WITHIN_MS } = row.asked;
    const parameters = Object.entries(row.parameters);
    const needed = parameters.flatMap(([name, schema]) => (isOptional(schema) ? [] : [name]));
    const words = [type, "<key>", ...needed.map((name) => `<${name}>`)].join(" ");
    const ofCall = needed.includes("call") ? "; <call>: its ID, WebEx's ID for it, or its attendee ID" : "";
    const command = question(program, words, `${capitalized(says)}${ofCall}`).summary(capitalized(says));
    for (const [name, schema] of parameters.filter(([, schema]) => isOptional(schema))) {
      const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const help = (v.getDescription(schema) ?? "")
        .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
        .replace(/\.$/, "");
      if (isFlag(schema)) command.option(flag, help);
      else
        command.option(
          `${flag} <${flag.split("-").at(-1)}>`,
          help,
          valid((text) => faultOf(schema, text)),
        );
    }
    if (button.question) askingFirst(command);
    command.addHelpText("after", examples(...endings.map((ending) => `${type} 987654321 ${ending}`.trim())));
    command.action((key: string, ...texts: readonly string[]) => {
      const options = command.opts<ActionOptions>();
      return askEdge(async (edge) => {
        const domain = await edge.domain(options.domain);
        const conference = await edge.conference(domain, key);
        const { callers, muteAll, unmuteAll } = conference;
        const asksBack = button.question?.says({ confKey: key, callers: callers.length, muteAll, unmuteAll }) ?? null;
        const words = needed.map((name, index) => {
          const text = texts[index] ?? "";
          return [name, name === "call" ? callOf(conference, text) : text];
        });
        const flags = Object.entries(options).filter(([name]) => Object.hasOwn(row.parameters, name));
        const request = Object.fromEntries([...words, ...flags]);
        if (!options.yes && !(await isAgreed(asksBack))) return;
        if (!options.json) {
          const title = `Conference ${key}: ${row.title(request)}`;
          process.stdout.write(`${ownTerminal().style("bold", printable(title))}\n`);
        }
        await act(edge, { domain, confKey: key }, { type, ...request }, withinMs, options.json);
      });
    });
  }
}

/** Acts on a conference and prints each stage. Exit code 1: refused, or WebEx was not notified in time. */
async function act(
  edge: OperatorClient,
  place: { readonly domain: string; readonly confKey: string },
  body: object,
  withinMs: number,
  json: true | undefined,
): Promise<void> {
  const action = randomUUID();
  let end: ActionEnd;
  try {
    await edge.insist("POST /domains/{domain}/conferences/{confKey}/actions", place, { body, actionId: action });
    end = await follow(edge, { ...place, action }, withinMs, json);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new StartError(`${error.message}; the result is unknown. Its Idempotency-Key is ${action}.`);
  }
  if (end === "open")
    throw new StartError(
      `Not confirmed within ${withinMs / 1_000} s. Still retrying: \`bridgehead conferences ${place.confKey}\` shows what waits.`,
    );
  if (end !== "confirmed" && end !== "not needed") process.exitCode = 1;
}

/** Follows an action to its end or timeout. Prints each stage once, or with `json` only the last state. */
async function follow(
  edge: OperatorClient,
  action: { readonly domain: string; readonly confKey: string; readonly action: string },
  withinMs: number,
  json: true | undefined,
): Promise<ActionEnd> {
  const shown = new Set<string>();
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const stages = await edge.find("GET /domains/{domain}/conferences/{confKey}/actions/{action}", action);
    if (stages === null) throw new StartError("The conference's journal no longer has the action.");
    const end = actionEnd(stages);
    const isOver = end !== "open" || waitedMs >= withinMs;
    const lines = headed(edge, (screen) => stageLines(allPrintable(stages), action.domain, screen));
    const added = json ? (isOver ? [jsonText(stages)] : []) : lines.filter((line) => !shown.has(line));
    for (const line of added) process.stdout.write(`${line}\n`);
    for (const line of added) shown.add(line);
    if (isOver) return end;
    await edge.pause(LOOK_EVERY_MS);
  }
}

/** The ID of a call, given its ID, WebEx's ID for it, or its attendee ID. */
export function callOf({ key, callers, callOuts }: ConferenceOfDomain, named: string): string {
  const all = [...callers, ...callOuts];
  const byId = all.filter(({ call }) => call === named);
  const byName = byId.length > 0 ? byId : all.filter(({ extCallId }) => extCallId === named);
  const found = byName.length > 0 ? byName : callers.filter(({ attendeeId }) => attendeeId === named);
  if (found.length > 1) {
    const ids = found.map(({ call }) => call).join(", ");
    throw new StartError(`${found.length} callers of conference ${key} match ${named}. Name one by its ID: ${ids}.`);
  }
  if (found[0]) return found[0].call;
  const names = callers.map(({ call, extCallId }) => (extCallId === "" ? call : `${call} (${extCallId})`));
  throw new StartError(`Conference ${key} has no caller ${named}; ${known("caller", names)}.`);
}

function faultOf(schema: v.GenericSchema, text: string): string | null {
  const [issue] = v.safeParse(schema, text).issues ?? [];
  return issue === undefined ? null : `It ${issue.message}.`;
}

type ActionEnd = "open" | "no result" | NotificationStage["is"];

export function actionEnd({ result, notified }: ActionStages): ActionEnd {
  if (result === null) return "open";
  if (result.type !== "done") return result.type;
  return notified === null || notified.is === "posted" ? "open" : notified.is;
}

const colors = { done: "green", failed: "red", waits: "yellow", none: null } as const;

/** A line for each stage of which something is known. */
export function stageLines(stages: ActionStages, domain: string, { style, times }: Screen): readonly string[] {
  const { asked } = stages;
  return shownStages(stages).flatMap(({ title, is, at, text }, index) => {
    if (is === "waits" && at === null) return [];
    const after = at === null ? "" : at === asked ? "at once" : `+${duration(at - asked)}`;
    const when = index === 0 ? times.exact(asked, domain) : after.padEnd(8);
    const line = `  ${title.padEnd(18)}  ${when}  ${times.sentence(text, domain, asked)}`.trimEnd();
    const color = index < 3 ? null : colors[is];
    return color ? style(color, line) : line;
  });
}
