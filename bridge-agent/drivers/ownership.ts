import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { BridgeCall, BridgeState } from "../../src/bridge/state.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import type { DriverIdentity, DriverState } from "./driver.ts";

/** Finds what on a bridge is the agent's, by its last state and what has happened since. What is not known to be is others'. */
export class Ownership {
  readonly #identity: Pick<DriverIdentity, "owner" | "dialIn"> | null;
  #conferences = new Set<ConfKey>();
  /** Callers at the prompt among them. Those that a command has ended stay until the next state: nothing is reported of them. */
  #calls = new Set<CallId>();

  /** `null`: of a visitor, who has nothing on the bridge. */
  constructor(identity: Pick<DriverIdentity, "owner" | "dialIn"> | null) {
    this.#identity = identity;
  }

  ownPart({ conferences, calls }: BridgeState): DriverState {
    const own = conferences.filter(({ owner }) => this.#identity !== null && owner === this.#identity.owner);
    this.#conferences = new Set(own.map(({ conference }) => conference));
    const ofOthers = new Set(conferences.map(({ conference }) => conference));
    for (const key of this.#conferences) ofOthers.delete(key);
    const isOwn = (call: BridgeCall): boolean => {
      if (call.stage === "prompted") return this.#isOwnNumber(call.dialled);
      // The state does not name the owner of a conference that is over: its calls count as the agent's own.
      if (call.stage === "ended") return call.conference === null || !ofOthers.has(call.conference);
      return this.#conferences.has(call.conference);
    };
    const ownCalls = calls.filter(isOwn);
    this.#calls = new Set(ownCalls.filter(isUp).map(({ call }) => call));
    const callsOfOthers = calls.filter(isUp).length - this.#calls.size;
    const owners = conferences.map(({ owner }) => owner);
    return { conferences: own, calls: ownCalls, callsOfOthers, sharedWith: sharedWith(this.#identity, owners) };
  }

  applySuccess(conference: ConfKey | null, command: BridgeCommand): void {
    if (command.type === "create-conference" && conference !== null) this.#conferences.add(conference);
    if (command.type === "end-conference" && conference !== null) this.#conferences.delete(conference);
    if (command.type === "dial") this.#calls.add(command.call);
  }

  /** Whether the agent is to hear of this event, which has just happened. */
  isOwn(event: BridgeEvent): boolean {
    switch (event.type) {
      case "prompted":
        if (!this.#isOwnNumber(event.dialled)) return false;
        this.#calls.add(event.call);
        return true;
      case "keys":
        return this.#calls.has(event.call);
      case "ended": {
        const wasOwn = this.#calls.delete(event.call);
        return event.conference === null ? wasOwn : this.#conferences.has(event.conference);
      }
      case "conference-ended":
        return this.#conferences.delete(event.conference);
      case "answered":
      case "talking":
      case "held":
      case "lock-changed":
        return this.#conferences.has(event.conference);
      default:
        return assertNever(event);
    }
  }

  #isOwnNumber(dialled: string): boolean {
    if (this.#identity === null) return false;
    return this.#identity.dialIn?.includes(dialled) ?? true;
  }
}

/** `owners`: owners of conferences; `null` is the bridge itself. */
export function sharedWith(
  identity: Pick<DriverIdentity, "owner" | "dialIn"> | null,
  owners: Iterable<string | null>,
): readonly string[] {
  if (identity?.dialIn) return [];
  return [...new Set(owners)].filter((owner) => owner !== null && owner !== identity?.owner) as string[];
}

function isUp({ stage }: BridgeCall): boolean {
  return stage !== "ended";
}
