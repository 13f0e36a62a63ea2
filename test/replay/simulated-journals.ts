import { ConferenceStore, type HistoryRow } from "../../durable-objects/conference-store.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type About, aboutOf } from "../../src/replay/history.ts";
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

export function* historyOf(store: Pick<ConferenceStore, "history">): Generator<HistoryRow> {
  yield* store.history();
}
