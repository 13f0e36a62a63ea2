import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { ConferenceInput } from "../../src/conference/decide.ts";
import type { Decision, DecisionContext } from "../../src/conference/draft.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { Domain } from "../../src/domain.ts";
import type { BridgeName, EpochMs } from "../../src/foundation/ids.ts";
import type { ConferenceIdentity, IdBlocks, IdsWanted } from "../../src/rpc.ts";
import type { OutboxPorts } from "../outbox.ts";

/** All that a conference needs of the world around it. */
export interface ConferencePorts extends OutboxPorts {
  readonly rules: {
    decide(state: ConferenceState, input: ConferenceInput, around: DecisionContext): Decision;
    nextDeadline(state: ConferenceState): EpochMs | null;
  };
  domain(identity: ConferenceIdentity): Domain;
  /** The bridge of the domain that is to hold a new conference. */
  chooseBridge(identity: ConferenceIdentity): Promise<BridgeName>;
  /** Sends commands to a bridge's agent, if there is one. What is not acknowledged is sent again. */
  tell(identity: ConferenceIdentity, bridge: BridgeName, commands: readonly IssuedCommand[]): Promise<unknown>;
  /** Has the bridge's agent tell what the bridge holds of the conference, if there is an agent. */
  askForSnapshot(identity: ConferenceIdentity, bridge: BridgeName): Promise<void>;
  takeNumbers(identity: ConferenceIdentity, wanted: IdsWanted): Promise<IdBlocks>;
  /** 64 random bits as text. */
  nonce(): string;
  /** Replaces the one alarm there is; part of the transaction of the same turn. */
  setAlarm(at: EpochMs): void;
  /** Deletes everything, and ends the life of the object. */
  forget(): Promise<void>;
}
