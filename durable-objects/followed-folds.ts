import { showInput } from "../src/conference/decide.ts";
import { type InputRow, showFact } from "../src/conference/facts.ts";
import type { EpochMs } from "../src/foundation/ids.ts";
import type { Person } from "../src/foundation/shown.ts";
import { type Timers, wait } from "../src/foundation/timers.ts";
import { Page } from "../src/replay/page.ts";
import type { ItemPage } from "../src/rpc/conference.ts";

/** A view of a journal: reads its rows in order. */
export interface Fold {
  read(row: InputRow): void;
}

interface Followed {
  readonly fold: Fold;
  /** The last row that it has read. */
  seq: number;
  /** Present while it reads. */
  reading?: Promise<void>;
  /** When somebody has asked for it last. */
  askedAt: EpochMs;
}

/** Folds that are kept at a time. */
const mostFollowed = 20;
/** How long one is kept that nobody asks for. */
const keptMs = 60_000;

/**
 * Folds over a conference's journal that people look at again and again: each keeps its place, and between pages of rows all other work
 * goes first.
 */
export class FollowedFolds {
  readonly #ports: Timers & { now(): EpochMs };
  readonly #inputs: (after: number) => readonly InputRow[];
  /** That which was asked for last is the last. */
  readonly #followed = new Map<string, Followed>();

  /** `inputs`: some rows behind this one, in order; none where there are no more. */
  constructor(ports: Timers & { now(): EpochMs }, inputs: (after: number) => readonly InputRow[]) {
    this.#ports = ports;
    this.#inputs = inputs;
  }

  /** The fold of this name, with all rows behind `after` read; `null`: there is nothing to begin with. */
  async upToDate<Kind extends Fold>(
    name: string,
    begin: () => { readonly fold: Kind; readonly after: number } | null,
  ): Promise<Kind | null> {
    this.deleteUnused();
    const followed = this.#followed.get(name) ?? followedFrom(begin());
    if (!followed) return null;
    followed.askedAt = this.#ports.now();
    this.#followed.delete(name);
    this.#followed.set(name, followed);
    for (const oldest of [...this.#followed.keys()].slice(0, -mostFollowed)) this.#followed.delete(oldest);
    followed.reading ??= this.#read(followed).finally(() => delete followed.reading);
    await followed.reading;
    return followed.fold as Kind;
  }

  /** A timer would keep the object alive, so its owner calls it now and then. */
  deleteUnused(): void {
    const since = this.#ports.now() - keptMs;
    for (const [name, { askedAt }] of this.#followed) if (askedAt <= since) this.#followed.delete(name);
  }

  async #read(followed: Followed): Promise<void> {
    let rows = this.#inputs(followed.seq);
    while (rows.length > 0) {
      for (const row of rows) {
        followed.fold.read(row);
        followed.seq = row.seq;
      }
      rows = this.#inputs(followed.seq);
      if (rows.length > 0) await wait(this.#ports, 0);
    }
  }
}

function followedFrom(begun: { readonly fold: Fold; readonly after: number } | null): Followed | null {
  return begun && { fold: begun.fold, seq: begun.after, askedAt: 0 };
}

/** A row as people may read it. */
export function showRow({ input, facts, ...row }: InputRow, person: Person): InputRow {
  const shown = facts?.map((fact) => showFact(fact, person)) ?? null;
  return { ...row, input: input && showInput(input, person), facts: shown };
}

/** Some of a list from this place on, as much as one answer may hold, and at least one. */
export function pageFrom<Item extends object>(items: readonly Item[], from: number): ItemPage<Item> {
  const page = new Page<Item>(Number.POSITIVE_INFINITY);
  const rest = items.slice(from);
  const left = rest.findIndex((item) => !page.add(item));
  return { items: page.items, next: left < 0 ? null : from + left };
}
