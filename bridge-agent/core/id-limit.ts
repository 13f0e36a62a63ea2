import type { IdLimit } from "../../src/link/messages.ts";
import type { AgentJournal, JournalContents } from "./journal.ts";

/** The furthest limit of ids that the edge has handed out: one that lost its state learns it here. */
export class KeptIdLimit {
  readonly #journal: Pick<AgentJournal, "saveIdLimit">;
  readonly #domain: string;
  #limit: IdLimit;

  constructor(
    journal: Pick<AgentJournal, "saveIdLimit">,
    { idLimits }: Pick<JournalContents, "idLimits">,
    domain: string,
  ) {
    this.#journal = journal;
    this.#domain = domain;
    this.#limit = idLimits.get(domain) ?? { place: 0, by: "" };
  }

  get limit(): IdLimit {
    return this.#limit;
  }

  /** Nearer ones are passed over: an edge that lost its state may not know yet of the furthest. */
  keep(limit: IdLimit): void {
    if (limit.place <= this.#limit.place) return;
    this.#limit = limit;
    this.#journal.saveIdLimit(this.#domain, limit);
  }
}
