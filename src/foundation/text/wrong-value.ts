import type * as v from "valibot";
import { isOpenAt, type Marks } from "../shown.ts";
import { cut } from "./cut.ts";

/** The part of a schema's finding that a person is shown. */
interface Issue {
  readonly kind: "schema" | "validation" | "transformation";
  readonly input: unknown;
  readonly expected: string | null;
  readonly message: string;
  /** Missing where the whole is wrong. */
  readonly path?: unknown;
}

const words: Readonly<Record<string, string>> = {
  Array: "a list",
  Object: "an object",
  boolean: "true or false",
  number: "a number",
  string: "a text",
};

/** Right values of these are open, but people put the private key there in place of the public one, or a password in place of its name. */
const oftenSecret: ReadonlySet<string> = new Set(["publicKey", "passwordFrom", "accessTokenFrom", "secretFrom"]);
/** No secret is of these, and what people write in place of a word of a list is none. */
const neverSecret: ReadonlySet<string> = new Set(["number", "boolean", "literal", "picklist", "variant"]);

/** Says in words for people what the value must be; for each part of a schema that has no message of its own. */
export function mustBe({ expected }: Pick<Issue, "expected">): string {
  if (expected === null || expected === "!0") return "must not be empty";
  const [, options] = /^\((.*)\)$/.exec(expected) ?? [];
  // Options of options have parentheses of their own.
  const oneOf = options?.replaceAll(/[()]/g, "").replaceAll(" | ", ", ");
  return `must be ${oneOf === undefined ? (words[expected] ?? expected) : `one of ${oneOf}`}`;
}

/** The fault and the value, such as `must be a number (it is "10")`; of an object or a list that has a fault within, the fault alone. */
export function wrongValue({ kind, input, message, path }: Issue): string {
  if (input === undefined) return "is missing";
  const said = message.replaceAll("\n", " ");
  // Somebody may have named the file of a token in place of one with settings.
  if (typeof input === "string" && path === undefined) return `${said} (it is a text)`;
  if (typeof input !== "object" || input === null) return `${said} (it is ${shown(input)})`;
  return withoutValue({ kind, input, message });
}

function withoutValue({ kind, input, message }: Pick<Issue, "kind" | "input" | "message">): string {
  const said = message.replaceAll("\n", " ");
  const type = typeof input === "object" ? (Array.isArray(input) ? "Array" : "Object") : typeof input;
  return kind === "schema" ? `${said} (it is ${words[type] ?? type})` : said;
}

/**
 * Says what is wrong with a setting. The log and `check` have it: the value stands in it only where all may read the setting. In
 * place of any other setting there may be a secret. `own`: marks of settings that mean something else elsewhere.
 */
export function wrongSetting(
  issue: v.BaseIssue<unknown>,
  own: Marks,
  path = (issue.path ?? []).map(({ key }) => String(key)),
): string {
  const { input, kind, type, expected } = issue;
  if (typeof input !== "string" && typeof input !== "number") return wrongValue(issue);
  if (expected === "Array" || expected === "Object") return withoutValue(issue);
  const isPlain = kind === "schema" ? neverSecret.has(type) : typeof input === "number";
  const isOpen = isPlain || (isOpenAt(path, own) && !path.some((step) => oftenSecret.has(step)));
  return isOpen ? wrongValue(issue) : withoutValue(issue);
}

/** Without what may have a secret in an address that somebody has put there: its user, and all behind its host. */
function shown(value: unknown): string {
  return cut(JSON.stringify(typeof value === "string" ? hidden(value) : value), 60);
}

function hidden(text: string): string {
  const isNetwork = /^[\d.:a-f]+\/\d+$/i.test(text);
  const end = isNetwork ? -1 : text.search(/[/?@]/);
  if (end < 0) return text;
  return text.includes("@") ? "…" : `${text.slice(0, end)}…`;
}

/** The name that is most likely meant by `written`; `undefined` if it is far from all names. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((name) => ({ name, edits: edits(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(2, name.length / 3) && edits < name.length)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.name;
}

/** How many characters must be added, removed or replaced to turn one text into the other. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
