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
