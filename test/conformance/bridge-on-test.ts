import type { BridgeDriver } from "../../bridge-agent/drivers/driver.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";

/** A bridge with the telephones around it. Each promise is kept when the bridge has noticed. */
export interface BridgeOnTest {
  /** For this bridge, not started. */
  readonly driver: BridgeDriver;
  /** The same for the other agent of the same owner. */
  readonly other: BridgeDriver;
  /** The same for an agent of another owner; it has the name of the first one. */
  readonly stranger: BridgeDriver;
  /**
   * What no agent rests on and this bridge does not have. `lock-by-telephone`: its host locks and unlocks through an agent alone.
   * `prompt-of-its-own`: callers who dial in while no agent acts come to the prompt when one does, and what they key before is lost.
   * `recall`: a command has begun once it was sent, and what `holdActs` holds is on its way. It arrives when the link is cut, or is let go.
   */
  readonly without?: readonly ("lock-by-telephone" | "prompt-of-its-own" | "recall")[];
  /** The numbers at which each owner's callers dial in. */
  readonly dialIns: { readonly own: string; readonly strangers: string };
  /** At the owner's number, or this one. */
  dialIn(number: string, dialled?: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** The announcements that this caller was told by an agent, in order; absent, or `null`: the bridge has a voice of its own. */
  heard?(call: CallId): Promise<readonly string[] | null>;
  /** What the bridge itself does with this call, asked beside the drivers: `null`, it has none; `room`, it is in none. Absent: nobody can ask. */
  truth?(call: CallId): Promise<{ readonly muted: boolean; readonly room: string | null } | null>;
  /** Absent where `without` says so. */
  lockByTelephone?(conference: ConfKey, locked: boolean): Promise<void>;
  /** Or by the bridge's own operator. */
  endByTelephone(conference: ConfKey): Promise<void>;
  /** How these digits take a call; each after at most 50 ms of ringing, but for `answer-late`: that answers after 500 ms. */
  plan(digits: string, result: "answer" | "answer-late" | "busy" | "reject" | "invalid" | "no-answer"): Promise<void>;
  passTime(ms: number): Promise<void>;
  /** From now on no command is carried out until the returned function is called. */
  holdActs(): Promise<() => Promise<void>>;
  /** Waits until a command is held; absent: one is, once a state that was asked for after it is there. */
  held?(): Promise<void>;
  /** From now on commands are carried out and nobody is told, until the link is cut. Absent: that cannot be brought about. */
  loseAnswers?(): Promise<void>;
  /** Breaks the link between driver and bridge; either may connect again. */
  cutLink(): Promise<void>;
  /** Ends the bridge program and starts it anew: all calls are gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}
