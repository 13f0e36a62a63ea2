import { type Column, table } from "../../src/foundation/table.ts";
import { type Part, partsOf, type View } from "../../src/views/view.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow } from "../terminal.ts";
import type { OfDomain } from "./operator-client.ts";

/** Rows of each domain for people; an export has all. */
export const USUAL = 100;

export function latestFirst<Row>(rows: readonly Row[], timeOf: (row: Row) => number): Row[] {
  return rows.toSorted((one, other) => timeOf(other) - timeOf(one));
}

/** Two lists, one below the other. */
export function apart(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...first, ...(first.length > 0 && second.length > 0 ? [""] : []), ...second];
}

/** Prints a list by its view, with the domain of each row if there are several. `none`: text for no rows. */
export function listText<Row>(view: View<Row>, none: string | null = `${view.none[0]}.`) {
  return (rows: readonly OfDomain<Row>[], now: number, screen: Screen): readonly string[] => {
    if (rows.length === 0) return none === null ? [] : [none];
    const isOne = new Set(rows.map(({ domain }) => domain)).size < 2;
    const shown = view.columns.filter(({ only }) => only !== "console");
    const columns = shown.map(({ title, cell, long }, index): Column<OfDomain<Row>> => {
      const parts = (row: Row) => partsOf(cell(row));
      return {
        title: title.toUpperCase(),
        text: (row) =>
          parts(row)
            .map((part) => partText(part, row.domain, now, screen))
            .join(", "),
        style: (row) => (index === 0 ? "bold" : styleOf(parts(row))),
        ...(long && { cut: true }),
      };
    });
    const ofDomain: Column<OfDomain<Row>> = { title: "DOMAIN", text: ({ domain }) => domain, cut: true };
    return table(isOne ? columns : [ofDomain, ...columns], rows, screen);
  };
}

function partText(part: Part, domain: string, now: number, { times }: Screen): string {
  if (typeof part !== "object") return String(part);
  if ("at" in part) return times.second(part.at, domain);
  if ("ago" in part) return fromNow(Math.min(part.ago, now), now);
  if ("since" in part) return duration(Math.max(0, now - part.since));
  return "ms" in part ? duration(part.ms) : part.text;
}

/** Worst first. */
const styles = [
  ["bad", "red"],
  ["warn", "yellow"],
  ["good", "green"],
  ["dim", "dim"],
] as const;

/** The color of a cell. */
export function styleOf(parts: readonly Part[]) {
  const tones = parts.map((part) => typeof part === "object" && "text" in part && part.tone);
  return styles.find(([tone]) => tones.includes(tone))?.[1] ?? null;
}
