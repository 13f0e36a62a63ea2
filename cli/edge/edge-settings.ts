import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { isRecord } from "../../src/foundation/record.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import type { Marks } from "../../src/foundation/shown.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { utf8Text } from "../../src/foundation/text/utf8.ts";
import { mustBe, nearestName, wrongSetting } from "../../src/foundation/text/wrong-value.ts";
import { readOperators } from "../../src/operators/people.ts";
import { network } from "../../src/settings/values.ts";
import { readReason, systemReason } from "../system-reason.ts";
import { faultOfDatabase, isDatabase } from "./database.ts";

/** Where packages put the settings of the edge. */
export const settingsFile = "/etc/bridgehead/edge.json";

const path = v.pipe(v.string(), v.nonEmpty("must not be empty"));
/** Whatever stands in it: a schema of records takes lists, and leaves some names out. */
const object = v.custom<Readonly<Record<string, unknown>>>(isRecord);
const port = v.pipe(
  v.number(),
  v.integer("must be a whole number"),
  v.minValue(1, "must be 1 to 65535"),
  v.maxValue(65_535, "must be 1 to 65535"),
);

/** The edge on a machine of one's own. Paths are relative to the settings file. */
export const edgeSettings = v.strictObject({
  host: v.optional(v.pipe(v.string(), v.regex(/^[\w.:-]+$/, "must be an address of this machine")), "127.0.0.1"),
  port: v.optional(port, 8787),
  /** Proxies in front, whose `X-Forwarded-For` says who asks. */
  trustedProxies: v.optional(v.array(network), []),
  /** A folder, or the database that this edge shares with another one. */
  state: path,
  /** Of the edge, where it shares its state; by default the machine's. */
  name: v.optional(v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, dots and hyphens"))),
  /** Where people find this edge; by default its host and port. */
  url: v.optional(
    v.pipe(v.string(), v.regex(/^https?:\/\/[^/\s]+$/, "must be an address such as https://edge-1.example.com")),
  ),
  /**
   * By default `operator-token` in the state folder, or beside the settings where there is none; made at
   * random.
   */
  operatorTokenFile: v.optional(path),
  /** People with tokens and roles of their own; or the file that has them. */
  operators: v.optional(v.union([path, object], "must be an object of people, or a file")),
  /** All domains, from name to settings; or the file that has them. */
  domains: v.union([path, object], "must be an object from domain name to settings, or a file"),
});

/** What may be quoted where it is wrong. */
const own: Marks = { host: "open", name: "open", trustedProxies: "open" };

const example: Required<v.InferInput<typeof edgeSettings>> = {
  host: "127.0.0.1",
  port: 8787,
  trustedProxies: ["127.0.0.1"],
  state: "/var/lib/bridgehead-edge",
  name: "edge-1",
  url: "https://edge-1.example.com",
  operatorTokenFile: "/etc/bridgehead/operator-token",
  operators: "operators.json",
  domains: "domains.json",
};

export interface EdgeSettings
  extends Readonly<Pick<v.InferOutput<typeof edgeSettings>, "host" | "port" | "trustedProxies">> {
  /** A folder, or the URL of a database. */
  readonly state: string;
  readonly name: string;
  readonly url: string;
  readonly operatorTokenFile: string;
  /** JSON, checked; empty where there are none. */
  readonly operators: string;
  /** JSON; what is in it is not checked yet. */
  readonly domains: string;
  readonly domainsFile: string;
}

/** The settings of a file, or one sentence that names what is wrong and shows what is right. */
export function loadEdgeSettings(file: string): Result<EdgeSettings, string> {
  if (file === "") return err(`the name of the settings file is empty; name a file such as ${settingsFile}`);
  const read = readCommentedJson(file);
  if (!read.ok) return read;
  // To the schema a list is an object without settings.
  if (Array.isArray(read.value)) return err(`${file}: it must be a JSON object (it is a list)`);
  const checked = v.safeParse(edgeSettings, read.value, { message: mustBe });
  if (!checked.success) {
    // A mistyped name before the setting that is missing for it.
    const issue = checked.issues.find(({ expected }) => expected === "never") ?? checked.issues[0];
    return err(`${file}: ${explain(issue)}`);
  }
  const settings = checked.output;
  const beside = (name: string) => resolve(dirname(file), name);
  const fault = faultOfState(settings);
  if (fault) return err(`${file}: ${fault}`);
  const state = isDatabase(settings.state) ? settings.state : beside(settings.state);
  const tokenFolder = isDatabase(state) ? dirname(resolve(file)) : state;
  const domains = inlineOrIn("domains", settings.domains, file);
  if (!domains.ok) return domains;
  const operators = settings.operators === undefined ? null : inlineOrIn("operators", settings.operators, file);
  if (operators?.ok === false) return operators;
  const people = operators ? readOperators(operators.value.json, "operators") : null;
  if (people?.ok === false) return err(`${operators?.value.from}: ${people.error}`);
  return ok({
    host: settings.host,
    port: settings.port,
    trustedProxies: settings.trustedProxies,
    state,
    name: settings.name ?? hostname(),
    url: settings.url ?? urlHere(settings.host, settings.port),
    operatorTokenFile: settings.operatorTokenFile
      ? beside(settings.operatorTokenFile)
      : join(tokenFolder, "operator-token"),
    operators: operators?.value.json ?? "",
    domains: domains.value.json,
    domainsFile: domains.value.from,
  });
}

function faultOfState({ state, ...own }: v.InferOutput<typeof edgeSettings>): string | null {
  if (!isDatabase(state)) {
    const right = `a right example: ${JSON.stringify(example.state)}`;
    if (state.startsWith("~")) return `state must not begin with ~, which stands for no folder here; ${right}`;
    // It may have a password, which the name of a folder would show.
    const isLikeUrl = /^\s*(?:[a-z][a-z0-9+.-]*:|\/\/.*@)/i.test(state);
    return isLikeUrl ? `state must be a folder, or a database that begins with postgresql://; ${right}` : null;
  }
  // Two edges of one database are told apart by what each says of itself.
  const fault = faultOfDatabase(state);
  if (fault) return `state ${fault}; a right example: "postgresql://bridgehead:secret@db-1,db-2/bridgehead"`;
  const missing = (["name", "url"] as const).find((name) => own[name] === undefined);
  return missing
    ? `${missing} is missing: each edge of a database has its own; a right example: ${JSON.stringify(example[missing])}`
    : null;
}

/** A part of the settings as JSON, and the file that has it: the settings file, or one beside it. */
function inlineOrIn(
  name: string,
  given: string | object,
  file: string,
): Result<{ readonly json: string; readonly from: string }, string> {
  if (typeof given !== "string") return ok({ json: JSON.stringify(given), from: file });
  const from = resolve(dirname(file), given);
  // A secret may stand in place of the file's name.
  if (!existsSync(from))
    return err(`${name} names a file that is not there; a path begins in the folder of ${file}, or with /`);
  const read = readCommentedJson(from);
  return read.ok ? ok({ json: JSON.stringify(read.value), from }) : read;
}

/** Host and port as they stand in a URL. */
export function addressOf(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The address at which this machine reaches what listens on `host`, which may be all of its addresses. */
export function urlHere(host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return `http://${addressOf(everywhere[host] ?? host, port)}`;
}

/** The JSON of a file, in which lines may have comments. */
export function readCommentedJson(file: string): Result<unknown, string> {
  let text: string;
  try {
    text = utf8Text(readFileSync(file));
  } catch (error) {
    return err(`${file} cannot be read (${readReason(error)})`);
  }
  try {
    return ok(parseCommentedJson(text));
  } catch (error) {
    return err(`${file} is not JSON (${systemReason(error)})`);
  }
}

function explain(issue: v.BaseIssue<unknown>): string {
  const name = v.getDotPath(issue);
  if (name === null) return `it ${wrongSetting({ ...issue, message: "must be a JSON object" }, own)}`;
  if (issue.expected === "never") {
    const names = Object.keys(edgeSettings.entries);
    const meant = nearestName(name, names);
    return `${name} is no setting; ${meant ? `did you mean ${meant}?` : `the settings are ${names.join(", ")}`}`;
  }
  const [setting] = name.split(".");
  const right = Object.entries(example).find(([known]) => known === setting)?.[1];
  return `${name} ${wrongSetting(issue, own)}; a right example: ${JSON.stringify(right)}`;
}
