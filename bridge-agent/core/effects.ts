import type { AgentToEdge } from "../../src/link/messages.ts";
import type { AnnouncementToCall } from "../callers/keypads.ts";
import type { Note } from "../service/log.ts";
import type { Permitted, PolicyReason } from "./policy.ts";

/** To be done once the turn's journal entries are on disk, and not before. */
export interface TurnEffects {
  readonly messages: AgentToEdge[];
  /** Before the executions: who is hung up on hears why. */
  readonly announcements: AnnouncementToCall[];
  readonly executions: Permitted[];
  /** The epoch from which on the bridge is to take commands from this agent, and from no other one. Comes before all that the bridge is asked. */
  activate: number | null;
  askState: boolean;
  /** Lines for operations staff. */
  readonly notes: Note[];
  /** What the policy refused or ended, each time. */
  readonly policyActs: PolicyReason[];
}

export function noEffects(): TurnEffects {
  return {
    messages: [],
    announcements: [],
    executions: [],
    activate: null,
    askState: false,
    notes: [],
    policyActs: [],
  };
}
