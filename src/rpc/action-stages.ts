import type { CommandType } from "../bridge/commands.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { ActionId, CommandId, EpochMs } from "../foundation/ids.ts";

/** What has become of an operator's action, stage by stage. */
export interface ActionStages {
  readonly id: ActionId;
  readonly person: string;
  readonly request: OperatorRequest;
  readonly asked: EpochMs;
  /** `seq`: of the row in the conference's journal. */
  readonly onDisk: { readonly seq: number; readonly at: EpochMs };
  /** The bridge's commands, in order; none where the bridge has nothing to do, or nothing more than it does already. */
  readonly sent: readonly SentCommand[];
  /** `null`: not known yet. */
  readonly result: ActionResult | null;
  /** How WebEx is notified; `null`: not known yet. */
  readonly told: NotificationStage | null;
}

export interface SentCommand {
  readonly id: CommandId;
  readonly type: CommandType;
  /** When it was issued. */
  readonly at: EpochMs;
  /** `null`: it is pending. */
  readonly result: ActionResult | null;
}

/** `no result`: none came in time, or none can come any more; a late one counts all the same. */
export type ActionResult =
  | { readonly type: "done"; readonly at: EpochMs }
  | { readonly type: "refused" | "no result"; readonly at: EpochMs; readonly why: string };

export type NotificationStage =
  /** `confirmedAt`: when the last of its documents was confirmed; `null`: one of them waits. */
  | { readonly transIds: readonly string[]; readonly confirmedAt: EpochMs | null }
  /** So many of its messages wait for a server that is behind, the first one since then. */
  | { readonly owed: number; readonly owedSince: EpochMs }
  /** `isGivenUp`: WebEx should know of it, and never will. */
  | { readonly notBecause: string; readonly isGivenUp?: true };
