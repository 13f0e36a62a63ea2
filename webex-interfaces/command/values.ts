import { isSecretArgument, type Texts } from "../client/url-api.ts";
import { err, isRecord, ok, type Result, reasonOf } from "../doors/foundation.ts";
import { parseCommentedJson } from "../doors/programs.ts";
import type { AnyOperation } from "../tables/operations.ts";
import type { Fields, Kind } from "../tables/schema.ts";
import { isSecretName } from "../tables/secret-names.ts";
import type { CommandName } from "../tables/url.ts";
import { type AccessPorts, secretOfFile } from "./access.ts";

export interface ValuePorts extends AccessPorts {
  readStdin(): Promise<string>;
}

type Values = Readonly<Record<string, unknown>>;

/** Values from the command line. `isSeen`: the JSON is on the command line itself. */
type Given =
  | { readonly form: "json"; readonly values: Values; readonly isSeen: boolean }
  | { readonly form: "pairs"; readonly pairs: readonly (readonly [name: string, value: string])[] };

async function readGiven(words: readonly string[], ports: ValuePorts): Promise<Result<Given, string>> {
  const [first] = words;
  if (first === "-" || first?.startsWith("@") || first?.trimStart().startsWith("{")) {
    if (words.length > 1) return err(`"${words[1]}" is too much: give only the JSON`);
    const isSeen = first !== "-" && !first.startsWith("@");
    const text = isSeen ? first : first === "-" ? await ports.readStdin() : ports.readFile(first.slice(1));
    const values = parsed(text);
    return values.ok ? ok({ form: "json", values: values.value, isSeen }) : values;
  }
  const pairs = words.map((word): readonly [string, string] => {
    const at = word.indexOf("=");
    return at < 1 ? ["", word] : [word.slice(0, at), word.slice(at + 1)];
  });
  const odd = pairs.find(([name]) => name === "");
  if (odd) return err(`"${odd[1]}" is neither NAME=VALUE, nor {JSON}, @FILE, or - for standard input`);
  return ok({ form: "pairs", pairs });
}

function parsed(text: string): Result<Values, string> {
  try {
    const value = parseCommentedJson(text);
    return isRecord(value) ? ok(value) : err('the request must be a JSON object, such as {"sessionKey": "123456789"}');
  } catch (error) {
    return err(`the request is not JSON: ${reasonOf(error)}`);
  }
}

const seen = "everybody on this machine can read it";

/** Returns the secret from the place that VALUE names. */
async function secretOf(name: string, value: string, ports: ValuePorts): Promise<Result<string, string>> {
  if (value.startsWith("@")) return secretOfFile(value.slice(1), ports.readFile);
  if (value.startsWith("env:")) {
    const variable = value.slice("env:".length);
    const found = ports.variables[variable];
    return found ? ok(found) : err(`${name}: the variable ${variable} is not set`);
  }
  if (value === "?") {
    const typed = await ports.askSecret(`${name}: `);
    return typed ? ok(typed) : err(`${name}: nothing was typed; give ${name}=@FILE or ${name}=env:VARIABLE`);
  }
  return err(
    `${name} is a secret: on the command line ${seen}; give NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked`,
  );
}

/** Returns an operation's request, with its texts typed by the table. The codec checks it later. */
export async function requestOf(
  operation: AnyOperation,
  words: readonly string[],
  ports: ValuePorts,
): Promise<Result<Values, string>> {
  const given = await readGiven(words, ports);
  if (!given.ok) return given;
  if (given.value.form === "json") {
    const { values, isSeen } = given.value;
    return isSeen && hasSecret(values, operation.request)
      ? err(`the request contains a secret: on the command line ${seen}; give it as @FILE, or - for standard input`)
      : ok(values);
  }
  let values: Values = {};
  for (const [path, text] of given.value.pairs) {
    const names = path.split(".");
    const kinds = kindsOf(operation, names);
    const leaf = kinds.at(-1);
    const isSecret = leaf?.is === "secret" || hasSecret(put({}, names, [], text), operation.request);
    const secret = isSecret ? await secretOf(path, text, ports) : ok(text);
    if (!secret.ok) return secret;
    const value = isSecret ? secret.value : typedAs(text, leaf);
    if (isTaken(values, names) && leaf?.is !== "list") {
      const mayBeList = kinds.some((kind) => kind === undefined || kind.is === "list");
      return err(`${path} is given twice${mayBeList ? ": another item of a list needs JSON" : ""}`);
    }
    values = put(values, names, kinds, value);
  }
  return ok(values);
}

