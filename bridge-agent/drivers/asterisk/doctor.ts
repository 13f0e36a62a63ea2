import { readFileSync } from "node:fs";
import type { Finding } from "../../../src/foundation/finding.ts";
import { isLoopback } from "../../../src/foundation/loopback.ts";
import { reasonOf } from "../../../src/foundation/reason.ts";
import type { Timers } from "../../../src/foundation/timers.ts";
import type { DriverIdentity } from "../driver.ts";
import { Ari, configTuples, endpoint, info, isDone, read, variable } from "./ari.ts";
import { JOIN_TONE, LEAVE_TONE } from "./calls.ts";
import { missingSounds, noteOf, whatIsMissing } from "./prerequisites.ts";
import { type AsteriskSettings, endpointParts, readPassword } from "./settings.ts";

const ANSWER_WITHIN_MS = 2_000;
/** Of each call: its sound, and the reports about that. */
const RTP_PORTS_FOR_EACH_CALL = 2;

type Found = Omit<Finding, "about">;

/** Where the dialplan is entered that has no trunk: as in the sample configuration. */
const SAMPLE_CONTEXT = "from-trunk";

/**
 * What an operator may want to know of an Asterisk, beside what the driver needs to connect. Empty where it cannot be asked: then the
 * driver says why. Asks by REST alone: the application stays with the agent that has it.
 */
export async function inspectAsterisk(
  settings: AsteriskSettings,
  identity: DriverIdentity,
  timers: Timers,
): Promise<readonly Finding[]> {
  const ari = await openAri(settings, timers);
  if (ari === null) return [];
  try {
    const trunk = await trunkOf(ari, settings);
    const files = new ConfigFiles(ari, settings);
    const checks: readonly (readonly [string, () => Promise<Found>])[] = [
      ["version", () => checkVersion(ari)],
      ["needs", () => checkNeeds(ari, settings)],
      ["rights", () => checkRights(ari, settings)],
      ["application", () => checkApplication(ari, settings, identity)],
      ["dialplan", () => checkDialplan(files, settings, identity, trunk?.get("context") ?? SAMPLE_CONTEXT)],
      ["trunk", () => checkTrunk(ari, settings, trunk)],
      ["sounds", () => checkSounds(ari, settings)],
      ["rtp", () => checkRtp(files, settings)],
    ];
    const findings: Finding[] = [];
    for (const [about, check] of checks) {
      findings.push({
        about,
        ...(await check().catch((error: unknown): Found => ({ verdict: "WRONG", says: reasonOf(error) }))),
      });
    }
    return findings;
  } finally {
    ari.close();
  }
}

/** `null`: it does not answer, or refuses the user. */
async function openAri(settings: AsteriskSettings, timers: Timers): Promise<Ari | null> {
  try {
    const ari = new Ari({ ...settings, password: readPassword(settings) }, timers);
    return isDone(await ari.ask("getInfo", { only: "system,status" }, ANSWER_WITHIN_MS)) ? ari : null;
  } catch {
    return null;
  }
}

async function checkVersion(ari: Ari): Promise<Found> {
  const { system, status } = read("getInfo", info, await ari.ask("getInfo", { only: "system,status" }));
  return { verdict: "ok", says: `Asterisk ${system.version}, up since ${status.startup_time}` };
}

async function checkNeeds(ari: Ari, settings: AsteriskSettings): Promise<Found> {
  const found = await whatIsMissing(ari, settings, null);
  if (found.ok) return { verdict: "ok", says: "version, modules and endpoint are what the driver needs" };
  return { verdict: "WRONG", says: `Asterisk ${found.error}` };
}

/** Nobody hears of an event for an application that there is not. */
async function checkRights(ari: Ari, { user }: AsteriskSettings): Promise<Found> {
  const asked = await ari.ask("userEvent", { eventName: "doctor", application: "bridgehead.doctor" }, ANSWER_WITHIN_MS);
  if (asked.status !== 403) return { verdict: "ok", says: `the user ${user} may look and act` };
  return {
    verdict: "WRONG",
    says: `the user ${user} may look and not act: set read_only = no in ari.conf, and run asterisk -rx 'module reload res_ari.so'`,
  };
}

