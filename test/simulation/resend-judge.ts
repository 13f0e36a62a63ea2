import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";

const checkEveryMs = 10_000;
/** A command that an agent has acknowledged is sent again after ten seconds: the agent that took it may be gone. */
const ackedWithinMs = 25_000;
/** A command that nobody acknowledges is sent less and less often. */
const unackedWithinMs = 90_000;
/** Within this time an object notices what is due, whatever happens to its clock meanwhile. */
const clockSetMs = 300_000;

/** Judges that no command is left to an agent that has gone: a later command, or a restart, would only happen to bring it up again. */
export class ResendJudge {
  readonly #context: WorldContext;
  readonly #sentAt = new Map<string, number>();
  /** Command → the life of its conference in which it was acknowledged: the next life knows nothing of that. */
  readonly #ackedIn = new Map<string, number>();
  readonly #confKeys = new Set<ConfKey>();

  constructor(context: WorldContext) {
    this.#context = context;
  }

  sent(confKey: ConfKey, ids: readonly CommandId[]): void {
    this.#confKeys.add(confKey);
    for (const id of ids) this.#sentAt.set(`${confKey} ${id}`, this.#context.clock.now);
  }

  acked(confKey: ConfKey, ids: readonly CommandId[], life: number): void {
    for (const id of ids) this.#ackedIn.set(`${confKey} ${id}`, life);
  }

  watch(edge: Edge): void {
    const { clock } = this.#context;
    clock.after(checkEveryMs, () => {
      this.#check(edge);
      this.watch(edge);
    });
  }

  #check({ conferences }: Edge): void {
    const { clock, violated, edgeMachines } = this.#context;
    for (const confKey of this.#confKeys) {
      const conference = conferences.get(confKey);
      if (!conference) continue;
      const { disk, life } = conference;
      for (const { key } of disk.exec("SELECT key FROM entry WHERE key BETWEEN 'command/' AND 'command0'")) {
        const command = `${confKey} ${String(key).slice("command/".length)}`;
        const sentAt = this.#sentAt.get(command);
        const slackMs = edgeMachines.clockSetAt >= (sentAt ?? 0) ? clockSetMs : 0;
        const withinMs = slackMs + (this.#ackedIn.get(command) === life ? ackedWithinMs : unackedWithinMs);
        if (sentAt === undefined || clock.now - sentAt <= withinMs) continue;
        violated("a pending command is sent again", `${command}: not for ${clock.now - sentAt} ms`);
        this.#sentAt.set(command, clock.now);
      }
    }
  }
}
