import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A call flow as it stands in a file: what is done, and what must follow. `flows/README.md` says how to read one. */
export interface Flow {
  readonly name: string;
  readonly title: string;
  /** Laid over the settings of the domain; flows with the same settings share a system. */
  readonly settings: object;
  readonly steps: readonly Step[];
}

export interface Step {
  /** What is done: one thing, or several at once. */
  readonly does: readonly string[];
  readonly expected: readonly string[];
}

export const flowsFolder = fileURLToPath(new URL("flows/", import.meta.url));

export function loadFlows(): readonly Flow[] {
  const files = readdirSync(flowsFolder).filter((file) => file.endsWith(".txt"));
  return files.sort().map((file) => readFlow(basename(file, ".txt"), readFileSync(join(flowsFolder, file), "utf8")));
}

export function readFlow(name: string, text: string): Flow {
  let title = name;
  let settings: object = {};
  const steps: { does: string[]; expected: string[] }[] = [];
  for (const line of text.split("\n")) {
    const said = line.trim();
    const latest = steps.at(-1);
    if (line.startsWith("# ") && steps.length === 0 && title === name) title = said.slice(2);
    else if (said === "" || said.startsWith("#")) continue;
    else if (line.startsWith("settings ")) settings = JSON.parse(said.slice("settings ".length));
    else if (!line.startsWith(" ")) steps.push({ does: [said], expected: [] });
    else if (!latest) throw new Error(`${name}: "${said}" follows from nothing`);
    else if (said.startsWith("+ ")) latest.does.push(said.slice(2));
    else latest.expected.push(said);
  }
  return { name, title, settings, steps };
}

/** How many things a line stands for. */
export function countOf(line: string): number {
  return Number(/ (\d+) × /.exec(line)?.[1] ?? 1);
}

/** Who does something to whom. What different pairs do goes on side by side: only within one pair is there an order. */
export function laneOf(line: string): string {
  return line.split(" ")[0] ?? "";
}

/** Whether the same came as was expected, each pair's in its order. */
export function sameByLane(came: readonly string[], expected: readonly string[]): boolean {
  const byLane = (lines: readonly string[]) => lines.toSorted((a, b) => laneOf(a).localeCompare(laneOf(b))).join("\n");
  return byLane(came) === byLane(expected);
}

const manyAtLeast = 20;

/** Many alike in a row become one line: `A→W tsp2 120 × A2W_NotifyUserEnter AttendeeID=1…120`. */
export function shortened(lines: readonly string[]): string[] {
  const short: string[] = [];
  for (const lane of [...new Set(lines.map(laneOf))].sort()) {
    const own = lines.filter((line) => laneOf(line) === lane);
    for (let at = 0; at < own.length; ) {
      const kind = kindOf(own[at] ?? "");
      let end = at;
      while (end < own.length && kindOf(own[end] ?? "") === kind) end++;
      const alike = own.slice(at, end);
      short.push(...(alike.length < manyAtLeast ? alike : [manyOf(alike)]));
      at = end;
    }
  }
  return short;
}

/** Everything before the attributes, or before the call. */
function kindOf(line: string): string {
  return /^(A→W \S+ \S+|A→B \S+|\S+)/.exec(line)?.[0] ?? line;
}

function manyOf(lines: readonly string[]): string {
  const [first = ""] = lines;
  const kind = kindOf(first).split(" ");
  const named = (line: string) => line.slice(kindOf(line).length).trim().split(" ").filter(Boolean);
  const attributes = named(first).map((word) => {
    const [name = ""] = word.split("=");
    const values = lines.map((line) => named(line).find((other) => other.startsWith(`${name}=`)) ?? "");
    return new Set(values).size === 1 ? word : `${name}=${range(values.map((value) => value.slice(name.length + 1)))}`;
  });
  const shown = kind[0] === "A→W" ? attributes : [];
  return [...kind.slice(0, -1), `${lines.length} ×`, kind.at(-1), ...shown].join(" ");
}

/** `1…120` when each of these numbers stands once. */
function range(values: readonly string[]): string {
  const numbers = values.map(Number).sort((a, b) => a - b);
  const [from = 0] = numbers;
  return numbers.every((number, at) => number === from + at) ? `${from}…${numbers.at(-1)}` : "…";
}
