import { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import { JournalReaders } from "../../durable-objects/conference/journal-readers.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type About, type HistoryRow, transactionsIn } from "../../src/replay/history.ts";
import { Replay, type ReplayedStep } from "../../src/replay/replay.ts";
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
        ...{ seed, edge: "workers" },
        inspect: (sites) => {
          for (const { edge } of sites) {
            for (const [key, { disk }] of edge.conferences)
              found.push(keptOn(disk, { confKey: key as ConfKey, domain: edge.domain }));
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

/** Reads these rows as the object does. `turn`: others have a turn; `read`: rows are read from behind this one on. */
export function readersOf(rows: readonly HistoryRow[], turn = () => {}, read = (_after: number) => {}): JournalReaders {
  const after = (_: number, run: () => void) => {
    turn();
    queueMicrotask(run);
    return () => {};
  };
  return new JournalReaders({ after, now: () => 0 }, (place) => {
    read(place);
    return rows.filter(({ seq }) => seq > place);
  });
}

/** A page of the rows of a test, as `readers` has it. */
export function testPage(readers: JournalReaders, about: About, from: number): Promise<TestRowsPage | null> {
  const begin = () => [new TestReader(about), 1] as const;
  const asked = { name: "test", settings: null, before: Math.max(from, 1), begin };
  return readers.use(asked, (reader, transactions) => testRowsPage(transactions, reader, from));
}

/** All pages of the rows of a test. */
export async function testPages(rows: readonly HistoryRow[], about: About): Promise<TestRowsPage[]> {
  const readers = readersOf(rows);
  const pages: TestRowsPage[] = [];
  for (let next: number | null = 0; next !== null; next = pages.at(-1)?.next ?? null) {
    const page = await testPage(readers, about, next);
    if (page) pages.push(page);
  }
  return pages;
}

/** All steps of a journal. */
export function* replay(rows: Iterable<HistoryRow>, about: About): Generator<ReplayedStep> {
  const replayed = new Replay(about);
  for (const transaction of transactionsIn(rows)) yield* replayed.steps(transaction);
}

export function* historyOf(store: ConferenceStore): Generator<HistoryRow> {
  yield* store.journal.history();
}
