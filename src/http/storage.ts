import { familyOf } from "../foundation/metrics.ts";

/** Where the objects' files lie: GET and PUT of a file. */
export interface Disk {
  fetch(
    url: string,
    init?: { readonly method: "PUT"; readonly body: string },
  ): Promise<Pick<Response, "ok" | "status" | "text">>;
}

interface StoragePorts {
  /** `null`: the platform answers for its disks. */
  readonly disk: Disk | null;
  now(): number;
  /** No other process writes it. */
  newId(): string;
  log(
    event: "storage-fails" | "storage-works-again",
    facts: Readonly<Record<string, unknown>>,
    level: "info" | "error",
  ): void;
}

/** How long all get the same answer. */
const SAME_ANSWER_MS = 1_000;
/** How long a failed commit counts where the probe can write: a small file may still fit on a disk that is full for a database. */
const FAILURE_COUNTS_MS = 60_000;
const probe = "http://disk/written-now-and-then";

/**
 * Whether what is committed is on disk. A file that is written and read again says so before any object meets it: the disk is full or
 * read-only, or the folder of the state was deleted. Objects that are in memory then commit to files that nobody will find again. Where
 * that works, a commit that failed since the disk was full counts for a minute, and then the probe alone.
 */
export class Storage {
  readonly #ports: StoragePorts;
  /** The last commit that failed for a reason that concerns all objects; `null`: none did lately. */
  #failure: { readonly at: number; readonly why: string } | null = null;
  #asked: { readonly at: number; readonly answer: Promise<string | null> } | null = null;
  /** Since when something is wrong, and how often it was found; `null`: nothing is. */
  #failing: { readonly at: number; found: number } | null = null;
  /** What stands in our file; `null`: it was not written yet. */
  #written: string | null = null;

  constructor(ports: StoragePorts) {
    this.#ports = ports;
  }

  /** A commit failed since the disk is full. */
  failed(why: string): void {
    this.#failure = { at: this.#ports.now(), why };
    this.#asked = null;
  }

  /** What is wrong with the disk; `null`: nothing. */
  async fault(): Promise<string | null> {
    const at = this.#ports.now();
    if (!this.#asked || Math.abs(at - this.#asked.at) >= SAME_ANSWER_MS) this.#asked = { at, answer: this.#check(at) };
    return this.#asked.answer;
  }

  /** The log has a line when something begins to be wrong, and one when nothing is any more. */
  async #check(at: number): Promise<string | null> {
    const fault = (await this.#probe()) ?? this.#failed(at);
    const failing = this.#failing;
    if (fault !== null && failing) failing.found += 1;
    else if (fault !== null) {
      this.#failing = { at, found: 1 };
      this.#ports.log("storage-fails", { disk: fault }, "error");
    } else if (failing) {
      this.#failing = null;
      this.#ports.log("storage-works-again", { failedMs: at - failing.at, found: failing.found }, "info");
    }
    return fault;
  }

  #failed(at: number): string | null {
    if (this.#failure && Math.abs(at - this.#failure.at) >= FAILURE_COUNTS_MS) this.#failure = null;
    return this.#failure?.why ?? null;
  }

  /** As Prometheus reads it. */
  async metrics(): Promise<string> {
    const up = (await this.fault()) === null ? 1 : 0;
    return familyOf("gauge", "bridgehead_storage_up", "Whether what is committed reaches the disk.", [[{}, up]]);
  }

  async #probe(): Promise<string | null> {
    const { disk } = this.#ports;
    if (!disk) return null;
    try {
      if (this.#written !== null) {
        const found = await disk.fetch(probe);
        // A write would make the folder anew, without the objects.
        if (!found.ok || (await found.text()) !== this.#written) {
          return "the state folder was deleted or replaced while the edge runs: put it back, and start the edge anew";
        }
      }
      const body = this.#written ?? this.#ports.newId();
      const { ok, status } = await disk.fetch(probe, { method: "PUT", body });
      if (!ok) return `nothing can be written (status ${status})`;
      this.#written = body;
      return null;
    } catch (error) {
      return `nothing can be written (${error}): is the disk full or read-only?`;
    }
  }
}
