import type { CommandResult, RefusalReason } from "../bridge/commands.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";

/** What WebEx is told of a command's result. */
export function resultWord(result: CommandResult): ResultWord {
  return result.done ? "ok" : refusalWords[result.reason];
}

const refusalWords = {
  refused: "bridge-unreachable",
  unreachable: "bridge-unreachable",
  capacity: "capacity-exceeded",
  "not-supported": "not-supported",
  "no-such-conference": "no-such-conference",
  "no-such-call": "no-such-call",
  "no-such-room": "no-such-room",
  locked: "conference-locked",
  "too-late": "bridge-timeout",
} as const satisfies Record<RefusalReason, ResultWord>;
