import * as v from "valibot";
import type { DomainName } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { reasonOf } from "../foundation/text/reason.ts";
import { mustBe, wrongValue } from "../foundation/text/wrong-value.ts";
import { type AdapterCodec, createCodec } from "../tsp/codec.ts";
import {
  type DomainSettings,
  type DomainSettingsInput,
  domainSettings,
  siteSecretName,
  webhookSecretName,
} from "./domain-settings.ts";
import { localDomain } from "./local-domain.ts";

/** A domain's settings, and the codec that they make. */
export interface Domain {
  readonly name: DomainName;
  readonly settings: DomainSettings;
  readonly codec: AdapterCodec;
}

export type Domains = ReadonlyMap<DomainName, Domain>;

let latest: { readonly json: string; readonly domains: Result<Domains, string> } | undefined;

/**
 * Reads all domains from the JSON of the variable DOMAINS: `{"name": {settings}}`. The error is one line: the
 * setting, what is wrong with it, and a right example. The last text and its result are kept, since every request reads them.
 */
export function loadDomains(json: string): Result<Domains, string> {
  if (latest?.json !== json) latest = { json, domains: readDomains(json) };
  return latest.domains;
}

interface DomainsEnv {
  readonly DOMAINS: string;
}

/** DOMAINS as it was replaced while this process runs: a copy for all objects, which share this module on plain workerd. */
let replaced: string | undefined;

/** From now on these settings count instead of those of the start; wrong ones change nothing. */
export function replaceDomains(json: string): Result<Domains, string> {
  const domains = loadDomains(json);
  if (domains.ok) replaced = json;
  return domains;
}

/** The settings that count now. */
export function domainsOf(env: DomainsEnv): Result<Domains, string> {
  return loadDomains(replaced ?? env.DOMAINS);
}

/** Agents of one bridge. */
interface BridgeAgents {
  readonly domain: DomainName;
  readonly bridge: string;
  readonly agents: readonly string[];
}

/**
 * By bridge, the agents that must connect anew when settings change: those that are gone, or have another key; and all of a bridge whose
 * agents are told something else in their welcome, its keypad or whether one is alone.
 */
export function agentsLost(before: Domains, after: Domains): BridgeAgents[] {
  const lost = Array.from(before.values()).flatMap(({ name: domain, settings }) =>
    settings.bridges.map(({ name: bridge, agents }) => {
      const next = after.get(domain)?.settings;
      const left = next?.bridges.find(({ name }) => name === bridge)?.agents ?? [];
      const isWelcomedAlike =
        (agents.length === 1) === (left.length === 1) &&
        JSON.stringify(settings.keypad) === JSON.stringify(next?.keypad);
      const stays = ({ name, publicKey }: (typeof agents)[number]) =>
        isWelcomedAlike && left.some((agent) => agent.name === name && agent.publicKey === publicKey);
      return { domain, bridge, agents: agents.filter((agent) => !stays(agent)).map(({ name }) => name) };
    }),
  );
  return lost.filter(({ agents }) => agents.length > 0);
}

/** `null` where the settings have no such domain; throws where they cannot be read. */
export function findDomain(env: DomainsEnv, name: DomainName): Domain | null {
  const domains = domainsOf(env);
  if (!domains.ok) throw new Error(domains.error);
  return domains.value.get(name) ?? null;
}

/** Whether the log shows what is personal in this domain; never while the settings cannot be read. */
export function showsPersonal(env: DomainsEnv, name: unknown): boolean {
  const domains = domainsOf(env);
  return domains.ok && domains.value.get(name as DomainName)?.settings.logs.personal === true;
}

/** All that is wrong with the domains, a line each as in the error of `loadDomains`, which is the first of them. */
export function domainFaults(json: string): readonly string[] {
  const checked = checkDomains(json);
  return checked.ok ? [] : checked.error;
}

/** A site's secret, as the deployment has it; `undefined`: it has none of this name, or this is no name of such a secret. */
export function siteSecretOf(env: object, name: string): string | undefined {
  return secretOf(env, name, siteSecretName);
}

/** The same for a secret that webhooks are signed with. */
export function webhookSecretOf(env: object, name: string): string | undefined {
  return secretOf(env, name, webhookSecretName);
}

