import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import type { Bridge, Execution } from "./bridge.ts";
import type { WorldContext } from "./context.ts";

/** What a caller has keyed at the prompt, as the bridge held the conferences when it did. */
interface Keyed {
  typed: string;
  /** The conference whose key was keyed last while it ran. */
  conference: ConfKey | null;
  /** What was keyed behind that; `null`: nothing yet. */
  attendeeId: string | null;
}

/** Judges by what the phones keyed and by what the bridge held meanwhile how callers are led in from the prompt. */
export class PromptJudge {
  readonly #context: WorldContext;
  readonly #bridge: Bridge;
  readonly #keyed = new Map<CallId, Keyed>();

  constructor(context: WorldContext, bridge: Bridge) {
    this.#context = context;
    this.#bridge = bridge;
  }

  happened(event: BridgeEvent): void {
    if (event.type === "prompted") {
      this.#keyed.set(event.call, { typed: "", conference: null, attendeeId: null });
    } else if (event.type === "conference-ended") this.#conferenceEnded(event.conference);
    else if (event.type === "keys") {
      const keyed = this.#keyed.get(event.call);
      if (keyed) for (const key of event.keys) this.#press(keyed, key);
    }
  }

  acted({ commandId, command, conference, done }: Execution): void {
    if (!done || conference === null) return;
    if (command.type === "end-conference") this.#conferenceEnded(conference);
    if (command.type !== "admit" || !commandId.startsWith("keypad-")) return;
    const { anonymousId = null } = this.#bridge.machine.world.conferences.get(conference) ?? {};
    const isSilent = anonymousId !== null && anonymousId === command.attendeeId;
    if (command.muted !== isSilent || command.joinTone === isSilent)
      this.#context.violated("a silent monitor is silent", `${command.call}: ${JSON.stringify(command)}`);
    const keyed = this.#keyed.get(command.call);
    this.#keyed.delete(command.call);
    if (!keyed || keyed.conference === null) return;
    const attendeeId = command.attendeeId ?? "";
    if (keyed.conference === conference && keyed.attendeeId === attendeeId) return;
    const how = `${command.call} keyed ${keyed.conference} and ${keyed.attendeeId}, and is in ${conference} as ${attendeeId}`;
    this.#context.violated("a caller enters the conference that it keyed last", how);
  }

  #press(keyed: Keyed, key: string): void {
    if (key !== "#") {
      keyed.typed = key === "*" ? "" : keyed.typed + key;
      return;
    }
    const entry = keyed.typed;
    keyed.typed = "";
    if (this.#bridge.machine.world.conferences.has(entry as ConfKey)) {
      keyed.conference = entry as ConfKey;
      keyed.attendeeId = null;
    } else if (keyed.conference !== null) keyed.attendeeId ??= entry;
  }

  /** Nobody can tell its key from one that was unknown when it was keyed. */
  #conferenceEnded(conference: ConfKey): void {
    for (const keyed of this.#keyed.values()) if (keyed.conference === conference) keyed.conference = null;
  }
}
