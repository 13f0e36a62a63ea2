import type { Entrance } from "../../src/bridge/keypad.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { MultiMap } from "../../src/foundation/maps.ts";
import type { JournaledConference } from "./journal.ts";

/** The conferences that callers can enter. Each key that a caller types asks, so nothing walks through all of them. */
export class LiveConferences {
  readonly #records = new Map<ConfKey, JournaledConference>();
  readonly #ofCode = new MultiMap<string, ConfKey>();
  readonly #ofAnonymousId = new MultiMap<string, ConfKey>();

  get size(): number {
    return this.#records.size;
  }

  keys(): ConfKey[] {
    return [...this.#records.keys()];
  }

  /** `null`: there is no such conference, or it is over. */
  find(key: string): JournaledConference | null {
    return this.#records.get(key as ConfKey) ?? null;
  }

  /** A record that is not live takes its conference out. */
  set(key: ConfKey, record: JournaledConference): void {
    const known = this.#records.get(key);
    for (const code of codesOf(known)) this.#ofCode.delete(code, key);
    if (known?.anonymousId != null) this.#ofAnonymousId.delete(known.anonymousId, key);
    if (!record.live) {
      this.#records.delete(key);
      return;
    }
    this.#records.set(key, record);
    for (const code of codesOf(record)) this.#ofCode.add(code, key);
    if (record.anonymousId !== null) this.#ofAnonymousId.add(record.anonymousId, key);
  }

  /** What this key or access code leads into. A code that two conferences have leads into neither. */
  entrance(keyed: string): Entrance | null {
    const own = this.find(keyed);
    if (own) return { conference: keyed as ConfKey, host: false, anonymousId: own.anonymousId, locked: own.locked };
    const [conference, another] = this.#ofCode.get(keyed);
    const record = conference && this.find(conference);
    if (!record || another) return null;
    const { accessCodes, anonymousId, locked } = record;
    return { conference, host: keyed !== accessCodes?.participant, anonymousId, locked };
  }

  /** Whether it is an access code or the AnonymousID of one of them. */
  isSecret(text: string): boolean {
    return this.#ofCode.has(text) || this.#ofAnonymousId.has(text);
  }
}

function codesOf(record: JournaledConference | undefined): string[] {
  const { subscriber, participant } = record?.accessCodes ?? {};
  return [subscriber, participant].filter((code) => code != null);
}
