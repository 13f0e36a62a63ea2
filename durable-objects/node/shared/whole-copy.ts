import { reasonOf } from "../../../src/foundation/text/reason.ts";
import { type Timers, wait } from "../../../src/foundation/time/timers.ts";
import { silentLongMs } from "../../../src/operators/edge-pair.ts";
import type { Copied } from "../log/copy-state.ts";
import { type Disk, StandsBy, type Stored } from "../log/disk.ts";
import { NodeClock } from "../node-clock.ts";
import { LeasedDisk, leaseMs } from "./leased-disk.ts";
import { PostgresDatabase } from "./postgres-database.ts";
import { copies } from "./shared-database.ts";

interface HeldDatabase {
  readonly disk: LeasedDisk;
  readonly stored: Stored;
  /** From now on what is there is a part of a state, until it is released. */
  beginCopy(): Promise<void>;
  release(moved?: "moved"): Promise<void>;
  cut(): void;
}

/**
 * The state in a database, held by a command while no edge runs: the lease is its own, and given back at
 * the end. Rejects where an edge acts or stands by, and where there is no state, unless it `mayBegin` one.
 */
export async function holdDatabase(url: string, mayBegin: boolean): Promise<HeldDatabase> {
  const self = { name: "a command", life: crypto.randomUUID(), url: "", version: "" };
  const database = new PostgresDatabase(url);
  const timers = new NodeClock();
  const disk = new LeasedDisk({
    ...{ database, timers, self, log: () => {}, settings: () => "" },
    passedMs: timers.passedMs,
    now: () => Date.now(),
  });
  try {
    await database.prepare(mayBegin);
    const { peers } = await database.view();
    const running = peers.find(({ seenMsAgo, url }) => url !== "" && seenMsAgo < silentLongMs);
    if (running)
      throw new Error(`the edge ${running.name} runs on it, or did until a moment ago: stop both edges first`);
    const stored = await opened(disk, timers);
    const beginCopy = async () => {
      self.name = copies;
      await disk.open();
    };
    return { disk, stored, beginCopy, release: (moved) => disk.close(moved), cut: () => database.reset() };
  } catch (error) {
    database.reset();
    throw error;
  }
}

/** An edge that was killed has its lease a while longer. */
async function opened(disk: LeasedDisk, timers: Timers): Promise<Stored> {
  for (let leftMs = 2 * leaseMs; ; leftMs -= disk.probeEveryMs) {
    try {
      return await disk.open();
    } catch (error) {
      if (!(error instanceof StandsBy) || leftMs <= 0) throw error;
      await wait(timers, disk.probeEveryMs);
    }
  }
}

/** Copies a state into a database that has none. */
export async function copyInto(url: string, copy: (disk: Disk) => Promise<Copied>): Promise<Copied> {
  const { disk, stored, beginCopy, release, cut } = await holdDatabase(url, true);
  if (stored.objects.length > 0) {
    await release();
    throw new Error("it has a state already: `DROP SCHEMA bridgehead CASCADE` deletes that, or name another database");
  }
  let copied: Copied;
  try {
    await beginCopy();
    copied = await copy(disk);
  } catch (error) {
    // It is not given back: what is there is a part of a state.
    cut();
    throw error;
  }
  try {
    await release();
  } catch (error) {
    throw new Error(
      `all is there, and the database may not have heard so (${reasonOf(error)}): where \`bridgehead check\` says that it was not to its end, \`UPDATE bridgehead.edge SET given_back = 'stopped'\` lets an edge go on with it`,
    );
  }
  return copied;
}
