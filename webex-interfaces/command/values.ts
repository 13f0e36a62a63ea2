import { type ArgumentsOf, type CommandName, isSecretArgument } from "../client/url-api/commands.ts";
import { argumentsOfText } from "../client/url-api/request.ts";
import type { Fields, Kind, Operation } from "../client/xml-api/fields.ts";
import { buildRequest } from "../client/xml-api/request.ts";
import { err, isRecord, ok, type Result, reasonOf } from "../doors/foundation.ts";
import { type AccessPorts, isUtf8, secretOfFile } from "./access.ts";

export interface ValuePorts extends AccessPorts {
  readStdin(): Promise<string>;
}

type Values = Readonly<Record<string, unknown>>;

/** What stands on the command line: nothing, JSON in one of its forms, or NAME=VALUE as often as needed. */
type Given =
  | { readonly form: "json"; readonly values: Values; readonly isSeen: boolean }
  | { readonly form: "pairs"; readonly pairs: readonly (readonly [name: string, value: string])[] };

async function readGiven(words: readonly string[], ports: ValuePorts): Promise<Result<Given, string>> {
  const [first] = words;
  const isJson = first === "-" || first?.startsWith("@") || first?.trimStart().startsWith("{");
  if (first !== undefined && isJson) {
    if (words.length > 1) return err(`"${words[1]}" is too much: JSON is given alone`);
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
  if (!isUtf8(text)) return err("the request is no text in UTF-8: save it as such");
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return ok(value as Values);
    return err('the request must be an object of JSON, as {"sessionKey": "123456789"}');
  } catch (error) {
    // The engine quotes the text, which may hold a secret. It says for some faults alone where they are.
    const [where = ""] = /line \d+ column \d+/.exec(reasonOf(error)) ?? [];
    return err(`the request is no JSON${where && `, at ${where}`}`);
  }
}

const seen = "everybody on this machine can read it";

/** A secret of NAME=VALUE, whose value says where it is. */
async function secretOf(name: string, value: string, ports: ValuePorts): Promise<Result<string, string>> {
  if (value.startsWith("@")) return secretOfFile(value.slice(1), ports.readFile);
  if (value.startsWith("env:")) {
    const variable = value.slice("env:".length);
    const found = ports.variables[variable];
    return found ? ok(found) : err(`${name}: the variable ${variable} is not set`);
  }
  if (value === "?") {
    const typed = await ports.askSecret(`${name}: `);
    if (typed) return ok(typed);
    const why = typed === null ? "there is nobody to ask" : "nothing was typed";
    return err(`${name}: ${why}: give ${name}=@FILE or ${name}=env:VARIABLE`);
  }
  return err(
    `${name} is a secret: on the command line ${seen}; give it as NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked`,
  );
}

/** The request of an operation. Its table checks it later; here only its texts become what the table has. */
export async function requestOf(
  operation: Operation,
  words: readonly string[],
  ports: ValuePorts,
): Promise<Result<Values, string>> {
  const given = await readGiven(words, ports);
  if (!given.ok) return given;
  if (given.value.form === "json") {
    const { values, isSeen } = given.value;
    return isSeen && hasSecret(operation, values)
      ? err(`the request holds a secret: on the command line ${seen}; give it as @FILE, or - for standard input`)
      : ok(values);
  }
  const values: Record<string, unknown> = {};
  const before: string[] = [];
  for (const [path, text] of given.value.pairs) {
    const kinds = kindsOf(operation, path);
    const fault = repeatFault(path, kinds, before);
    if (fault !== null) return err(fault);
    before.push(path);
    let value: unknown = text;
    if (kinds.at(-1)?.kind === "secret" || hasSecret(operation, put({}, path.split("."), [], text))) {
      const secret = await secretOf(path, text, ports);
      if (!secret.ok) return secret;
      value = secret.value;
    } else value = typedAs(text, kinds.at(-1));
    put(values, path.split("."), kinds, value);
  }
  return ok(values);
}

