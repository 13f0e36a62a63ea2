import type { NumberPlan } from "../../simulators/bridge/machine.ts";
import type { BridgeControl } from "../../test/kit/bridge-control.ts";

/** One thing that a bridge did for the adapter. */
export interface Act {
  /** Rises by one. */
  readonly n: number;
  readonly act: string;
  readonly conference: string | null;
  readonly room: string | null;
  readonly call: string | null;
  readonly outcome: string;
}

/** A call in a conference. */
export interface HeldCall {
  readonly id: string;
  readonly room: string | null;
  readonly muted: boolean;
  readonly joinTone: boolean;
}

/** The bridge and the telephones of a flow. What is left out, only the simulated bridge can. */
export interface FlowBridge {
  /** Whether it does several things at once, and is done with them in any order. */
  readonly sideBySide?: boolean;
  /** Somebody dials in; the id of the call. */
  callIn(from: string, keys: string): Promise<string>;
  press(call: string, keys: string): Promise<void>;
  hangUp(call: string): Promise<void>;
  talk(call: string, talking: boolean): Promise<void>;
  answersWith(digits: string, outcome: NumberPlan["outcome"]): Promise<void>;
  held(confKey: string): Promise<readonly HeldCall[]>;
  acts(): Promise<readonly Act[]>;
  readonly lock?: BridgeControl["lock"];
  readonly end?: BridgeControl["end"];
  readonly faults?: BridgeControl["faults"];
  /** What real telephones need when a flow is over, and when the last one is. */
  hangUpAll?(): Promise<void>;
  stop?(): Promise<void>;
}
