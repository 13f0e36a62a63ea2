/** An act that some telephones cannot do. */
export type Ability =
  | "dial in"
  | "dial in as the host"
  | "enter an attendee ID to join"
  | "enter an attendee ID later"
  | "mute by keys"
  | "be called"
  | "slow down the bridge"
  | "make many calls at once";

/** A number's reaction to a call-out. */
export type Outcome = "answer" | "busy" | "reject" | "invalid" | "no-answer";

export type PhoneNumber = readonly [country: string, area: string, local: string];

export type CallId = string;

/** `over`: one of the calls is in no conference, so silence proves nothing. */
export type Heard = "heard" | "silent" | "over";

export type HostAct = "lock" | "unlock" | "end";

export interface Telephones {
  /** Returns the reason; `null` if these telephones can do it. */
  cannot(ability: Ability): string | null;
  /** True if a tester answers: ask once, and do not poll. */
  readonly isPerson: boolean;
  /** Milliseconds by which audio may lag behind notifications. */
  readonly settleMs: number;
  dialIn(from: string, keys: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** Returns a number that reacts to calls like this. */
  number(outcome: Outcome, afterMs: number): Promise<PhoneNumber>;
  /** Returns the bridge's call to this number; `null` if none is ringing or up. */
  called(number: PhoneNumber): Promise<CallId | null>;
  /** True if the bridge made another call to this number. */
  calledAgain(number: PhoneNumber, call: CallId): Promise<boolean>;
  /** Answers a ringing call. Throws `NotTestable` if it cannot be done. */
  pickUp(call: CallId): Promise<void>;
  isUp(call: CallId): Promise<boolean>;
  hears(listener: CallId, talker: CallId): Promise<Heard>;
  hadTone(call: CallId): Promise<boolean>;
  hostEnters(confKey: string, act: HostAct): Promise<void>;
  /** Delays each act of the bridge; 0 ends it. */
  delayBridge(delayMs: number): Promise<void>;
}
