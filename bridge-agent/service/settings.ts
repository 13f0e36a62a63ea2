import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { numberBegin } from "../../src/foundation/dial-rules.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { namesIn } from "../../src/foundation/schemas.ts";
import { type Marks, whole } from "../../src/foundation/shown.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { codeOf, reasonOf } from "../../src/foundation/text/reason.ts";
import { utf8Text } from "../../src/foundation/text/utf8.ts";
import { mustBe, nearestName, wrongSetting } from "../../src/foundation/text/wrong-value.ts";
import { driverSettings, drivers } from "../drivers/registry.ts";
import { socketUrl, strictObject } from "../drivers/setting-values.ts";

const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'));

const port = v.pipe(
  v.number(),
  v.integer("must be a whole number"),
  v.minValue(0, "must be 0 to 65535"),
  v.maxValue(65_535, "must be 0 to 65535"),
);

const begins = v.array(v.pipe(v.string(), v.regex(numberBegin.form, numberBegin.wrong)));
const limit = v.optional(v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(1, "must be 1 or more")));

/** An absent limit allows any number and any duration, except `promptCalls`, which has a default. */
const policy = strictObject({
  allow: v.optional(begins, []),
  deny: v.optional(begins, []),
  /** Calls that may be dialled within any 60 seconds. */
  callsPerMinute: limit,
  /** Dialled calls that may ring or be up at once. */
  callsAtOnce: limit,
  /** Whoever dialled. */
  longestCallMinutes: limit,
  longestConferenceMinutes: limit,
  /** Most callers in the prompt at once. */
  promptCalls: limit,
});

const edges = v.pipe(v.array(socketUrl), v.minLength(1, "must not be empty"));

const agentSettings = v.strictObject({
  /** Where the edge is; the path of the bridge is added. Several addresses are tried in turn. */
  edge: v.lazy((input): v.GenericSchema<string | string[]> => (Array.isArray(input) ? edges : socketUrl)),
  /** File of the only authorities whose certificates the edge may show; relative to the settings file. Absent: those that Node knows. */
  ca: v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
  domain: name,
  bridge: name,
  /** The name under which the edge knows this agent's public key. */
  agent: name,
  /** Folder of the key and the journal; relative to the settings file. */
  state: v.pipe(v.string(), v.nonEmpty("must not be empty")),
  /** Health and metrics, on 127.0.0.1 only; port 0: any free one. */
  listen: strictObject({ port }),
  /** Whether numbers and access codes stand in the log as they are. */
  logs: v.optional(strictObject({ personal: v.boolean() }), { personal: false }),
  driver: driverSettings,
  /** What the edge may bring about; without it, nothing is dialled. */
  policy: v.optional(policy, {}),
  /** The bridge's numbers at which callers of this domain dial in; absent: all of them; empty: none. */
  dialIn: v.optional(v.array(v.pipe(v.string(), v.regex(/^\d{1,32}$/, "must be 1 to 32 digits")))),
});

export type AgentSettings = v.InferOutput<typeof agentSettings>;

/** Settings as they are written, before they are checked. */
export type AgentSettingsInput = v.InferInput<typeof agentSettings>;

/** What may be quoted where it is wrong. */
const own: Marks = {
  driver: "open",
  application: "open",
  endpoint: "open",
  callerId: "open",
  language: "open",
  sounds: whole,
  dialIn: "open",
};

const example: Required<AgentSettingsInput> = {
  edge: "wss://bridgehead.example.com",
  ca: "/etc/bridgehead/ca.pem",
  domain: "acme",
  bridge: "bridge-1",
  agent: "agent-1",
  state: "/var/lib/bridgehead",
  listen: { port: 8791 },
  logs: { personal: false },
  driver: drivers.generic.example,
  policy: {
    allow: ["+1408"],
    deny: ["+1900"],
    callsPerMinute: 60,
    callsAtOnce: 100,
    longestCallMinutes: 720,
    longestConferenceMinutes: 1440,
    promptCalls: 100,
  },
  dialIn: ["18005551234"],
};

/** The settings of a JSON file, or one sentence that names what is wrong and shows what is right. */
export function loadSettings(file: string): Result<AgentSettings, string> {
  let content: string;
  try {
    content = utf8Text(readFileSync(file));
  } catch (error) {
    return err(`settings file ${file} cannot be read (${reasonOf(error)}): ${adviceOn(error)}`);
  }
  const read = readSettings(content);
  if (!read.ok) return err(`settings file ${file}: ${read.error}`);
  const { state, ca } = read.value;
  const path = (name: string) => resolve(dirname(file), name);
  return ok({ ...read.value, state: path(state), ...(ca !== undefined && { ca: path(ca) }) });
}

export function readSettings(content: string): Result<AgentSettings, string> {
  let value: unknown;
  try {
    value = parseCommentedJson(content);
  } catch (error) {
    return err(`it is not JSON: ${reasonOf(error)}`);
  }
  const parsed = v.safeParse(agentSettings, value, { abortEarly: true, message: mustBe });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? "";
  if (issue.expected === "never") {
    const steps = path.split(".").slice(0, -1);
    const whose = steps.length === 0 ? "the settings" : `the settings of ${steps.join(".")}`;
    const names = namesIn(agentSettings, steps, value);
    const meant = nearestName(path.split(".").at(-1) ?? "", names);
    return err(`${path} is no setting; ${meant ? `did you mean ${meant}?` : `${whose} are ${names.join(", ")}`}`);
  }
  const right = exampleAt(path, value);
  if (path === "") return err("it must be a JSON object");
  const what = wrongSetting(issue, own);
  // Where only some words are right, all of them were named.
  const isNamed = right === undefined || what.startsWith("must be one of");
  return err(isNamed ? `${path} ${what}` : `${path} ${what}, for example ${JSON.stringify(right)}`);
}

function adviceOn(error: unknown): string {
  const code = codeOf(error);
  if (code === "ENOENT") return "name another one by --settings, or have `bridgehead-agent init` write one";
  if (code === "EACCES") return "run this as root, or as the user of the agent";
  return "name another one by --settings";
}

/** The right value at this path; a driver's own settings have theirs at its kind. */
function exampleAt(path: string, settings: unknown): unknown {
  const kinds = Object.values(drivers).map(({ example }) => ({ driver: example }));
  const own = kinds.filter(({ driver }) => driver.type === Object(Object(settings).driver).type);
  const places = [...own, example, { edge: [example.edge].flat() }, ...kinds];
  const stepInto = (value: unknown, step: string) => {
    if (Array.isArray(value)) return value[0];
    return typeof value === "object" ? Object(value)[step] : undefined;
  };
  const values = places.map((place) => path.split(".").reduce<unknown>(stepInto, place));
  return values.find((value) => value !== undefined);
}
