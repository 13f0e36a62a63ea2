import { readFileSync } from "node:fs";
import { isLoopback } from "../../../../src/foundation/loopback.ts";
import { err, ok, type Result } from "../../../../src/foundation/result.ts";
import {
  type CheckResult,
  type Finding,
  findingsOf,
  right,
  warn,
  wrong,
} from "../../../../src/foundation/text/finding.ts";
import { reasonOf } from "../../../../src/foundation/text/reason.ts";
import type { Timers } from "../../../../src/foundation/time/timers.ts";
import type { DriverIdentity } from "../../driver.ts";
import { ANSWER_WITHIN_MS, Ari, configTuples, endpoint, isDone, read } from "../ari.ts";
import { JOIN_TONE, LEAVE_TONE } from "../mirror/calls.ts";
import { type AsteriskSettings, endpointParts, readPassword } from "../settings.ts";
import { applicationOf, missingSounds, runningModules, toRun, unseenSounds, whatIsMissing } from "./prerequisites.ts";
import { sampleModules } from "./sample-config.ts";

/** Of each call: its sound, and the reports about that. */
export const RTP_PORTS_FOR_EACH_CALL = 2;

/** The modules that run; `null`: it is not known. */
type RunningModules = ReadonlySet<string> | null;

/** What Asterisk takes of `rtp.conf`. */
const LOWEST_PORT = 1_024;
const HIGHEST_PORT = 65_535;
/** So long Asterisk waits for a trunk's answer. */
const QUALIFIED_WITHIN_MS = 3_000;

/** What was tried: what does not work where one of the sample's modules does not run, in all other respects. */
const withoutModule: Readonly<Record<string, string>> = {
  app_stack: "with the sample's dialplan each call in is refused, 603",
  chan_bridge_media: "no tones when somebody enters or leaves",
  codec_gsm: "Asterisk's own sounds are not heard",
  format_gsm: "Asterisk's own sounds are not heard",
  pbx_config: "each call in is refused, 404",
  res_pjsip_endpoint_identifier_ip: "the trunk's calls are refused, 401",
  res_pjsip_sdp_rtp: "each call is refused, 488",
  res_rtp_asterisk: "each call is refused, 488",
};

/** Where the dialplan is entered that has no trunk: as in the sample configuration. */
const SAMPLE_CONTEXT = "from-trunk";

/** What an operator may want to know of an Asterisk, by REST alone. Empty where it cannot be asked: then the driver says why. */
export async function inspectAsterisk(
  settings: AsteriskSettings,
  identity: DriverIdentity,
  timers: Timers,
): Promise<readonly Finding[]> {
  const ari = await openAri(settings, timers);
  if (ari === null) return [];
  try {
    const trunk = await trunkOf(ari, settings);
    const running = await runningModules(ari).catch(() => null);
    const checks = {
      version: () => checkVersion(ari),
      needs: () => checkNeeds(ari, settings),
      modules: () => checkModules(running),
      application: () => checkApplication(ari, settings, identity),
      dialplan: () => checkDialplan(ari, settings, identity, trunk?.get("context") ?? SAMPLE_CONTEXT),
      trunk: () => checkTrunk(ari, settings, trunk, running),
      numbers: () => checkNumbers(ari, trunk),
      strangers: () => checkStrangers(settings, trunk, running),
      transfers: () => checkTransfers(settings, trunk),
      sounds: () => checkSounds(ari, settings),
      rtp: () => checkRtp(ari, settings),
      keys: () => checkKeys(ari, settings),
    };
    const findings: Finding[] = [];
    for await (const finding of findingsOf(checks)) findings.push(finding);
    return findings;
  } finally {
    ari.close();
  }
}

/** `null`: it does not answer, or refuses the user, or is no Asterisk. */
async function openAri(settings: AsteriskSettings, timers: Timers): Promise<Ari | null> {
  try {
    const ari = new Ari({ ...settings, password: readPassword(settings) }, timers);
    await ari.info();
    return ari;
  } catch {
    return null;
  }
}

async function checkVersion(ari: Ari): Promise<CheckResult> {
  const { system, status } = await ari.info();
  return right(`Asterisk ${system.version}, up since ${status.startup_time}`);
}

