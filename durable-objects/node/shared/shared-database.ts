import type { EpochMs } from "../../../src/foundation/ids.ts";
import type { ActsSince } from "../../../src/operators/edge-pair.ts";
import type { KeptDoubt } from "../doubt.ts";
import type { Flush, Image, Stored } from "../log/disk.ts";
import { NoState } from "../log/no-state.ts";

/** Who holds the lease while a state is copied there. If it was not given back, the copy was cut short. */
export const copies = "a copy";

/** `moved`: the state was copied to a folder, and goes on there. */
export type GivenBack = "handed over" | "stopped" | "moved";

/**
 * Who acts. It changes with each flush, so that whoever sees it unchanged for a lease knows that its holder
 * is silent.
 */
export interface Holding {
  /** Counts up with each change of who acts, and each time that one begins anew. 0: nobody has acted yet. */
  readonly epoch: number;
  /** Number of its last flush. */
  readonly flush: number;
  /** Name of the edge that acts, or did last. */
  readonly holder: string;
  /** Tells its process from others: two of one name are two. */
  readonly life: string;
  /** By the holder's clock. */
  readonly since: EpochMs;
  readonly why: ActsSince;
  /** It has said that it acts no more: nobody needs to wait for that. */
  readonly givenBack: GivenBack | null;
  /** Number of the last row of the log. */
  readonly position: number;
}

/** Throws where the state goes on elsewhere. */
export function requireLatest({ givenBack }: Holding): void {
  if (givenBack === "moved")
    throw new NoState(
      "the database's state was copied to a folder, and goes on there: `UPDATE bridgehead.edge SET given_back = 'stopped'` lets it go on here all the same; once an edge runs on the folder, `DROP SCHEMA bridgehead CASCADE` deletes this one",
    );
}

/** Throws where a state is a part of one, as it is being copied there or was not to its end. */
export function requireWhole({ holder, givenBack }: Holding): void {
  if (holder === copies && !givenBack)
    throw new NoState(
      "a state is being copied into the database, or was not to its end: `DROP SCHEMA bridgehead CASCADE` deletes that; then copy it again",
    );
}

/** What an edge that stands by says of itself, each second. */
export interface Beat {
  readonly name: string;
  readonly life: string;
  /** Where people find it. */
  readonly url: string;
  readonly version: string;
  /** Tells settings of domains and people from others: two edges of one state have the same. */
  readonly settings: string;
  /** The last row of the log that it has seen. */
  readonly position: number;
  /** Why it could not act now; `null`: it could. */
  readonly fault: string | null;
}

export interface Peer extends Beat {
  /** By the clock of the database. */
  readonly seenMsAgo: number;
}

/**
 * Who writes, and which of its flushes this is: the one before must be the last one that is there. In a
 * database that was put back, two edges may come to act in one epoch: their lives differ.
 */
export type Writer = Pick<Holding, "epoch" | "flush" | "life">;

/**
 * A database that edges share. What a call has changed survives the loss of any one machine that the
 * database was set up to survive. A call that rejects may have done its work all the same, or do it later.
 * One that resolves with false has changed nothing: another edge acts, or this flush is there already.
 */
export interface SharedDatabase {
  /** Creates what is missing. Rejects with `NoState` if it may not create it, or if the format differs. */
  prepare(mayBegin: boolean): Promise<void>;
  holding(): Promise<Holding>;
  /** Where all is as it was seen: the new epoch is one more, or one more than `after`. */
  acquire(
    seen: Pick<Holding, "epoch" | "flush">,
    by: Pick<Holding, "holder" | "life" | "since" | "why"> & { readonly after: number },
  ): Promise<boolean>;
  /** Rejects where this flush is not there: a machine that was replaced may not know it. */
  load(by: Writer): Promise<Stored>;
  /** Loads it, and keeps nothing of it; other calls neither wait for that nor hold it up. */
  check(): Promise<void>;
  /** See `load`. */
  read(
    by: Writer,
    object: number,
    positions: readonly number[],
  ): Promise<{ readonly image: Image; readonly bodies: readonly string[] }>;
  /** All of it, or nothing. `at` is the time of the state from then on, if it is later than that. */
  flush(by: Writer, flush: Flush, at: EpochMs): Promise<boolean>;
  markRestored(by: Writer, at: EpochMs): Promise<boolean>;
  /** See `Stored`. */
  keepDoubt(by: Writer, doubt: KeptDoubt): Promise<boolean>;
  /** What was written later than this counts as written then, and alarms come as much earlier. */
  setBack(by: Writer, to: EpochMs): Promise<boolean>;
  giveBack(by: Writer, why: GivenBack): Promise<boolean>;
  /** False: another edge that still says something has this name, and nothing was changed. */
  beat(beat: Beat): Promise<boolean>;
  /** What this edge has said of itself is forgotten. */
  leave(life: string): Promise<void>;
  /** Who acts, and all that have said something in the last day. No flush waits for it. */
  view(): Promise<{ readonly holding: Holding; readonly peers: readonly Peer[] }>;
  /** Cuts the connections: what is under way or waits rejects, and the next call connects anew. */
  reset(): void;
}
