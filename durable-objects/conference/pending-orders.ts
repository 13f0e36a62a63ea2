import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { PendingCommand } from "../../src/conference/state.ts";
import type { CommandId, EpochMs } from "../../src/foundation/ids.ts";

type Orders = ReadonlyMap<CommandId, PendingCommand>;

/** Pauses before an order that no agent has taken is told again; the last one repeats, for the first minute. */
const pausesMs = [1000, 2000, 4000, 5000] as const;
/** After that: whoever has been away for so long reports when it is back. */
const longPauseMs = 60_000;
const patienceMs = 60_000;
/** Before an order that an agent has taken: another one may be in charge by now, and have nothing to report of this conference. */
const repeatTakenMs = 10_000;

interface Told {
  readonly times: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/** Which orders were told when. Only in memory: after a restart they are told once more, which is harmless. */
export class PendingOrders {
  readonly #told = new Map<CommandId, Told>();
  readonly #taken = new Set<CommandId>();
  /** Those that were never told, so that nobody can have carried them out. */
  readonly #fresh = new Set<CommandId>();

  given(commands: readonly IssuedCommand[]): void {
    for (const { id } of commands) this.#fresh.add(id);
  }

  taken(ids: readonly CommandId[]): void {
    for (const id of ids) this.#taken.add(id);
  }

  /** An agent has said something: whatever it has not taken for a while is due. */
  agentIsThere(now: EpochMs): void {
    for (const [id, { lastAt }] of this.#told) {
      if (!this.#taken.has(id) && now - lastAt >= pausesMs[0]) this.#told.delete(id);
    }
  }

  /** Perhaps another agent is in charge, which knows nothing of what the one before had taken: all is due. */
  agentIsNew(): void {
    this.#taken.clear();
    this.#told.clear();
  }

  /**
   * The orders to tell now, in the order in which they were given; from now on they count as told. If there is any, all
   * go with it, also those that were taken: by whom is not known, and nothing may overtake them.
   */
  due(commands: Orders, now: EpochMs): readonly IssuedCommand[] {
    const next = this.nextTelling(commands);
    if (next === null || now < next) return [];
    return [...commands.values()].map(({ id, command, answerBy }) => {
      const { times = 0, firstAt = now } = this.#told.get(id) ?? {};
      this.#told.set(id, { times: times + 1, firstAt, lastAt: now });
      const again = !this.#fresh.delete(id);
      return {
        id,
        command,
        ...(again && { again }),
        ...(answerBy !== null && { withinMs: Math.max(0, answerBy - now) }),
      };
    });
  }

  /** When the next one is to be told; `null` when there is none. */
  nextTelling(commands: Orders): EpochMs | null {
    let next: EpochMs | null = null;
    for (const id of commands.keys()) {
      const at = this.#tellAt(id);
      if (next === null || at < next) next = at;
    }
    return next;
  }

  keepOnly(commands: Orders): void {
    for (const id of this.#told.keys()) if (!commands.has(id)) this.#told.delete(id);
    for (const id of this.#taken) if (!commands.has(id)) this.#taken.delete(id);
    for (const id of this.#fresh) if (!commands.has(id)) this.#fresh.delete(id);
  }

  #tellAt(id: CommandId): EpochMs {
    const told = this.#told.get(id);
    if (!told) return 0;
    const { times, firstAt, lastAt } = told;
    if (this.#taken.has(id)) return lastAt + repeatTakenMs;
    if (lastAt - firstAt >= patienceMs) return lastAt + longPauseMs;
    return lastAt + (pausesMs[times - 1] ?? pausesMs[3]);
  }
}
