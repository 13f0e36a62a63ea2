import type { NumberedReport } from "../../src/bridge/events.ts";
import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";

/** One message's reports; `id` is the link that they came by, and that hears what became of them. */
export interface Batch {
  readonly id: string;
  readonly stream: StreamId;
  readonly reports: readonly NumberedReport[];
}

/** What the bridge holds, told by this link. */
export interface Held {
  readonly id: string;
  readonly digest: string;
}

/** The way to the conferences. No call may reject. */
interface LaneEnds {
  ackCommands(conference: ConfKey, ids: readonly CommandId[]): Promise<void>;
  report(conference: ConfKey, batch: Batch): Promise<void>;
  compare(conference: ConfKey, held: Held): Promise<void>;
}

/** What one conference is to hear when it has answered. */
interface Waiting {
  taken: Set<CommandId>;
  batches: readonly Batch[];
  held: Held | null;
}

/** So many batches wait for one conference at most; the agent repeats what finds no place. */
const mostBatches = 16;

/**
 * What one conference is told is told in order, one thing after the other, and conferences side by side. Agents repeat
 * what is not acknowledged: for a conference that does not answer, the newest word of its agent waits and no more.
 */
export class Lanes {
  readonly #ends: LaneEnds;
  readonly #lanes = new Map<ConfKey, Waiting>();

  constructor(ends: LaneEnds) {
    this.#ends = ends;
  }

  /** How many conferences are being told something. */
  get size(): number {
    return this.#lanes.size;
  }

  ackCommands(conference: ConfKey, ids: readonly CommandId[]): void {
    const waiting = this.#lane(conference);
    for (const id of ids) waiting.taken.add(id);
  }

  report(conference: ConfKey, batch: Batch): void {
    const waiting = this.#lane(conference);
    waiting.batches = withBatch(waiting.batches, batch);
  }

  /** Behind the reports that came before it. */
  compare(conference: ConfKey, held: Held): void {
    this.#lane(conference).held = held;
  }

  #lane(conference: ConfKey): Waiting {
    const known = this.#lanes.get(conference);
    if (known) return known;
    const waiting: Waiting = { taken: new Set(), batches: [], held: null };
    this.#lanes.set(conference, waiting);
    Promise.resolve().then(() => this.#run(conference, waiting));
    return waiting;
  }

  async #run(conference: ConfKey, waiting: Waiting): Promise<void> {
    for (;;) {
      const { taken, held } = waiting;
      const [batch, ...others] = waiting.batches;
      if (taken.size > 0) {
        waiting.taken = new Set();
        await this.#ends.ackCommands(conference, [...taken]);
      } else if (batch) {
        waiting.batches = others;
        await this.#ends.report(conference, batch);
      } else if (held) {
        waiting.held = null;
        await this.#ends.compare(conference, held);
      } else break;
    }
    this.#lanes.delete(conference);
  }
}

/** Behind those that it goes on from; instead of them where it begins anew. */
function withBatch(batches: readonly Batch[], batch: Batch): readonly Batch[] {
  const last = batches.at(-1);
  const next = (last?.reports.at(-1)?.number ?? 0) + 1;
  const first = batch.reports[0]?.number ?? next;
  if (last?.id !== batch.id || last.stream !== batch.stream || first < next) return [batch];
  return first === next && batches.length < mostBatches ? [...batches, batch] : batches;
}
