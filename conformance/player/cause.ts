import { rowsByName } from "../messages.ts";

/** Say which conference, call or request is meant; all else of a message says something about it. */
export const identities: ReadonlySet<string> = new Set([
  "MsgID",
  "ExtConfID",
  "ExtCallID",
  "SubConfID",
  "WbxHostName",
  "ConfKey",
]);

const numberTypes: ReadonlySet<string> = new Set(["code", "integer", "boolean", "flags"]);

/** What an attribute must be like: a value or a pattern; `undefined`: it must not be there. */
export type Wanted = string | RegExp | undefined;

/** The cause of a failure: an attribute of a message is not what it must be. */
export function wrongAttribute(message: string, attribute: string, actual: string | undefined, wanted: Wanted): string {
  if (actual === undefined) return `${message} has no ${attribute}`;
  if (wanted === undefined) return `${message} has ${attribute}, and must not`;
  // Success where there was none, whatever the code would have been.
  if (attribute === "Result" && actual === "0") return `${message} has Result 0`;
  const type = rowsByName.get(message)?.attributes.find(({ name }) => name === attribute)?.type ?? "text";
  if (!numberTypes.has(type)) return `${message} has another ${attribute}`;
  return `${message} has ${attribute} ${actual}${wanted instanceof RegExp ? "" : `, not ${wanted}`}`;
}

/** The cause of a failure: a message does not come. An answer is known by its request alone. */
export function absent(message: string, fits: Readonly<Record<string, Wanted>> = {}): string {
  const values = Object.entries(fits).flatMap(([name, value]) =>
    identities.has(name) || typeof value !== "string" ? [] : [`${name} ${value}`],
  );
  const isAnswer = message.startsWith("A2W_Rsp") || values.length === 0;
  return `${message}${isAnswer ? "" : ` with ${values.join(" and ")}`} does not come`;
}

/** What two failures of one cause have in common: the sentence without values, ids, times and circumstances. */
export function withoutValues(why: string): string {
  return why
    .replace(/, (?:though|and then) .*$/, "")
    .replace(/;? \(?and \d+ more\)?$/, "")
    .replace(/ \(TransID [^)]*\)/g, "")
    .replace(/ \w+=(?:"[^"]*"|[^ ;,]*)/g, "")
    .replace(/"[^"]*"/g, "…")
    .replace(/\d+(?:\.\d+)? m?s\b/g, "some time")
    .replace(/\d+ times\b/g, "several times")
    .replace(/\b\d{3,}\b/g, "…");
}
