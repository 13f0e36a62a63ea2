import type { CommandId, ConfKey } from "../foundation/ids.ts";
import type { RefusalReason } from "./commands.ts";
import type { BridgeAbilities, BridgeAct, BridgeHappening, BridgeState } from "./driving.ts";

/** The generic bridge protocol, described in docs/bridge-protocol.md. */
export const BRIDGE_PROTOCOL_VERSION = 1;

/** `id` counts up within one connection and ties an answer to its question. */
export type AgentToBridge =
  | {
      readonly type: "act";
      readonly id: number;
      readonly commandId: CommandId;
      readonly conference: ConfKey | null;
      readonly act: BridgeAct;
    }
  | { readonly type: "state"; readonly id: number }
  | { readonly type: "ping"; readonly id: number };

export type BridgeToAgent =
  /** The first message on each connection. */
  | {
      readonly type: "hello";
      readonly version: number;
      readonly bootId: string;
      readonly abilities: BridgeAbilities;
      readonly ports: number | null;
    }
  | { readonly type: "done"; readonly id: number }
  | { readonly type: "refused"; readonly id: number; readonly reason: RefusalReason }
  | { readonly type: "state"; readonly id: number; readonly state: BridgeState }
  | { readonly type: "pong"; readonly id: number }
  | BridgeHappening;