async function checkNeeds(ari: Ari, settings: AsteriskSettings): Promise<CheckResult> {
  const found = await whatIsMissing(ari, settings, null);
  if (found.ok) return right("version, interface, modules and endpoint are what the driver needs");
  return wrong(`Asterisk ${found.error}`);
}

/** Those of the sample configuration; an Asterisk that does more has others, too. */
function checkModules(running: RunningModules): CheckResult {
  if (running === null) return warn("not known: Asterisk does not say which ones run");
  const all = sampleModules();
  // One kind of timer is enough, and this Asterisk would not answer without the module that only newer ones have.
  const isReplaced = (name: string) =>
    name === "res_websocket_client" ||
    (name.startsWith("res_timing_") && [...running].some((each) => each.startsWith("res_timing_")));
  const missing = all.filter((name) => !running.has(name) && !isReplaced(name));
  if (missing.length === 0) return right("those of the sample configuration run");
  const list = missing.map((name) => (name in withoutModule ? `${name} (${withoutModule[name]})` : name)).join(", ");
  return warn(`of the sample configuration, these do not run: ${list}; ${toRun(missing)}`);
}

async function checkApplication(ari: Ari, settings: AsteriskSettings, identity: DriverIdentity): Promise<CheckResult> {
  const note = await applicationOf(ari, settings, identity);
  if (!note.ok) return wrong(`Asterisk ${note.error}`);
  const { application } = settings;
  if (note.value === null) return right(`${application} is nobody's yet: the agent takes it when it acts`);
  return right(`${application} is ${identity.owner}'s; ${note.value.agent} acted last`);
}

async function checkDialplan(
  ari: Ari,
  settings: AsteriskSettings,
  { dialIn }: DriverIdentity,
  context: string,
): Promise<CheckResult> {
  const { application } = settings;
  const file = await readConfig(ari, settings, "extensions.conf");
  if (file.ok && isOn(settingIn(file.value, "general", "clearglobalvars"))) {
    return wrong(
      "clearglobalvars is on in extensions.conf: each reload of the dialplan has Asterisk forget what agents have written down there of running conferences, such as a lock; set clearglobalvars = no under [general], and restart Asterisk",
    );
  }
  if (dialIn?.length === 0) return right(`no number need lead to ${application}, since dialIn is empty`);
  const numbers = dialIn ?? ["NUMBER"];
  const shown = numbers.map((number) => `asterisk -rx 'dialplan show ${number}@${context}'`).join(", ");
  return warn(`not looked at: ${shown} must lead to Gosub(conference,\${EXTEN},1(${application}))`);
}

/** The section of the endpoint; `null` where the pattern names none of PJSIP. */
type Trunk = ReadonlyMap<string, string> | null;

async function trunkOf(ari: Ari, settings: AsteriskSettings): Promise<Trunk> {
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
  trunk: Trunk,
  running: RunningModules,
): Promise<CheckResult> {
  const { technology, resource } = endpointParts(pattern);
  if (resource === null || technology.toUpperCase() !== "PJSIP") {
    return warn(`not looked at: ${pattern} names no endpoint of PJSIP`);
  }
  const missing = ["res_pjsip", "res_ari_endpoints"].filter((name) => running !== null && !running.has(name));
  if (missing.length > 0) {
    return warn(`not looked at, since ${missing.join(", ")} does not run: see the line about modules`);
  }
  if (trunk === null) {
    return wrong(`there is no ${resource}: add it to pjsip.conf, or correct driver.endpoint`);
  }
  const transport = trunk.get("transport") ?? "";
  if (transport !== "" && (await section(ari, "transport", transport)) === null) {
    return wrong(
      `${transport}, the transport of ${resource}, is not there: another program may have the port that it binds to, or this machine not the address, or pjsip.conf lacks it; Asterisk's log says which`,
    );
  }
  const aors = trunk.get("aors") ?? "";
  const aor = aors === "" ? null : await section(ari, "aor", aors.split(",")[0] ?? "");
  if (aor === null) {
    return wrong(`${resource} has no address: add aors = ${resource}, and a type = aor with contact, to pjsip.conf`);
  }
  const contact = aor.get("contact") ?? "";
  const frequency = aor.get("qualify_frequency");
  if (Number(frequency) === 0) {
    return warn(
      `${resource} is at ${contact}; whether it answers is not known: set qualify_frequency = 60 at its type = aor in pjsip.conf`,
    );
  }
  const asked = await ari.ask("getEndpoint", { tech: technology, resource }, ANSWER_WITHIN_MS);
  if (read("getEndpoint", endpoint, asked).state === "online") {
    return right(`${resource} at ${contact} answers OPTIONS`);
  }
  const { status } = await ari.info();
  const sinceMs = Date.now() - Date.parse(status.last_reload_time ?? status.startup_time);
  if (sinceMs < Number(frequency) * 1_000 + QUALIFIED_WITHIN_MS) {
    return warn(
      `${resource} at ${contact} has not answered OPTIONS yet: Asterisk has read its settings ${Math.round(sinceMs / 1_000)} s ago, and asks each ${frequency} s; look again in a minute`,
    );
  }
  return wrong(
    `${resource} at ${contact} does not answer OPTIONS: check contact in pjsip.conf, the address that transport binds to, and the firewalls between`,
  );
}

