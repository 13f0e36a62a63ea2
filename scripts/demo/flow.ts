import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Transcript } from "../../test/transcripts/transcript.ts";
import { parseTranscript, stepsOf, titleOf } from "../../test/transcripts/transcript.ts";

/** A call flow of the protocol; docs/transcripts.md says how to read one. */
export interface Flow {
  readonly name: string;
  readonly title: string;
  /** Laid over the settings of the domain; flows with the same settings share a system. */
  readonly settings: object;
  readonly transcript: Transcript;
}

export function loadFlows(): readonly Flow[] {
  const folder = new URL("flows/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.sort().map((file) => readFlow(basename(file, ".txt"), readFileSync(new URL(file, folder), "utf8")));
}

export function readFlow(name: string, text: string): Flow {
  const transcript = parseTranscript(text);
  const settings = stepsOf(transcript).find(({ happens }) => isSettings(happens))?.happens[0] ?? "settings {}";
  return { name, title: titleOf(transcript), settings: JSON.parse(settings.slice("settings ".length)), transcript };
}

export function isSettings([line = ""]: readonly string[]): boolean {
  return line.startsWith("settings ");
}

/** Sender and receiver of a line: only lines of one lane have a reliable order. A Confirmation has another connection than posts. */
export function laneOf(line: string): string {
  return /^(A→W \S+(?: -(?= ))?|\S+)/.exec(line)?.[0] ?? line;
}

/** How many things a line stands for. */
export function countOf(line: string): number {
  return Number(/ (\d+) × /.exec(line)?.[1] ?? 1);
}

/**
 * Whether the same came as was expected, in the order of each lane, and each post behind all that stands above it for the bridge: the
 * adapter reports nothing that the bridge has not done. What stands below a post may have come before it. `sideBySide`: the bridge does several things at once and is done with
 * them in any order, so lines of one kind in a row may change places where they are of different callers. The callers of one list have no order.
 */
export function isSame(came: readonly string[], expected: readonly string[], sideBySide = false): boolean {
  const byLane = (lines: readonly string[]) => {
    const inLanes = lines.map(withListSorted).toSorted((a, b) => laneOf(a).localeCompare(laneOf(b)));
    return (sideBySide ? inAnyOrder(inLanes) : inLanes).join("\n");
  };
  return byLane(came) === byLane(expected) && (sideBySide || isBehindBridge(came, expected));
}

/** For lists of which each lane is the same: whether no post stands before more of what was done on the bridge than it should. */
function isBehindBridge(came: readonly string[], expected: readonly string[]): boolean {
  const wanted = doneBefore(expected);
  return [...doneBefore(came)].every(([post, done]) => done >= (wanted.get(post) ?? 0));
}

/** By the post, named by its lane and its place there, how much was done on the bridge before it. */
function doneBefore(lines: readonly string[]): ReadonlyMap<string, number> {
  const before = new Map<string, number>();
  const places = new Map<string, number>();
  let done = 0;
  for (const line of lines) {
    const lane = laneOf(line);
    const place = (places.get(lane) ?? 0) + 1;
    places.set(lane, place);
    if (lane === "A→B") done += 1;
    else before.set(`${lane} ${place}`, done);
  }
  return before;
}

/** Lines of one kind in a row by the caller, in the order of the alphabet; those of one caller stay in their order. */
function inAnyOrder(lines: readonly string[]): string[] {
  const runs: string[][] = [];
  for (const line of lines) {
    const run = runs.at(-1);
    if (run?.[0] !== undefined && kindOf(run[0]) === kindOf(line)) run.push(line);
    else runs.push([line]);
  }
  return runs.flatMap((run) => run.sort((one, other) => callerOf(one).localeCompare(callerOf(other))));
}

/** Or the room, where there is no caller. */
function callerOf(line: string): string {
  const [, caller] = /ExtCallID=(\S+)/.exec(line) ?? /AttendeeID=(\S+)/.exec(line) ?? /^A→B \S+ (\S+)/.exec(line) ?? [];
  return caller ?? "";
}

/** `ExtCallIDs=2%1 SpeakingFlags=N%Y` as `ExtCallIDs=1%2 SpeakingFlags=Y%N`. */
function withListSorted(line: string): string {
  return line.replace(/ExtCallIDs=(\S+) SpeakingFlags=(\S+)/, (_, calls: string, flags: string) => {
    const flagOf = flags.split("%");
    const pairs = calls.split("%").map((call, index) => [call, flagOf[index]] as const);
    pairs.sort(([one], [other]) => one.localeCompare(other));
    return `ExtCallIDs=${pairs.map(([call]) => call).join("%")} SpeakingFlags=${pairs.map(([, flag]) => flag).join("%")}`;
  });
}

const manyAtLeast = 20;

/** Many alike in a row of one lane become one line: `A→W tsp2 1002 120 × A2W_NotifyUserEnter AttendeeID=1…120`. */
export function gathered(lines: readonly string[]): string[] {
  const runs: { kind: string; lines: string[] }[] = [];
  const latest = new Map<string, (typeof runs)[number]>();
  for (const line of lines) {
    const kind = kindOf(line);
    const run = latest.get(laneOf(line));
    if (run?.kind === kind) {
      run.lines.push(line);
      continue;
    }
    const begun = { kind, lines: [line] };
    latest.set(laneOf(line), begun);
    runs.push(begun);
  }
  const isMany = (run: (typeof runs)[number]) => run.lines.length >= manyAtLeast;
  const many = new Map(runs.filter(isMany).map((run) => [run.lines[0], manyOf(run.kind, run.lines)]));
  const gone = new Set(runs.filter(isMany).flatMap((run) => run.lines));
  return lines.flatMap((line) => many.get(line) ?? (gone.has(line) ? [] : [line]));
}

/** Everything before the attributes, or before the call. */
function kindOf(line: string): string {
  return /^(A→W \S+ \S+ \S+|A→B \S+|\S+)/.exec(line)?.[0] ?? line;
}

function manyOf(kind: string, lines: readonly string[]): string {
  const attributes = lines.map((line) => line.slice(kind.length).match(/\w+=\S+/g) ?? []);
  const shown = (attributes[0] ?? []).map((word) => {
    const [name = ""] = word.split("=");
    const values = attributes.map((words) => words.find((other) => other.startsWith(`${name}=`)) ?? "");
    return new Set(values).size === 1 ? word : `${name}=${range(values.map((value) => value.slice(name.length + 1)))}`;
  });
  return [kind.replace(/\S+$/, `${lines.length} × $&`), ...shown].join(" ");
}

/** `1…120` when each of these numbers stands once. */
function range(values: readonly string[]): string {
  const numbers = values.map(Number).sort((a, b) => a - b);
  const [from = 0] = numbers;
  return numbers.every((number, at) => number === from + at) ? `${from}…${numbers.at(-1)}` : "…";
}
