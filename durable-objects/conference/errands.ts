import type { IssuedCommand } from "../../src/bridge/commands.ts";
import { firstClientPost } from "../../src/conference/client-data.ts";
import type { BridgeName, CommandId, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import type { ConferencePorts } from "./conference-ports.ts";
import type { Item, Ledger } from "./ledger.ts";
import { PendingOrders } from "./pending-orders.ts";

/** Pause after the bridge's relay could not be reached. */
const tellAgainMs = 1000;

/** What a conference does with what it has committed, beside its posts to WebEx: orders to the bridge, data to the back end. */
export class Errands {
  readonly #ports: ConferencePorts;
  readonly #ledger: Ledger;
  readonly #submit: (item: Item) => Promise<void>;
  readonly #pending = new PendingOrders();
  /** The client data that is under way, and for which time. */
  #handing: string | null = null;

  constructor(ports: ConferencePorts, ledger: Ledger, submit: (item: Item) => Promise<void>) {
    this.#ports = ports;
    this.#ledger = ledger;
    this.#submit = submit;
  }

  /** When an order is to be told, at the latest; `null` when there is none. */
  get nextDue(): EpochMs | null {
    return this.#pending.nextTelling(this.#ledger.state.commands);
  }

  /** These orders are on disk now; those that have a result are forgotten. */
  given(commands: readonly IssuedCommand[]): void {
    this.#pending.given(commands);
    this.#pending.keepOnly(this.#ledger.state.commands);
  }

  /** An agent of this bridge has these commands in its journal; those of another bridge are not its to acknowledge. */
  ackCommands(bridge: BridgeName, ids: readonly CommandId[]): void {
    const { state, books } = this.#ledger;
    this.#pending.taken(ids.filter((id) => (state.commands.get(id)?.bridge ?? books.bridge) === bridge));
  }

  /**
   * Reports came in this stream: if it is the last one, its agent has come back or never was away; else they are the
   * first ones, or its agent begins anew, or another one acts.
   */
  agentIsThere(stream: StreamId): void {
    if (stream === this.#ledger.lastStream) this.#pending.agentIsThere(this.#ports.now());
    else this.#pending.agentIsNew();
  }

  /** Does what is due, and waits for none of it. */
  run(): void {
    this.#tell();
    this.#handOn();
  }

  async #tell(): Promise<void> {
    const commands = this.#pending.due(this.#ledger.state.commands, this.#ports.now());
    if (commands.length === 0) return;
    // Looked up before anything is waited for: an order that is gone by then is still not for the bridge of today.
    const elsewhere = new Map(commands.map(({ id }) => [id, this.#ledger.state.commands.get(id)?.bridge]));
    try {
      const own = this.#ledger.books.bridge ?? (await this.#choose());
      const byBridge = Map.groupBy(commands, ({ id }) => elsewhere.get(id) ?? own);
      await Promise.all(Array.from(byBridge, ([bridge, mine]) => this.#ports.tell(this.#ledger.known, bridge, mine)));
    } catch (error) {
      this.#ports.log({ level: "warn", event: "bridge-not-told", why: String(error), ...this.#ledger.identity });
      // No agent will come back after this, so it is tried once more before the alarm does.
      await this.#ports.wait(tellAgainMs);
      this.#tell();
    }
  }

  async #choose(): Promise<BridgeName> {
    const chosen = await this.#ports.chooseBridge(this.#ledger.known);
    if (this.#ledger.books.bridge === null) this.#ledger.correct({ bridge: chosen });
    return this.#ledger.books.bridge ?? chosen;
  }

  /** Posts the client data whose turn it is. After a restart an attempt that was under way is made once more. */
  async #handOn(): Promise<void> {
    const first = firstClientPost(this.#ledger.state.clientPosts.values());
    if (!first?.underWay) return;
    const { passthroughUrl: url, webex } = this.#ledger.domain.settings;
    if (url === undefined) return;
    const attempt = `${first.id}/${first.attempts}`;
    if (this.#handing === attempt) return;
    this.#handing = attempt;
    const body = JSON.stringify(first.body);
    const { timeoutMs } = webex;
    const { signal } = new AbortController();
    const outcome = await this.#ports.post({ url, body, contentType: "application/json", timeoutMs, signal });
    const delivered = outcome.kind === "answered" && outcome.status >= 200 && outcome.status < 300;
    try {
      await this.#submit({ type: "client-data", id: first.id, attempt: first.attempts, delivered });
    } catch (error) {
      this.#ports.log({ level: "error", event: "client-data-not-noted", why: String(error), ...this.#ledger.identity });
    }
  }
}
