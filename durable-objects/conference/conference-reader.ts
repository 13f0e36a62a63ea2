import { secretsOf } from "../../src/conference/head.ts";
import type { ActionId, CallId, EpochMs } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person, shown } from "../../src/foundation/shown.ts";
import { wait } from "../../src/foundation/time/timers.ts";
import type { ItemPage, JournalPlace } from "../../src/rpc/conference.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { ActionStages, TimelineLine } from "../../src/rpc/timeline.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import { type HistoryRow, Page, type TransactionRows, transactionsIn } from "../../src/timeline/history.ts";
import { stagesOf } from "../../src/timeline/stages.ts";
import { Timeline } from "../../src/timeline/timeline.ts";
import { wirePage } from "../../src/timeline/wire.ts";
import type { Platform } from "../platform/platform.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { conferenceViewOf } from "./conference-view.ts";
import type { Outbox } from "./outbox.ts";

interface ReaderPorts extends Pick<Platform, "after" | "now" | "giveWay"> {
  /** `null` when the settings do not have the domain. Asked of a conference that knows who it is. */
  domain(): Domain | null;
  readonly store: ConferenceStore;
  readonly outbox: Pick<Outbox, "rows" | "confirmed">;
  readonly schedule: Pick<CommandSchedule, "stateOf" | "failsAt">;
}

/** A timeline that somebody looks at again and again, and that has its place in the journal. */
interface Kept {
  readonly name: string;
  /** With other settings, another one begins. */
  readonly domain: Domain | null;
  readonly timeline: Timeline;
  /** The first row that it has not read. */
  next: number;
  askedAt: EpochMs;
  /** It reads on for one at a time. */
  reading: Promise<void>;
}

const mostKept = 20;
/** How long a timeline is kept that nobody asks for. */
const keptMs = 60_000;
/** How many rows are read before other work has a turn, where the platform does not say when. */
const rowsATurn = 20;

/** What people read of a conference: how it is, and what its journal says. Nothing changes by it. */
export class ConferenceReader {
  readonly #ports: ReaderPorts;
  /** The one that was last asked for is the last. */
  #kept: readonly Kept[] = [];

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
  }

  /** A timer would keep the object alive, so it is called now and then. */
  deleteUnused(): void {
    const since = this.#ports.now() - keptMs;
    this.#kept = this.#kept.filter(({ askedAt }) => askedAt > since);
  }

  async action(id: ActionId): Promise<ActionStages | null> {
    const timeline = await this.#timeline(`action ${id}`, () => this.#ports.store.journal.rowOf(id));
    return timeline && stagesOf(timeline, id);
  }

  view(): ConferenceView | null {
    const { store, outbox, schedule } = this.#ports;
    if (!store.identity) return null;
    const settings = this.#ports.domain()?.settings;
    return conferenceViewOf(store.identity.confKey, settings, store, outbox.rows, schedule, this.#person);
  }

  entered(): ReadonlyMap<CallId, EpochMs> {
    const inside = [...this.#ports.store.state.callers.values()].filter(({ left }) => !left);
    return new Map(
      inside.flatMap(({ call, history: { enteredAt } }) => (enteredAt === undefined ? [] : [[call, enteredAt]])),
    );
  }

  async timeline(from: number): Promise<ItemPage<TimelineLine>> {
    const timeline = await this.#timeline("all", () => 1);
    await this.#ports.giveWay?.();
    const page = new Page<TimelineLine>();
    const left = timeline?.lines.slice(from).findIndex((line) => !page.add(line)) ?? -1;
    return { items: page.items, next: left < 0 ? null : from + left };
  }

  placeOfId(id: string): JournalPlace | null {
    return this.#ports.store.journal.placeOfId(id);
  }

  /**
   * The timeline from row `first()` on, as people may read it; `null`: there is no such row. A new secret or new settings begin another one.
   * Its last row has what is confirmed and is part of the next row of the journal.
   */
  async #timeline(about: string, first: () => number | null): Promise<Timeline | null> {
    this.deleteUnused();
    const { store, outbox } = this.#ports;
    const kept = this.#keptAs(`${about} ${JSON.stringify(secretsOf(store.state.head))}`, first);
    if (!kept) return null;
    this.#kept = [...this.#kept.filter((one) => one !== kept), kept].slice(-mostKept);
    kept.askedAt = this.#ports.now();
    kept.reading = kept.reading.then(() => this.#readOn(kept));
    try {
      await kept.reading;
    } catch (error) {
      this.#kept = this.#kept.filter((one) => one !== kept);
      throw error;
    }
    const { timeline } = kept;
    timeline.read({ seq: store.journal.lastSeq, at: this.#ports.now(), input: null, facts: outbox.confirmed });
    return timeline;
  }

  #keptAs(name: string, first: () => number | null): Kept | null {
    const domain = this.#ports.domain();
    const kept = this.#kept.find((one) => one.name === name && one.domain === domain);
    if (kept) return kept;
    const next = first();
    if (next === null) return null;
    return { name, domain, timeline: new Timeline(), next, askedAt: 0, reading: Promise.resolve() };
  }

  async #readOn(kept: Kept): Promise<void> {
    for await (const rows of this.#transactions(kept.next)) {
      const person = this.#person;
      for (const row of rows) kept.timeline.read(shown(row, person));
      kept.next = (rows.at(-1) ?? rows[0]).seq + 1;
    }
  }

  #transactions(from: number): AsyncGenerator<TransactionRows> {
    return transactionsFrom(this.#ports, this.#ports.store.journal.history(from - 1));
  }

  async wire(rows: readonly number[]): Promise<string> {
    const domain = this.#ports.store.identity && this.#ports.domain();
    if (!domain) return "[]";
    return JSON.stringify(await wirePage((row) => this.#transactions(row), domain, this.#person, rows));
  }

  /** A number or code of a person, as the domain's settings let it be shown. */
  get #person(): Person {
    const secrets = secretsOf(this.#ports.store.state.head);
    return exceptSecrets(personShown(this.#ports.domain()?.settings), (text) => secrets.includes(text));
  }
}

/** The transactions of these rows. Now and then other work goes first. */
export async function* transactionsFrom(
  ports: Pick<ReaderPorts, "after" | "giveWay">,
  history: Iterable<HistoryRow>,
): AsyncGenerator<TransactionRows> {
  let read = 0;
  for (const rows of transactionsIn(history)) {
    if (ports.giveWay) await ports.giveWay();
    else if (read >= rowsATurn) {
      await wait(ports, 0);
      read = 0;
    }
    yield rows;
    read += rows.length;
  }
}
