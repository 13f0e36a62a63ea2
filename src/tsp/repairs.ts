/** Slips of the guide's own examples that are no XML. A domain's `protocol` setting names those that are read all the same. */
export const repairs = ["semicolon", "quotes"] as const;
export type Repair = (typeof repairs)[number];

/** A start tag, an empty-element tag or an end tag. Each part excludes the next one's first character, so it is linear in time. */
const tag = /<(?![!?])(?:[^<>"']|"[^"<]*"|'[^'<]*')*>/g;

/** Typographic quotes, or what is left of their three bytes where a program read them as three letters of windows-1252. */
const quote = "(?:[\u201c\u201d\u201e\u201f]|\u00e2\u20ac[\u0153\u009c\u009d]?)";

/**
 * A value that is well quoted stands first in each pattern, so that nothing in it is changed. A value between typographic quotes
 * holds none of them, so that each search for the closing one ends where the next can begin: that too is linear in time.
 */
const slips: Readonly<Record<Repair, { readonly pattern: RegExp; readonly with: string; readonly note: string }>> = {
  quotes: {
    pattern: new RegExp(`("[^"]*"|'[^']*')|(=\\s*)${quote}((?:(?!${quote})[^"'<>])*)${quote}(?=[\\s/>;])`, "g"),
    with: '"',
    note: "typographic quotes around a value are read as straight ones",
  },
  semicolon: {
    pattern: /("[^"]*"|'[^']*')|()();(?=\s*\/?>$)/g,
    with: "",
    note: "a semicolon at the end of a tag is ignored",
  },
};

/**
 * The text of a document without these slips in its tags (protocol section 5, rows 1, 3); each kind that was found is noted.
 * The result may be no XML either.
 */
export function repairXml(text: string, wanted: readonly Repair[], notes: string[]): string {
  const found = new Set<string>();
  const repaired = text.replace(tag, (one) =>
    wanted.reduce((before, repair) => {
      const { pattern, with: mark, note } = slips[repair];
      return before.replace(pattern, (whole, quoted?: string, start?: string, value?: string) => {
        if (quoted !== undefined) return whole;
        found.add(note);
        return `${start}${mark}${value}${mark}`;
      });
    }, one),
  );
  notes.push(...found);
  return repaired;
}
