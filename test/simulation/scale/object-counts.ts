import type { Units } from "../../../bench/cost/units.ts";
import type { ObjectName } from "../../../src/rpc/objects.ts";
import type { Clock } from "../../kit/clock.ts";
import type { Edge } from "../edge.ts";
import type { Hosted } from "../hosted.ts";

/** What the platform's limits are about: of the busiest object of a kind, each figure for itself. */
export interface Busiest {
  /** Requests a second: calls, alarms and messages of sockets. */
  readonly mean: number;
  readonly peak: number;
  /** Rows written in the second with the most of them. */
  readonly peakRows: number;
  /** At the end of the phase. */
  readonly bytes: number;
  /** How much of the time it is at work. */
  readonly load: number;
  /** For how long a request waited for its turn at most. */
  readonly lateMs: number;
}

/** Of all objects together, for the price. */
export type PhaseUnits = Omit<Units, "rowsRead">;

export interface PhaseCounts {
  readonly busiest: ReadonlyMap<ObjectName, Busiest>;
  /** How many objects of this kind there are. */
  readonly objects: ReadonlyMap<ObjectName, number>;
  readonly units: PhaseUnits;
}

const secondMs = 1_000;

interface Totals {
  readonly calls: number;
  readonly alarms: number;
  readonly messages: number;
  readonly rows: number;
}

/** One object, second by second. */
class CountedObject {
  readonly #hosted: Hosted;
  readonly #messages: () => number;
  #last: Totals;
  #requests = 0;
  #peak = 0;
  #peakRows = 0;
  #seconds = 0;

  constructor(hosted: Hosted, messages: () => number) {
    this.#hosted = hosted;
    this.#messages = messages;
    this.#last = none;
  }

  begin(): void {
    this.#requests = 0;
    this.#peak = 0;
    this.#peakRows = 0;
    this.#seconds = 0;
    Object.assign(this.#hosted.turns, { busyMs: 0, longestWaitMs: 0 });
  }

  /** Counts what came since the last look; returns that. */
  look(): Totals {
    const now = totalsOf(this.#hosted, this.#messages());
    const last = this.#last;
    this.#last = now;
    const added: Totals = {
      calls: now.calls - last.calls,
      alarms: now.alarms - last.alarms,
      messages: now.messages - last.messages,
      rows: now.rows - last.rows,
    };
    const requests = added.calls + added.alarms + added.messages;
    this.#seconds += 1;
    this.#requests += requests;
    this.#peak = Math.max(this.#peak, requests);
    this.#peakRows = Math.max(this.#peakRows, added.rows);
    return added;
  }

  get counted(): Busiest {
    const [size] = this.#hosted.disk.exec("SELECT * FROM pragma_page_size, pragma_page_count, pragma_freelist_count");
    const pages = Number(size?.page_count) - Number(size?.freelist_count);
    const seconds = Math.max(1, this.#seconds);
    return {
      mean: this.#requests / seconds,
      peak: this.#peak,
      peakRows: this.#peakRows,
      bytes: pages * Number(size?.page_size),
      load: this.#hosted.turns.busyMs / (seconds * secondMs),
      lateMs: this.#hosted.turns.longestWaitMs,
    };
  }
}

const none: Totals = { calls: 0, alarms: 0, messages: 0, rows: 0 };

function totalsOf({ billed, disk }: Hosted, messages: number): Totals {
  return {
    calls: billed.calls + billed.checks,
    alarms: billed.alarms,
    messages,
    rows: disk.rowsWritten + billed.alarmsSet,
  };
}

/** Counts each object of an edge once a second, by what the simulation counts of it anyway. */
export class ObjectCounts {
  readonly #edge: Edge;
  readonly #objects = new Map<Hosted, { readonly kind: ObjectName; readonly counted: CountedObject }>();
  /** All calls of all seconds. */
  readonly calls = new Map<ObjectName, number>();
  #units: PhaseUnits = noUnits;
  #postsBefore = 0;
  #activeMsBefore = 0;

  constructor(clock: Clock, edge: Edge) {
    this.#edge = edge;
    const look = () => {
      this.#look();
      clock.after(secondMs, look);
    };
    clock.after(secondMs, look);
  }

  begin(): void {
    this.#look();
    this.#units = noUnits;
    this.#postsBefore = this.#edge.posts;
    this.#activeMsBefore = this.#activeMs;
    for (const { counted } of this.#objects.values()) counted.begin();
  }

  /** What was counted since it began. */
  phase(): PhaseCounts {
    const busiest = new Map<ObjectName, Busiest>();
    const objects = new Map<ObjectName, number>();
    for (const { kind, counted } of this.#objects.values()) {
      busiest.set(kind, busier(busiest.get(kind), counted.counted));
      objects.set(kind, (objects.get(kind) ?? 0) + 1);
    }
    const workerRequests = this.#edge.posts - this.#postsBefore;
    const activeMs = this.#activeMs - this.#activeMsBefore;
    return { busiest, objects, units: { ...this.#units, workerRequests, activeMs } };
  }

  get #activeMs(): number {
    return this.#edge.objects().reduce((sum, { billed }) => sum + billed.activeMs, 0);
  }

  #look(): void {
    this.#find();
    let { objectRequests, socketMessages, rowsWritten, alarms } = this.#units;
    for (const { kind, counted } of this.#objects.values()) {
      const added = counted.look();
      this.calls.set(kind, (this.calls.get(kind) ?? 0) + added.calls);
      objectRequests += added.calls + added.alarms;
      socketMessages += added.messages;
      rowsWritten += added.rows;
      alarms += added.alarms;
    }
    this.#units = { ...this.#units, objectRequests, socketMessages, rowsWritten, alarms };
  }

  /** Conferences come to be. */
  #find(): void {
    const { conferences, handles, allocator, mailbox, directory, relays } = this.#edge;
    if (this.#objects.size === 0) {
      this.#add("handles", handles);
      this.#add("idAllocator", allocator);
      this.#add("directory", directory);
      this.#add("mailbox", mailbox);
      for (const { hosted, frames } of relays)
        this.#add("relay", hosted, () => [...frames.values()].reduce((sum, count) => sum + count, 0));
    }
    for (const hosted of conferences.values()) if (!this.#objects.has(hosted)) this.#add("conference", hosted);
  }

  #add(kind: ObjectName, hosted: Hosted, messages = () => 0): void {
    this.#objects.set(hosted, { kind, counted: new CountedObject(hosted, messages) });
  }
}

const noUnits: PhaseUnits = {
  workerRequests: 0,
  objectRequests: 0,
  socketMessages: 0,
  rowsWritten: 0,
  alarms: 0,
  activeMs: 0,
};

function busier(one: Busiest | undefined, other: Busiest): Busiest {
  if (!one) return other;
  return {
    mean: Math.max(one.mean, other.mean),
    peak: Math.max(one.peak, other.peak),
    peakRows: Math.max(one.peakRows, other.peakRows),
    bytes: Math.max(one.bytes, other.bytes),
    load: Math.max(one.load, other.load),
    lateMs: Math.max(one.lateMs, other.lateMs),
  };
}