/** Without the setting, Asterisk takes parameters after a dialed number as part of the number, which the dialplan lacks. */
async function checkNumbers(ari: Ari, trunk: Trunk): Promise<CheckResult> {
  if (trunk === null) return warn("not looked at: see the line about the trunk");
  const settings = await section(ari, "global", "global");
  if (isOn(settings?.get("ignore_uri_user_options")))
    return right("parameters after a number, such as ;npdi, are ignored");
  return warn(
    "a call to a number with parameters, such as 18005551234;npdi, is refused, 404: set ignore_uri_user_options = yes under [global], type = global, in pjsip.conf",
  );
}

/** Whether a name in From is enough to be taken for the trunk. */
function checkStrangers({ endpoint: pattern }: AsteriskSettings, trunk: Trunk, running: RunningModules): CheckResult {
  if (trunk === null || running === null) return warn("not looked at: see the line about the trunk");
  const { resource } = endpointParts(pattern);
  const module = "res_pjsip_endpoint_identifier_user";
  const isByName =
    running.has(module) && trunk.get("auth") === "" && /\busername\b/.test(trunk.get("identify_by") ?? "");
  if (!isByName) return right(`no name in From makes a stranger ${resource}`);
  return warn(
    `${module} runs, and takes any stranger who writes ${resource} into From for ${resource}: take it out of modules.conf, or set identify_by = ip for ${resource} in pjsip.conf`,
  );
}

function checkTransfers({ endpoint: pattern }: AsteriskSettings, trunk: Trunk): CheckResult {
  if (trunk === null) return warn("not looked at: see the line about the trunk");
  const { resource } = endpointParts(pattern);
  if (!isOn(trunk.get("allow_transfer"))) return right(`${resource} can transfer no call`);
  return warn(
    `${resource} can transfer calls, and the agent hangs up on a call that takes a caller's place: set allow_transfer = no for ${resource} in pjsip.conf`,
  );
}

async function checkSounds(ari: Ari, settings: AsteriskSettings): Promise<CheckResult> {
  const wanted = [JOIN_TONE, LEAVE_TONE].map((media) => media.replace("sound:", ""));
  const answers = await Promise.all(wanted.map((soundId) => ari.ask("getSound", { soundId }, ANSWER_WITHIN_MS)));
  const missing = wanted.filter((_, index) => answers[index]?.status === 404);
  // Where res_ari_sounds is not loaded, everything is answered with 404.
  if (missing.length > 0) {
    return warn(
      `${missing.join(", ")} not found, and callers hear nothing in their place: install Asterisk's sounds (asterisk-core-sounds-en), and see the line about modules`,
    );
  }
  const lacks = await missingSounds(ari, settings);
  if (lacks !== null) return warn(`Asterisk ${lacks}`);
  const unseen = unseenSounds(settings);
  if (unseen.length > 0) {
    return warn(`${unseen.join(", ")} cannot be looked at from here: see that Asterisk has them`);
  }
  return right(`${wanted.join(", ")} and all that callers hear are there`);
}

