import { type DecisiveSettings, decisive } from "../conference/draft.ts";
import type { InputRow } from "../conference/inputs.ts";
import type { DecisionProgress } from "../conference/transaction.ts";
import { hash } from "../foundation/hash.ts";
import type { ConfKey } from "../foundation/ids.ts";
import { version } from "../foundation/version.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import type { Domain } from "../settings/load.ts";

/** One row of a conference's journal. */
export interface HistoryRow extends InputRow {
  /** Of its whole transaction, in its last row; `null` in the rows before, and where they were too long. */
  readonly changes: readonly (readonly [key: string, value: unknown])[] | null;
  readonly progress: HistoryProgress;
}

/** How far the conference had come with its row. */
interface HistoryProgress extends DecisionProgress {
  /** Which code and settings decided; absent in rows of versions that did not say. */
  readonly decidedBy?: string;
}

/** What replaying a conference needs besides its journal. */
export interface About {
  readonly confKey: ConfKey;
  readonly domain: Domain;
}

/** A test that is saved from a journal names those that differ from a local run's. */
export function decisiveSettings(settings: DomainSettings): DecisiveSettings {
  return Object.fromEntries(decisive.map((name) => [name, settings[name]])) as DecisiveSettings;
}

const known = new WeakMap<DomainSettings, string>();

/** The version of the code, and after a blank a digest of the settings that it decides by: rows of one text are decided alike. */
export function decidedBy(settings: DomainSettings): string {
  let text = known.get(settings);
  if (text === undefined) {
    text = `${version} ${hash(JSON.stringify(decisiveSettings(settings))).toString(36)}`;
    known.set(settings, text);
  }
  return text;
}

export function deciderIn(decidedBy: string): { readonly version: string; readonly settings: string } {
  const at = decidedBy.lastIndexOf(" ");
  return { version: decidedBy.slice(0, at), settings: decidedBy.slice(at + 1) };
}
