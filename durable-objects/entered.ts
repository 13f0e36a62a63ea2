import type { Caller } from "../src/conference/state.ts";
import type { CallId, EpochMs } from "../src/foundation/ids.ts";
import type { JournalRow } from "./conference-store.ts";

/** When the callers of a conference entered, as its journal tells. Reads what was added since it was asked before. */
export class Entered {
  readonly #journal: (after: number) => readonly JournalRow[];
  readonly #at = new Map<CallId, EpochMs>();
  #seq = 0;

  /** `journal`: some rows behind this one, in order; none where there are no more. */
  constructor(journal: (after: number) => readonly JournalRow[]) {
    this.#journal = journal;
  }

  /** Of those who are in it. */
  callers(): ReadonlyMap<CallId, EpochMs> {
    for (let rows = this.#journal(this.#seq); rows.length > 0; rows = this.#journal(this.#seq)) {
      for (const row of rows) this.#read(row);
    }
    return new Map(this.#at);
  }

  #read({ seq, at, changes }: JournalRow): void {
    this.#seq = seq;
    for (const [key, value] of changes ?? []) {
      if (!key.startsWith("caller/")) continue;
      const call = key.slice("caller/".length) as CallId;
      const caller = value as Caller | null;
      if (!caller || caller.left) this.#at.delete(call);
      else if (!this.#at.has(call)) this.#at.set(call, at);
    }
  }
}
