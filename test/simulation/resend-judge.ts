import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";
import type { AgentReports } from "../../src/rpc/conference.ts";
import { conferenceOn } from "../kit/database.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { Hosted } from "./hosted.ts";

const checkEveryMs = 10_000;
/** Far less than the pause before an acknowledged command; a call between objects may fail and be repeated meanwhile. */
const toNextWithinMs = 1_500;
/** A command that an agent has acknowledged is sent again after ten seconds: the agent that took it may be gone. */
const ackedWithinMs = 25_000;
/** A command that nobody acknowledges is sent less and less often. */
const unackedWithinMs = 90_000;
/** Within this time an object notices what is due, whatever happens to its clock or its alarm meanwhile. */
const untilSweepMs = 300_000;

/** Judges that no command is left to an agent that has gone: a later command, or a restart, would only happen to bring it up again. */
export class ResendJudge {
  readonly #context: WorldContext;
  readonly #sent = new Map<string, { readonly confKey: ConfKey; readonly id: CommandId; at: number }>();
  /** Conference and bridge → the stream that was committed last. */
  readonly #streams = new Map<string, StreamId>();
  /** Command → the life of its conference in which it was acknowledged: the next life knows nothing of that. */
  readonly #ackedIn = new Map<string, number>();

  constructor(context: WorldContext) {
    this.#context = context;
  }

  sent(confKey: ConfKey, ids: readonly CommandId[]): void {
    for (const id of ids) {
      this.#sent.set(`${confKey} ${id}`, { confKey, id, at: this.#context.clock.now });
      this.#ackedIn.delete(`${confKey} ${id}`); // Another agent may get it now, which may not acknowledge it.
    }
  }

  /** Its result is on disk, unless the transaction fails after all. */
  finished(confKey: ConfKey, id: string): void {
    this.#sent.delete(`${confKey} ${id}`);
  }

  acked(confKey: ConfKey, ids: readonly CommandId[], life: number): void {
    for (const id of ids) this.#ackedIn.set(`${confKey} ${id}`, life);
  }

  /**
   * A bridge's stream is committed, and that bridge has its active agent since `chosenAt`. Commands left over on a bridge that the
   * conference has left only wait for their next repeat. `flushMs`: so long an agent may hear later that it acts, and the disk show the result.
   */
  reported({ confKey, bridge, stream }: AgentReports, chosenAt: number, conference: Hosted, flushMs: number): void {
    const place = `${confKey} ${bridge}`;
    const last = this.#streams.get(place);
    this.#streams.set(place, stream);
    if (last === undefined || last === stream) return;
    const { life } = conference;
    this.#context.clock.after(toNextWithinMs + flushMs, () => {
      for (const [command, sent] of this.#sent) {
        const isLeft = this.#ackedIn.get(command) === life && conference.life === life;
        if (sent.confKey !== confKey || sent.at >= chosenAt - flushMs || !isLeft) continue;
        const { state, progress } = conferenceOn(conference.disk);
        const isPending = progress.bridge === bridge && state.commands.has(sent.id);
        if (isPending) this.#context.violated("a pending command is sent again", `${command}: not to the next agent`);
      }
    });
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
    for (const [command, sent] of this.#sent) {
      const conference = conferences.get(sent.confKey);
      const isWakenLate = Math.max(edgeMachines.clockSetAt, conference?.faults.alarmLostAt ?? -1) >= sent.at;
      const slackMs = isWakenLate ? untilSweepMs : 0;
      const isAcked = this.#ackedIn.get(command) === conference?.life;
      const sinceMs = clock.now - sent.at;
      if (!conference || sinceMs <= slackMs + (isAcked ? ackedWithinMs : unackedWithinMs)) continue;
      const isPending = conferenceOn(conference.disk).state.commands.has(sent.id);
      if (isPending) violated("a pending command is sent again", `${command}: not for ${sinceMs} ms`);
      this.#sent.delete(command);
    }
  }
}
