import { rowsByName } from "../messages.ts";
import type { HttpAnswer, HttpRequest, Listener, Ports, ServerKeys, Spelling } from "../ports.ts";
import {
  type Message,
  type ReadConfirmation,
  readConfirmation,
  readDocument,
  writeConfirmation,
  writeDocument,
} from "../xml.ts";
import { isConferenceOfEarlierRun, isRequestOfEarlierRun, type ServerIds, serverIds } from "./ids.ts";
import { noRenames, type Renames } from "./renames.ts";
import { type Party, server, type TraceEntry, titleOf } from "./trace.ts";
import type { Arrival, Behaviour, Posted, Received } from "./traffic.ts";

/** What a clause is to the TSP servers: the owner of conferences and requests. */
export interface Owner {
  readonly id: string;
  /** How a post about its conferences is taken. */
  behaviour(serverNumber: number, arrival: Arrival): Behaviour;
  receive(message: Received): void;
  /** A post that was not confirmed, or a repeat. */
  notice(arrival: Arrival): void;
  trace(entry: TraceEntry): void;
}

export interface WebexOptions {
  readonly adapterUrl: string;
  /** `host:port` of each TSP server; port 0 takes any. The third is the one that is reached by HTTPS. */
  readonly listen: readonly string[];
  /** With these keys there is a third TSP server. */
  readonly https?: ServerKeys | undefined;
  /** The names by which the adapter reaches them, if these are others. */
  readonly announce?: readonly string[];
  /** Told once, when the adapter answers nothing any more, with a sentence about it. */
  readonly onGone?: ((why: string) => void) | undefined;
  /** Two digits, different for runs within a day. */
  readonly serverNumber?: number;
  readonly renames?: Renames;
  /** How many posts of the adapter are kept: more end the run. */
  readonly mostPosts?: number;
}

/** So many documents without an answer, one after the other, and the adapter is asked whether it is still there. */
const MOST_UNANSWERED = 3;
const PROBE_MS = 5_000;
/** A run has some thousand posts, of some hundred characters each. */
const MOST_POSTS = 30_000;
const MOST_CHARACTERS = 200_000_000;

/** A pause that nobody overlooks, where many clauses are played side by side. */
const SILENCE_MS = 1_000;

/** Nothing came to a server from a post that it did not confirm until the next one. */
interface Silence {
  readonly from: number;
  readonly to: number;
  /** Of that post. */
  readonly ownerIds: readonly string[];
}

/** WebEx: a pool of TSP servers. Posts to the adapter, confirms what comes, and gives it to the clause that it belongs to. */
export class Webex {
  /** All that came, of all clauses. */
  readonly arrivals: Arrival[] = [];
  readonly posted: Posted[] = [];
  /** Notifications of no conference, and answers to no request. */
  readonly strays: Received[] = [];
  /** Messages that an earlier run left to come: about its conferences and requests. */
  readonly late: Received[] = [];
  /**
   * Clauses that another one disturbed: a message of theirs was in a document that it had refused, or the adapter held back all posts while
   * it waited for that one's server.
   */
  readonly disturbed = new Set<string>();
  /** What was wrong with Confirmations, with the clause that saw it. */
  readonly confirmationFaults: string[] = [];
  readonly ports: Ports;
  readonly options: WebexOptions;
  /** The adapter answers nothing any more, and nothing more is posted to it: a sentence about it. */
  gone: string | null = null;
  /** When the adapter last answered a post; 0: never. */
  answeredAt = 0;
  readonly hosts: string[] = [];
  /** Why nobody could post by HTTPS; `null`: nobody failed to. */
  tlsFailure: string | null = null;
  readonly renames: Renames;
  readonly #ids: ServerIds[];
  readonly #listeners: Listener[] = [];
  /** By ExtConfID. */
  readonly #ofConferences = new Map<string, Owner>();
  /** By MsgID: of requests only, since both sides may make the same MsgIDs. */
  readonly #ofRequests = new Map<string, Owner>();
  readonly #confirmedIds = new Set<string>();
  readonly #attempts = new Map<string, number>();
  /** What each server took last. */
  readonly #lastTaken = new Map<number, Arrival>();
  readonly #silences: Silence[] = [];
  /** A post of another clause came while one had no answer yet: the adapter does not wait with the others. */
  #comesBesideAnother = false;
  /** What was posted since the adapter last answered, by TransID. */
  readonly #unanswered = new Map<string, string>();
  /** A document that it has answered, and must confirm again. */
  #answered: string | undefined;
  #isProbing = false;
  #received = 0;
  /** Characters of the posts that came. */
  #characters = 0;
  #rest: Owner | undefined;
  readonly #startedAt: number;

