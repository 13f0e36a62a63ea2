import type { EpochMs } from "../foundation/ids.ts";

/** A tone with a color in the console and in a terminal. */
export type Tone = "good" | "warn" | "bad" | "plain" | "dim";

/** A part of a cell: a text, a time, an age, a duration that goes on, or that is over (in milliseconds), or a text with a tone or a link. */
export type Part =
  | string
  | number
  | { readonly at: EpochMs }
  | { readonly ago: EpochMs }
  | { readonly since: EpochMs }
  | { readonly ms: number }
  | Marked;

export interface Marked {
  readonly text: string;
  readonly tone?: Tone;
  /** Path of a page within the domain. */
  readonly to?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  /** An ID for few readers. */
  readonly tooltip?: string;
}

/** `null`: nothing is shown. */
export type Cell = Part | null | readonly (Part | null)[];

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): Cell;
  readonly number?: true;
  /** True if a narrow terminal cuts it first. */
  readonly long?: true;
  /** Absent: both. */
  readonly only?: "console" | "terminal";
}

/** A list as the console, the command line and tests show it. */
export interface View<Row> {
  /** Text for an empty list: what it would have, and what to do. */
  readonly none: readonly [title: string, says: string];
  id(row: Row): string;
  readonly columns: readonly Column<Row>[];
}

export function mark(tone: Tone, text: string): Marked {
  return { text, tone };
}

export function link(text: string, to: readonly string[], query: Readonly<Record<string, string>> = {}): Marked {
  return { text, to, query };
}

/** The parts of a cell, without empty ones. */
export function partsOf(cell: Cell): readonly Part[] {
  return [cell].flat().filter((part): part is Part => part !== null && part !== "");
}

/** A mean, which is not exact to the millisecond. */
export function millisecondsText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
