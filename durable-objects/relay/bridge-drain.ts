import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { ConfKey, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import type { ForConference } from "../../src/link/relay.ts";
import type { RelayLog, RelayStore } from "./relay-store.ts";

/** Whether the bridge takes new conferences. */
export class BridgeDrain {
  readonly #store: RelayStore;
  readonly #log: RelayLog;
  #since: EpochMs | null;

  constructor(store: RelayStore, log: RelayLog) {
    this.#store = store;
    this.#log = log;
    this.#since = store.read("drainedSince") ?? null;
  }

  /** Since when the bridge takes no new conferences; `null`: it takes them. */
  get since(): EpochMs | null {
    return this.#since;
  }

  set(drained: boolean, now: EpochMs): EpochMs | null {
    if (drained === (this.#since !== null)) return this.#since;
    const since = drained ? now : null;
    this.#store.write("drainedSince", since);
    this.#since = since;
    this.#log(drained ? "bridge-drained" : "bridge-undrained", "", {}, drained ? "warn" : "info");
    return since;
  }

  /** Whether a drained bridge refuses this. A create sent again may have begun, unless it was issued after the drain and its refusal was lost. */
  refuses({ command, again, withinMs = 0 }: IssuedCommand, now: EpochMs, createTimeoutMs: number): boolean {
    if (this.#since === null || command.type !== "create-conference" || command.renews) return false;
    return !again || (withinMs > 0 && now + withinMs - createTimeoutMs > this.#since);
  }
}

/** Reports as if the bridge had refused these creates, in a stream of their own that nobody acknowledges or goes on with. */
export function refusalsOf(conference: ConfKey, refused: readonly IssuedCommand[], stream: StreamId): ForConference {
  const result = { done: false, reason: "capacity" } as const;
  const reports = refused.map(
    ({ id }, index) => ({ number: index + 1, report: { type: "result", id, result } }) as const,
  );
  return { type: "reports", id: "", conference, stream, cannot: [], reports };
}
