/** A page of docs/ that is made from the code, each of its rows with the tests that show it. */
export interface GeneratedPage {
  readonly text: string;
  /** What the page should name and the code or the tests lack, one line each. */
  readonly gaps: readonly string[];
  readonly shownBy: ShownBy;
}

/** By row, the tests that show it. */
export type ShownBy = ReadonlyMap<string, readonly NamedTest[]>;

/** A test, or a group of tests, by the file that runs it and by its title there. */
export interface NamedTest {
  readonly file: string;
  readonly title: RegExp;
}

/** The titles that are made of these parts, in this order; between them may be anything. One part is the whole title. */
export function titleOf(...parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.map(literally).join("[^]*")}$`);
}

/** The titles that tests get from this one of the source: what varies may be anything. */
export function titlesOf(source: string): RegExp {
  const varying = /%[sdifjoc#]|\$\{[^}]*\}|\$\w+/;
  return titleOf(...source.replaceAll(/\\(.)/g, "$1").split(varying));
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A link from a cell of a table to a file of the project. */
export function linkTo(file: string, text: string): string {
  return `[${inCell(text).replaceAll("[", "\\[").replaceAll("]", "\\]")}](../${file})`;
}

/** Text as a cell of a table has it. */
export function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
