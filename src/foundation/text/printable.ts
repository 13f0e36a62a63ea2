/** The text as it is safe to show: what steers a terminal, ends a line or turns its direction stands as its code. */
export function printable(text: string): string {
  return text.replace(steering, (character) => codeOf(character.codePointAt(0) ?? 0));
}

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function codeOf(character: number): string {
  const code = character.toString(16).padStart(4, "0");
  return code.length > 4 ? `\\u{${code}}` : `\\u${code}`;
}

/** JSON that means the same, and steers no terminal: JSON itself escapes only some of what does. */
export function printableJson(json: string): string {
  // Its own line breaks stay.
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (characters) =>
    Array.from({ length: characters.length }, (_, at) => codeOf(characters.charCodeAt(at))).join(""),
  );
}

/** The same data with each of its texts, names of fields included, as `printable` has it. For what came from JSON. */
export function allPrintable<Value>(value: Value): Value;
export function allPrintable(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(allPrintable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [printable(name), allPrintable(part)]));
}
