import type { Order } from "../../src/bridge/orders.ts";
import type { Decision, Surroundings } from "../../src/conference/decision.ts";
import type { ConferenceInput } from "../../src/conference/input.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { BridgeName, EpochMs } from "../../src/foundation/ids.ts";
import type { Domain } from "../domain-of.ts";
import type { OutboxPorts } from "../outbox.ts";
import type { ConferenceIdentity, NumberBlocks, NumbersWanted } from "../rpc.ts";

/** All that a conference needs of the world around it. */
export interface ConferencePorts extends OutboxPorts {
  readonly rules: {
    decide(state: ConferenceState, input: ConferenceInput, around: Surroundings): Decision;
    nextDeadline(state: ConferenceState): EpochMs | null;
  };
  domain(identity: ConferenceIdentity): Domain;
  /** The bridge of the domain that is to hold a new conference. */
  chooseBridge(identity: ConferenceIdentity): Promise<BridgeName>;
  /** Tells a bridge; whether there was an agent to tell. What was not taken is told again. */
  tell(identity: ConferenceIdentity, bridge: BridgeName, orders: readonly Order[]): Promise<boolean>;
  /** Has the bridge's agent tell what the bridge holds of the conference, if there is an agent. */
  askForSnapshot(identity: ConferenceIdentity, bridge: BridgeName): Promise<void>;
  takeNumbers(identity: ConferenceIdentity, wanted: NumbersWanted): Promise<NumberBlocks>;
  /** Replaces the one alarm there is; part of the transaction of the same turn. */
  setAlarm(at: EpochMs): void;
  /** Deletes everything, and ends the life of the object. */
  forget(): Promise<void>;
}
