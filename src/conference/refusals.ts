import type { RefusalReason } from "../bridge/commands.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";

/** Why an order had no effect: the bridge said so, or said nothing in time. */
export type Failure = RefusalReason | "timeout";

/** How an order ended, as far as we can know. */
export type Outcome = { readonly done: true } | { readonly done: false; readonly reason: Failure };

/** What WebEx is told of it. */
export function refusalResult(reason: Failure): ResultWord {
  return results[reason];
}

const results = {
  refused: "bridge-unreachable",
  unreachable: "bridge-unreachable",
  capacity: "capacity-exceeded",
  "not-supported": "not-supported",
  "no-such-conference": "no-such-conference",
  "no-such-call": "no-such-call",
  "no-such-room": "no-such-room",
  locked: "conference-locked",
  "too-late": "bridge-timeout",
  timeout: "bridge-timeout",
} as const satisfies Record<Failure, ResultWord>;
