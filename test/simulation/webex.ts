import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { ExtConfId, MsgId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import type { FromWebexMessages, ToWebex, UnknownMessage } from "../../src/tsp/messages.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import type { Association } from "./association.ts";
import { draws, faultsOf, type WorldContext } from "./context.ts";
import type { Edge, GivenUp } from "./edge.ts";
import type { FaultSource } from "./faults.ts";
import type { Hosted } from "./hosted.ts";
import { settingBegin } from "./shown-judge.ts";
import type { Switches } from "./switches.ts";

export type Request = FromWebexMessages[keyof FromWebexMessages];
export type Answer = Extract<ToWebex, { result: unknown }>;

/** What a server does with posts while it is out for seconds. */
export const outages = ["refuses connections", "hangs", "answers 503", "takes documents and answers nothing"] as const;
export type Outage = (typeof outages)[number];

export interface Server {
  readonly host: WebexHost;
  up: boolean;
  /** It takes connections, and nothing else. */
  hangs: boolean;
  /** It posts itself, and its meetings stay with it; `null`: it takes posts. */
  outage: Outage | null;
  outageEndsAt: number;
  /** What goes wrong on the way between it and the adapter. */
  readonly faults: FaultSource;
  readonly seen: Set<string>;
}

/** One request and what became of it. */
export interface Obligation {
  readonly msgId: MsgId;
  readonly kind: string;
  readonly host: WebexHost;
  readonly extConfId: ExtConfId | null;
  readonly extCallId?: string;
  readonly postedAt: number;
  /** How long the adapter may take. */
  readonly withinMs: number;
  /** When the adapter had committed it, as the adapter's own answer to the post says. */
  committedAt: number | null;
  /** WebEx has the Confirmation of it. */
  confirmed: boolean;
  answers: number;
  /** When its answer was posted first, and how often in another document. */
  answeredAt: number | null;
  posts: number;
  /** Why no answer need come: its server may be gone, but the adapter posts the answer once. */
  excused: string | null;
  excusedAt: number;
  /** A later create was told that its conference is over, and nothing else of that is owed (protocol 4.9 F5). */
  isOver: boolean;
  /** `madeAt`: when the adapter decided on it. */
  readonly answered: (result: ResultWord | number, madeAt: number) => void;
}

interface Flight {
  readonly transId: string;
  readonly life: number;
}

interface Transaction {
  readonly url: string;
  readonly body: string;
  readonly messages: readonly (ToWebex | UnknownMessage)[];
  readonly firstAt: number;
  /** The object that posts it. */
  readonly origin: Hosted;
  attempts: number;
  /** It is not posted again. */
  isGivenUp: boolean;
}

/** It waits for further requests. */
interface OpenDocument {
  readonly requests: Request[];
  unknown: string;
  confirmed: Promise<boolean>;
}

export const webexCodec = createCodec({}, "webex");
const encoder = new TextEncoder();
const timeoutMs = 10_000;
/** No fault keeps an object from answering for longer. */
const calmMs = 60_000;
/** Some way below the 50 messages of a document, as there may be unknown ones, too. */
const mostRequests = 40;
/** How late an answer may leave by itself: the timers of an object, and the gathering of what travels together. */
const graceMs = 1_500;
/** What faults may add to that: attempts of the transactions ahead, and a clock set back. */
const excusableMs = 240_000;
/** The same, where only the sweep wakes an object. */
const untilSweptMs = excusableMs + 300_000;

/** Behind the address of a server that names itself by a URL with a query. */
const ticketPath = `/tsp?ticket=${settingBegin}01`;

/** All of WebEx: its servers, what they ask and what they are told. */
export class Webex {
  readonly servers: readonly Server[];
  readonly obligations = new Map<MsgId, Obligation>();
  readonly associations = new Map<ExtConfId, Association>();
  /** What the servers were told, whether or not the adapter knows. */
  readonly arrived = new Set<MsgId>();
  /** Documents of the adapter whose Confirmation has come to it, and what had posted them. */
  readonly confirmed = new Map<string, Hosted>();
  /** Hears of each message at its first arrival. */
  onMessage: (server: Server, message: ToWebex, madeAt: number) => void = () => {};
  readonly #context: WorldContext;
  /** By object and server. */
  readonly #flights = new Map<string, Set<Flight>>();
  readonly #transactions = new Map<string, Transaction>();
  /** Chance of how long a document waits for further requests; `null`: none does. */
  readonly #shares: Draws | null;
  readonly #openDocuments = new Map<Server, OpenDocument>();
  /** The document in which an answer left last. */
  readonly #answerIn = new Map<MsgId, string>();
  readonly #givenUpAt: { readonly at: number; readonly origin: Hosted; readonly host: string }[] = [];
  #edge: Edge | null = null;
  #lastTransId = 0;

  constructor(
    context: WorldContext,
    servers: number,
    { sharesDocuments, hasSecretSettings }: Pick<Switches, "sharesDocuments" | "hasSecretSettings">,
  ) {
    this.#context = context;
    this.#shares = sharesDocuments ? draws(context, "shared documents") : null;
    this.servers = Array.from({ length: servers }, (_, index) => ({
      host: `http://127.0.0.1:${8801 + index}${hasSecretSettings ? `${ticketPath}${index}` : ""}` as WebexHost,
      up: true,
      hangs: false,
      outage: null,
      outageEndsAt: 0,
      faults: faultsOf(context, `network of ${8801 + index}`),
      seen: new Set<string>(),
    }));
  }

  /** Each server takes no posts now and then, for long enough to have some given up. */
  refuseNowAndThen({ spared, done }: { readonly spared: ReadonlySet<string>; readonly done: string[] }): void {
    const { clock, faults } = this.#context;
    for (const server of this.servers) {
      const own = draws(this.#context, `refusals of ${server.host}`);
      const later = (number: number): void => {
        clock.after(own.between(60_000, 240_000), () => {
          if (!faults.active) return;
          const name = `${server.host} takes no posts (${number})`;
          const forMs = own.between(4_000, 15_000);
          later(number + 1);
          if (spared.has(name)) return;
          done.push(name);
          this.#context.tell(() => `== ${name}`);
          this.interrupt(server, "answers 503", forMs);
        });
      };
      later(1);
    }
  }

  /** The server takes no posts for so long, or answers none. */
  interrupt(server: Server, outage: Outage, forMs: number): void {
    const { clock, faults, tell } = this.#context;
    tell(() => `${server.host}: ${outage} for ${forMs} ms`);
    faults.hold(server.faults);
    server.outage = outage;
    server.outageEndsAt = Math.max(server.outageEndsAt, clock.now + forMs);
    clock.after(forMs, () => {
      if (clock.now >= server.outageEndsAt) server.outage = null;
      faults.hold(server.faults);
    });
  }

  /** From now on the adapter owes an answer to this request, once it has it. */
  owe(
    request: Pick<Obligation, "msgId" | "kind" | "host" | "extConfId" | "extCallId" | "withinMs" | "answered"> &
      Partial<Pick<Obligation, "excused" | "excusedAt">>,
  ): Obligation {
    const obligation: Obligation = {
      postedAt: this.#context.clock.now,
      committedAt: null,
      confirmed: false,
      answers: 0,
      answeredAt: null,
      posts: 0,
      excused: null,
      excusedAt: Number.POSITIVE_INFINITY,
      isOver: false,
      ...request,
    };
    this.obligations.set(obligation.msgId, obligation);
    return obligation;
  }

  /** From now on no answer need come. */
  excuse(obligation: Obligation, why: string): void {
    if (obligation.excused !== null) return;
    obligation.excused = why;
    obligation.excusedAt = this.#context.clock.now;
  }

  /** How many documents the adapter has posted so far. */
  get told(): number {
    return this.#transactions.size;
  }

  set edge(edge: Edge) {
    this.#edge = edge;
  }

  /** Posts to the adapter, with what comes soon after; whether a Confirmation of 0 came. */
  post(server: Server, requests: readonly Request[], unknown = ""): Promise<boolean> {
    const shares = this.#shares;
    if (!shares) return this.#post(server, requests, unknown);
    const open = this.#openDocuments.get(server);
    const isAlike = open?.requests.some(({ msgId }) => requests.some((request) => request.msgId === msgId));
    if (open && !isAlike && open.requests.length + requests.length <= mostRequests) {
      open.requests.push(...requests);
      open.unknown += unknown;
      return open.confirmed;
    }
    const document: OpenDocument = { requests: [...requests], unknown, confirmed: Promise.resolve(false) };
    this.#openDocuments.set(server, document);
    document.confirmed = this.#context.clock.wait(shares.between(0, 1_000)).then(() => {
      if (this.#openDocuments.get(server) === document) this.#openDocuments.delete(server);
      return this.#post(server, document.requests, document.unknown);
    });
    return document.confirmed;
  }

  /** Three times at most. `committed` is called when the adapter says so. */
  async #post(server: Server, requests: readonly Request[], unknown: string): Promise<boolean> {
    const transId = `T${++this.#lastTransId}` as TransId;
    const text = completeText(webexCodec.encode(transId, requests)).replace(
      "</WbxTSPSchema>",
      `${unknown}</WbxTSPSchema>`,
    );
    this.#context.tell(() => `${server.host} posts ${text}`);
    const body = encoder.encode(text);
    const obligations = requests.flatMap(({ msgId }) => this.obligations.get(msgId) ?? []);
    const committed = () => {
      for (const one of obligations) one.committedAt ??= this.#context.clock.now;
    };
    for (let attempt = 1; attempt <= 3; attempt++) {
      if (attempt === 3) await this.#context.clock.wait(2_000);
      if (!server.up) return false;
      // A create that arrives after the one that followed it would undo a failover, and nobody could tell.
      const isOvertaken = () =>
        obligations.some(
          ({ kind, excused, committedAt }) => kind === "create" && excused !== null && committedAt === null,
        );
      const result = await this.#attempt(server, body, transId, committed, isOvertaken);
      if (result === null) continue;
      if (result !== 0) this.#context.violated("good documents are confirmed", `${transId}: Result ${result}`);
      for (const one of obligations) one.confirmed = true;
      return true;
    }
    return false;
  }

  #attempt(
    { faults }: Server,
    body: Uint8Array,
    transId: TransId,
    committed: () => void,
    isOvertaken: () => boolean,
  ): Promise<number | null> {
    const { clock } = this.#context;
    return new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => resolve(null));
      const answer = (result: number | null) => {
        cancel();
        resolve(result);
      };
      if (faults.hits("post lost")) {
        if (faults.draws.chance(0.5)) clock.after(50, () => answer(null));
        return;
      }
      const arrive = async () => {
        if (isOvertaken()) return;
        const said = await this.#edge?.receive(body);
        if (said?.status !== 200) {
          this.#judgeRefusal(transId);
          clock.after(2, () => answer(null));
          return;
        }
        committed();
        if (faults.hits("confirmation lost")) return;
        const read = confirmationIn(said.text, transId);
        const right = read.ok && read.value.transId === transId;
        if (!right) this.#context.violated("a Confirmation repeats the TransID", said.text);
        clock.after(2, () => answer(right ? read.value.result : null));
      };
      const delay = faults.hits("post delayed") ? faults.draws.between(1_000, 9_000) : faults.draws.between(2, 60);
      clock.after(delay, arrive);
      if (faults.hits("post repeated")) clock.after(delay + faults.draws.between(0, 900), arrive);
    });
  }

  /** Nothing but a failure of the edge's own, or a bridge that is behind, keeps a document from being confirmed. */
  #judgeRefusal(transId: TransId): void {
    const { clock, faults, violated } = this.#context;
    const troubleAt = Math.max(faults.lastAt, faults.slowUntil);
    if (clock.now - troubleAt > calmMs) violated("good documents are confirmed", `${transId}: HTTP status 503`);
  }

  /** One attempt of the adapter to post to a server. */
  receive(origin: Hosted, life: number, request: PostRequest): Promise<HttpAnswer> {
    const { clock } = this.#context;
    if (request.signal.aborted) return Promise.resolve({ kind: "failed", reason: "AbortError" });
    const server = this.servers.find(({ host }) => request.url === host || request.url === `${host}/`);
    const transId = /<TransID>([^<]*)/.exec(request.body)?.[1] ?? "";
    this.#context.tell(() => `to ${server?.host}: ${request.body}`);
    const landed = this.#depart(origin, life, request, transId, server);
    let isWaiting = true;
    return new Promise((resolve) => {
      const finish = (result: HttpAnswer) => {
        cancel();
        landed();
        isWaiting = false;
        resolve(result);
      };
      const fail = (reason: string) => finish({ kind: "failed", reason });
      const cancel = clock.after(request.timeoutMs, () => fail("no answer in time"));
      request.signal.addEventListener("abort", () => fail("AbortError"));
      if (!server || server.hangs || server.outage === "hangs") return;
      const { faults } = server;
      if (server.outage === "answers 503") {
        clock.after(20, () => finish({ kind: "answered", status: 503, body: encoder.encode("") }));
        return;
      }
      if (server.outage === "refuses connections") {
        clock.after(20, () => fail("connection refused"));
        return;
      }
      if (!server.up) {
        if (faults.draws.chance(0.7)) clock.after(20, () => fail("connection refused"));
        return;
      }
      if (faults.hits("post lost")) {
        if (faults.draws.chance(0.5)) clock.after(50, () => fail("connection reset"));
        return;
      }
      const arrive = () => {
        if (!server.up || server.hangs) return;
        this.#process(server, transId);
        if (faults.hits("confirmation lost") || server.outage === "takes documents and answers nothing") return;
        const wrong = faults.hits("WebEx answers wrongly");
        const slow = faults.hits("WebEx confirms slowly") ? faults.draws.between(1_000, 12_000) : 2;
        const text = wrong ? faults.draws.pick(wrongAnswers) : confirmationOf(transId);
        clock.after(slow, () => {
          if (!wrong && isWaiting && life === origin.life) this.confirmed.set(transId, origin);
          finish({ kind: "answered", status: 200, body: encoder.encode(text) });
        });
      };
      const delay = faults.hits("post delayed") ? faults.draws.between(1_000, 9_000) : faults.draws.between(2, 60);
      clock.after(delay, arrive);
      if (faults.hits("post repeated")) clock.after(delay + faults.draws.between(0, 900), arrive);
    });
  }

  /** A conference gives up what it has posted in this document. `all`: it has lived since it decided on that. */
  givenUp({ messages, of }: GivenUp, all: boolean): void {
    const transaction = this.#transactions.get(of?.transId ?? "");
    // Answers that a mailbox has posted with those of other conferences were judged there.
    const isShared = messages.some(({ msgId }) => {
      const last = this.#transactions.get(this.#answerIn.get(msgId as MsgId) ?? "");
      return last?.isGivenUp && last.origin === this.#edge?.mailbox;
    });
    if (!transaction && isShared) return;
    const { attempts = 0 } = transaction ?? {};
    if (transaction) {
      // What had been posted behind it in an earlier life is withdrawn.
      for (const one of this.#transactions.values())
        if (one.origin === transaction.origin && one.url === transaction.url) one.isGivenUp = true;
      this.#givenUpAt.push({ at: this.#context.clock.now, origin: transaction.origin, host: of?.host ?? "" });
    }
    const least = of?.oneAttempt ? 1 : 3;
    // A death counts as an attempt, as nobody knows whether the post had left.
    const origin = transaction?.origin ?? this.#edge?.mailbox;
    const hasDied = origin === this.#edge?.mailbox && origin !== undefined && origin.life > 0;
    if (all && attempts < least && !hasDied)
      this.#context.violated("three attempts at least", `${of?.transId}: ${attempts}`);
  }

  /** A mailbox gives up answers: those of a conference are that conference's again, and the others need not come any more. */
  mailGivenUp(transId: string): void {
    const transaction = this.#transactions.get(transId);
    const { attempts = 0, messages = [] } = transaction ?? {};
    if (transaction) transaction.isGivenUp = true;
    // A death counts as an attempt, as nobody knows whether the post had left.
    const hasDied = transaction && transaction.origin.life > 0;
    if (attempts < 3 && !hasDied) this.#context.violated("three attempts at least", `${transId}: ${attempts}`);
    for (const { msgId } of messages) {
      const obligation = this.obligations.get(msgId as MsgId);
      if (obligation && !this.#edge?.isOfConference(msgId as MsgId))
        this.excuse(obligation, "nobody has the answer any more");
    }
  }

  /** An answer leaves in another document only where the one before is over, or its server was replaced. */
  #answerLeaves(msgId: MsgId, transId: string): void {
    const obligation = this.obligations.get(msgId);
    if (!obligation) return;
    obligation.answeredAt ??= this.#context.clock.now;
    obligation.posts += 1;
    const before = this.#answerIn.get(msgId);
    this.#answerIn.set(msgId, transId);
    const earlier = before === undefined ? undefined : this.#transactions.get(before);
    if (earlier && !earlier.isGivenUp && !obligation.excused)
      this.#context.violated("a request is answered once", `${obligation.kind} ${msgId}: ${before} was not given up`);
  }

  /** What a replaced server is owed is posted beside everything else. Returns what is to be called once it is no longer under way. */
  #fly({ name, life }: Pick<Hosted, "name" | "life">, url: string, transId: string): () => void {
    const flightName = `${name} to ${url}`;
    const flights = this.#flights.get(flightName) ?? new Set();
    this.#flights.set(flightName, flights);
    const isOwed = this.#edge?.isOwed(transId);
    // A mailbox posts the answers to each document beside those to others.
    const isMailbox = name === this.#edge?.mailbox.name;
    for (const one of flights) {
      const isBeside = isMailbox ? one.transId !== transId : this.#edge?.isOwed(one.transId) !== isOwed;
      if (one.life === life && !isBeside)
        this.#context.violated("one post in flight", `${flightName}: ${one.transId} and ${transId}`);
    }
    const flight = { transId, life };
    flights.add(flight);
    return () => flights.delete(flight);
  }

  /** What leaves the adapter is judged as it leaves. */
  #depart(origin: Hosted, life: number, request: PostRequest, transId: string, server: Server | undefined): () => void {
    const { clock, violated } = this.#context;
    const known = this.#transactions.get(transId);
    if (known) {
      known.attempts += 1;
      if (known.body !== request.body) violated("a repeat has the same bytes", `${transId}: ${request.body}`);
      if (known.attempts > 3) violated("three attempts at most", transId);
    } else {
      const decoded = webexCodec.decode(encoder.encode(request.body));
      if (!decoded.ok) violated("what is posted is of the protocol", decoded.detail);
      const messages = decoded.ok ? decoded.messages : [];
      this.#transactions.set(transId, {
        url: request.url,
        body: request.body,
        messages,
        origin,
        firstAt: clock.now,
        attempts: 1,
        isGivenUp: false,
      });
      for (const { msgId } of messages) if (msgId !== undefined) this.#answerLeaves(msgId as MsgId, transId);
    }
    const landed = this.#fly({ name: origin.name, life }, request.url, transId);
    const { messages = [] } = this.#transactions.get(transId) ?? {};
    // A document with an answer that may have been begun is posted once more as it was (protocol T37).
    const isAsItWas = (known || origin.life > 0) && messages.some((message) => "result" in message);
    for (const message of messages) {
      if ("result" in message || message.type === "unknown" || !("extConfId" in message)) continue;
      const association = message.extConfId && this.associations.get(message.extConfId);
      if (!association) violated("a notification has a known handle", request.body);
      else if (message.type === "conference-changed" && message.status === "ended" && this.#knowsEnd(association))
        continue;
      else if ((association.replacedAt !== null && !isAsItWas) || (association.released && !known)) {
        violated("a replaced server gets answers alone", `${server?.host}: ${message.type} ${message.extConfId}`);
      }
    }
    return landed;
  }

  /** Whether the conference ended by a close of this very server, which another one did not wait for. */
  #knowsEnd({ wantsEnd, extConfId, replacedAt }: Association): boolean {
    if (wantsEnd) return true;
    const before = replacedAt ?? Number.NEGATIVE_INFINITY;
    return [...this.obligations.values()].some(
      ({ kind, answeredAt, ...one }) =>
        kind === "close" && one.extConfId === extConfId && answeredAt !== null && answeredAt < before,
    );
  }

  #process(server: Server, transId: string): void {
    if (server.seen.has(transId)) return;
    server.seen.add(transId);
    const transaction = this.#transactions.get(transId);
    if (!transaction) return;
    const { firstAt } = transaction;
    for (const message of transaction.messages) {
      if (message.type === "unknown") {
        this.#context.violated("what is posted is of the protocol", message.element);
        continue;
      }
      this.arrived.add(message.msgId);
      const madeAt = this.#edge?.madeAt(transId, message.msgId) ?? firstAt;
      if ("result" in message) this.#answered(server, message, transaction, madeAt);
      this.onMessage(server, message, madeAt);
    }
  }

  #answered(server: Server, message: Answer, { firstAt, origin }: Transaction, madeAt: number): void {
    const { violated, faults } = this.#context;
    const obligation = this.obligations.get(message.msgId);
    if (!obligation) return violated("an answer is to a request", `${message.type} ${message.msgId}`);
    obligation.answers += 1;
    const which = `${obligation.kind} ${obligation.msgId}`;
    if (obligation.answers > obligation.posts) violated("a request is answered once", which);
    if (obligation.host !== server.host) violated("who asked is answered", which);
    const { answeredAt = firstAt } = obligation;
    const leftAt = answeredAt ?? firstAt;
    const lateMs = leftAt - (obligation.committedAt ?? leftAt) - obligation.withinMs;
    const from = obligation.postedAt - 60_000;
    const ways = origin === this.#edge?.mailbox ? this.#edge.objects().map((object) => object.faults) : [origin.faults];
    // It waits for a sign of life, of which only a probe may tell.
    const isBehind = this.#givenUpAt.some((one) => one.host === server.host && one.at >= from - untilSweptMs);
    const isLong = isBehind || ways.some(({ alarmLostAt }) => alarmLostAt >= from);
    const isHeldUp = isBehind || faults.holdsUp(from, leftAt, server.faults, ...ways);
    const allowedMs = isHeldUp ? (isLong ? untilSweptMs : excusableMs) : graceMs;
    if (lateMs > allowedMs) violated("an answer comes in time", `${which}: ${lateMs} ms too late`);
    obligation.answered(message.result, madeAt);
  }
}

const wrongAnswers = [
  "<html>Service unavailable</html>",
  "",
  webexCodec.confirm("0", "ok"),
  '<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>1</TransID></WbxTSPSchema>',
];

/** In words of our own: the product's could be wrong on both sides. */
function confirmationOf(transId: string): string {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID><Confirmation Result="0"></Confirmation></WbxTSPSchema>`;
}

/** Most Confirmations are this very text, and need not be parsed. */
function confirmationIn(text: string, transId: TransId): ReturnType<typeof webexCodec.readConfirmation> {
  if (text === confirmationOf(transId)) return ok({ transId, result: 0 });
  return webexCodec.readConfirmation(encoder.encode(text));
}