  constructor(ports: Ports, options: WebexOptions) {
    this.ports = ports;
    this.options = options;
    this.#startedAt = ports.now();
    this.renames = options.renames ?? noRenames;
    const first = options.serverNumber ?? 10;
    this.#ids = [0, 1, 2].map((n) => serverIds((first + n) % 100, () => ports.now()));
  }

  async start(): Promise<void> {
    const { listen, announce = [], https } = this.options;
    const onFailure = (why: string) => {
      this.tlsFailure = why;
    };
    for (const n of https ? [1, 2, 3] : [1, 2]) {
      const address = listen[n - 1] ?? `${(listen[0] ?? "127.0.0.1:0").replace(/:\d+$/, "")}:0`;
      const tls = n === 3 && https ? { ...https, onFailure } : undefined;
      const listener = await this.ports.listen(address, (request) => this.#answer(n, request), tls);
      this.#listeners.push(listener);
      const own = tls && !listener.address.endsWith(":443") ? `https://${listener.address}` : listener.address;
      this.hosts.push(announce[n - 1] ?? own);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Messages with this ExtConfID are for this clause from now on. */
  ownConference(extConfId: string, owner: Owner): void {
    this.#ofConferences.set(extConfId, owner);
  }

  /** Answers to the request with this MsgID are for this clause from now on. */
  ownRequest(msgId: string, owner: Owner): void {
    this.#ofRequests.set(msgId, owner);
  }

  /** Whether a request with this MsgID was posted. */
  isRequest(msgId: string): boolean {
    return this.#ofRequests.has(msgId);
  }

  /** What belongs to nobody else is for this owner. */
  ownRest(owner: Owner): void {
    this.#rest = owner;
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

  /** Posts one document; after a time-out twice more. The answer may be missing: then its `result` is `null`. */
  post(owner: Owner, serverNumber: number, messages: readonly Message[]): Promise<Posted> {
    const transId = this.ids(serverNumber).transId();
    const text = writeDocument(transId, messages.map(this.renames.out));
    return this.postText(owner, serverNumber, text, { transId, messages });
  }

  /** Posts a text as it is, also one that is no document. */
  async postText(
    owner: Owner,
    serverNumber: number,
    text: string,
    about: { readonly transId: string; readonly messages: readonly Message[] },
    attempts = 3,
  ): Promise<Posted> {
    // A name that WebEx gives has the MsgID of the adapter's notification. All else may be answered, if only by -12.
    for (const { name, attributes } of about.messages)
      if (attributes.MsgID && name !== "W2A_RspNotifyUserEnter") this.ownRequest(attributes.MsgID, owner);
    const party = server(serverNumber);
    const at = this.ports.now();
    let answer: HttpAnswer | null = null;
    let failure = this.gone ?? "";
    const title = about.messages.length > 0 ? titleOf(about.messages) : "a text";
    for (let attempt = 1; attempt <= attempts && !answer && this.gone === null; attempt++) {
      owner.trace(entry(this.ports.now(), party, "adapter", "post", attempt > 1 ? `again: ${title}` : title, text));
      try {
        answer = await this.ports.send({ method: "POST", url: this.options.adapterUrl, body: text });
        this.answeredAt = this.ports.now();
        this.#unanswered.clear();
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        owner.trace(entry(this.ports.now(), "adapter", party, "confirmation", `no answer: ${failure}`, ""));
        await this.#mayBeGone(about.transId, `${title} (clause ${owner.id})`, failure);
      }
    }
    return this.#postedOf(owner, serverNumber, { ...about, text, at }, answer, failure);
  }

  /** Each message in a document of its own, all over one connection; once. */
  async postSpelled(
    owner: Owner,
    serverNumber: number,
    messages: readonly Message[],
    how: Spelling,
  ): Promise<readonly Posted[]> {
    const at = this.ports.now();
    const documents = messages.map((message) => {
      const transId = this.ids(serverNumber).transId();
      this.ownRequest(message.attributes.MsgID ?? "", owner);
      return { transId, messages: [message], text: writeDocument(transId, [this.renames.out(message)]), at };
    });
    for (const { text, messages: own } of documents)
      owner.trace(entry(at, server(serverNumber), "adapter", "post", `${titleOf(own)} (${JSON.stringify(how)})`, text));
    const texts = documents.map(({ text }) => text);
    const answers = await this.ports.post(this.options.adapterUrl, texts, how).catch((error: Error) => error.message);
    if (typeof answers !== "string") this.answeredAt = this.ports.now();
    return documents.map((document, n) => {
      const failure = typeof answers === "string" ? answers : "";
      const answer = typeof answers === "string" ? null : (answers[n] ?? null);
      return this.#postedOf(owner, serverNumber, document, answer, failure);
    });
  }

  #postedOf(
    owner: Owner,
    serverNumber: number,
    document: Pick<Posted, "transId" | "messages" | "text" | "at">,
    answer: HttpAnswer | null,
    failure: string,
  ): Posted {
    const confirmation: ReadConfirmation = answer
      ? readConfirmation(answer.body)
      : { transId: "", result: null, faults: [`no answer: ${failure}`] };
    if (confirmation.result === 0) this.#answered ??= document.text;
    const status = answer?.status ?? null;
    const posted: Posted = {
      ...document,
      ownerId: owner.id,
      confirmedAt: this.ports.now(),
      status,
      confirmation,
      server: serverNumber,
      answer: answer?.body ?? "",
    };
    if (answer) {
      const title = `Confirmation ${confirmation.result ?? "missing"}${status === 200 ? "" : ` (HTTP ${status})`}`;
      owner.trace(entry(posted.confirmedAt, "adapter", server(serverNumber), "confirmation", title, answer.body));
    }
    this.posted.push(posted);
    return posted;
  }

  /** One text that is not answered may be to blame itself: only where several are not, a right document is posted again. */
  async #mayBeGone(transId: string, what: string, failure: string): Promise<void> {
    const { onGone, adapterUrl: url } = this.options;
    this.#unanswered.set(transId, this.#unanswered.get(transId) ?? what);
    if (!onGone || this.#unanswered.size < MOST_UNANSWERED || this.#isProbing || this.gone !== null) return;
    this.#isProbing = true;
    const body = this.#answered;
    const isThere =
      body !== undefined &&
      (await this.ports.send({ method: "POST", url, body, timeoutMs: PROBE_MS }).then(
        () => true,
        () => false,
      ));
    this.#isProbing = false;
    if (isThere) this.#unanswered.clear();
    const [first] = this.#unanswered.values();
    if (first === undefined) return;
    const words = body === undefined ? "has answered nothing" : "answers nothing any more";
    this.gone = `the adapter ${words} (${failure}); the first post without an answer was ${first}`;
    onGone(this.gone);
  }

  async #answer(n: number, request: HttpRequest): Promise<HttpAnswer | "reset" | "hang"> {
    const document = readDocument(request.body);
    const messages = document.messages.map(this.renames.in);
    const { transId } = document;
    const owners = new Set(messages.flatMap((message) => this.#ownerOf(message) ?? []));
    if (owners.size === 0 && this.#rest) owners.add(this.#rest);
    // Without a TransID nobody knows whether it is a repeat.
    const attempt = transId === "" ? 1 : (this.#attempts.get(transId) ?? 0) + 1;
    this.#attempts.set(transId, attempt);
    const come: Arrival = {
      at: this.ports.now(),
      server: n,
      method: request.method,
      url: request.url,
      text: request.body,
      document: { ...document, messages },
      attempt,
      isConfirmed: false,
      taken: "confirm",
      ownerIds: [...owners].map(({ id }) => id),
    };
    const behaviours = [...owners].map((owner) => owner.behaviour(n, come));
    const behaviour = behaviours.find(({ kind }) => kind !== "confirm") ?? { kind: "confirm" };
    if (owners.size > 1 && behaviour.kind !== "confirm") for (const { id } of owners) this.disturbed.add(id);
    const isConfirmed = request.method === "POST" && ["confirm", "slow", "spelled"].includes(behaviour.kind);
    const arrival = { ...come, isConfirmed, taken: behaviour.kind };
    if (!this.#hasRoomFor(arrival)) return this.#confirm({ kind: "confirm" }, transId, false);
    this.arrivals.push(arrival);
    this.#noteSilence(arrival);
    const title = `${attempt > 1 ? "again: " : ""}${document.notWellFormed ?? titleOf(messages)}`;
    for (const owner of owners) {
      owner.trace(entry(arrival.at, "adapter", server(n), "post", title, request.body));
    }
    if (request.method !== "POST") return { status: 405, body: "" };

    const answer = await this.#confirm(behaviour, transId, document.notWellFormed !== null);
    const shown = typeof answer === "string" ? answer : titleOfAnswer(answer);
    for (const owner of owners) {
      const body = typeof answer === "string" ? "" : answer.body;
      owner.trace(entry(this.ports.now(), server(n), "adapter", "confirmation", shown, body));
    }
    const isNew = isConfirmed && (transId === "" || !this.#confirmedIds.has(transId));
    if (isNew) {
      this.#confirmedIds.add(transId);
      this.#deliver(arrival);
    } else for (const owner of owners) owner.notice(arrival);
    return answer;
  }

  #noteSilence(arrival: Arrival): void {
    const last = this.#lastTaken.get(arrival.server);
    this.#lastTaken.set(arrival.server, arrival);
    if (!last || last.taken === "confirm" || last.taken === "spelled") return;
    const isSilence = arrival.at - last.at >= SILENCE_MS;
    if (isSilence) this.#silences.push({ from: last.at, to: arrival.at, ownerIds: last.ownerIds });
    // No adapter gives up within a second.
    const isOther = !arrival.ownerIds.some((id) => last.ownerIds.includes(id));
    if (!isSilence && last.taken === "hang" && isOther) this.#comesBesideAnother = true;
  }

  /** Whether in this time a server got nothing because of another clause, whose post it had not confirmed. */
  wasHeldBack(ownerId: string, from: number, to: number): boolean {
    if (this.#comesBesideAnother) return false;
    return this.#silences.some((one) => !one.ownerIds.includes(ownerId) && one.from < to && one.to > from);
  }

  /** Waits until the last post to each server was confirmed: an adapter that posts one after the other has gone on. */
  async goesOn(withinMs: number, stop: AbortSignal): Promise<void> {
    const deadline = this.ports.now() + withinMs;
    const waits = () => [...this.#lastTaken.values()].some(({ taken }) => taken !== "confirm" && taken !== "spelled");
    while (waits() && this.ports.now() < deadline && !stop.aborted) await this.ports.sleep(SILENCE_MS);
  }

  /** What floods the kit ends the run, so that there is a report of what was before. */
  #hasRoomFor({ text }: Arrival): boolean {
    this.#characters += text.length;
    const { mostPosts = MOST_POSTS } = this.options;
    if (this.arrivals.length < mostPosts && this.#characters < MOST_CHARACTERS) return true;
    if (this.gone === null) {
      this.gone = `the adapter has posted ${this.arrivals.length} documents, more than are kept: no run needs so many`;
      this.options.onGone?.(this.gone);
    }
    return false;
  }

  async #confirm(behaviour: Behaviour, transId: string, isBroken: boolean): Promise<HttpAnswer | "reset" | "hang"> {
    if (behaviour.kind === "reset" || behaviour.kind === "hang") return behaviour.kind;
    if (behaviour.kind === "status") return { status: behaviour.status, body: "" };
    if (behaviour.kind === "spelled") return behaviour.answer(transId);
    if (behaviour.kind === "slow") await this.ports.sleep(behaviour.ms);
    const result = behaviour.kind === "result" ? behaviour.result : isBroken ? -2 : 0;
    const confirmed = behaviour.kind === "other-trans-id" ? `${transId}0` : transId;
    return { status: 200, body: writeConfirmation(confirmed, result) };
  }

  #deliver(arrival: Arrival): void {
    for (const message of arrival.document.messages) {
      this.#received += 1;
      const { name, attributes } = message;
      const received: Received = {
        n: this.#received,
        at: arrival.at,
        server: arrival.server,
        transId: arrival.document.transId,
        name,
        attributes,
        isKnown: rowsByName.has(name),
      };
      const owner = this.#ownerOf(message);
      owner?.receive(received);
      if (owner && !this.#answersNoRequest(message)) continue;
      (this.#isOfEarlierRun(received) ? this.late : this.strays).push(received);
    }
  }

  /** Whatever the conference: an answer goes by its MsgID. */
  #answersNoRequest({ name, attributes: { MsgID = "" } }: Pick<Message, "name" | "attributes">): boolean {
    return name.startsWith("A2W_Rsp") && !this.isRequest(MsgID);
  }

  /** The request's for an answer, else the conference's. */
  #ownerOf({ name, attributes }: Pick<Message, "name" | "attributes">): Owner | undefined {
    const { MsgID = "", ExtConfID = "" } = attributes;
    const byMsgId = name.startsWith("A2W_Rsp") ? this.#ofRequests.get(MsgID) : undefined;
    return byMsgId ?? this.#ofConferences.get(ExtConfID) ?? this.#rest;
  }

  #isOfEarlierRun({ name, attributes: { MsgID = "", ExtConfID = "" } }: Received): boolean {
    return name.startsWith("A2W_Rsp")
      ? isRequestOfEarlierRun(MsgID, this.#startedAt)
      : isConferenceOfEarlierRun(ExtConfID, this.#startedAt);
  }
}

function entry(at: number, from: Party, to: Party, kind: TraceEntry["kind"], title: string, body: string): TraceEntry {
  return { at, from, to, kind, title, body };
}

function titleOfAnswer({ status, body }: HttpAnswer): string {
  if (status !== 200) return `HTTP ${status}`;
  const [, result = "?"] = /<Confirmation Result="([^"]*)"/.exec(body) ?? [];
  return `Confirmation ${result}`;
}
