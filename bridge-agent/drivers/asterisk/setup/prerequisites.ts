import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { announcements } from "../../../../src/bridge/announcements.ts";
import { isLoopback } from "../../../../src/foundation/loopback.ts";
import { err, ok, type Result } from "../../../../src/foundation/result.ts";
import { codeOf } from "../../../../src/foundation/text/reason.ts";
import type { DriverIdentity } from "../../driver.ts";
import { ANSWER_WITHIN_MS, type Ari, AriFailure, info, isDone, modules, read, sounds } from "../ari.ts";
import { type AgentNote, agentVariable, readAgentNote } from "../mirror/names.ts";
import { type AsteriskSettings, endpointParts, languageOf, soundsOf } from "../settings.ts";
import { lackingOf } from "./description.ts";

const OLDEST_VERSION = 16;
const remedy = "install Asterisk 16.11, 17.5, 18 or a later one";

/** What the driver's requests need, beside what they need themselves. */
const neededModules = [
  "res_ari_applications",
  "res_ari_asterisk",
  "res_ari_bridges",
  "res_ari_channels",
  "res_ari_endpoints",
  "res_ari_events",
  "res_ari_playbacks",
  "res_stasis",
  "res_stasis_answer",
  "res_stasis_playback",
  "res_stasis_snoop",
  "app_stasis",
  "bridge_softmix",
  "func_talkdetect",
  "func_callerid",
  "res_mutestream",
];

/**
 * Returns the boot ID of a suitable Asterisk, or the fault and its fix as the end of a sentence.
 * `known`: boot ID of the Asterisk whose interface was compared before.
 */
export async function whatIsMissing(
  ari: Ari,
  settings: AsteriskSettings,
  identity: DriverIdentity | null,
  known: string | null = null,
): Promise<Result<string, string>> {
  const { user, endpoint, passwordFile } = settings;
  const asked = ari.ask("getInfo", { only: "system,status" }, ANSWER_WITHIN_MS);
  const answer = await asked.catch((error: unknown) => {
    if (error instanceof AriFailure) return error;
    throw error;
  });
  if (answer instanceof AriFailure) {
    if (!/wrong version number|packet length too long/.test(answer.message)) throw answer;
    return err("does not connect: it speaks no TLS there; set tlsenable = yes in http.conf, or correct driver.url");
  }
  const where = passwordFile === undefined ? "driver.password" : `${passwordFile} (driver.passwordFile)`;
  const refused = `refuses the user ${user}: write user and password of ari.conf into driver.user and ${where}`;
  const noAri =
    "has no ARI there: set enabled = yes in ari.conf and http.conf; in modules.conf, load res_ari_asterisk and all that it needs (as the sample configuration does; after asterisk -rx 'module load res_ari_asterisk.so' Asterisk's log says what it lacks); or correct driver.url";
  const goingAway = "is going away: it takes no requests any more";
  const byStatus: Readonly<Record<number, string>> = { 401: refused, 403: refused, 404: noAri, 503: goingAway };
  const fault = byStatus[answer.status];
  if (fault !== undefined) return err(fault);
  if (isDone(answer) && !v.safeParse(info, answer.body).success) {
    return err("does not answer: what answers there is no Asterisk; correct driver.url");
  }
  const { system, status } = read("getInfo", info, answer);
  // As in 22.10.1~dfsg, certified/18.9-cert1 and GIT-18-4f2a9c1; a version without a number is of one who knows.
  const version = Number(/\b(\d+)[.-]/.exec(system.version)?.[1]);
  if (version < OLDEST_VERSION) {
    return err(`is version ${system.version}: ${remedy}`);
  }
  const lacking = status.startup_time === known ? null : await lackingOf(ari);
  if (lacking?.length) {
    return err(`is version ${system.version}, which does not offer ${lacking.join(", ")}: ${remedy}`);
  }

  const running = await runningModules(ari);
  const isPjsip = endpointParts(endpoint).technology.toUpperCase() === "PJSIP";
  const missing = [...neededModules, ...(isPjsip ? ["chan_pjsip"] : [])].filter((name) => !running.has(name));
  if (missing.length > 0) {
    return err(
      `lacks what it needs: ${missing.join(", ")} ${missing.length === 1 ? "does" : "do"} not run; ${toRun(missing)}`,
    );
  }
  const noEndpoint = await missingEndpoint(ari, endpoint);
  if (noEndpoint !== null) return err(noEndpoint);
  if (identity === null) return ok(status.startup_time);
  const found = await applicationOf(ari, settings, identity);
  return found.ok ? ok(status.startup_time) : found;
}

/** Why nobody can be called by this pattern; `null`: Asterisk knows its endpoint. */
async function missingEndpoint(ari: Ari, endpoint: string): Promise<string | null> {
  const { technology, resource } = endpointParts(endpoint);
  const isPjsip = technology.toUpperCase() === "PJSIP";
  // Local channels are built in, and have no endpoints.
  if (!isPjsip && technology !== "Local") {
    const found = await ari.ask("listByTech", { tech: technology }, ANSWER_WITHIN_MS);
    if (found.status === 404) {
      return `knows no channel technology ${technology}: load the module that brings it (such as chan_${technology.toLowerCase()}.so), or correct driver.endpoint, ${endpoint}, as in PJSIP/{number}@trunk`;
    }
  }
  if (isPjsip && resource !== null) {
    const found = await ari.ask("getEndpoint", { tech: technology, resource }, ANSWER_WITHIN_MS);
    if (found.status === 404) {
      return `has no endpoint ${resource}: add it to pjsip.conf, or correct driver.endpoint, ${endpoint}`;
    }
  }
  return null;
}

