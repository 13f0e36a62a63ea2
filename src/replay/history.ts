import type { Ability } from "../bridge/abilities.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { Post } from "../conference/draft.ts";
import type { BridgeName, ConfKey, EpochMs } from "../foundation/ids.ts";
import { version } from "../foundation/version.ts";
import { targetUrl } from "../routing/target-url.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import type { Domain } from "../settings/load.ts";

/** One row of a conference's journal, as its store reads it. */
export interface HistoryRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: ConferenceInput | null;
  readonly changes: readonly (readonly [key: string, value: unknown])[] | null;
  readonly progress: HistoryProgress;
}

/** How far the conference had come with its row: the parts that decisions use. */
interface HistoryProgress {
  readonly bridge: BridgeName | null;
  readonly cannot?: readonly Ability[] | undefined;
  readonly serial: number;
  /** Which code and settings decided; absent in rows of versions that did not say. */
  readonly decidedBy?: string;
}

/** A document as the journal keeps it until it is confirmed, given up or dropped. */
export interface KeptDocument {
  readonly seq: number;
  readonly host: Post["host"];
  readonly transId: string;
  readonly attempts: number;
  readonly dueAt: EpochMs;
  readonly messages: readonly Post["message"][];
  readonly oneAttempt?: true;
  readonly failure?: string;
  readonly failedAt?: EpochMs;
}

/** What replaying a conference needs besides its journal. */
export interface About {
  readonly confKey: ConfKey;
  readonly domain: Domain;
  /** The code and the settings that decide now. */
  readonly decidedBy: string;
}

export function aboutOf(confKey: ConfKey, domain: Domain): About {
  return { confKey, domain, decidedBy: decidedBy(domain.settings) };
}

/** The settings that decisions use; a test that is saved from a journal names those that differ from a local run's. */
export function decisiveSettings(settings: DomainSettings) {
  const { transactionMemoryMs, closedMemoryMs, createTimeoutMs } = settings;
  const { hybrid, recording, passthroughUrl, policy, protocol } = settings;
  return {
    ...{ transactionMemoryMs, closedMemoryMs, createTimeoutMs },
    ...{ hybrid, recording, passthroughUrl, policy, protocol },
  };
}

const known = new WeakMap<DomainSettings, string>();

/** The version of the code, and after a blank a digest of the settings that it decides by: rows of one text are decided alike. */
export function decidedBy(settings: DomainSettings): string {
  let text = known.get(settings);
  if (text === undefined) {
    text = `${version} ${digest(JSON.stringify(decisiveSettings(settings)))}`;
    known.set(settings, text);
  }
  return text;
}

export function versionIn(decidedBy: string): string {
  return decidedBy.slice(0, decidedBy.lastIndexOf(" "));
}

export function settingsIn(decidedBy: string): string {
  return decidedBy.slice(decidedBy.lastIndexOf(" ") + 1);
}

/** Whether a message is sent at all: the domain may not want it, or not post to its server. */
export function isPosted({ settings, codec }: Domain, { host, message }: Post): boolean {
  if (message.type === "client-data") return true;
  return codec.sends(message) && targetUrl(host, settings.webex).ok;
}

/** FNV-1a, in seven characters. */
function digest(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(36).padStart(7, "0");
}
