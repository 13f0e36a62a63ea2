import { secretsOf } from "../../src/conference/head.ts";
import type { ActionId, CallId, EpochMs } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person, shown } from "../../src/foundation/shown.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import type { ItemPage, JournalPlace } from "../../src/rpc/conference.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { TimelineLine } from "../../src/rpc/timeline.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import { pageFrom } from "../../src/timeline/history.ts";
import { stagesOf } from "../../src/timeline/stages.ts";
import { Timeline } from "../../src/timeline/timeline.ts";
import { wirePage } from "../../src/timeline/wire.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { conferenceViewOf } from "./conference-view.ts";
import { JournalReaders, type ReadersPorts } from "./journal-readers.ts";
import type { Outbox } from "./outbox.ts";

interface ReaderPorts extends ReadersPorts {
  /** `null` when the settings do not have the domain. Asked of a conference that knows who it is. */
  domain(): Domain | null;
}

/** What people read of a conference: how it is, and what its journal says. Nothing changes by it. */
export class ConferenceReader {
  readonly #ports: ReaderPorts;
  readonly #store: ConferenceStore;
  readonly #outbox: Pick<Outbox, "rows" | "confirmed">;
  readonly #schedule: Pick<CommandSchedule, "stateOf" | "failsAt">;
  readonly #journal: JournalReaders;

  constructor(
    ports: ReaderPorts,
    store: ConferenceStore,
    outbox: Pick<Outbox, "rows" | "confirmed">,
    schedule: Pick<CommandSchedule, "stateOf" | "failsAt">,
  ) {
    this.#ports = ports;
    this.#store = store;
    this.#outbox = outbox;
    this.#schedule = schedule;
    this.#journal = new JournalReaders(ports, (after) => store.journal.history(after));
  }

  /** A timer would keep the object alive, so it is called now and then. */
  deleteUnused(): void {
    this.#journal.deleteUnused();
  }

  async action(id: ActionId): Promise<ActionStages | null> {
    const timeline = await this.#timeline(`action ${id}`, () => this.#store.journal.rowOf(id));
    return timeline && stagesOf(timeline, id);
  }

  view(): ConferenceView | null {
    const { identity } = this.#store;
    if (!identity) return null;
    const settings = this.#ports.domain()?.settings;
    return conferenceViewOf(identity.confKey, settings, this.#store, this.#outbox.rows, this.#schedule, this.#person);
  }

  entered(): ReadonlyMap<CallId, EpochMs> {
    const inside = [...this.#store.state.callers.values()].filter(({ left }) => !left);
    return new Map(
      inside.flatMap(({ call, history: { enteredAt } }) => (enteredAt === undefined ? [] : [[call, enteredAt]])),
    );
  }

  async timeline(from: number): Promise<ItemPage<TimelineLine>> {
    const timeline = await this.#timeline("all", () => 1);
    await this.#journal.giveWay();
    return pageFrom(timeline?.lines ?? [], from);
  }

  placeOfId(id: string): JournalPlace | null {
    return this.#store.journal.placeOfId(id);
  }

  /**
   * The timeline from row `first()` on, as people may read it; `null`: there is no such row. A new secret or new settings begin another one.
   * Its last row has what is confirmed and is part of the next row of the journal.
   */
  async #timeline(name: string, first: () => number | null): Promise<Timeline | null> {
    const secrets = JSON.stringify(secretsOf(this.#store.state.head));
    const begin = (): [Timeline, number] | null => {
      const row = first();
      return row === null ? null : [new Timeline(), row];
    };
    const asked = { name: `${name} ${secrets}`, settings: this.#ports.domain(), begin };
    const timeline = await this.#journal.use(asked, async (timeline, transactions) => {
      for await (const rows of transactions) {
        const person = this.#person;
        for (const row of rows) timeline.read(shown(row, person));
      }
      return timeline;
    });
    const seq = this.#store.journal.lastSeq;
    timeline?.read({ seq, at: this.#ports.now(), input: null, facts: this.#outbox.confirmed });
    return timeline;
  }

  async wire(rows: readonly number[]): Promise<string> {
    const domain = this.#store.identity && this.#ports.domain();
    if (!domain) return "[]";
    return JSON.stringify(await wirePage((row) => this.#journal.transactions(row), domain, this.#person, rows));
  }

  /** A number or code of a person, as the domain's settings let it be shown. */
  get #person(): Person {
    const secrets = secretsOf(this.#store.state.head);
    return exceptSecrets(personShown(this.#ports.domain()?.settings), (text) => secrets.includes(text));
  }
}
