/** What telephones may be able to do. */
export type Ability =
  | "dial in"
  | "dial in as the host"
  | "enter an attendee ID to join"
  | "enter an attendee ID later"
  | "mute by keys"
  | "be called"
  | "slow down the bridge"
  | "make many calls at once";

/** How a number takes a call-out. */
export type Outcome = "answer" | "busy" | "reject" | "invalid" | "no-answer";

/** Country, area and local number in digits, as a call-out has them. */
export type PhoneNumber = readonly [country: string, area: string, local: string];

/** A call, by the id that these telephones give it. */
export type CallId = string;

/** `over`: one of both calls is in no conference, so that silence proves nothing. */
export type Heard = "heard" | "silent" | "over";

/** What a host can do by telephone. */
export type HostAct = "lock" | "unlock" | "end";

export interface Telephones {
  /** Why it cannot be done; `null` if it can. */
  cannot(ability: Ability): string | null;
  /** A human answers: ask once, do not poll. */
  readonly isPerson: boolean;
  /** Milliseconds by which what is heard may lag behind what was notified. */
  readonly settleMs: number;
  dialIn(from: string, keys: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** A number that takes calls like this from now on. */
  number(outcome: Outcome, afterMs: number): Promise<PhoneNumber>;
  /** The bridge's call to this number; `null` if none is ringing or up. */
  called(number: PhoneNumber): Promise<CallId | null>;
  /** True if the bridge made another call to this number than this one. */
  calledAgain(number: PhoneNumber, call: CallId): Promise<boolean>;
  /** Answers a ringing call. Throws `NotTestable` if it cannot be done. */
  pickUp(call: CallId): Promise<void>;
  isUp(call: CallId): Promise<boolean>;
  /** Whether `listener` would hear `talker`. */
  hears(listener: CallId, talker: CallId): Promise<Heard>;
  hadTone(call: CallId): Promise<boolean>;
  hostEnters(confKey: string, act: HostAct): Promise<void>;
  /** Delays each act of the bridge; 0 ends it. */
  delayBridge(delayMs: number): Promise<void>;
}
