import { isRecord } from "../foundation/record.ts";

/** Of Unicode's private use: in no text that WebEx or a bridge has reason to send. */
const MARK = "\uE000";
const marked = new RegExp(`${MARK}(\\d+)${MARK}`, "g");

/**
 * Stands in for ids that the journal does not record as such. A decision is made with marks in their place, and compared with what the
 * journal has: each mark stands for one text, the same everywhere.
 */
export class UnknownIds {
  #given = 0;
  readonly #found = new Map<string, string>();

  next(): string {
    this.#given += 1;
    return `${MARK}${this.#given}${MARK}`;
  }

  /** Where the two differ, as a path; `null`: nowhere. */
  difference(decided: unknown, recorded: unknown, path = ""): string | null {
    if (decided === recorded) return null;
    if (typeof decided === "string" && typeof recorded === "string")
      return this.isSameText(decided, recorded) ? null : path;
    if (Array.isArray(decided) && Array.isArray(recorded)) {
      if (decided.length !== recorded.length) return path;
      return first(decided.keys(), (index) => this.difference(decided[index], recorded[index], path));
    }
    if (isRecord(decided) && isRecord(recorded)) {
      const open = new Map(Object.entries(recorded));
      const nameOf = (name: string) =>
        open.has(name) ? name : [...open.keys()].find((other) => !(other in decided) && this.isSameText(name, other));
      const of = (name: string) => (path === "" ? name : `${path} ${name}`);
      const where = first(Object.entries(decided), ([name, value]) => {
        const own = nameOf(name) ?? name;
        const other = open.get(own);
        open.delete(own);
        return this.difference(value, other, of(name));
      });
      return where ?? first(open, ([name, value]) => this.difference(undefined, value, of(name)));
    }
    return path;
  }

  isSameText(decided: string, recorded: string): boolean {
    if (!decided.includes(MARK)) return decided === recorded;
    const marks: string[] = [];
    const pattern = decided.split(marked).map((part, index) => {
      if (index % 2 === 0) return escaped(part);
      const mark = `${MARK}${part}${MARK}`;
      const known = this.#found.get(mark);
      if (known !== undefined) return escaped(known);
      marks.push(mark);
      return "(.+)";
    });
    const match = new RegExp(`^${pattern.join("")}$`, "s").exec(recorded);
    if (!match) return false;
    for (const [index, mark] of marks.entries()) this.#found.set(mark, match[index + 1] ?? "");
    return true;
  }

  /** A path without the parts of ids that were not found. */
  static readable(path: string): string {
    return path.replace(marked, "…");
  }
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
