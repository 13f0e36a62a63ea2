import { type HttpAnswer, type HttpRequest, type Listener, listen, type ServerKeys, send } from "../http.ts";
import { type ReadConfirmation, readConfirmation, readDocument, writeConfirmation } from "../xml.ts";
import { type ServerIds, serverIds } from "./ids.ts";
import type { Stage } from "./stage.ts";
import {
  type Arrival,
  type Behaviour,
  type Posted,
  type Received,
  server,
  type TraceEntry,
  titleOf,
} from "./traffic.ts";

export interface WebexOptions {
  readonly adapterUrl: string;
  /** `host:port` of each TSP server; port 0 takes a free one. The third one serves HTTPS. */
  readonly listen: readonly string[];
  /** Certificate and key of the third TSP server; without them there is none. */
  readonly https?: ServerKeys | undefined;
  /** `WbxHostName` of each TSP server if it differs from its address. */
  readonly announce?: readonly string[];
}

type Sent = Pick<Posted, "server" | "transId" | "messages" | "text">;
/** Options of a post. `attempts`: most posts if no answer comes. */
export type Http = Partial<HttpRequest> & { readonly attempts?: number };

/** WebEx: a pool of TSP servers. Posts to the adapter, and passes its posts to the clauses that own them. */
export class Webex {
  /** Posts of the adapter, of all clauses. */
  readonly arrivals: Arrival[] = [];
  readonly posted: Posted[] = [];
  /** Notifications of unknown conferences, and answers to unknown requests. */
  readonly strays: Received[] = [];
  readonly options: WebexOptions;
  readonly hosts: string[] = [];
  readonly #ids: ServerIds[];
  readonly #listeners: Listener[] = [];
  /** Clauses that own messages, by ExtConfID. */
  readonly ofConferences = new Map<string, Stage>();
  /** Clauses that own answers, by the request's MsgID. Both sides may generate the same MsgIDs. */
  readonly ofRequests = new Map<string, Stage>();
  readonly #confirmedIds = new Set<string>();
  readonly #attempts = new Map<string, number>();
  #received = 0;

  constructor(options: WebexOptions) {
    this.options = options;
    // Runs that start within 33 s have different server numbers.
    const first = (Math.floor(Date.now() / 1000) % 33) * 3;
    this.#ids = [0, 1, 2].map((n) => serverIds(first + n));
  }

