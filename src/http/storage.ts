import type { LogFacts } from "../foundation/text/log-line.ts";
import { reasonOf } from "../foundation/text/reason.ts";
import { type Timers, within } from "../foundation/time/timers.ts";

/** GET and PUT of a file in the objects' folder. */
export interface Disk {
  fetch(
    url: string,
    init?: { readonly method: "PUT"; readonly body: string },
  ): Promise<Pick<Response, "ok" | "status" | "text">>;
}

interface StoragePorts extends Timers {
  /** `null`: the platform is responsible for its disks. */
  readonly disk: Disk | null;
  /** Content of this process's file, which no other process writes. */
  readonly mark: string;
  now(): number;
  log(event: "storage-fails" | "storage-works-again", facts: LogFacts, level: "info" | "error"): void;
}

/** How long an answer of the disk is reused. */
const SAME_ANSWER_MS = 1_000;
/** Bytes of the probe after a failed commit. A smaller file can fit on a disk too full for a database. */
const ROOM_BYTES = 1024 * 1024;
/** How long a failed commit counts if there is no disk to probe. */
const FAILURE_COUNTS_MS = 60_000;
/** A slower disk counts as hanging. */
const PROBE_WITHIN_MS = 2_000;
const probe = "http://disk/written-now-and-then";

/**
 * Whether what is committed is on disk. A file that is written and read again says so before any object meets it: the disk is full or
 * read-only, or the folder of the state was deleted. Objects that are in memory then commit to files that nobody will find again. Where
 * that works, a commit that failed for want of room counts until a larger file has fitted.
 */
export class Storage {
  readonly #ports: StoragePorts;
  #isMarked = false;
  #asked: { readonly number: number; readonly at: number; readonly fault: Promise<string | null> } | null = null;
  /** Number of the probe whose answer is current. */
  #latest = 0;
  /** The last failed commit whose reason affects all objects; `null`: none lately. */
  #failure: { readonly at: number; readonly why: string } | null = null;
  #faultSince: number | null = null;

  constructor(ports: StoragePorts) {
    this.#ports = ports;
  }

  /** Notes a commit that failed because the disk is full. */
  failed(why: string): void {
    this.#failure = { at: this.#ports.now(), why };
  }

  /** Returns the disk's fault; `null`: none. Logs its start and its end. */
  async fault(): Promise<string | null> {
    const at = this.#ports.now();
    if (!this.#asked || isPast(this.#asked.at, SAME_ANSWER_MS, at)) {
      this.#asked = { number: (this.#asked?.number ?? 0) + 1, at, fault: this.#probe() };
    }
    const asked = this.#asked;
    const ofDisk = await asked.fault;
    if (this.#failure && isPast(this.#failure.at, FAILURE_COUNTS_MS, at)) this.#failure = null;
    const fault = ofDisk ?? this.#failure?.why ?? null;
    if (asked.number < this.#latest) return fault; // Outdated by a later probe.
    this.#latest = asked.number;
    if (fault !== null && this.#faultSince === null) {
      this.#faultSince = at;
      this.#ports.log("storage-fails", { disk: fault }, "error");
    } else if (fault === null && this.#faultSince !== null) {
      this.#ports.log("storage-works-again", { failedMs: at - this.#faultSince }, "info");
      this.#faultSince = null;
    }
    return fault;
  }

  /** Start of the fault; `null`: none. */
  get faultSince(): number | null {
    return this.#faultSince;
  }

  #probe(): Promise<string | null> {
    const { disk } = this.#ports;
    if (!disk) return Promise.resolve(null);
    return within(this.#ports, PROBE_WITHIN_MS, "the disk", this.#writeAndRead(disk)).catch(reasonOf);
  }

  async #writeAndRead(disk: Disk): Promise<string | null> {
    const { mark } = this.#ports;
    const failure = this.#failure;
    try {
      if (this.#isMarked) {
        const found = await disk.fetch(probe);
        // A write would create an empty folder.
        if ((await found.text()).trimEnd() !== mark) {
          return "the state folder was deleted or replaced while the edge runs: put it back, and restart the edge";
        }
      }
      const { ok, status } = await disk.fetch(probe, { method: "PUT", body: failure ? mark.padEnd(ROOM_BYTES) : mark });
      if (!ok) return `nothing can be written (status ${status})`;
      this.#isMarked = true;
      if (this.#failure === failure) this.#failure = null;
      return null;
    } catch (error) {
      return `nothing can be written (${error}): is the disk full or read-only?`;
    }
  }
}

/** A clock that was set back must not extend it. */
function isPast(since: number, ms: number, now: number): boolean {
  return Math.abs(now - since) >= ms;
}
