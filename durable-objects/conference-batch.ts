import type { IssuedCommand } from "../src/bridge/commands.ts";
import { type ConferenceInput, decide } from "../src/conference/decide.ts";
import { isCommand, isPost } from "../src/conference/draft.ts";
import type { OperatorRequest } from "../src/conference/requests.ts";
import type { Changes, Head } from "../src/conference/state.ts";
import type { BridgeName, ConfKey, EpochMs, MsgId, TransId } from "../src/foundation/ids.ts";
import type { AgentReports, ConferenceDocument, IdsWanted } from "../src/rpc.ts";
import type { Domain } from "../src/settings/load.ts";
import { type ConferenceStore, withStream } from "./conference-store.ts";
import type { IdsAtHand } from "./id-supply.ts";
import type { Outbox, Undelivered } from "./outbox.ts";
import { type Rows, withoutMessages } from "./outbox-rows.ts";

/** An input to commit, before it is known whether it was committed before. */
export type Item =
  | { readonly type: "webex"; readonly document: ConferenceDocument }
  | { readonly type: "bridge"; readonly reports: AgentReports }
  | { readonly type: "operator"; readonly request: OperatorRequest }
  | { readonly type: "undelivered"; readonly undelivered: Undelivered }
  | { readonly type: "time" };

interface Context {
  readonly at: EpochMs;
  readonly confKey: ConfKey;
  readonly domain: Domain;
  readonly store: ConferenceStore;
  readonly outbox: Pick<Outbox, "rows" | "add">;
  nextId(kind: keyof IdsWanted): string;
  idsAtHand(): IdsAtHand;
  nonce(): string;
}

/** One transaction of a conference: what is decided on each item goes to the store, and the rest of it is collected here. */
export class Batch {
  rows: Rows;
  readonly transIds: TransId[] = [];
  readonly commands: IssuedCommand[] = [];
  readonly notes: string[] = [];
  readonly repairs: string[] = [];
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
    this.rows = context.outbox.rows;
  }

  apply(item: Item): void {
    const input = this.#toInput(item);
    if (!input) return;
    const { confKey, domain, store, outbox, nextId, idsAtHand, nonce } = this.#context;
    const { state } = store;
    let { progress } = store;
    // Nobody chose a bridge for a conference that WebEx never created: it is on the bridge that reports it.
    if (item.type === "bridge" && state.head.phase === "absent") {
      progress = { ...progress, bridge: progress.bridge ?? item.reports.bridge };
    }
    const decision = decide(state, input, {
      confKey,
      settings: domain.settings,
      bridge: progress.bridge,
      msgId: () => nextId("msgIds") as MsgId,
      serial: () => {
        progress = { ...progress, serial: progress.serial + 1 };
        return progress.serial;
      },
      nonce,
      unconfirmed: () => this.rows.flatMap(({ host, messages }) => messages.map((message) => ({ host, message }))),
    });
    this.rows = this.rows.filter(({ host }) => !decision.dropQueued.includes(host));
    for (const effect of decision.effects) {
      if (isCommand(effect)) this.commands.push(effect);
      else if (isPost(effect)) this.rows = outbox.add(this.rows, effect, domain, () => nextId("transIds") as TransId);
      else this.notes.push(effect);
    }
    this.repairs.push(...decision.repairs);
    if (begins(state.head, decision.changes)) {
      // A new life may be on another bridge. An only bridge is kept at once, and stays when the settings get a second one.
      progress = { ...progress, bridge: onlyBridge(domain) };
    }
    if (input.type === "webex") this.transIds.push(input.transId);
    if (item.type === "bridge" && input.type === "bridge") {
      const { bridge, stream } = item.reports;
      progress = { ...progress, streams: withStream(progress, bridge, stream, input.reports.at(-1)?.number ?? 0) };
    }
    store.append(input, decision.changes, { ...progress, ...idsAtHand() });
  }

  /** `null`: there is nothing in the item that was not committed before. */
  #toInput(item: Item): ConferenceInput | null {
    const { at, store } = this.#context;
    switch (item.type) {
      case "webex": {
        const { transId, messages } = item.document;
        return { type: "webex", at, transId, messages };
      }
      case "bridge": {
        const { stream, bridge } = item.reports;
        const reports = store.freshReports(item.reports);
        const elsewhere = store.isElsewhere(bridge) && { elsewhere: bridge };
        return reports.length === 0 ? null : { type: "bridge", at, stream, reports, ...elsewhere };
      }
      case "undelivered": {
        const { seq, messages } = item.undelivered;
        // A failover may have dropped the row meanwhile.
        if (!this.rows.some((row) => row.seq === seq)) return null;
        this.rows = withoutMessages(this.rows, seq, messages);
        return { type: "undelivered", at, messages };
      }
      case "operator":
        return { type: "operator", at, request: item.request };
      case "time":
        return { type: "time", at };
    }
  }
}

function begins(before: Head, { head }: Changes): boolean {
  return head?.phase === "creating" && before.phase !== "creating";
}

function onlyBridge({ settings }: Domain): BridgeName | null {
  const [only, ...others] = settings.bridges;
  return only && others.length === 0 ? (only.name as BridgeName) : null;
}
