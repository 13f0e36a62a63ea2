import { exactText, sentenceIn } from "../../foundation/time/shown-time.ts";
import type { TimelineLine } from "../../rpc/timeline.ts";
import { callsOf, linesOfCall, sideNames, type TimelineCall } from "../../timeline/blocks.ts";

/** What of a timeline is shown. */
export interface TimelineFilter {
  /** About this call alone: its id, or WebEx's name for it, or all of one number; empty: all. */
  readonly call: string;
  readonly side: keyof typeof sides | "";
  /** `why`: only lines with a reason. */
  readonly tab: TimelineTab;
}

export type TimelineTab = "timeline" | "why";

/** The parties of the other end of a line. */
export const sides = {
  webex: "WebEx",
  bridge: "the bridge",
  others: "operators, back end and Bridgehead itself",
} as const;

/** Calls that are offered to choose from. */
export const MOST_CALLS = 200;

/** A page of a timeline. */
export interface PageOfLines {
  readonly lines: readonly TimelineLine[];
  /** 1 is the oldest. */
  readonly page: number;
  readonly pages: number;
  /** Lines that fit the filter, and all. */
  readonly fitting: number;
  readonly all: number;
  /** The calls of the whole timeline, in order. */
  readonly calls: readonly TimelineCall[];
}

/** Where to look: a page by its number, or the page that has this row; without either the latest page. */
interface TimelinePlace {
  readonly page?: number | undefined;
  readonly row?: number | undefined;
}

/** Of one page: a longer one holds up others while it is made. */
const MOST_LINES = 100;

export function pageOfLines(
  lines: readonly TimelineLine[],
  filter: TimelineFilter,
  { page, row }: TimelinePlace,
): PageOfLines {
  const fitting = linesOf(lines, filter);
  const index = row === undefined ? -1 : fitting.findIndex(({ seq }) => seq >= row);
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_LINES));
  const wanted = index >= 0 ? Math.floor(index / MOST_LINES) + 1 : (page ?? pages);
  const shown = Math.min(Math.max(wanted, 1), pages);
  const ofPage = fitting.slice((shown - 1) * MOST_LINES, shown * MOST_LINES);
  const calls = callsOf(lines, MOST_CALLS);
  return { lines: ofPage, page: shown, pages, fitting: fitting.length, all: lines.length, calls };
}

function linesOf(lines: readonly TimelineLine[], { call, side, tab }: TimelineFilter): readonly TimelineLine[] {
  const ofCall = call === "" ? lines : linesOfCall(lines, call);
  return ofCall.filter(
    (line) => (side === "" || sideOf(line) === side) && (tab === "timeline" || line.why !== undefined),
  );
}

function sideOf({ from, to }: TimelineLine): keyof typeof sides {
  const other = from === "edge" ? to : from;
  return other === "webex" || other === "bridge" ? other : "others";
}

/** From whom to whom. */
export function wayText({ from, to }: TimelineLine): string {
  return from === to ? sideNames[from] : `${sideNames[from]} → ${sideNames[to]}`;
}

/** What stands beside a line; the wire has the rest. */
export function factsText({ at, facts }: TimelineLine, zone: string): string {
  return Object.entries(facts)
    .flatMap(([name, value]) => {
      if (name === "commandId" || name === "transId" || name === "host" || name === "action") return [];
      if (name === "afterMs") return `after ${value}\u00a0ms`;
      const shown = sentenceIn(zone, value, at);
      return `${name}=${/[\s="]/.test(shown) ? JSON.stringify(shown) : shown}`;
    })
    .join(" ");
}

/** The lines as text, to be pasted somewhere, under the zone of their times. */
export function timelineText(lines: readonly TimelineLine[], zone: string): string {
  const ways = lines.map(wayText);
  const width = Math.max(0, ...ways.map(({ length }) => length));
  const texts = lines.map((line, index) => {
    const facts = Object.entries(line.facts).map(([name, value]) => `${name}=${sentenceIn(zone, value, line.at)}`);
    const why = line.why === undefined ? [] : [sentenceIn(zone, line.why, line.at)];
    return [exactText(line.at, zone), ways[index]?.padEnd(width), line.what, ...facts, ...why].join("  ");
  });
  return [`times in ${zone}`, ...texts].join("\n");
}
