import { counted } from "../../src/foundation/text/counted.ts";
import type { AgentStatus } from "../core/agent.ts";

/** What an agent that is about to end waits for, or has left when it ends. */
export type Unfinished = Pick<AgentStatus, "running" | "inDoubt" | "unacknowledged">;

/** Of `null`: it is not known. Returns `null` for nothing. */
export function unfinishedText(unfinished: Unfinished | null): string | null {
  if (unfinished === null) return "not known, since the journal cannot be written";
  const { running, inDoubt, unacknowledged } = unfinished;
  const commands = running > 0 ? [`${counted(running, "command")} at work on the bridge`] : [];
  const reports = unacknowledged > 0 ? [`${counted(unacknowledged, "report")} not acknowledged by the edge`] : [];
  const doubts = inDoubt > 0 ? [`${counted(inDoubt, "command")} whose result is not known`] : [];
  return [...commands, ...doubts, ...reports].join(" and ") || null;
}
