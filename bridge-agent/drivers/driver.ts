import type * as v from "valibot";
import type { Announcement } from "../../src/bridge/announcements.ts";
import type { Ability, BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Finding } from "../../src/foundation/text/finding.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { OpenSocket } from "../link/reconnecting-socket.ts";

/** A driver reports its link to the bridge, and each event of its owner's part of the bridge while the link is up. */
export type DriverReport =
  | {
      readonly type: "connected";
      /** Another one than before: the bridge was started anew, and its calls are gone. */
      readonly bootId: string;
      /** How many calls the bridge carries at most; `null` when it does not say. */
      readonly ports: number | null;
      /** What the bridge cannot do: it refuses the commands for it as `not-supported`. Absent: it can do everything. */
      readonly cannot?: readonly Ability[];
    }
  /**
   * The bridge answers no longer, or not yet. What happens until `connected` is not reported later; `state` shows what
   * came of it. Reported again while disconnected when `why`, a sentence for operations staff, has changed, and after each state that was not understood. `isReplaced`: another
   * agent acts from now on.
   */
  | { readonly type: "disconnected"; readonly why: string; readonly isReplaced: boolean }
  /** A sentence for operations staff about a bridge that is there: something of it needs a person. */
  | { readonly type: "notice"; readonly text: string }
  | BridgeEvent;

/** What the bridge holds of the agent's owner. */
export interface DriverState extends BridgeState {
  /** How many calls beside these are up: they take ports, too. */
  readonly callsOfOthers: number;
  /** Other owners with conferences there. An agent without `dialIn` takes their callers for its own. */
  readonly sharedWith: readonly string[];
}

/** One command for the driver, under the id that the bridge's own records will show. */
export interface Execution {
  readonly id: CommandId;
  /** `null`: for `expel` of a caller at the prompt. */
  readonly conference: ConfKey | null;
  readonly command: BridgeCommand;
}

/**
 * One kind of bridge. Reports, results and states come in the bridge's own order: whatever follows a promise of this
 * interface at once (`await`, `then`) runs before anything that the bridge said later is reported. None of the promises rejects.
 *
 * A bridge may hold more than its agent's owner has there: its own conferences, and those of other owners. A driver shows and reports the
 * conferences of its owner alone, with their calls, and callers at the prompt who dialled one of its owner's numbers. An agent that
 * connects asks for the state first: what is reported before it says nothing.
 */
export interface BridgeDriver {
  /** Connects, and again after each loss until `stop`. Returns at once; `connected` reports success. */
  start(report: (report: DriverReport) => void): void;
  /**
   * From now on this agent acts on its owner's conferences, and the one that did before does not: what that one asked for and has not
   * begun never begins. A state that is asked for later shows what had begun. (Asterisk takes back nothing that it was sent: there this
   * holds unless a request takes more than a second on its way; see docs/architecture.md.) Lasts as long as the link. `epoch`: the edge's; an agent
   * of an earlier one than another agent that acts has not heard that it was replaced, and is disconnected.
   */
  activate(epoch: number): void;
  /**
   * Carries out one command each time it is called: to ask once is the caller's work. A conference of `null` is for
   * `expel` of a caller at the prompt. While disconnected the result is a refusal, `unreachable`, and nothing was done. Before `activate`,
   * and for the key of another owner's conference, `create-conference` is refused (`refused`); any other command for such a conference is
   * refused as `no-such-conference`. What becomes of a dialled call is reported after the result of its dial.
   */
  execute(commandId: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult>;
  /**
   * Says something to this caller, in place of what the caller hears now; its first key stops it. Best effort: a bridge that has a voice of its own does nothing, and
   * nobody hears of a failure. An `expel` of a caller at the prompt that comes after one of the `lastWords` waits for its end, some seconds at
   * most; nothing else waits.
   */
  announce(call: CallId, announcement: Announcement): void;
  /** What the bridge holds now; `null` when there is no link or it broke before the answer. */
  state(): Promise<DriverState | null>;
  /** Disconnects for good; what is still unanswered becomes `unknown`, and nothing is reported any more. */
  stop(): Promise<void>;
}

/** How a bridge knows an agent. */
export interface DriverIdentity {
  /** An agent that connects anew takes the place of its own older connection. */
  readonly agent: string;
  /** Whose conferences it makes and sees. Agents of one owner take each other's place; those of another one are left alone. */
  readonly owner: string;
  /** The numbers, in digits, at which its owner's callers dial in; absent: all. */
  readonly dialIn?: readonly string[] | undefined;
}

/** The world of a driver. */
export interface DriverPorts {
  readonly openSocket: OpenSocket;
  readonly timers: Timers;
  /** A clock that nobody sets, in milliseconds. */
  monotonicMs(): number;
  /** 0 to 1; spreads the attempts to connect. */
  random(): number;
  /** How often the bridge is asked whether it is there, if not as often as the driver would. */
  readonly pingEveryMs?: number;
}

/** One kind of driver, with all that settings, agent, `doctor` and `init` need to know of it. `Settings`: what stands in the settings file under `driver`. */
export interface DriverKind<Settings extends { readonly type: string }> {
  /** A strict object whose `type` is the name of the kind. */
  readonly settings: v.GenericSchema<unknown, Settings>;
  /** Right settings, for those who wrote wrong ones and for those who begin. */
  readonly example: Settings;
  /** `identity`: `null` for a visitor beside the agent that serves the bridge: it asks for the state, and for nothing else. */
  create(settings: Settings, ports: DriverPorts, identity: DriverIdentity | null): BridgeDriver;
  readonly doctor: {
    /** What is shown by a bridge that connects, such as "it speaks version 3 of the bridge protocol". */
    readonly connected: string;
    /** What to do about a bridge that does not connect, for this reason; empty where the reason says it. */
    advice(why: string): string;
    /** What else there is to look at, for an agent of this identity; nothing where the bridge does not answer. Changes nothing there. */
    inspect?(settings: Settings, identity: DriverIdentity, timers: Timers): Promise<readonly Finding[]>;
  };
  /** What a new installation needs beside the kind's example. */
  init?(values: InitValues<Settings>): InitResult<Settings>;
}

export interface InitValues<Settings> {
  /** The example, with what the command line says. */
  readonly settings: Settings;
  readonly dialIn: readonly string[] | undefined;
  /** A password that nobody knows. */
  readonly password: string;
  /** Has the password of a user that the bridge has already. */
  readonly passwordFile: string | undefined;
  /** Where the files will be. */
  readonly folder: string;
}

export interface InitResult<Settings> {
  readonly settings: Settings;
  /** Configuration of the bridge, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** What is to be done with them. */
  readonly next: string;
}
