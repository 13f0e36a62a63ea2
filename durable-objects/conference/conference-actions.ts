import type { OperatorRefusal } from "../../src/conference/action-row.ts";
import { isOngoing } from "../../src/conference/head.ts";
import { type OperatorAction, operatorRefusal } from "../../src/conference/operator-actions.ts";
import { type GivenUpDocument, isBehind, sendAgainRefusal } from "../../src/conference/server/send-again.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { ActionId, EpochMs, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { isRecord } from "../../src/foundation/record.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import { sendAgainId } from "../../src/operators/send-again.ts";
import { targetUrl } from "../../src/routing/target-url.ts";
import type { GivenUpPlace, OperatorResult, SendAgainResult } from "../../src/rpc/conference.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { bodyOf } from "./document-post.ts";
import type { Journal } from "./journal.ts";
import { isBridgeGone } from "./progress.ts";

interface ActionPorts {
  now(): EpochMs;
  domain(): Domain | null;
  submit(action: OperatorAction): Promise<void>;
  /** Asks a server that is behind whether it is back. */
  probe(host: WebexHost, person: string): Promise<void>;
}

/** What operators do to a conference. */
export class ConferenceActions {
  readonly #ports: ActionPorts;
  readonly #store: ConferenceStore;
  /** A repeat waits for them, and fails with them: of two, one is done. */
  readonly #underWay = new Map<ActionId, Promise<void>>();

  constructor(ports: ActionPorts, store: ConferenceStore) {
    this.#ports = ports;
    this.#store = store;
  }

  async operate(action: OperatorAction): Promise<OperatorResult> {
    const { id } = action;
    for (let before = this.#underWay.get(id); before; before = this.#underWay.get(id)) await before;
    const known = this.#known(action) ?? this.#refusal(action);
    if (known !== null) return known === "done" ? "done-before" : known;
    const submitted = this.#ports.submit(action);
    this.#underWay.set(id, submitted);
    await submitted.finally(() => this.#underWay.delete(id));
    // What came before it in the same commit may have changed everything.
    return this.#known(action) ?? this.#refusal(action) ?? "no-such-conference";
  }

  async sendAgain(row: number, person: string): Promise<OperatorResult> {
    const document = givenUpIn(this.#store.journal, row);
    const domain = document && this.#ports.domain();
    if (!document || !domain) return "no-such-post";
    const id = sendAgainId(row);
    // For as long as the journal has the row: longer than other actions are known.
    if (this.#store.journal.requestOf(id) !== null) return "done-before";
    const { transId: _, ...givenUp } = document;
    const refusal = sendAgainRefusalOf(this.#store.state, row, document, domain);
    return refusal ?? this.operate({ id, person, request: { type: "send-again", row, ...givenUp } });
  }

  async sendEachAgain(documents: readonly GivenUpPlace[], person: string | null): Promise<readonly SendAgainResult[]> {
    const results: SendAgainResult[] = [];
    const behind = new Set<WebexHost>();
    for (const one of documents) results.push(await this.#sendOneAgain(one, person, behind));
    if (person !== null) for (const host of behind) await this.#ports.probe(host, person);
    return results;
  }

  /** Adds its server to those that are `behind` if it is to be probed. */
  async #sendOneAgain(
    { row, transId }: GivenUpPlace,
    person: string | null,
    behind: Set<WebexHost>,
  ): Promise<SendAgainResult> {
    const { journal, state } = this.#store;
    const document = givenUpIn(journal, row);
    const domain = this.#ports.domain();
    if (document?.transId !== transId || !domain) return "no-such-post";
    const isSent = journal.requestOf(sendAgainId(row)) !== null;
    const refusal = isSent ? "sent-before" : sendAgainRefusalOf(state, row, document, domain);
    if (refusal === null) {
      const sent = person === null ? "done" : await this.sendAgain(row, person);
      return sent === "done-before" ? "sent-before" : sent;
    }
    const { host } = document;
    if (host === BACK_END || !isBehind(state, host) || refusal === "host-not-allowed") return refusal;
    behind.add(host);
    return "probed";
  }

  /** What is answered to an action whose id is on disk; `null`: it is not. */
  #known({ id, request }: OperatorAction): OperatorResult | null {
    if (!this.#store.hasAction(id, this.#ports.now())) return null;
    const before = this.#store.journal.requestOf(id);
    return before === null || inOrder(before) === inOrder(request) ? "done" : "other-action";
  }

  #refusal({ request }: OperatorAction): OperatorRefusal | null {
    const { identity, state, progress } = this.#store;
    const settings = identity && this.#ports.domain()?.settings;
    if (!settings) return "no-such-conference";
    if (isBridgeGone(state, progress, settings)) return request.type === "end" ? null : "bridge-gone";
    return operatorRefusal(state, request, { settings, cannot: progress.cannot ?? [] });
  }
}

/** The same text for the same data, in whatever order its fields are. */
function inOrder(data: unknown): string {
  return JSON.stringify(data, (_, value) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}

type PostedDocument = GivenUpDocument & { readonly transId: string };

/** What was given up in this row of the journal; `null`: nothing was. */
export function givenUpIn(journal: Journal, row: number): PostedDocument | null {
  const input = journal.inputOf(row);
  if (input?.type !== "undelivered") return null;
  const { messages, of } = input;
  const isUnowed = of.unpostable === true || of.oneAttempt === true;
  return { host: of.host, transId: of.transId, messages, ...(isUnowed && { isUnowed }) };
}

/** Why it is not sent again now; `null`: it can be. */
export function sendAgainRefusalOf(
  state: ConferenceState,
  row: number,
  document: GivenUpDocument,
  { settings }: Domain,
): OperatorRefusal | null {
  // Another conference of the same key has begun since.
  if (isOngoing(state.head) && state.head.life.row > row) return "conference-over";
  const { host } = document;
  const isAllowed = host === BACK_END ? settings.passthroughUrl !== undefined : targetUrl(host, settings.webex).ok;
  return isAllowed ? sendAgainRefusal(state, document) : "host-not-allowed";
}

/** As it was posted; `null`: it cannot be written. */
export function textOf({ host, transId, messages }: PostedDocument, { codec }: Domain): string | null {
  const [first] = messages;
  return first?.type === "client-data"
    ? bodyOf(first)
    : codec.encode(transId as TransId, messages as readonly ToWebex[], host as WebexHost).text;
}
