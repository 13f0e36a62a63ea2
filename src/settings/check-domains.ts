import * as v from "valibot";
import { err, ok, type Result } from "../foundation/result.ts";
import { namesIn } from "../foundation/schemas.ts";
import { parseJson } from "../foundation/text/parse-json.ts";
import { reasonOf } from "../foundation/text/reason.ts";
import { mustBe, nearestName, wrongSetting } from "../foundation/text/wrong-value.ts";
import { domainSettings, ofSettings } from "./domain-settings.ts";
import { example, samples } from "./example.ts";

/** All domains of the JSON `{"name": {settings}}`, or all that is wrong with them, a line each: the setting, its fault, and a right example. */
export function checkDomains(json: string): Result<v.InferOutput<typeof allDomains>, readonly string[]> {
  const parsed = parseDomains(json);
  if (!parsed.ok) return err([parsed.error]);
  const inherited = pathOfInherited(parsed.value);
  if (inherited) return err([`DOMAINS.${inherited.join(".")} is not a setting; leave it out`]);
  const copied = findSamples(parsed.value).map((sample) => `DOMAINS.${sample}`);
  const checked = v.safeParse(allDomains, parsed.value, { abortPipeEarly: true, message: mustBe });
  const faults = [...copied, ...explainAll(checked.issues ?? [])];
  return checked.success && faults.length === 0 ? ok(checked.output) : err(faults);
}

/** The adapter URL has at most 64 characters in all (protocol T3): this leaves 11 for the host behind `https://`. */
const maxAdapterPath = 45;
/** What is at `/console/NAME` and no domain. */
const consoleNames: ReadonlySet<string> = new Set(["assets", "session", "sign-in", "sign-out"]);
/** Without a slash, so that the names of objects, `domain/ConfKey`, differ wherever domain or key does: a key may have one. */
const domainName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,40}$/, "must be 1 to 40 of letters, digits, - and _"),
  v.check((name) => !consoleNames.has(name), "must be another name: the console has a page of its own at it"),
);

/** Why a domain cannot have this name; `null`: it can. */
export function domainNameFault(name: string): string | null {
  const { issues } = v.safeParse(domainName, name);
  return issues === undefined ? null : `It ${issues[0].message}.`;
}

const allDomains = v.pipe(
  v.custom<object>((value) => !Array.isArray(value), "must be a JSON object from domain name to settings"),
  v.record(domainName, domainSettings, "must be a JSON object from domain name to settings"),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [name, { adapterSecrets }] of Object.entries(dataset.value)) {
      const longest = Math.max(...adapterSecrets.map((secret) => `/tsp/${name}/${secret}`.length), 0);
      if (longest > maxAdapterPath) {
        addIssue({
          message: `${name} and its secret make a path of ${longest} characters, at most ${maxAdapterPath} fit`,
        });
      }
    }
  }),
);

function parseDomains(json: string): Result<unknown, string> {
  try {
    return ok(parseJson(json));
  } catch (error) {
    return err(`DOMAINS is not JSON (${reasonOf(error)}); a right example: {"local": {…}}`);
  }
}

/** The path of a name that every object inherits, such as `constructor`: the schema would accept or ignore it. */
function pathOfInherited(value: unknown): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    const within = name in {} || name === "prototype" ? [] : pathOfInherited(part);
    if (within) return [name, ...within];
  }
  return undefined;
}

/** Where values were copied from the documents, and what to do about each. */
function findSamples(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const sample = Object.values(samples).find((one) => one.value === part);
    if (sample) return [`${name} is ${sample.is}; put what ${sample.maker} prints`];
    return findSamples(part).map((within) => `${name}.${within}`);
  });
}

/** Names that are no settings come first: where one is a mistyped name, that setting is not told as missing besides. */
function explainAll(issues: readonly v.BaseIssue<unknown>[]): string[] {
  const [unknown, wrong] = [issues.filter(isUnknown), issues.filter((issue) => !isUnknown(issue))];
  const meant = new Set(unknown.map(pathOf).map((path) => path.with(-1, nameMeant(path) ?? "").join(".")));
  const isMistyped = (issue: v.BaseIssue<unknown>) => issue.input === undefined && meant.has(pathOf(issue).join("."));
  return [...new Set([...unknown, ...wrong.filter((issue) => !isMistyped(issue))].map(explain))];
}

function isUnknown({ type, expected }: v.BaseIssue<unknown>): boolean {
  return type === "strict_object" && expected === "never";
}

function pathOf({ path }: v.BaseIssue<unknown>): string[] {
  return (path ?? []).map((step) => String(step.key));
}

function explain(issue: v.BaseIssue<unknown>): string {
  const path = pathOf(issue);
  const place = `DOMAINS${path.map((step) => `.${step}`).join("")}`;
  if (isUnknown(issue)) return `${place} ${notASetting(path)}`;
  return `${place} ${wrongSetting(issue, ofSettings, path.slice(1))}; ${hint(exampleAt(path))}`;
}

/** The example; or, instead of a key or a secret, how to make one. */
function hint(example: string): string {
  const sample = Object.values(samples).find(({ value }) => example.includes(value));
  if (!sample) return `a right example: ${example}`;
  if (example === JSON.stringify(sample.value)) return `put what ${sample.maker} prints`;
  return `a right example: ${example.replace(sample.value, "…")}, with what ${sample.maker} prints`;
}

function nameMeant(path: readonly string[]): string | undefined {
  return nearestName(path.at(-1) ?? "", namesIn(allDomains, path.slice(0, -1)));
}

function notASetting(path: readonly string[]): string {
  const names = namesIn(allDomains, path.slice(0, -1));
  const meant = nameMeant(path);
  return meant ? `is not a setting; did you mean ${meant}?` : `is not a setting; there are ${names.join(", ")}`;
}

/** The value of the example at this path; if the path does not exist there, the nearest setting around it. */
function exampleAt(path: readonly string[]): string {
  if (path.length <= 1) return '{"local": {…}}';
  let place: unknown = example;
  for (const [index, step] of path.slice(1).entries()) {
    const key = Array.isArray(place) ? "0" : step;
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, key)) {
      return `"${path[index]}": ${JSON.stringify(place)}`;
    }
    place = (place as Readonly<Record<string, unknown>>)[key];
  }
  return JSON.stringify(place);
}
