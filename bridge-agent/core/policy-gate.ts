import type { CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { LogLimit } from "../../src/foundation/limits.ts";
import type { Result } from "../../src/foundation/result.ts";
import type { Legs } from "../callers/legs.ts";
import type { Execution } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import type { Journal } from "./journal.ts";
import type { PendingCommands } from "./pending-commands.ts";
import {
  type Durations,
  type Overdue,
  type Permitted,
  Policy,
  type PolicyReason,
  type PolicySettings,
  policyReasons,
} from "./policy.ts";

interface GateParts {
  readonly journal: Journal;
  readonly pending: PendingCommands;
  readonly legs: Legs;
  readonly durations: Durations;
}

/** The one way of a command to the driver, and what lasts longer than the policy lets it. */
export class PolicyGate {
  readonly #policy: Policy;
  readonly #parts: GateParts;
  readonly #lines = new LogLimit();
  /** Permitted dials whose result was not known when this was last looked at. */
  readonly #dialling = new Map<string, { readonly conference: ConfKey; readonly id: CommandId }>();

  /** `dials`: when calls were dialled lately. */
  constructor(settings: PolicySettings, dials: readonly EpochMs[], parts: GateParts) {
    this.#policy = new Policy(settings, dials);
    this.#parts = parts;
  }

  set settings(settings: PolicySettings) {
    this.#policy.settings = settings;
  }

  permit(execution: Execution, now: EpochMs): Result<Permitted, PolicyReason> {
    const { id, conference, command } = execution;
    if (command.type !== "dial" || conference === null) return this.#policy.permit(execution, 0, now);
    const name = `${conference} ${id}`;
    const permitted = this.#policy.permit(execution, this.#dialledBut(name), now);
    if (permitted.ok) {
      this.#dialling.set(name, { conference, id });
      this.#parts.journal.saveDials(this.#policy.dials);
    }
    return permitted;
  }

  /** How many dialled calls ring or are up beside that of this dial, with those that the bridge is about to dial. */
  #dialledBut(name: string): number {
    const { pending, legs } = this.#parts;
    for (const [other, { conference, id }] of this.#dialling) {
      if (pending.find(conference, id) === null) this.#dialling.delete(other);
    }
    return legs.dialledCount + this.#dialling.size - (this.#dialling.has(name) ? 1 : 0);
  }

  /** What lasts too long, looked for now and then. */
  overdue(conferences: Iterable<ConfKey>, now: EpochMs): readonly Overdue[] {
    const { durations, legs } = this.#parts;
    if (!durations.isDue(now)) return [];
    const calls = legs.views.flatMap(({ call, conference, since, stage }) =>
      conference === null || stage === "prompted" ? [] : [{ call, conference, since }],
    );
    return durations.overdue(this.#policy.settings, calls, conferences, now);
  }

  /** A line for what the policy did; `null`: there were as many of late as a log can take from an edge in wrong hands. */
  line(reason: PolicyReason, about: Partial<Note>, now: EpochMs): Note | null {
    const droppedBefore = this.#lines.admit("policy", reason, now);
    if (droppedBefore === null) return null;
    const dropped = droppedBefore > 0 ? { droppedBefore } : {};
    return { level: "warn", event: "policy", text: policyReasons[reason], reason, ...about, ...dropped };
  }
}
