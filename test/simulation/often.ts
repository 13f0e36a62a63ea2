import type { requests as ofBridges } from "./bridge-operators.ts";
import type { FaultKind } from "./faults.ts";
import type { actions } from "./meeting-actions.ts";
import type { weights as ofOperators } from "./operators.ts";
import type { Switches } from "./switches.ts";

/** What a world can have more often than its seed draws it: faults, actions (ten times as often), and switches that are on. */
export type Often =
  | FaultKind
  | keyof typeof actions
  | keyof typeof ofOperators
  | keyof typeof ofBridges
  | keyof Switches
  | "client data"
  | "move to another server"
  | "two agents";
