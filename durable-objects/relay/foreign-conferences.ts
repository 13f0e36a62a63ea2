import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { ForConference } from "../../src/link/relay.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import type { RelayStore } from "./relay-store.ts";

/** An agent sends a digest of each conference each eight minutes at least. */
const goneAfterMs = 20 * 60_000;
/** Keys that an agent makes up must not fill the disk. */
const most = 1_000;
const mostNamed = 3;

/** Conferences on the bridge that the edge does not know, as after a loss of its state. Those of which nothing is heard any more are gone. */
export class ForeignConferences {
  readonly #ports: { now(): EpochMs };
  readonly #store: RelayStore;
  /** Since when each is known, which is on disk, and when it was heard of last. */
  readonly #known: Map<ConfKey, { readonly since: EpochMs; heardAt: EpochMs }>;

  constructor(ports: { now(): EpochMs }, store: RelayStore) {
    this.#ports = ports;
    this.#store = store;
    const heardAt = ports.now();
    const kept = Object.entries<EpochMs>(store.read("foreign") ?? {});
    this.#known = new Map(kept.map(([key, since]) => [key as ConfKey, { since, heardAt }]));
  }

  heard(said: ForConference): void {
    const { conference } = said;
    const hasEnded =
      said.type === "reports" &&
      said.reports.some(({ report }) => report.type === "event" && report.event.type === "conference-ended");
    if (hasEnded) return this.delete(conference);
    const now = this.#ports.now();
    const known = this.#known.get(conference);
    if (known) known.heardAt = now;
    else if (this.#known.size < most) {
      this.#known.set(conference, { since: now, heardAt: now });
      this.#keep();
    }
  }

  /** It is over, or the edge knows it now. */
  delete(conference: ConfKey): void {
    if (this.#known.delete(conference)) this.#keep();
  }

  trouble(): readonly FoundTrouble[] {
    const now = this.#ports.now();
    const gone = [...this.#known].filter(([, { heardAt }]) => Math.abs(now - heardAt) >= goneAfterMs);
    for (const [key] of gone) this.#known.delete(key);
    if (gone.length > 0) this.#keep();
    const all = [...this.#known];
    const times = all.map(([, { since }]) => since);
    if (all.length === 0) return [];
    const named = all.slice(0, mostNamed).map(([key]) => key);
    const why = [...named, ...(all.length > mostNamed ? ["others"] : [])].join(", ");
    return [
      { kind: "orphan-conference", since: Math.min(...times), latest: Math.max(...times), count: all.length, why },
    ];
  }

  #keep(): void {
    this.#store.write("foreign", Object.fromEntries(Array.from(this.#known, ([key, { since }]) => [key, since])));
  }
}
