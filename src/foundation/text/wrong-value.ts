import { cut } from "./cut.ts";

/** The part of a schema's finding that a person is shown. */
interface Issue {
  readonly kind: "schema" | "validation" | "transformation";
  readonly input: unknown;
  readonly expected: string | null;
  readonly message: string;
}

const words: Readonly<Record<string, string>> = {
  Array: "a list",
  Object: "an object",
  boolean: "true or false",
  number: "a number",
  string: "a text",
};

/** Says in words for people what the value must be; for each part of a schema that has no message of its own. */
export function mustBe({ expected }: Pick<Issue, "expected">): string {
  if (expected === null || expected === "!0") return "must not be empty";
  const [, options] = /^\((.*)\)$/.exec(expected) ?? [];
  // Options of options have parentheses of their own.
  const oneOf = options?.replaceAll(/[()]/g, "").replaceAll(" | ", ", ");
  return `must be ${oneOf === undefined ? (words[expected] ?? expected) : `one of ${oneOf}`}`;
}

/** The fault and the value, such as `must be a number (it is "10")`; of an object or a list that has a fault within, the fault alone. */
export function wrongValue({ kind, input, message }: Issue): string {
  if (input === undefined) return "is missing";
  const said = message.replaceAll("\n", " ");
  if (typeof input !== "object" || input === null) return `${said} (it is ${shown(input)})`;
  return kind === "schema" ? `${said} (it is ${Array.isArray(input) ? "a list" : "an object"})` : said;
}

/** Without the password of an address. */
function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(/\/\/.*@/, "//…@");
  return cut(text, 60);
}
