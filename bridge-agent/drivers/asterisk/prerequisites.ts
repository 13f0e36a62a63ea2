import * as v from "valibot";
import { announcements } from "../../../src/bridge/announcements.ts";
import { err, ok, type Result } from "../../../src/foundation/result.ts";
import type { DriverIdentity } from "../driver.ts";
import { type Ari, info, isDone, modules, read, sounds, variable } from "./ari.ts";
import { type AgentNote, agentVariable, readAgentNote } from "./names.ts";
import { type AsteriskSettings, endpointParts, languageOf, soundsOf } from "./settings.ts";

const OLDEST_VERSION = 16;
const ANSWER_WITHIN_MS = 2_000;

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

/** The boot id of an Asterisk that this driver can work with; or what is wrong and what to do, as the end of a sentence. */
export async function whatIsMissing(
  ari: Ari,
  settings: AsteriskSettings,
  identity: DriverIdentity | null,
): Promise<Result<string, string>> {
  const answer = await ari.ask("getInfo", { only: "system,status" }, ANSWER_WITHIN_MS);
  const { user, endpoint, application } = settings;
  if (answer.status === 401 || answer.status === 403) {
    return err(`refuses the user ${user}: write user and password of ari.conf into driver.user and driver.password`);
  }
  if (answer.status === 404) {
    return err(
      "has no ARI there: set enabled = yes in ari.conf and http.conf, load res_ari_asterisk, or correct driver.url",
    );
  }
  if (answer.status === 503) return err("is going away: it takes no requests any more");
  const { system, status } = read("getInfo", info, answer);
  const version = Number(/(\d+)\./.exec(system.version)?.[1]);
  if (version < OLDEST_VERSION) {
    return err(`is version ${system.version}: install Asterisk ${OLDEST_VERSION} or a later one`);
  }

  const { technology, resource } = endpointParts(endpoint);
  const loaded = read("listModules", modules, await ari.ask("listModules", {}, ANSWER_WITHIN_MS));
  const running = new Set(
    loaded.filter((each) => each.status === "Running").map(({ name }) => name.replace(/\.so$/, "")),
  );
  const isPjsip = technology.toUpperCase() === "PJSIP";
  const missing = [...neededModules, ...(isPjsip ? ["chan_pjsip"] : [])].filter((name) => !running.has(name));
  if (missing.length > 0) {
    return err(
      `lacks what it needs: add load = ${missing.join(".so, load = ")}.so to modules.conf, and restart Asterisk`,
    );
  }
  // Local channels are built in, and have no endpoints.
  if (!isPjsip && technology !== "Local") {
    const found = await ari.ask("listByTech", { tech: technology }, ANSWER_WITHIN_MS);
    if (found.status === 404)
      return err(`knows no channel technology ${technology}: correct driver.endpoint, ${endpoint}`);
  }
  if (isPjsip && resource !== null) {
    const found = await ari.ask("getEndpoint", { tech: technology, resource }, ANSWER_WITHIN_MS);
    if (found.status === 404) {
      return err(`has no endpoint ${resource}: add it to pjsip.conf, or correct driver.endpoint, ${endpoint}`);
    }
  }

  if (identity === null) return ok(status.startup_time);
  const before = await noteOf(ari, application);
  const eventName = "bridgehead-who-acts";
  const asked = await ari.ask("userEvent", { eventName, application }, ANSWER_WITHIN_MS);
  if (asked.status === 403) return err(`lets the user ${user} look and not act: set read_only = no in ari.conf`);
  const isInUse = isDone(asked);
  // The other agent of this owner may have begun to act just now: it writes its note first.
  const note = before ?? (isInUse ? await noteOf(ari, application) : null);
  if (note !== null && note.owner !== identity.owner) {
    const whose = `has the application ${application} in use for ${note.owner} (agent ${note.agent})`;
    const remedy = "set driver.application to one of this agent's own, and hand its callers to that in extensions.conf";
    const release = `asterisk -rx 'dialplan set global ${agentVariable(application)} ""'`;
    return err(`${whose}: ${remedy}${isInUse ? "" : `; or, if that owner is no more, run ${release}`}`);
  }
  if (note === null && isInUse) {
    return err(
      `has the application ${application} in use by another program: stop that, or set driver.application to another one`,
    );
  }
  return ok(status.startup_time);
}

/** The sounds that Asterisk does not have, as the end of a sentence; `null`: it has all, or does not say. Callers hear nothing in their place. */
export async function missingSounds(ari: Ari, settings: AsteriskSettings): Promise<string | null> {
  const answer = await ari.ask("listSounds", {});
  const listed = isDone(answer) ? v.safeParse(sounds, answer.body) : null;
  if (!listed?.success) return null;
  const files = new Set(listed.output.flatMap(({ id, formats }) => formats.map(({ language }) => `${language}/${id}`)));
  const language = languageOf(settings);
  // As Asterisk looks for a file; one with a path from the root on is none of those that it lists.
  const isThere = (name: string) =>
    name.startsWith("/") ||
    [`${language}/${name}`, `${language.split("_")[0]}/${name}`, name].some((file) => files.has(file));
  const missing = announcements.flatMap((announcement) =>
    soundsOf(settings, announcement)
      .filter((name) => !isThere(name))
      .map((name) => `${name} (driver.sounds.${announcement})`),
  );
  if (missing.length === 0) return null;
  return (
    `lacks sounds in the language ${language}, and callers hear nothing there: ${missing.join(", ")}; ` +
    `put these files into sounds/${language} of its data folder, or correct driver.sounds or driver.language`
  );
}

/** Who acts on an application, as far as Asterisk was told; `null`: nobody has said so. */
export async function noteOf(ari: Ari, application: string): Promise<AgentNote | null> {
  const answer = await ari.ask("getGlobalVar", { variable: agentVariable(application) }, ANSWER_WITHIN_MS);
  return readAgentNote(read("getGlobalVar", variable, answer).value);
}