/** Whose the application is, which nothing keeps from this agent; or why it cannot act on it, as the end of a sentence. */
export async function applicationOf(
  ari: Ari,
  { application, user }: AsteriskSettings,
  { owner }: DriverIdentity,
): Promise<Result<AgentNote | null, string>> {
  const before = await noteOf(ari, application);
  const eventName = "bridgehead-who-acts";
  const asked = await ari.ask("userEvent", { eventName, application }, ANSWER_WITHIN_MS);
  if (asked.status === 403) {
    const remedy = "set read_only = no in ari.conf, and run asterisk -rx 'module reload res_ari.so'";
    return err(`lets the user ${user} look and not act: ${remedy}`);
  }
  const isInUse = isDone(asked);
  // The other agent of this owner may have begun to act just now: it writes its note first.
  const note = before ?? (isInUse ? await noteOf(ari, application) : null);
  if (note !== null && note.owner !== owner) {
    const whose = `has the application ${application} in use for ${note.owner} (agent ${note.agent})`;
    const remedy = "set driver.application to one of this agent's own, and hand its callers to that in extensions.conf";
    const release = `asterisk -rx 'dialplan set global ${agentVariable(application)} ""'`;
    return err(`${whose}: ${remedy}${isInUse ? "" : `; or, if that owner is no more, run ${release}`}`);
  }
  if (note !== null || !isInUse) return ok(note);
  return err(
    `has the application ${application} in use by another program: stop that, or set driver.application to another one`,
  );
}

/** Without `.so`. */
export async function runningModules(ari: Ari): Promise<ReadonlySet<string>> {
  const loaded = read("listModules", modules, await ari.ask("listModules", {}, ANSWER_WITHIN_MS));
  const running = loaded.filter(({ status }) => status === "Running");
  return new Set(running.map(({ name }) => name.replace(/\.so$/, "")));
}

/** What to do about modules that do not run. A module that lacks another one does not run either, though it is listed. */
export function toRun([first = "", ...rest]: readonly string[]): string {
  const line = `load = ${first}.so`;
  const write = rest.length === 0 ? `write ${line} into modules.conf` : `write each into modules.conf, as ${line}`;
  const listed = rest.length === 0 ? "if it stands there already, it" : "one that stands there already";
  return `${write}, and restart Asterisk; ${listed} lacks another module: after asterisk -rx 'module load ${first}.so' Asterisk's log says which`;
}

/** The sounds that Asterisk does not have, as the end of a sentence; `null`: it has all, or does not say. Callers hear nothing in their place. */
export async function missingSounds(ari: Ari, settings: AsteriskSettings): Promise<string | null> {
  const answer = await ari.ask("listSounds", {});
  const listed = isDone(answer) ? v.safeParse(sounds, answer.body) : null;
  const files = listed?.success
    ? new Set(listed.output.flatMap(({ id, formats }) => formats.map(({ language }) => `${language}/${id}`)))
    : null;
  const language = languageOf(settings);
  // As Asterisk looks for a file; one with a path from the root on is none of those that it lists.
  const isThere = (name: string) =>
    name.startsWith("/")
      ? isFileThere(name, settings) !== false
      : !files || [`${language}/${name}`, `${language.split("_")[0]}/${name}`, name].some((file) => files.has(file));
  const missing = announcements.flatMap((announcement) =>
    soundsOf(settings, announcement)
      .filter((name) => !isThere(name))
      .map((name) => `${name} (driver.sounds.${announcement})`),
  );
  if (missing.length === 0) return null;
  return (
    `lacks sounds in the language ${language}, and callers hear nothing there: ${missing.join(", ")}; ` +
    `put these files there, those without a path into sounds/${language} of its data folder, or correct driver.sounds or driver.language`
  );
}

/** The sounds of which nobody knows here whether Asterisk has them. */
export function unseenSounds(settings: AsteriskSettings): readonly string[] {
  const names = announcements.flatMap((announcement) => soundsOf(settings, announcement));
  return names.filter((name) => name.startsWith("/") && isFileThere(name, settings) === null);
}

/** Whether Asterisk finds a file by its path from the root on, without its ending; `null`: that is not seen from here. */
function isFileThere(name: string, settings: AsteriskSettings): boolean | null {
  if (!isLoopback(new URL(settings.url).hostname)) return null;
  const folder = dirname(name);
  const found = [folder, join(folder, languageOf(settings))].map((place) => {
    try {
      return readdirSync(place).some((file) => file.startsWith(`${basename(name)}.`));
    } catch (error) {
      return codeOf(error) === "EACCES" ? null : false;
    }
  });
  return found.includes(true) || (found.includes(null) ? null : false);
}

/** Who acts on an application, as noted in Asterisk; `null`: nobody has noted it. */
export async function noteOf(ari: Ari, application: string): Promise<AgentNote | null> {
  return readAgentNote(await ari.globalVar(agentVariable(application), ANSWER_WITHIN_MS));
}