/** True if the request contains a secret, by its table or, without one, by a name. */
function hasSecret(values: unknown, fields: Fields | undefined): boolean {
  if (!isRecord(values)) return false;
  return Object.entries(values).some(([name, value]) => {
    const kind = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
    const one = kind?.is === "list" ? kind.of : kind;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!fields) return items.some((item) => (isRecord(item) ? hasSecret(item, undefined) : isSecretName(name)));
    return one?.is === "secret" || (one?.is === "group" && items.some((item) => hasSecret(item, one.of)));
  });
}

/** Returns the kinds along a path; `undefined` for unknown fields. */
function kindsOf(operation: AnyOperation, names: readonly string[]): readonly (Kind | undefined)[] {
  let fields: Fields | undefined = operation.request;
  return names.map((name) => {
    const kind: Kind | undefined = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
    const one: Kind | undefined = kind?.is === "list" ? kind.of : kind;
    fields = one?.is === "group" ? one.of : undefined;
    return kind;
  });
}

/** Converts a text to its kind. A text that does not fit stays a text, which the codec refuses. */
function typedAs(text: string, kind: Kind | undefined): unknown {
  switch (kind?.is) {
    case "list":
      return typedAs(text, kind.of);
    case "whole":
    case "decimal":
      return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
    case "flag":
      if (/^(?:yes|true|1)$/i.test(text)) return true;
      return /^(?:no|false|0)$/i.test(text) ? false : text;
    default:
      return text;
  }
}

function isTaken(values: unknown, [name = "", ...rest]: readonly string[]): boolean {
  const one = Array.isArray(values) ? values[0] : values;
  if (!isRecord(one)) return one !== undefined;
  if (!Object.hasOwn(one, name)) return false;
  return rest.length === 0 || isTaken(one[name], rest);
}

/** Returns the values with one more. Appends to a list; fills the only item of a list of groups. */
function put(
  values: Values,
  [name = "", ...rest]: readonly string[],
  kinds: readonly (Kind | undefined)[],
  value: unknown,
): Values {
  const isList = kinds[0]?.is === "list";
  const before = Object.hasOwn(values, name) ? values[name] : undefined;
  const items = Array.isArray(before) ? before : [];
  const inner: unknown = isList ? items[0] : before;
  const filled = rest.length === 0 ? value : put(isRecord(inner) ? inner : {}, rest, kinds.slice(1), value);
  const next = isList ? (rest.length === 0 ? [...items, filled] : [filled]) : filled;
  return Object.fromEntries([...Object.entries(values).filter(([key]) => key !== name), [name, next]]);
}

/** Returns the arguments of a command of the URL API. */
export async function argumentsOf(
  name: CommandName,
  words: readonly string[],
  ports: ValuePorts,
): Promise<Result<Texts, string>> {
  const given = await readGiven(words, ports);
  if (!given.ok) return given;
  const found = new Map<string, string>();
  if (given.value.form === "json") {
    for (const [argument, value] of Object.entries(given.value.values)) {
      if (given.value.isSeen && isSecretArgument(name, argument))
        return err(
          `${argument} is a secret: on the command line ${seen}; give the JSON as @FILE, or - for standard input`,
        );
      // An unsafe integer has lost digits.
      const isText = typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value);
      if (!isText) return err(`${argument} of ${name} must be a text, a whole number, or true or false`);
      found.set(argument, String(value));
    }
    return ok(Object.fromEntries(found));
  }
  for (const [argument, text] of given.value.pairs) {
    if (found.has(argument)) return err(`${argument} is given twice`);
    const value = isSecretArgument(name, argument) ? await secretOf(argument, text, ports) : ok(text);
    if (!value.ok) return value;
    found.set(argument, value.value);
  }
  return ok(Object.fromEntries(found));
}
