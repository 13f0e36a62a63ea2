import { isRecord } from "../foundation/record.ts";

/** Of Unicode's private use: in no text that WebEx or a bridge has reason to send. */
const MARK = "\uE000";
const marked = new RegExp(`${MARK}(\\d+)${MARK}`, "g");

/** Marks in the place of ids that the journal does not record as such: compared with the journal, each mark stands for one text, the same everywhere. */
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
    if (!isRecord(decided) && !Array.isArray(decided)) return path;
    if (!isRecord(recorded) && !Array.isArray(recorded)) return path;
    const of = (name: string) => (path === "" ? name : `${path} ${name}`);
    const open = new Map(Object.entries(recorded));
    for (const [name, value] of Object.entries(decided)) {
      const isOwn = (other: string) => !(other in decided) && this.isSameText(name, other);
      const own = open.has(name) ? name : ([...open.keys()].find(isOwn) ?? name);
      const where = this.difference(value, open.get(own), of(name));
      if (where !== null) return where;
      open.delete(own);
    }
    const [more] = [...open].find(([, value]) => value !== undefined) ?? [];
    return more === undefined ? null : of(more);
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

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
