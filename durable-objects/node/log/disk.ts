import type { EpochMs } from "../../../src/foundation/ids.ts";
import type { KeptDoubt } from "../doubt.ts";

/** An object on disk. Its number is never given to another one. */
export interface StoredObject {
  readonly object: number;
  /** `conference/local/555120777` */
  readonly name: string;
  readonly alarm: EpochMs | null;
}

/** What one object wrote between two flushes. */
export interface LogRow {
  readonly position: number;
  readonly object: number;
  /** When it is to be woken; `null`: never; absent: as before. */
  readonly alarm?: EpochMs | null;
  /** Its statements as JSON: the number of each text, or the text itself, and what was bound. */
  readonly body: string;
}

/** Rows of one table. A large table has a part for each row, so that an image need not write all of it. */
export interface ImagePart {
  readonly table: string;
  /** JSON of the row's primary key; empty: the part holds the whole table. */
  readonly key: string;
  /** JSON: a list of rows, each a list of values. */
  readonly rows: string;
}

/** The rows of an object as they are behind `upTo`, without the log. */
export interface Image {
  /** How its tables and indexes are made. */
  readonly schema: readonly string[];
  readonly parts: readonly ImagePart[];
}

/** Turns the image on disk into that of now. */
export interface ImageChange {
  readonly object: number;
  readonly upTo: number;
  readonly alarm: EpochMs | null;
  readonly schema: readonly string[];
  /** Tables of which all parts go before the new ones come. */
  readonly replaced: readonly string[];
  readonly parts: readonly ImagePart[];
  /** Parts of rows that are no more. */
  readonly gone: readonly Omit<ImagePart, "rows">[];
}

/** Rows of the log that images hold: all before this position but those of these objects. */
export interface Droppable {
  readonly before: number;
  readonly except: readonly number[];
}

/** What goes to disk together: all of it, or nothing. */
export interface Flush {
  readonly texts: readonly (readonly [number: number, text: string])[];
  readonly created: readonly (readonly [object: number, name: string])[];
  readonly rows: readonly LogRow[];
  readonly images: readonly ImageChange[];
  readonly deleted: readonly number[];
  /** `null`: none. */
  readonly droppable: Droppable | null;
}

export const nothing: Flush = { texts: [], created: [], rows: [], images: [], deleted: [], droppable: null };

/** How much a flush takes to whatever keeps it. */
export function lettersOf({ rows, images }: Pick<Flush, "rows" | "images">): number {
  return sumOf(rows, ({ body }) => body.length) + sumOf(images, lettersOfImage);
}

export function lettersOfImage({ parts }: Pick<Image, "parts">): number {
  return sumOf(parts, ({ rows }) => rows.length);
}

function sumOf<One>(all: readonly One[], of: (one: One) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}

/** All that a start needs. */
export interface Stored {
  /** Those that have rows, an image or an alarm. */
  readonly objects: readonly StoredObject[];
  /** Which rows of the log no image holds, in their order. */
  readonly rows: readonly (readonly [position: number, object: number])[];
  readonly texts: readonly (readonly [number: number, text: string])[];
  readonly lastPosition: number;
  readonly lastObject: number;
  /** When something was last written; 0: nothing is there. */
  readonly lastAt: EpochMs;
  /**
   * When this state was last put back from a backup, later than each time before: what was written between that backup and then is lost.
   * `null`: never.
   */
  readonly restoredAt: EpochMs | null;
  readonly doubt: KeptDoubt;
  /** Of a shared state: another edge has acted since this one read it last. */
  readonly tookOver?: boolean;
}

/** Nothing is wrong with the disk, and all begins anew with what is on it. */
export class BeginsAnew extends Error {
  override readonly name = "BeginsAnew";
}

/** Nothing is wrong with the disk, but nobody may write by it now: another edge acts, or may. */
export class StandsBy extends Error {
  override readonly name = "StandsBy";
}

/** Where the state of a runtime lies: one log, and an image of each object. A call that rejects has changed nothing, or all of it. */
export interface Disk {
  /**
   * Of a state that other edges share: false once another one may act, until a flush has resolved. What is
   * on disk leaves the process only while this is true. Absent: nobody else can act.
   */
  readonly mayAct?: boolean;
  /**
   * With nothing to write for so long, an empty flush is wanted, or another edge will act. Absent: none is.
   */
  readonly renewEveryMs?: number;
  /** Counts up with each change of who writes; `null`: not this edge. Absent: nobody else can. */
  readonly epoch?: number | null;
  /** The next epoch is later than this: the next flush rejects, and all begins anew with what is on disk. */
  beginAfter?(epoch: number): void;
  /** Whether what failed so at a start is worth waiting for. Absent: nothing is. */
  mayComeBack?(error: unknown): boolean;
  /** What is under way rejects: the edge stops, and waits for nothing. Absent: nothing takes long. */
  abandon?(): void;
  /** How soon `probe` is asked again after it has rejected. */
  readonly probeEveryMs: number;
  open(): Promise<Stored>;
  /** The image of an object, and the bodies of its rows at these positions. */
  read(
    object: number,
    positions: readonly number[],
  ): Promise<{ readonly image: Image; readonly bodies: readonly string[] }>;
  /** Resolves once all of it survives a loss of power. One at a time. */
  flush(flush: Flush, at: EpochMs): Promise<void>;
  /** Writes a little: rejects where nothing can be written. */
  probe(at: EpochMs): Promise<void>;
  /** From now on this state says that it is an older one that was put back. */
  markRestored(at: EpochMs): Promise<void>;
  /** The next start begins with this doubt. */
  keepDoubt(doubt: KeptDoubt): Promise<void>;
  close(): Promise<void>;
}
