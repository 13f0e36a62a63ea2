import { styleText } from "node:util";

/** Where lines for people go. */
export interface Terminal {
  /** Columns; without an end where a program reads the lines. */
  readonly width: number;
  /** As plain text where nobody sees colours. */
  style(format: Style, text: string): string;
}

export type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** The terminal of this process, as wide as it is now. COLUMNS sets the width where the output is none. */
export function ownTerminal(): Terminal {
  const { columns } = process.stdout;
  return {
    width: columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY,
    style: (format, text) => styleText(format, text, { stream: process.stdout }),
  };
}

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  style?(row: Row): Style | null;
  /** Is cut where the table would be wider than the terminal. */
  readonly cut?: true;
}

/** A title line and a line for each row. A column in which no row has anything is left out. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], terminal: Terminal): string[] {
  const shown = columns
    .map((column) => ({ column, texts: rows.map((row) => column.text(row)) }))
    .filter(({ texts }) => texts.some((text) => text !== ""))
    .map(({ column, texts }) => ({ column, texts, width: longest([column.title, ...texts]) }));
  const total = shown.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  const widths = shown.map(({ width }) => width);
  for (let over = total - terminal.width; over > 0; over -= 1) {
    const widest = Math.max(...shown.map(({ column }, index) => (column.cut ? (widths[index] ?? 0) : 0)));
    if (widest <= LEAST_CUT) break;
    widths[shown.findIndex(({ column }, index) => column.cut && widths[index] === widest)] = widest - 1;
  }
  const fitted = shown.map((one, index) => ({ ...one, width: widths[index] ?? 0 }));
  const line = (cell: (index: number) => { readonly text: string; readonly style: Style | null }) =>
    fitted
      .map(({ width }, index) => {
        const { text, style } = cell(index);
        const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
        const padding = " ".repeat(width - cut.length);
        return (style ? terminal.style(style, cut) : cut) + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line((index) => ({ text: fitted[index]?.column.title ?? "", style: "dim" })),
    ...rows.map((row, at) =>
      line((index) => {
        const one = fitted[index];
        return { text: one?.texts[at] ?? "", style: one?.column.style?.(row) ?? null };
      }),
    ),
  ];
}

const GAP = "  ";
const LEAST_CUT = 8;

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length));
}

/** The words of a text; a number stays with its unit. */
export function wordsOf(text: string): string[] {
  return text.split(/ (?!(?:ms|s|min|h|days)\b)/);
}

/** The words on lines of at most so many columns. A longer word has a line of its own. */
export function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 10) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** As "12 s ago", or "in 2.0 s". */
export function fromNow(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/** ISO 8601 with this machine's offset from UTC. */
export function localTime(at: number): string {
  const offset = -new Date(at).getTimezoneOffset();
  const shifted = new Date(at + offset * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(offset);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${shifted}${offset < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
