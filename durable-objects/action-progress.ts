import type { InputRow } from "../src/conference/facts.ts";
import { StagesFold } from "../src/explain/stages.ts";
import type { ActionId } from "../src/foundation/ids.ts";
import type { ActionStages } from "../src/rpc/action-stages.ts";

/** Actions that are followed at a time. Whoever follows another one has the journal read for it from its row on. */
const mostFollowed = 20;

interface Followed {
  readonly fold: StagesFold;
  /** The last row that it has read. */
  seq: number;
}

interface ActionRows {
  /** The row that has the action; `null`: none has it. */
  rowOf(id: ActionId): number | null;
  /** Some rows behind this one, in order; none where there are no more. */
  inputs(after: number): readonly InputRow[];
}

/** How far actions of operators have come, as a conference's journal tells. Reads what was added since the same action was asked for before. */
export class ActionProgress {
  readonly #rows: ActionRows;
  /** That which was asked for last is the last. */
  readonly #followed = new Map<ActionId, Followed>();

  constructor(rows: ActionRows) {
    this.#rows = rows;
  }

  /** `unwritten`: what will be a part of the next row. `null`: nothing of the action is in the journal. */
  stagesOf(id: ActionId, unwritten: InputRow): ActionStages | null {
    const followed = this.#followed.get(id) ?? this.#begin(id);
    if (!followed) return null;
    this.#followed.delete(id);
    this.#followed.set(id, followed);
    for (const oldest of [...this.#followed.keys()].slice(0, -mostFollowed)) this.#followed.delete(oldest);
    const { fold } = followed;
    for (let rows = this.#rows.inputs(followed.seq); rows.length > 0; rows = this.#rows.inputs(followed.seq)) {
      for (const one of rows) {
        fold.read(one);
        followed.seq = one.seq;
      }
    }
    // The row that has it will say it again, which changes nothing more.
    fold.read(unwritten);
    return fold.stages;
  }

  #begin(id: ActionId): Followed | null {
    const row = this.#rows.rowOf(id);
    return row === null ? null : { fold: new StagesFold(id), seq: row - 1 };
  }
}
