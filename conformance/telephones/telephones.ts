/** What telephones may be able to do, or to show. */
export type Ability =
  | "dial in"
  | "answer calls"
  | "refuse calls"
  | "press keys"
  | "talk"
  | "hear"
  | "tell whether a tone was heard"
  | "lock and end as host"
  | "slow down or refuse the bridge's work"
  | "many calls at once"
  | "tell the dialled extension";

/** How a number takes a call-out. */
export type Outcome = "answer" | "busy" | "reject" | "invalid" | "no-answer";

/** A call, by the id that these telephones give it. */
export type CallId = string;

/** The people at their telephones, however they are played. */
export interface Telephones {
  /** Why it cannot be done; `null` if it can. */
  cannot(ability: Ability): string | null;
  /** How long what is heard may lag behind what was told. */
  readonly settleMs: number;
  dialIn(from: string, keys: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** How this number takes calls from now on. */
  number(digits: string, outcome: Outcome, afterMs: number): Promise<void>;
  /** The call that the bridge made to this number; `null` if none is ringing or up. */
  called(digits: string): Promise<CallId | null>;
  /** The call is answered, and not over. */
  isUp(call: CallId): Promise<boolean>;
  /** It would, if that one talked. */
  hears(listener: CallId, talker: CallId): Promise<boolean>;
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
