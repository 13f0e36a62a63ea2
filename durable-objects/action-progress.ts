import type { ActionId } from "../src/foundation/ids.ts";
import { type ActionStages, StagesReader } from "../src/operators/action-stages.ts";
import type { JournalRow } from "./conference-store.ts";

/** Actions that are followed at a time. Whoever follows another one has the whole journal read for it. */
const mostFollowed = 20;

interface Followed {
  readonly reader: StagesReader;
  /** The last row that it has read. */
  seq: number;
}

/** How far actions of operators have come, as a conference's journal tells. Reads what was added since the same action was asked for before. */
export class ActionProgress {
  readonly #journal: (after: number) => readonly JournalRow[];
  /** That which was asked for last is the last. */
  readonly #followed = new Map<ActionId, Followed>();

  /** `journal`: some rows behind this one, in order; none where there are no more. */
  constructor(journal: (after: number) => readonly JournalRow[]) {
    this.#journal = journal;
  }

  /** `unwritten`: what will be a part of the next row. `null`: nothing of the action is in the journal. */
  stagesOf(id: ActionId, unwritten: JournalRow | null): ActionStages | null {
    const followed = this.#followed.get(id) ?? { reader: new StagesReader(id), seq: 0 };
    this.#followed.delete(id);
    this.#followed.set(id, followed);
    for (const oldest of [...this.#followed.keys()].slice(0, -mostFollowed)) this.#followed.delete(oldest);
    const { reader } = followed;
    for (let rows = this.#journal(followed.seq); rows.length > 0; rows = this.#journal(followed.seq)) {
      for (const row of rows) {
        reader.read(row);
        followed.seq = row.seq;
      }
    }
    // The row that has it will say it again, which changes nothing more.
    if (unwritten) reader.read(unwritten);
    return reader.stages;
  }
}