  async start(): Promise<void> {
    const { listen: addresses, announce = [], https } = this.options;
    for (const n of https ? [1, 2, 3] : [1, 2]) {
      const address = addresses[n - 1] ?? `${(addresses[0] ?? "127.0.0.1:0").replace(/:\d+$/, "")}:0`;
      const tls = n === 3 ? https : undefined;
      const listener = await listen(address, (request) => this.#answer(n, request), tls);
      this.#listeners.push(listener);
      const own = tls && !listener.address.endsWith(":443") ? `https://${listener.address}` : listener.address;
      this.hosts.push(announce[n - 1] ?? own);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  ids(serverNumber: number): ServerIds {
    const found = this.#ids[serverNumber - 1];
    if (!found) throw new Error(`there is no TSP server ${serverNumber}`);
    return found;
  }

  /** The `WbxHostName` of a TSP server. */
  host(serverNumber: number): string {
    return this.hosts[serverNumber - 1] ?? "";
  }

  /** Posts any text. Without an answer, the Confirmation's result is `null`. */
  async post(owner: Stage, sent: Sent, { attempts = 1, ...http }: Http): Promise<Posted> {
    const { text, messages } = sent;
    // A name carries the MsgID of the adapter's notification. All other messages may get an answer, even if only -12.
    for (const { name, attributes } of messages)
      if (attributes.MsgID && name !== "W2A_RspNotifyUserEnter") this.ofRequests.set(attributes.MsgID, owner);
    const party = server(sent.server);
    const at = Date.now();
    const title = messages.length > 0 ? titleOf(messages) : "a text";
    let answer: HttpAnswer | null = null;
    let failure = "";
    for (let attempt = 1; attempt <= attempts && !answer; attempt++) {
      const shown = attempt > 1 ? `again: ${title}` : title;
      owner.trace({ at: Date.now(), from: party, to: "adapter", title: shown, body: text });
      try {
        answer = await send({ method: "POST", url: this.options.adapterUrl, body: text, ...http });
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        owner.trace({ at: Date.now(), from: "adapter", to: party, title: `no answer: ${failure}`, body: "" });
      }
    }
    const none: ReadConfirmation = { transId: "", result: null, faults: [`no answer: ${failure}`] };
    const confirmation = answer ? readConfirmation(answer.body) : none;
    const times = { at, confirmedAt: Date.now() };
    const [status, body] = [answer?.status ?? null, answer?.body ?? ""];
    const posted = { ...sent, ...times, ownerId: owner.id, status, confirmation, answer: body };
    this.posted.push(posted);
    if (answer) owner.trace(confirmationOf(posted));
    return posted;
  }

  async #answer(n: number, { method, body: text }: HttpRequest): Promise<HttpAnswer | "reset" | "hang"> {
    const document = readDocument(text);
    const { transId, messages, notWellFormed } = document;
    const owners = new Set(messages.flatMap((message) => this.#ownerOf(message) ?? []));
    // A document without a TransID counts as new.
    const attempt = transId === "" ? 1 : (this.#attempts.get(transId) ?? 0) + 1;
    this.#attempts.set(transId, attempt);
    const come = { at: Date.now(), server: n, method, text, document, attempt };
    const asIfConfirmed: Arrival = { ...come, isConfirmed: false, taken: "confirm" };
    const behaviours = [...owners].map((owner) => owner.behaviour(n, asIfConfirmed));
    const taken = behaviours.find((one) => one !== "confirm") ?? "confirm";
    const isConfirmed = method === "POST" && taken !== "reset" && taken !== "hang";
    const arrival: Arrival = { ...come, isConfirmed, taken };
    this.arrivals.push(arrival);
    const [party, title] = [server(n), `${attempt > 1 ? "again: " : ""}${notWellFormed ?? titleOf(messages)}`];
    for (const owner of owners) owner.trace({ at: arrival.at, from: "adapter", to: party, title, body: text });
    if (method !== "POST") return { status: 405, body: "" };

    const answer = confirm(taken, transId, notWellFormed !== null);
    for (const owner of owners) {
      const [shown, body] = typeof answer === "string" ? [answer, ""] : ["Confirmation", answer.body];
      owner.trace({ at: Date.now(), from: party, to: "adapter", title: shown, body });
    }
    if (arrival.isConfirmed && (transId === "" || !this.#confirmedIds.has(transId))) {
      this.#confirmedIds.add(transId);
      this.#deliver(arrival);
    } else for (const owner of owners) owner.notice(arrival);
    return answer;
  }

  #deliver({ at, server: n, document }: Arrival): void {
    for (const message of document.messages) {
      this.#received += 1;
      const { name, attributes } = message;
      const received = { n: this.#received, at, server: n, transId: document.transId, name, attributes };
      const owner = this.#ownerOf(message);
      owner?.receive(received);
      // An answer needs a request, even for a known conference.
      const isStray = name.startsWith("A2W_Rsp") && !this.ofRequests.has(attributes.MsgID ?? "");
      if (!owner || isStray) this.strays.push(received);
    }
  }

  /** Returns the clause that owns the request of an answer, otherwise the conference. */
  #ownerOf({ name, attributes }: Pick<Received, "name" | "attributes">): Stage | undefined {
    const { MsgID = "", ExtConfID = "" } = attributes;
    const byMsgId = name.startsWith("A2W_Rsp") ? this.ofRequests.get(MsgID) : undefined;
    return byMsgId ?? this.ofConferences.get(ExtConfID);
  }
}

function confirm(taken: Behaviour, transId: string, isBroken: boolean): HttpAnswer | "reset" | "hang" {
  if (taken === "reset" || taken === "hang") return taken;
  return { status: 200, body: taken === "confirm" ? writeConfirmation(transId, isBroken ? -2 : 0) : taken(transId) };
}

/** Returns the trace entry of the adapter's answer to a post. */
export function confirmationOf({ confirmedAt, server: n, status, confirmation, answer }: Posted): TraceEntry {
  const title = `Confirmation ${confirmation.result ?? "missing"}${status === 200 ? "" : ` (HTTP ${status})`}`;
  return { at: confirmedAt, from: "adapter", to: server(n), title, body: answer };
}
