import type { CallId, ConfKey, RoomId } from "../foundation/ids.ts";
import type { BridgeCommand, CommandOutcome } from "./commands.ts";
import type { EndReason } from "./events.ts";

/** What an agent orders of a bridge: a command, and for a caller from the prompt also what it keyed. */
export type BridgeAct = BridgeCommand & {
  /** With `admit` alone: the attendee ID that the caller keyed, kept by the bridge as a part of its state. */
  readonly attendeeId?: string | null;
};

/**
 * What became of an act. `unknown`: the link broke before the answer; the state tells whether it was carried out. With
 * `tooSlow` it was this act for which the bridge took so long that the link was given up.
 */
export type ActOutcome = CommandOutcome | { readonly done: "unknown"; readonly tooSlow?: true };

/** What a bridge can do besides plain conferences. */
export interface BridgeAbilities {
  readonly subConferences: boolean;
  readonly talkDetection: boolean;
  /** Whether a caller can enter without a tone. */
  readonly joinTones: boolean;
}

/** What happens on a bridge by itself. A change that an act made is told by the act's outcome alone. */
export type BridgeHappening =
  /** A caller dialled in and waits for orders; `number` is empty when withheld. */
  | { readonly type: "prompted"; readonly call: CallId; readonly number: string }
  /** One or more of `0-9*#`, in the order they were pressed, at the prompt or in a conference. */
  | { readonly type: "keys"; readonly call: CallId; readonly keys: string }
  /** A dialled call was picked up; it waits to be admitted, or moved into a room. */
  | { readonly type: "answered"; readonly call: CallId; readonly conference: ConfKey }
  /** `conference` is `null` for a caller who never left the prompt. */
  | {
      readonly type: "ended";
      readonly call: CallId;
      readonly conference: ConfKey | null;
      readonly reason: EndReason;
    }
  /** Only between `report-speakers` and `stop-reporting-speakers`, and never for a muted call. */
  | { readonly type: "talking"; readonly call: CallId; readonly conference: ConfKey; readonly talking: boolean }
  /** Locked or unlocked by telephone. */
  | { readonly type: "lock-changed"; readonly conference: ConfKey; readonly locked: boolean }
  /** Ended by telephone. Its calls are over with it and are not told one by one. */
  | { readonly type: "conference-ended"; readonly conference: ConfKey };

/** All that a bridge holds at one moment. */
export interface BridgeState {
  readonly conferences: readonly {
    readonly conference: ConfKey;
    readonly locked: boolean;
    readonly reportsSpeakers: boolean;
    /** `main` among them. */
    readonly rooms: readonly { readonly id: RoomId; readonly kind: "main" | "sub" | "private" }[];
  }[];
  readonly calls: readonly BridgeCall[];
}

export type BridgeCall =
  /** Dialled in, in no conference; `keys` are all that it pressed since the prompt. */
  | { readonly stage: "prompted"; readonly call: CallId; readonly number: string; readonly keys: string }
  /** Dialled by us and not in a room yet. */
  | {
      readonly stage: "ringing" | "answered";
      readonly call: CallId;
      readonly number: string;
      readonly conference: ConfKey;
    }
  | {
      readonly stage: "entered";
      readonly call: CallId;
      readonly direction: "in" | "out";
      readonly number: string;
      readonly conference: ConfKey;
      readonly room: RoomId;
      readonly muted: boolean;
      /** Whether the others heard a tone when it entered. */
      readonly joinTone: boolean;
      readonly attendeeId: string | null;
      /** As last reported; always false while speakers are not reported. */
      readonly talking: boolean;
    }
  /** Kept for a while, so that an agent learns how a call ended while it was away. */
  | {
      readonly stage: "ended";
      readonly call: CallId;
      readonly direction: "in" | "out";
      readonly number: string;
      readonly conference: ConfKey | null;
      readonly reason: EndReason;
    };
