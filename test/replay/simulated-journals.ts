import { ConferenceStore } from "../../durable-objects/conference-store.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type About, aboutOf, type HistoryRow } from "../../src/replay/history.ts";
import { Replay, type Step } from "../../src/replay/replay.ts";
import { GroupedRows, type ReadRows } from "../../src/replay/rows.ts";
import { TestReader, testRowsPage } from "../../src/replay/test-rows.ts";
import type { TestRowsPage } from "../../src/rpc/replay.ts";
import type { Database } from "../simulation/database.ts";
import { run } from "../simulation/world.ts";

/** A conference of a simulated world, as its disk has it at the world's end. */
export interface KeptConference {
  readonly about: About;
  readonly rows: readonly HistoryRow[];
  readonly state: ConferenceState;
}

/** All conferences of the world of this seed. A world runs from the event loop, as its clock wants it. */
export function conferencesOfWorld(seed: number): Promise<readonly KeptConference[]> {
  return new Promise((resolve) =>
    setImmediate(() => {
      const found: KeptConference[] = [];
      run({
        seed,
        inspect: (sites) => {
          for (const { edge } of sites) {
            for (const [key, { disk }] of edge.conferences)
              found.push(keptOn(disk, aboutOf(key as ConfKey, edge.domain)));
          }
        },
      });
      resolve(found);
    }),
  );
}

export function keptOn(disk: Database, about: About): KeptConference {
  const store = new ConferenceStore(disk, () => {});
  return { about, rows: [...historyOf(store)], state: store.state };
}

/** The journal as its pages are read: so many rows at a time. */
export function readerOf(rows: readonly HistoryRow[], atOnce = 20): ReadRows {
  return async (after) => rows.filter(({ seq }) => seq > after).slice(0, atOnce);
}

/** All pages of the rows of a test, as one reader after the other reads them. */
export async function testPages(rows: readonly HistoryRow[], { confKey, domain }: About): Promise<TestRowsPage[]> {
  let reader = new TestReader(domain);
  const pages: TestRowsPage[] = [];
  for (let next: number | null = 0; next !== null; next = pages.at(-1)?.next ?? null) {
    // It has read a row that the page before had no room for.
    if (reader.next > Math.max(next, 1)) reader = new TestReader(domain);
    pages.push(await testRowsPage(readerOf(rows), confKey, reader, next));
  }
  return pages;
}

/** All steps of a journal. */
export function* replay(rows: Iterable<HistoryRow>, about: About): Generator<Step> {
  const replayed = new Replay(about);
  const grouped = new GroupedRows();
  for (const row of rows) for (const transaction of grouped.add(row)) yield* replayed.steps(transaction);
  for (const transaction of grouped.rest()) yield* replayed.steps(transaction);
}

export function* historyOf(store: Pick<ConferenceStore, "history">): Generator<HistoryRow> {
  yield* store.history();
}