function secretOf(env: object, name: string, form: RegExp): string | undefined {
  const value: unknown = form.test(name) ? Reflect.get(env, name) : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The secrets that these domains sign webhooks with. */
export function webhookSecretsOf(domains: Domains): { readonly domain: DomainName; readonly secret: string }[] {
  return Array.from(domains.values()).flatMap(({ name: domain, settings: { webhooks } }) =>
    webhooks.map(({ secretFrom: secret }) => ({ domain, secret })),
  );
}

/** The secrets of sites that these domains name. */
export function siteSecretsOf(domains: Domains): { readonly domain: DomainName; readonly secret: string }[] {
  return Array.from(domains.values()).flatMap(({ name: domain, settings: { webexSite } }) => {
    const secret = webexSite?.passwordFrom ?? webexSite?.accessTokenFrom;
    return secret === undefined ? [] : [{ domain, secret }];
  });
}

function readDomains(json: string): Result<Domains, string> {
  const checked = checkDomains(json);
  if (!checked.ok) return err(checked.error[0] ?? "");
  const domains = Object.entries(checked.value) as [DomainName, DomainSettings][];
  return ok(
    new Map(domains.map(([name, settings]) => [name, { name, settings, codec: createCodec(settings.protocol) }])),
  );
}

function checkDomains(json: string): Result<v.InferOutput<typeof allDomains>, readonly string[]> {
  const parsed = parseJson(json);
  if (!parsed.ok) return err([parsed.error]);
  const inherited = pathOfInherited(parsed.value);
  if (inherited) return err([`DOMAINS.${inherited.join(".")} is not a setting; leave it out`]);
  const samples = findSamples(parsed.value).map((sample) => `DOMAINS.${sample}`);
  const checked = v.safeParse(allDomains, parsed.value, { abortPipeEarly: true, message: mustBe });
  const faults = [...samples, ...explainAll(checked.issues ?? [])];
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

function parseJson(json: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(json));
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

const samplePublicKey = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const sampleSecret = "q3J8xWm0ZbV5tYk2";

/** Everybody has these, and the private half of the key. */
const samples: ReadonlyMap<unknown, string> = new Map([
  [samplePublicKey, "is the sample key of the documents; put the one that your agent's command `key` prints"],
  [sampleSecret, "is the sample secret of the documents; put one of your own, such as `openssl rand -hex 11` prints"],
]);

/** How to make what examples cannot show, since everybody would have it. */
const ownMakers: readonly (readonly [sample: string, maker: string])[] = [
  [samplePublicKey, "your agent's command `key`"],
  [sampleSecret, "`openssl rand -hex 11`"],
];

/** Where values were copied from the documents, and what to do about each. */
function findSamples(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const fault = samples.get(part);
    return fault ? [`${name} ${fault}`] : findSamples(part).map((within) => `${name}.${within}`);
  });
}

/** Their values are not repeated in the log: somebody may have put a private key where the public one belongs, or a password in place of its name. */
const secretSettings: ReadonlySet<string> = new Set([
  "adapterSecrets",
  "publicKey",
  "passwordFrom",
  "accessTokenFrom",
  "secretFrom",
  "partnerId",
]);

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
  const wrong =
    path.some((step) => secretSettings.has(step)) && issue.input !== undefined ? issue.message : wrongValue(issue);
  return `${place} ${wrong}; ${hint(exampleAt(path))}`;
}

/** The example; or, instead of a key or a secret, how to make one. */
function hint(example: string): string {
  const [sample, maker] = ownMakers.find(([one]) => example.includes(one)) ?? [];
  if (sample === undefined) return `a right example: ${example}`;
  if (example === JSON.stringify(sample)) return `put what ${maker} prints`;
  return `a right example: ${example.replace(sample, "…")}, with what ${maker} prints`;
}

function nameMeant(path: readonly string[]): string | undefined {
  return nearestName(path.at(-1) ?? "", settingsIn(path.slice(0, -1)));
}

function notASetting(path: readonly string[]): string {
  const names = settingsIn(path.slice(0, -1));
  const meant = nameMeant(path);
  return meant ? `is not a setting; did you mean ${meant}?` : `is not a setting; there are ${names.join(", ")}`;
}

