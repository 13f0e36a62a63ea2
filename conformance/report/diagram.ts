import type { Party, TraceEntry } from "../player/trace.ts";
import { escapeText } from "./escape.ts";

const WIDTH = 1000;
const TOP = 34;
const ROW = 34;
const LINE = 15;
const CHARACTER_WIDTH = 7.4;
const MOST_MESSAGES = 4;
const MOST_ENTRIES = 120;
const parties: readonly Party[] = ["WebEx 1", "WebEx 2", "WebEx 3", "adapter", "telephones"];

/** A sequence diagram of what a clause saw: from left to right WebEx's servers, the adapter, the telephones. */
export function diagram(trace: readonly TraceEntry[]): string {
  const used = parties.filter(
    (party) => party === "adapter" || trace.some(({ from, to }) => from === party || to === party),
  );
  const left = 96;
  const x = (party: Party) => left + 40 + (used.indexOf(party) * (WIDTH - left - 110)) / Math.max(1, used.length - 1);
  const start = trace[0]?.at ?? 0;
  const shown = trace.slice(0, MOST_ENTRIES);
  let y = TOP;
  const arrows = shown.map((entry) => {
    const lines = labelLines(entry, Math.floor(Math.abs(x(entry.from) - x(entry.to)) / CHARACTER_WIDTH) - 4);
    y += ROW + (lines.length - 1) * LINE;
    return arrow(entry, x(entry.from), x(entry.to), y, lines, entry.at === 0 ? null : entry.at - start);
  });
  const height = y + 24;
  const lifelines = used.map(
    (party) =>
      `<line class="life" x1="${x(party)}" x2="${x(party)}" y1="24" y2="${height - 6}"/><text class="name" x="${x(party)}" y="15" text-anchor="middle">${party}</text>`,
  );
  const rest = trace.length - shown.length;
  const more = rest > 0 ? `<p>and ${rest} more, which are below</p>` : "";
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="sequence diagram">${lifelines.join("")}${arrows.join("")}</svg>${more}`;
}

function arrow(
  { kind }: TraceEntry,
  from: number,
  to: number,
  y: number,
  lines: readonly string[],
  ms: number | null,
): string {
  const head = to > from ? -7 : 7;
  const middle = (from + to) / 2;
  const label = lines.map((line, index) => {
    const at = y - 6 - (lines.length - 1 - index) * LINE;
    return `<text x="${Math.round(middle)}" y="${at}">${escapeText(line)}</text>`;
  });
  const time = ms === null ? "" : `<text class="time" x="0" y="${y + 4}">${ms} ms</text>`;
  return `${time}<g class="${kind}"><path d="M${Math.round(from)} ${y}H${Math.round(to)}"/><path d="M${Math.round(to)} ${y}l${head} -4v8z"/>${label.join("")}</g>`;
}

/** A line for each message, or two where one is too short; ids that say nothing to a reader are left out. */
function labelLines({ title }: TraceEntry, characters: number): string[] {
  const messages = title.split(" + ").map((message) => message.replace(/ (?:MsgID|ExtConfID)=\S+/g, ""));
  const lines = messages.slice(0, MOST_MESSAGES).flatMap((text) => {
    if (text.length <= characters) return [text];
    const [name = "", ...rest] = text.split(" ");
    return [name, rest.join(" ")].map((line) =>
      line.length > characters ? `${line.slice(0, characters - 1)}…` : line,
    );
  });
  const more = messages.length - MOST_MESSAGES;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}