/** What is given twice, or as a whole beside one of its fields. Only a list of single values takes one more each time. */
function repeatFault(path: string, kinds: readonly (Kind | undefined)[], before: readonly string[]): string | null {
  const whole = before.find((other) => path.startsWith(`${other}.`) || other.startsWith(`${path}.`));
  if (whole !== undefined) return `${path} and ${whole} are given: one of them is within the other`;
  const last = kinds.at(-1);
  if (!before.includes(path) || (last?.kind === "list" && last.of.kind !== "group")) return null;
  const depth = kinds.findLastIndex((kind) => kind?.kind === "list") + 1;
  if (depth > 0) {
    const list = path.split(".").slice(0, depth).join(".");
    return `${path} is given twice: NAME=VALUE fills one item of ${list}, and more of them need JSON`;
  }
  const more = last === undefined ? ": an element that is repeated needs JSON, its values as a list" : "";
  return `${path} is given twice${more}`;
}

/** Whether a text of the request is a secret by the operation's table, or by its name where there is no table. */
function hasSecret(operation: Operation, values: Values): boolean {
  if (operation.request !== "open") return hasSecretField(values, operation.request);
  const nobody = { form: "password", site: { siteName: "-" }, person: { webExId: "-" }, password: "" } as const;
  const built = buildRequest(operation, values, nobody);
  return built.ok && built.value.secrets.length > 0;
}

function hasSecretField(values: unknown, fields: Fields): boolean {
  if (typeof values !== "object" || values === null) return false;
  return Object.entries(values).some(([name, value]) => {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const one = kind?.kind === "list" ? kind.of : kind;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (one?.kind === "secret") return true;
    return one?.kind === "group" && items.some((item) => hasSecretField(item, one.fields));
  });
}

/** The kinds on the way of a path; `undefined` from where the table has none. */
function kindsOf({ request }: Operation, path: string): readonly (Kind | undefined)[] {
  let fields: Fields | undefined = request === "open" ? undefined : request;
  return path.split(".").map((name) => {
    const kind: Kind | undefined = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
    const one: Kind | undefined = kind?.kind === "list" ? kind.of : kind;
    fields = one?.kind === "group" ? one.fields : undefined;
    return kind;
  });
}

/** A text that cannot be what the table has stays a text, which the check of the request then refuses. */
function typedAs(text: string, kind: Kind | undefined): unknown {
  switch (kind?.kind) {
    case "list":
      return typedAs(text, kind.of);
    case "whole":
    case "decimal":
      return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
    case "yes-or-no":
      if (/^(?:yes|true|1)$/i.test(text)) return true;
      return /^(?:no|false|0)$/i.test(text) ? false : text;
    default:
      return text;
  }
}

/** A list gets one item more; of a list of groups, its one item is filled. */
function put(
  values: Record<string, unknown>,
  path: readonly string[],
  kinds: readonly (Kind | undefined)[],
  value: unknown,
) {
  const [name = "", ...rest] = path;
  const isList = kinds[0]?.kind === "list";
  const before = Object.hasOwn(values, name) ? values[name] : undefined;
  let filled: unknown;
  if (rest.length === 0) filled = isList ? [...((before as unknown[]) ?? []), value] : value;
  else {
    const [item] = isList ? ((before as unknown[]) ?? [{}]) : [before];
    const inner = typeof item === "object" && item !== null ? (item as Record<string, unknown>) : {};
    put(inner, rest, kinds.slice(1), value);
    filled = isList ? [inner] : inner;
  }
  Object.defineProperty(values, name, { value: filled, enumerable: true, writable: true, configurable: true });
  return values;
}

/** The arguments of a command of the URL API. */
export async function argumentsOf<Name extends CommandName>(
  name: Name,
  words: readonly string[],
  ports: ValuePorts,
): Promise<Result<ArgumentsOf<Name>, string>> {
  const given = await readGiven(words, ports);
  if (!given.ok) return given;
  if (given.value.form === "json") {
    const { values, isSeen } = given.value;
    const secret = Object.keys(values).find((argument) => isSecretArgument(name, argument));
    return isSeen && secret !== undefined
      ? err(`${secret} is a secret: on the command line ${seen}; give the JSON as @FILE, or - for standard input`)
      : ok(values as ArgumentsOf<Name>); // `link` checks it.
  }
  const texts = new Map<string, string>();
  for (const [argument, value] of given.value.pairs) {
    if (texts.has(argument)) return err(`${argument} is given twice`);
    const found = isSecretArgument(name, argument) ? await secretOf(argument, value, ports) : ok(value);
    if (!found.ok) return found;
    texts.set(argument, found.value);
  }
  const read = argumentsOfText(name, Object.fromEntries(texts));
  return read.ok ? read : err(read.error.says);
}
