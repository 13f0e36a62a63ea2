import { secretsOf } from "../../src/conference/head.ts";
import type { InputRow } from "../../src/conference/inputs.ts";
import { owedIn } from "../../src/conference/server/resync.ts";
import { pageFrom } from "../../src/explain/page.ts";
import { StagesFold } from "../../src/explain/stages.ts";
import { type ConfirmedFact, Timeline } from "../../src/explain/timeline.ts";
import { Why } from "../../src/explain/why.ts";
import { whyNotYet } from "../../src/explain/why-not-yet.ts";
import { wirePage } from "../../src/explain/wire.ts";
import type { ActionId, CallId, EpochMs } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person } from "../../src/foundation/shown.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import type { ItemPage, JournalPlace } from "../../src/rpc/conference.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { Explanation, StoryLine } from "../../src/rpc/story.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { conferenceViewOf } from "./conference-view.ts";
import { JournalReaders, type ReadersPorts, showRow } from "./journal-readers.ts";
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
    const fold = await this.#fold(`action ${id}`, () => {
      const row = this.#store.journal.rowOf(id);
      return row === null ? null : [new StagesFold(id), row];
    });
    fold?.read(this.#unwritten);
    return fold?.stages ?? null;
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

  async story(from: number): Promise<ItemPage<StoryLine>> {
    const timeline = await this.#fold("story", () => [new Timeline(), 1]);
    await this.#journal.giveWay();
    return pageFrom(timeline?.linesWith(this.#unwritten) ?? [], from);
  }

  placeOfId(id: string): JournalPlace | null {
    return this.#store.journal.placeOfId(id);
  }

  async explain(call: string | undefined, from: number): Promise<ItemPage<Explanation>> {
    const why = await this.#fold("why", () => [new Why(), 1]);
    await this.#journal.giveWay();
    why?.read(this.#unwritten);
    const view = this.view();
    const pending = view && { view, owed: owedIn(this.#store.state) };
    const notYet = why && pending ? whyNotYet(pending, why.known, this.#ports.now()) : [];
    return pageFrom(why?.answers(notYet, call) ?? [], from);
  }

  /** What is confirmed and will be a part of the next row. To read it twice changes nothing. */
  get #unwritten(): InputRow & { readonly facts: readonly ConfirmedFact[] } {
    return { seq: this.#store.journal.lastSeq, at: this.#ports.now(), input: null, facts: this.#outbox.confirmed };
  }

  /** A view of all rows, as people may read them: what has become secret begins another. `begin`: it begins with this row. */
  #fold<Fold extends { read(row: InputRow): void }>(
    name: string,
    begin: () => readonly [Fold, row: number] | null,
  ): Promise<Fold | null> {
    const secrets = JSON.stringify(secretsOf(this.#store.state.head));
    const asked = { name: `${name} ${secrets}`, settings: this.#ports.domain(), begin };
    return this.#journal.use(asked, async (fold, transactions) => {
      for await (const rows of transactions) {
        const person = this.#person;
        for (const row of rows) fold.read(showRow(row, person));
      }
      return fold;
    });
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