async function checkApplication(
  ari: Ari,
  { application }: AsteriskSettings,
  { owner }: DriverIdentity,
): Promise<Found> {
  const note = await noteOf(ari, application);
  const isThere = isDone(await ari.ask("getApplication", { applicationName: application }, ANSWER_WITHIN_MS));
  if (note === null) {
    return isThere
      ? {
          verdict: "WRONG",
          says: `${application} is another program's: stop that, or set driver.application to another one`,
        }
      : { verdict: "ok", says: `${application} is nobody's yet: the agent takes it when it acts` };
  }
  if (note.owner === owner) return { verdict: "ok", says: `${application} is ${owner}'s; ${note.agent} acted last` };
  return {
    verdict: "WRONG",
    says: `${application} is in use for ${note.owner} (agent ${note.agent}): set driver.application to one of this agent's own, and hand its callers to that in extensions.conf`,
  };
}

async function checkDialplan(
  files: ConfigFiles,
  { application }: AsteriskSettings,
  { dialIn }: DriverIdentity,
  context: string,
): Promise<Found> {
  const example = dialIn?.[0] ?? "18005551234";
  const text = await files.read("extensions.conf");
  if (text === null) {
    const line = `asterisk -rx 'dialplan show ${example}@${context}'`;
    return { verdict: "warn", says: `not looked at, since ${files.why}: ${line} must name ${application}` };
  }
  const entries = entriesOf(text, context);
  // What another file, or another context, brings is not looked for.
  const verdict = /^\s*(#include|#exec|include|switch)\b/m.test(text) ? "warn" : "WRONG";
  const own = entries.filter(({ does }) => new RegExp(`[(,]${application}[),]`).test(does));
  if (own.length === 0) return { verdict, says: advice(`nothing in ${context} leads to ${application}`, example) };
  const without = (dialIn ?? []).filter(
    (number) => !own.some(({ pattern }) => matches(pattern, number) || matches(pattern, `+${number}`)),
  );
  if (without.length > 0) {
    return {
      verdict,
      says: advice(`${without.join(", ")} does not lead to ${application}`, without[0] ?? ""),
    };
  }
  const which = dialIn?.join(", ") ?? own.map(({ pattern }) => pattern).join(", ");
  return { verdict: "ok", says: `${which} in ${context} leads to ${application}` };

  function advice(what: string, number: string): string {
    const line = `exten => ${number},1,Gosub(conference,\${EXTEN},1(${application}))`;
    return `${what}: write ${line} into extensions.conf under [${context}], and run asterisk -rx 'dialplan reload'`;
  }
}

interface Entry {
  readonly pattern: string;
  readonly does: string;
}

/** What a context does first with each number. */
function entriesOf(text: string, context: string): readonly Entry[] {
  let section = "";
  const entries: Entry[] = [];
  for (const line of text.split("\n")) {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    const [, pattern, does] = /^\s*exten\s*=>?\s*([^,;\s]+)\s*,\s*1\s*,([^;]*)/.exec(line) ?? [];
    if (section === context && pattern !== undefined && does !== undefined) entries.push({ pattern, does });
  }
  return entries;
}

/** As Asterisk's dialplan matches: X is 0 to 9, Z 1 to 9, N 2 to 9, `.` one sign or more, `!` any. */
function matches(pattern: string, number: string): boolean {
  if (!pattern.startsWith("_")) return pattern === number;
  const parts = pattern.slice(1).match(/\[[^\]]*\]|./g) ?? [];
  const classes: Readonly<Record<string, string>> = { X: "\\d", Z: "[1-9]", N: "[2-9]", ".": ".+", "!": ".*", "-": "" };
  const signs = parts.map(
    (part) => classes[part.toUpperCase()] ?? (part.length > 1 ? part : `\\u{${part.charCodeAt(0).toString(16)}}`),
  );
  return new RegExp(`^${signs.join("")}$`, "u").test(number);
}

/** The section of the endpoint; `null` where the pattern names none of PJSIP. */
async function trunkOf(ari: Ari, settings: AsteriskSettings): Promise<ReadonlyMap<string, string> | null> {
  const { technology, resource } = endpointParts(settings.endpoint);
  if (technology.toUpperCase() !== "PJSIP" || resource === null) return null;
  return section(ari, "endpoint", resource);
}

/** A section of pjsip.conf by its type; `null`: there is none. */
async function section(ari: Ari, objectType: string, id: string): Promise<ReadonlyMap<string, string> | null> {
  const answer = await ari.ask("getObject", { configClass: "res_pjsip", objectType, id }, ANSWER_WITHIN_MS);
  if (!isDone(answer)) return null;
  return new Map(read("getObject", configTuples, answer).map(({ attribute, value }) => [attribute, value]));
}

