import { blocksOf, idOf, sideNames } from "../../explain/story-blocks.ts";
import { fitsNumber } from "../../foundation/text/spelled.ts";
import type { StoryLine } from "../../rpc/story.ts";

/** What of a conference's story is looked at; it stands in the page's address. */
export interface StoryFilter {
  /** About this call alone: its id, or WebEx's name for it, or all of one number; empty: all. */
  readonly call: string;
  readonly side: keyof typeof sides | "";
}

/** The parties of the other end of a line. */
export const sides = {
  webex: "WebEx",
  bridge: "the bridge",
  others: "operators, back end and Bridgehead itself",
} as const;

/** Of one page. */
const MOST_LINES = 100;
/** Calls that are offered to choose from. */
const MOST_CALLS = 200;

/** A page of a story. */
export interface StoryPage {
  readonly lines: readonly StoryLine[];
  /** 1 is the oldest. */
  readonly page: number;
  readonly pages: number;
  /** Lines that fit the filter, and all. */
  readonly fitting: number;
  readonly all: number;
  /** The calls of the whole story, in the order in which they came. */
  readonly calls: readonly StoryCall[];
}

interface StoryCall {
  readonly call: string;
  readonly number: string;
}

/** Where to look: a page by its number, or the page that has this row; without either the latest page. */
interface StoryPlace {
  readonly page?: number | undefined;
  readonly row?: number | undefined;
}

export function storyPage(lines: readonly StoryLine[], filter: StoryFilter, { page, row }: StoryPlace): StoryPage {
  const fitting = linesOf(lines, filter);
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_LINES));
  const index = row === undefined ? -1 : fitting.findIndex(({ seq }) => seq >= row);
  const wanted = index >= 0 ? Math.floor(index / MOST_LINES) + 1 : (page ?? pages);
  const shown = Math.min(Math.max(wanted, 1), pages);
  return {
    lines: fitting.slice((shown - 1) * MOST_LINES, shown * MOST_LINES),
    ...{ page: shown, pages, fitting: fitting.length, all: lines.length, calls: callsOf(lines) },
  };
}

/** Lines that belong to the filter's call, with all that followed from them, and of them those of its side. */
function linesOf(lines: readonly StoryLine[], { call, side }: StoryFilter): readonly StoryLine[] {
  const ofCall = call === "" ? lines : linesOfCall(lines, call);
  return side === "" ? ofCall : ofCall.filter((line) => sideOf(line) === side);
}

function linesOfCall(lines: readonly StoryLine[], call: string): readonly StoryLine[] {
  const blocks = blocksOf(lines);
  const namesIn = callNames(lines);
  const ofNumber = callsOf(lines, Number.POSITIVE_INFINITY).filter(
    ({ number }) => number !== "" && fitsNumber(call, number),
  );
  const names = new Set([call, ...ofNumber.map((one) => one.call)]);
  // What stands for one call: the names in one line, and those in a block that is about one call alone.
  const alike = [...lines.map(namesIn), ...blocks.flatMap(onlyCallIn)].filter(({ length }) => length > 1);
  for (let known = 0; known < names.size; ) {
    known = names.size;
    for (const some of alike) if (some.some((name) => names.has(name))) for (const name of some) names.add(name);
  }
  const isAbout = (line: StoryLine) => namesIn(line).some((name) => names.has(name));
  const kept = new Set(blocks.filter((block) => block.some(isAbout)).flat());
  return lines.filter((line) => kept.has(line) && (namesIn(line).length === 0 || isAbout(line)));
}

/** By what a line names calls: their ids, and WebEx's names for them. */
function callNames(lines: readonly StoryLine[]): (line: StoryLine) => readonly string[] {
  /** By the ids of the messages that were about them. */
  const byMessage = new Map<string, Set<string>>();
  const note = (id: string | null, name: string | undefined) => {
    if (id !== null && name !== undefined) byMessage.set(id, (byMessage.get(id) ?? new Set()).add(name));
  };
  for (const line of lines) note(idOf(line), line.facts.extCallId);
  for (const row of Map.groupBy(lines, ({ seq }) => seq).values()) {
    const entered = row.filter(({ from, what }) => from === "bridge" && what === "caller-entered");
    const notified = row.filter(({ what }) => what === "A2W_NotifyUserEnter");
    // WebEx is notified of them in the order in which they came.
    if (entered.length === notified.length)
      for (const [at, line] of notified.entries()) note(idOf(line), entered[at]?.facts.call);
  }
  return (line) => {
    const { call, extCallId } = line.facts;
    const own = [call, extCallId].filter((name) => name !== undefined);
    return [...new Set([...own, ...(byMessage.get(idOf(line) ?? "") ?? [])])];
  };
}

/** The id and WebEx's name of the call that a block is about, if it is about one. */
function onlyCallIn(block: readonly StoryLine[]): readonly (readonly string[])[] {
  const ids = new Set(block.flatMap(({ facts }) => facts.call ?? []));
  const extCallIds = new Set(block.flatMap(({ facts }) => facts.extCallId ?? []));
  return ids.size === 1 && extCallIds.size === 1 ? [[...ids, ...extCallIds]] : [];
}

function sideOf({ from, to }: StoryLine): keyof typeof sides {
  const other = from === "edge" ? to : from;
  return other === "webex" || other === "bridge" ? other : "others";
}

function callsOf(lines: readonly StoryLine[], most = MOST_CALLS): readonly StoryCall[] {
  const calls = new Map<string, string>();
  for (const { facts } of lines) {
    const { call, number = "" } = facts;
    if (call === undefined || (!calls.has(call) && calls.size >= most)) continue;
    calls.set(call, calls.get(call) || number);
  }
  return [...calls].map(([call, number]) => ({ call, number }));
}

/** From whom to whom. */
export function wayText({ from, to }: StoryLine): string {
  return from === to ? sideNames[from] : `${sideNames[from]} → ${sideNames[to]}`;
}

/** What stands beside a line; the wire has the rest. */
export function factsText({ facts }: StoryLine): string {
  return Object.entries(facts)
    .flatMap(([name, value]) => {
      if (name === "commandId" || name === "transId" || name === "host" || name === "action") return [];
      if (name === "afterMs") return `after ${value}\u00a0ms`;
      return `${name}=${/[\s="]/.test(value) ? JSON.stringify(value) : value}`;
    })
    .join(" ");
}

/** The lines as text, to be pasted somewhere. */
export function storyText(lines: readonly StoryLine[]): string {
  const ways = lines.map(wayText);
  const width = Math.max(0, ...ways.map(({ length }) => length));
  const texts = lines.map((line, index) => {
    const facts = Object.entries(line.facts).map(([name, value]) => `${name}=${value}`);
    const time = new Date(line.at).toISOString();
    return [time, ways[index]?.padEnd(width), line.what, ...facts].join("  ");
  });
  return texts.join("\n");
}