async function checkRtp(ari: Ari, settings: AsteriskSettings): Promise<CheckResult> {
  const { ports } = settings;
  const wanted = ports === undefined ? null : ports * RTP_PORTS_FOR_EACH_CALL;
  const file = await readConfig(ari, settings, "rtp.conf");
  if (!file.ok) {
    const needs = wanted === null ? "" : `; driver.ports wants ${wanted} of them`;
    return warn(`not looked at, since ${file.error}: asterisk -rx 'rtp show settings' has the ports${needs}`);
  }
  const text = file.value;
  const first = Number(/^\s*rtpstart\s*=>?\s*(\d+)/m.exec(text)?.[1] ?? 5_000);
  const last = Number(/^\s*rtpend\s*=>?\s*(\d+)/m.exec(text)?.[1] ?? 31_000);
  const count = Math.max(0, last - first + 1);
  const range = `${first} to ${last}`;
  if (first < LOWEST_PORT || last > HIGHEST_PORT || count < RTP_PORTS_FOR_EACH_CALL) {
    return wrong(
      `${range} is no range of ports, ${LOWEST_PORT} to ${HIGHEST_PORT}, for calls: set rtpstart = 10000 and rtpend = 19999 in rtp.conf, and restart Asterisk`,
    );
  }
  const calls = Math.floor(count / RTP_PORTS_FOR_EACH_CALL);
  if (wanted === null || count >= wanted) return right(`${range}, enough for ${calls} calls`);
  const end = first + wanted - 1;
  const more = end <= HIGHEST_PORT ? `set rtpend = ${end} in rtp.conf` : "set a lower rtpstart in rtp.conf";
  return wrong(`${range} is enough for ${calls} calls, and driver.ports is ${ports}: ${more}, or lower driver.ports`);
}

/** With any other least duration than 0, Asterisk doubles keys that come quickly. */
async function checkKeys(ari: Ari, settings: AsteriskSettings): Promise<CheckResult> {
  const file = await readConfig(ari, settings, "asterisk.conf");
  if (!file.ok) {
    return warn(
      `not looked at, since ${file.error}: asterisk -rx 'core show settings' must have a Min DTMF duration of 0, or quick keys count twice`,
    );
  }
  const ms = settingIn(file.value, "options", "mindtmfduration");
  if (Number(ms) === 0)
    return right(
      "each key counts once, however short (mindtmfduration = 0); of keys that a network holds back Asterisk tells some twice, and callers are asked for them again",
    );
  const found = ms === undefined ? "is not set, which means 80 ms" : `is ${ms} ms`;
  return wrong(
    `mindtmfduration ${found}, and quick keys count twice: set mindtmfduration = 0 under [options] in asterisk.conf, and restart Asterisk`,
  );
}

/** The last word counts. A section with (!) is a template, and does nothing. */
function settingIn(text: string, section: string, name: string): string | undefined {
  const begin = new RegExp(`^\\[${section}\\](?!\\s*\\(!)`, "i");
  const sections = text.split(/^(?=\[)/m).filter((each) => begin.test(each));
  return [...sections.join("\n").matchAll(new RegExp(`^\\s*${name}\\s*=>?\\s*(\\w+)`, "gim"))].at(-1)?.[1];
}

/** As Asterisk reads it. */
function isOn(value = ""): boolean {
  return /^(yes|true|y|t|1|on)$/i.test(value);
}

/** One of Asterisk's files, where it runs on this machine and may be read; else why not. REST does not show what is in these. */
async function readConfig(ari: Ari, { url }: AsteriskSettings, name: string): Promise<Result<string, string>> {
  if (!isLoopback(new URL(url).hostname)) return err("Asterisk is on another machine");
  const folder = (await ari.globalVar("ASTETCDIR", ANSWER_WITHIN_MS)) || "/etc/asterisk";
  const file = `${folder}/${name}`;
  try {
    return ok(readFileSync(file, "utf8"));
  } catch (error) {
    return err(`${file} cannot be read by this user (${reasonOf(error)})`);
  }
}
