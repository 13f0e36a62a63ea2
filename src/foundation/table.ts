export interface Terminal {
  /** Columns; without an end where a program reads the lines. */
  readonly width: number;
  /** As plain text where nobody sees colours. */
  style(format: Style, text: string): string;
}

type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** Of a reader without colours whose lines may be of any width. */
export const plainTerminal: Terminal = { width: Number.POSITIVE_INFINITY, style: (_, text) => text };

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  style?(row: Row): Style | null;
  /** Is cut where the table would be wider than the terminal. */
  readonly cut?: true;
}

/**
 * A title line and a line for each row. A column in which no row has anything is left out. Columns for which a terminal is too
 * narrow follow each row, on lines of their own.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], terminal: Terminal): string[] {
  const shown = columns
    .map((column) => ({ column, texts: rows.map((row) => column.text(row)) }))
    .filter(({ texts }) => texts.some((text) => text !== ""))
    .map((one) => ({ ...one, width: longest([one.column.title, ...one.texts]) }));
  const totalOf = (some: readonly { readonly width: number }[]) =>
    some.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  for (let over = totalOf(shown) - terminal.width; over > 0; over -= 1) {
    const cuttable = shown.filter(({ column, width }) => column.cut && width > LEAST_CUT);
    const widest = cuttable.find(({ width }) => width === Math.max(...cuttable.map((one) => one.width)));
    if (!widest) break;
    widest.width -= 1;
  }
  const fits = (count: number) => totalOf(shown.slice(0, count)) <= terminal.width;
  const fitting = shown.findIndex((_, index) => index > 0 && !fits(index + 1));
  const inLine = fitting < 0 ? shown : shown.slice(0, fitting);
  const below = fitting < 0 ? [] : shown.slice(fitting);
  // Columns that follow a row leave room for the others.
  for (const one of fitting < 0 ? [] : inLine)
    one.width = Math.min(longest([one.column.title, ...one.texts]), one.width + terminal.width - totalOf(inLine));
  const line = (cells: readonly (readonly [text: string, style: Style | null])[]) =>
    cells
      .map(([text, style], index) => {
        const width = inLine[index]?.width ?? 0;
        const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
        return (style ? terminal.style(style, cut) : cut) + " ".repeat(width - cut.length);
      })
      .join(GAP)
      .trimEnd();
  const styled = (some: typeof shown, row: Row, at: number) =>
    some.map(({ column, texts }) => [texts[at] ?? "", column.style?.(row) ?? null] as const);
  return [
    line(inLine.map(({ column }) => [column.title, "dim"])),
    ...rows.flatMap((row, at) => [line(styled(inLine, row, at)), ...belowRow(below, at, terminal.width)]),
  ];
}

function belowRow<Row>(
  columns: readonly { readonly column: Column<Row>; readonly texts: readonly string[] }[],
  at: number,
  width: number,
): readonly string[] {
  const lines: string[] = [];
  for (const { column, texts } of columns) {
    const text = texts[at] ? `${column.title.toLowerCase()} ${texts[at]}` : "";
    const joined = lines.length === 0 ? `  ${text}` : `${lines.at(-1)}; ${text}`;
    if (text === "") continue;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(`  ${text}`.length > width ? `  ${text}`.slice(0, width - 1).concat("…") : `  ${text}`);
  }
  return lines;
}

const GAP = "  ";
const LEAST_CUT = 24;

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
