import type { RefusalReason } from "../bridge/commands.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";

/** What WebEx is told when a bridge refuses. */
export function refusalResult(reason: RefusalReason): ResultWord {
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
} as const satisfies Record<RefusalReason, ResultWord>;
