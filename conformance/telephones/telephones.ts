/** What telephones may be able to do, or to show. */
export type Ability =
  | "dial in"
  | "dial in as the host"
  | "key an attendee ID at entry"
  | "answer calls"
  | "answer calls when told"
  | "refuse calls"
  | "mute by keys"
  | "key an attendee ID later"
  | "talk"
  | "hear"
  | "tell whether a tone was heard"
  | "lock and end as host"
  | "slow down or refuse the bridge's work"
  | "many calls at once"
  | "tell the dialled extension";

/** How a number takes a call-out. */
export type Outcome = "answer" | "busy" | "reject" | "invalid" | "no-answer";

/** Country, area and local number in digits, as a call-out has them. */
export type PhoneNumber = readonly [country: string, area: string, local: string];

/** A call, by the id that these telephones give it. */
export type CallId = string;

/** `over`: one of both calls is in no conference (any more), so that silence says nothing. */
export type Heard = "heard" | "silent" | "over";

/** The people at their telephones, however they are played. */
export interface Telephones {
  /** Why it cannot be done; `null` if it can. */
  cannot(ability: Ability): string | null;
  /** A person looks and listens: asked once, in their own time. */
  readonly isPerson: boolean;
  /** How long what is heard may lag behind what was told. */
  readonly settleMs: number;
  dialIn(from: string, keys: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** A number to call out to, which takes calls so from now on. */
  number(outcome: Outcome, afterMs: number): Promise<PhoneNumber>;
  /** The call that the bridge made to this number; `null` if none is ringing or up. */
  called(number: PhoneNumber): Promise<CallId | null>;
  /** The bridge has made another call to this number than this one, whether it is over or not. */
  calledAgain(number: PhoneNumber, call: CallId): Promise<boolean>;
  /** Answers a call that rings, and that nobody answers by itself. Throws `NotTestable` where it cannot be done. */
  pickUp(call: CallId): Promise<void>;
  /** The call is answered, and not over. */
  isUp(call: CallId): Promise<boolean>;
  /** Whether it would, if that one talked. */
  hears(listener: CallId, talker: CallId): Promise<Heard>;
  hadTone(call: CallId): Promise<boolean>;
  extensionOf(call: CallId): Promise<string>;
  /** The host, at a telephone. */
  lock(confKey: string, locked: boolean): Promise<void>;
  end(confKey: string): Promise<void>;
  /** Faults of the bridge, for all conferences; none: all is well again. */
  faults(faults: { readonly delayMs?: number; readonly refuse?: readonly string[] }): Promise<void>;
  /** Ends all calls and what is left of a clause. */
  stop(): Promise<void>;
}
