import * as v from "valibot";
import type { DomainName } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { type DomainSettings, domainSettings } from "./domain-settings.ts";
import { type DomainSettingsInput, localDomain } from "./local-domain.ts";

export type Domains = ReadonlyMap<DomainName, DomainSettings>;

let latest: { readonly json: string; readonly domains: Result<Domains, string> } | undefined;

/**
 * Reads all domains from the JSON of the variable DOMAINS: `{"name": {settings}}`. The error is one line that names the
 * setting, what is wrong with it, and a right example. The same text is read only once in the life of a process.
 */
export function loadDomains(json: string): Result<Domains, string> {
  if (latest?.json !== json) latest = { json, domains: readDomains(json) };
  return latest.domains;
}

function readDomains(json: string): Result<Domains, string> {
  const parsed = parseJson(json);
  if (!parsed.ok) return parsed;
  const checked = v.safeParse(allDomains, parsed.value, { abortEarly: true });
  if (!checked.success) return err(explain(checked.issues[0]));
  return ok(new Map(Object.entries(checked.output) as [DomainName, DomainSettings][]));
}

/** The adapter URL has at most 64 characters in all (protocol T3): this leaves 11 for the host behind `https://`. */
const maxAdapterPath = 45;
const domainName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,40}$/, "must be 1 to 40 of letters, digits, - and _"));
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

function parseJson(json: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(json));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`DOMAINS is not JSON (${why.replaceAll("\n", " ")}); a right example: {"local": {…}}`);
  }
}

function explain(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((step) => String(step.key));
  const right = exampleAt(path);
  const hint = right === undefined ? "" : `; a right example: ${right}`;
  return `DOMAINS${path.map((step) => `.${step}`).join("")} ${whatIsWrong(issue)}${hint}`;
}

function whatIsWrong(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "strict_object" && issue.expected === "never") return "is not a setting";
  if (issue.received === "undefined") return "is missing";
  return issue.message.replaceAll("\n", " ");
}

/** What stands at this path in a complete, right domain; where that has nothing, nothing is suggested. */
function exampleAt(path: readonly string[]): string | undefined {
  if (path.length <= 1) return '{"local": {…}}';
  let place: unknown = example;
  for (const step of path.slice(1)) {
    if (typeof place !== "object" || place === null) return undefined;
    const key = Array.isArray(place) ? "0" : step;
    if (!Object.hasOwn(place, key)) return undefined;
    place = (place as Readonly<Record<string, unknown>>)[key];
  }
  return JSON.stringify(place);
}

const example: DomainSettingsInput = {
  ...localDomain({ agents: [{ name: "agent-1", publicKey: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }),
  recording: { number: { country: "1", area: "408", local: "5551234" }, sequence: "P15D123456789#P0" },
  hybrid: { clientUrl: "https://voice.example.com/client" },
  passthroughUrl: "https://voice.example.com/passthrough",
  globalNumbers: { GB: [{ number: "+44 20 7946 0100", kind: "toll", label: "London" }] },
  protocol: { elements: {}, attributes: {}, codes: {}, silent: [] },
  adapterSecrets: ["q3J8xWm0ZbV5tYk2"],
  logs: { personal: false },
};
