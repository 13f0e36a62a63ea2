import type { EpochMs } from "../../src/foundation/ids.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { EdgeToAgent } from "../../src/link/messages.ts";
import type { DriverState } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import type { AgentJournal, Assignment } from "./journal.ts";

/** Whether this agent acts: as the edge last said, and as far as it may go by that now. */
export class AgentRole {
  readonly #journal: AgentJournal;
  assignment: Assignment | null;
  /** The edge's present one. */
  epoch = 0;
  edgeUp = false;
  /** When the edge made this agent active; `null`: not in this life of the process. */
  activeAt: EpochMs | null = null;

  constructor(journal: AgentJournal, assignment: Assignment | null) {
    this.#journal = journal;
    this.assignment = assignment;
  }

  /** An agent that is alone leads callers in without the edge. One of two acts only while the edge can say that it shall not. */
  get active(): boolean {
    if (!this.assignment?.active) return false;
    return this.edgeUp || this.assignment.alone;
  }

  get name(): "active" | "standby" | "unknown" {
    if (this.assignment === null) return "unknown";
    return this.assignment.active ? "active" : "standby";
  }

  /** `succeeds`: another agent has acted since this one last got its role. */
  assign(
    assignment: Assignment,
    activeSince: number,
    now: EpochMs,
  ): { readonly wasActive: boolean; succeeds: boolean } {
    const { active: wasActive, assignment: before } = this;
    if (!wasActive && assignment.active) this.activeAt = now;
    this.edgeUp = true;
    this.epoch = assignment.epoch;
    const succeeds = before !== null && (!before.active || activeSince > before.epoch);
    this.#save({ ...assignment, ...((succeeds || before?.unseen) && { unseen: true }) });
    return { wasActive, succeeds };
  }

  /** All that the bridge holds has been read. */
  bridgeSeen(): void {
    if (!this.assignment?.unseen) return;
    const { unseen: _, ...assignment } = this.assignment;
    this.#save(assignment);
  }

  /** The bridge says that another agent has taken the place of this one. */
  replaced(): void {
    if (this.assignment) this.#save({ ...this.assignment, alone: false });
  }

  #save(assignment: Assignment): void {
    this.assignment = assignment;
    this.#journal.saveAssignment(assignment);
  }

  /** A change of the role while this agent was not connected: the edge does not say who acted meanwhile. */
  changeMissed({ active, epoch }: Assignment, activeSince: number): Note | null {
    const before = this.assignment;
    if (before === null) return null;
    // What the process before this one was is no news: `edge-connected` has the role.
    const wasActiveInThisLife = this.activeAt !== null || before.alone;
    if (before.active && !active && wasActiveInThisLife) {
      const text = "standby: the edge has made another agent of this bridge active";
      return { level: "warn", event: "standby", text, epoch };
    }
    if (!active || (before.active && activeSince <= before.epoch)) return null;
    const text = "takeover: this agent acts from now on; another one did until it left the edge";
    return { level: "info", event: "takeover", text, epoch };
  }
}

/** Why the agent before this one acts no longer, and what the edge's rules say of the time in which nobody did. */
const overBecause: Readonly<Record<string, string>> = {
  closed: "closed its link to the edge; nobody acted since then",
  silent: "gave no sign of life; nobody acted for at least 10 s",
  bridgeAway: "has lost the bridge; nobody acted for at least 2 s",
  handedOver: "was to hand over, as an operator asked",
};

export function takeoverText({ replaces }: Extract<EdgeToAgent, { type: "activate" }>): string {
  if (!replaces) return "takeover: this agent acts from now on; the edge knew of no other that did";
  const { agent, why } = replaces;
  const because = overBecause[why] ?? `had its link closed by the edge (${why})`;
  return `takeover: this agent acts from now on in place of ${agent}, which ${because}`;
}

/** `bridgeBackAt`: when the bridge was last connected while this agent was active; `activeAt`: when the edge made it active. */
export function actingText(
  { conferences, calls }: DriverState,
  bridgeBackAt: EpochMs | null,
  activeAt: EpochMs | null,
  now: EpochMs,
): string {
  const up = calls.filter(({ stage }) => stage !== "ended");
  const held = `${counted(conferences.length, "conference")}, ${counted(up.length, "call")}`;
  const begun = bridgeBackAt ?? activeAt;
  const cause = bridgeBackAt === null ? "the edge made it active" : "the bridge was connected";
  const since = begun === null ? "" : `, ${((now - begun) / 1_000).toFixed(1)} s after ${cause}`;
  return `this agent acts on the bridge (${held})${since}`;
}