/** The name that is most likely meant by `written`; `undefined` if it is far from all names. */
function nearestName(written: string, names: readonly string[]): string | undefined {
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

/** The names that the schema has at this path of a domain. */
function settingsIn(path: readonly string[]): string[] {
  let schema: SchemaPart = inner(allDomains);
  for (const step of path) schema = inner(schema.entries?.[step] ?? schema.value ?? schema.item ?? schema);
  return Object.keys(schema.entries ?? {});
}

interface SchemaPart {
  readonly type: string;
  readonly entries?: Readonly<Record<string, SchemaPart>>;
  readonly value?: SchemaPart;
  readonly item?: SchemaPart;
  readonly wrapped?: SchemaPart;
  readonly pipe?: readonly SchemaPart[];
}

/** The schema without the wrappers that make it optional or check it further. */
function inner(schema: SchemaPart): SchemaPart {
  const within = schema.wrapped ?? schema.pipe?.find(({ entries, value, item }) => entries ?? value ?? item);
  return within ? inner(within) : schema;
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

const local = localDomain({ agents: [{ name: "agent-1", publicKey: samplePublicKey }] });

/** A domain that has every setting; its key and its secret are refused until they are replaced. */
export const example: DomainSettingsInput = {
  ...local,
  webex: {
    ...local.webex,
    hosts: ["*.webex.com"],
    scheme: "auto",
    paths: ["/tsp"],
    servers: { "*.eu.webex.com": { scheme: "https", path: "/tsp/eu", paths: ["/tsp/eu"] } },
    gatherMs: 300,
  },
  keypad: { ...local.keypad, sequences: ["[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"] },
  rateLimitPerMinute: 60_000,
  recording: { number: { country: "1", area: "408", local: "5551234" }, sequence: "P15D123456789#P0" },
  hybrid: {
    clientUrl: "https://voice.example.com/client",
    connectData: "room=7",
    adhocInstall: true,
    appDetection: "voice.exe",
  },
  passthroughUrl: "https://voice.example.com/passthrough",
  webhooks: [
    {
      url: "https://voice.example.com/events",
      secretFrom: "WEBHOOK_SECRET_ACME",
      events: ["conference.started", "conference.ended", "call.joined", "call.left", "trouble.began", "trouble.ended"],
    },
  ],
  policy: { allow: ["+1", "+44"], deny: ["+1900"] },
  globalNumbers: { GB: [{ number: "+44 20 7946 0100", kind: "toll", label: "London" }] },
  webexSite: {
    site: "acme.webex.com",
    webExId: "bridgehead",
    passwordFrom: "WEBEX_SECRET_ACME",
    partnerId: "acme-audio",
    cacheMs: 3_600_000,
    sessionKey: "ConfKey",
    globalNumbers: false,
    nightlyCheck: true,
    checkHour: 2,
    expects: {
      edge: "https://tsp.example.com",
      numbers: ["+1 408 555 0100"],
      labels: {
        participantCode: "Attendee access code",
        subscriberCode: "Host access code",
        attendeeId: "Attendee ID",
      },
    },
  },
  protocol: {
    elements: { W2A_UpdateUser: "W2A_MuteUser", A2W_RspUpdateUser: "A2W_RspMuteUser" },
    attributes: { SubConfID: "ExtSubConfID" },
    codes: { updateAction: { lock: 21 } },
    shapes: { expel: "W2A_UpdateConference ActionCode=10", "mute-all": "W2A_MuteAll" },
    silent: ["A2W_RspUpdateConference"],
    documentName: { request: "WTSPDOM", response: "WTSPDOM Response", confirmation: "WTSPDOM" },
    repairs: ["semicolon"],
    hostName: true,
    extra: false,
    together: false,
    refuseHosts: true,
    transIds: "domain",
    gather: "document",
    zeroAttendees: "refused",
    muteAll: "main-room",
    lockedCallOuts: "refused",
    closedAnswer: "always",
    leftInvitee: "joins",
    host: { attendeeIds: ["1001"], extCallIds: ["123"] },
  },
  journalRetentionDays: 7,
  recordsDays: 400,
  recordsPersonal: "full",
  adapterSecrets: [sampleSecret],
  logs: { personal: false, posts: false },
};