async function checkTrunk(
  ari: Ari,
  { endpoint: pattern }: AsteriskSettings,
  trunk: ReadonlyMap<string, string> | null,
): Promise<Found> {
  const { technology, resource } = endpointParts(pattern);
  if (resource === null || technology.toUpperCase() !== "PJSIP") {
    return { verdict: "warn", says: `not looked at: ${pattern} names no endpoint of PJSIP` };
  }
  if (trunk === null) {
    return { verdict: "WRONG", says: `there is no ${resource}: add it to pjsip.conf, or correct driver.endpoint` };
  }
  const aors = trunk.get("aors") ?? "";
  const aor = aors === "" ? null : await section(ari, "aor", aors.split(",")[0] ?? "");
  if (aor === null) {
    return {
      verdict: "WRONG",
      says: `${resource} has no address: add aors = ${resource}, and a type = aor with contact, to pjsip.conf`,
    };
  }
  const contact = aor.get("contact") ?? "";
  if (Number(aor.get("qualify_frequency")) === 0) {
    return {
      verdict: "warn",
      says: `${resource} is at ${contact}; whether it answers is not known: set qualify_frequency = 60 at its type = aor in pjsip.conf`,
    };
  }
  const asked = await ari.ask("getEndpoint", { tech: technology, resource }, ANSWER_WITHIN_MS);
  if (read("getEndpoint", endpoint, asked).state === "online") {
    return { verdict: "ok", says: `${resource} at ${contact} answers OPTIONS` };
  }
  return {
    verdict: "WRONG",
    says: `${resource} at ${contact} does not answer OPTIONS: check contact in pjsip.conf, the address that transport binds to, and the firewalls between`,
  };
}

async function checkSounds(ari: Ari, settings: AsteriskSettings): Promise<Found> {
  const wanted = [JOIN_TONE, LEAVE_TONE].map((media) => media.replace("sound:", ""));
  const answers = await Promise.all(wanted.map((soundId) => ari.ask("getSound", { soundId }, ANSWER_WITHIN_MS)));
  const missing = wanted.filter((_, index) => answers[index]?.status === 404);
  // Where res_ari_sounds is not loaded, everything is answered with 404.
  if (missing.length > 0) {
    return {
      verdict: "warn",
      says: `${missing.join(", ")} not found, and callers hear nothing in their place: install Asterisk's sounds (asterisk-core-sounds-en), and load res_ari_sounds.so in modules.conf`,
    };
  }
  const lacks = await missingSounds(ari, settings);
  if (lacks !== null) return { verdict: "warn", says: `Asterisk ${lacks}` };
  return { verdict: "ok", says: `${wanted.join(", ")} and all that callers are told are there` };
}

async function checkRtp(files: ConfigFiles, { ports }: AsteriskSettings): Promise<Found> {
  const wanted = ports === undefined ? null : ports * RTP_PORTS_FOR_EACH_CALL;
  const text = await files.read("rtp.conf");
  if (text === null) {
    const needs = wanted === null ? "" : `; driver.ports wants ${wanted} of them`;
    return {
      verdict: "warn",
      says: `not looked at, since ${files.why}: asterisk -rx 'rtp show settings' has the ports${needs}`,
    };
  }
  const first = Number(/^\s*rtpstart\s*=>?\s*(\d+)/m.exec(text)?.[1] ?? 5_000);
  const last = Number(/^\s*rtpend\s*=>?\s*(\d+)/m.exec(text)?.[1] ?? 31_000);
  const count = Math.max(0, last - first + 1);
  const range = `${first} to ${last}`;
  const calls = Math.floor(count / RTP_PORTS_FOR_EACH_CALL);
  if (wanted === null || count >= wanted) return { verdict: "ok", says: `${range}, enough for ${calls} calls` };
  return {
    verdict: "WRONG",
    says: `${range} is enough for ${calls} calls, and driver.ports is ${ports}: set rtpend = ${first + wanted - 1} in rtp.conf, or lower driver.ports`,
  };
}

/** Asterisk's files, where it runs on this machine and they may be read. REST does not show what is in these. */
class ConfigFiles {
  readonly #ari: Ari;
  readonly #settings: AsteriskSettings;
  why = "";

  constructor(ari: Ari, settings: AsteriskSettings) {
    this.#ari = ari;
    this.#settings = settings;
  }

  /** `null`: it cannot be read, and `why` says why. */
  async read(name: string): Promise<string | null> {
    if (!isLoopback(new URL(this.#settings.url).hostname)) {
      this.why = "Asterisk is on another machine";
      return null;
    }
    const answer = await this.#ari.ask("getGlobalVar", { variable: "ASTETCDIR" }, ANSWER_WITHIN_MS);
    const file = `${read("getGlobalVar", variable, answer).value || "/etc/asterisk"}/${name}`;
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      this.why = `${file} cannot be read by this user (${reasonOf(error)})`;
      return null;
    }
  }
}
