import { ON_BRIDGE_MS } from "../../src/bridge/commands.ts";
import { waiterFor } from "../../src/conference/decide.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { conferenceOn } from "../kit/database.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";

/** For the ack, which may wait for a result, and for the alarm. */
const graceMs = 3_000;
/** So long the acks behind a call to a conference that hangs wait for it. */
const hangsMs = 10_000;

/** Judges that nobody waits for long for a command on which the bridge is at work, where nothing else goes wrong meanwhile. */
export class DeadlineJudge {
  readonly #context: WorldContext;
  readonly #edge: Edge;

  constructor(context: WorldContext, edge: Edge) {
    this.#context = context;
    this.#edge = edge;
  }

  /** The bridge is given this command. `linkOf`: the link to the edge of the agent that acts now. */
  given(conference: ConfKey | null, id: CommandId, linkOf: () => string | null): void {
    const until = conference && this.#waitsUntil(conference, id);
    if (!conference || until === null) return;
    const { clock, faults, edgeMachines, violated } = this.#context;
    const link = linkOf();
    const givenAt = clock.now;
    const judge = () => {
      // The edge counts from when the agent says so; an agent that takes over gives the command anew.
      if (link === null || linkOf() !== link) return;
      if (faults.lastAt >= givenAt - hangsMs || this.#waitsUntil(conference, id) !== until) return;
      violated("an answer comes in time", `${id}: the bridge has been at work on it for ${clock.now - givenAt} ms`);
    };
    clock.after(ON_BRIDGE_MS + graceMs, () => {
      // On workerd, what has passed since the conference last looked is lost to it when a clock that was far behind is set right.
      if (!this.#edge.isOnNode && edgeMachines.clockSetAt >= givenAt) clock.after(ON_BRIDGE_MS, judge);
      else judge();
    });
  }

  /** See `waiterFor`. */
  #waitsUntil(key: ConfKey, id: CommandId): number | null {
    const conference = this.#edge.conferences.get(key);
    if (!conference) return null;
    const { state } = conferenceOn(conference.disk);
    const pending = state.commands.get(id);
    return (pending && waiterFor(state, pending)?.until) ?? null;
  }
}
