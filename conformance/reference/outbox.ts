import { digits, julianDigits } from "../player/ids.ts";
import type { HttpAnswer, Ports } from "../ports.ts";
import { type Message, type ReadConfirmation, readConfirmation, writeDocument } from "../xml.ts";
import type { Defects } from "./defects.ts";

/** Pauses before the second and the third attempt. */
const RETRY_MS = [0, 2_000];
const MOST = 50;
const GATHER_MS = 40;
/** What some defects are in: a message that little depends on. */
const SOME = "A2W_NotifySpeakingStatus";

/** Sends documents to TSP servers: those of one conference to one server one after the other, each up to three times. */
export class Outbox {
  readonly #ports: Ports;
  readonly #has: Defects;
  readonly #queues = new Map<string, Promise<boolean>>();
  readonly #dropped = new Set<string>();
  /** With a defect: nothing is sent any more. */
  readonly #shunned = new Set<string>();
  /** How many documents, by queue. */
  readonly #givenUp = new Map<string, number>();
  /** With `conferences-together`: what leaves soon, by host. */
  readonly #gathered = new Map<string, { readonly messages: Message[]; readonly sent: Promise<boolean> }>();
  /** With `ids-like-webex`: the digits of WebEx's own ids. */
  digitsOfWebex = "10";
  #transIds = 0;
  #msgIds = 0;

  constructor(ports: Ports, has: Defects) {
    this.#ports = ports;
    this.#has = has;
  }

  /** For a message of this name. */
  msgId(name: string): string {
    if (!this.#has("msg-id-used-again") || name !== SOME) this.#msgIds += 1;
    return this.#id(this.#msgIds);
  }

  /** Resolves with whether all was confirmed. */
  send(conference: string, host: string, messages: readonly Message[], transId?: string): Promise<boolean> {
    const queue = `${conference} ${host}`;
    const most = this.#has("any-number-of-messages") ? messages.length : MOST;
    const documents = Array.from({ length: Math.ceil(messages.length / most) }, (_, n) =>
      messages.slice(n * most, (n + 1) * most),
    );
    const line = this.#has("one-post-at-a-time") ? host : queue;
    let last = this.#queues.get(line) ?? Promise.resolve(true);
    const given = this.#givenUp.get(queue) ?? 0;
    for (const document of documents) {
      last = last.then(() => {
        // What was before it was given up meanwhile, so this is owed behind it.
        const isOwed = conference !== "" && (this.#givenUp.get(queue) ?? 0) > given;
        if (this.#shunned.has(queue)) return false;
        if (!this.#dropped.has(queue)) return isOwed ? false : this.#deliver(queue, host, document, transId);
        const owed = document.filter(({ name }) => name.startsWith("A2W_Rsp"));
        if (owed.length > 0) void this.sendOnce(host, owed);
        return false;
      });
    }
    this.#queues.set(line, last);
    return last;
  }

  /** An answer that a replaced server is owed: posted once, and nothing waits for it. */
  sendOnce(host: string, messages: readonly Message[]): Promise<boolean> {
    const attempts = this.#has("owed-answers-repeated") ? 2 : 1;
    const post = () => this.#post("", host, messages, undefined, attempts);
    if (!this.#has("one-post-at-a-time")) return post();
    const sent = (this.#queues.get(host) ?? Promise.resolve(true)).then(post);
    this.#queues.set(host, sent);
    return sent;
  }

  /** What waits for this server is not sent any more but for answers: another one has taken over. */
  drop(conference: string, host: string): void {
    this.#dropped.add(`${conference} ${host}`);
  }

  /** The server has the conference (again). */
  resume(conference: string, host: string): void {
    this.#dropped.delete(`${conference} ${host}`);
  }

  #deliver(queue: string, host: string, messages: readonly Message[], transId?: string): Promise<boolean> {
    return this.#has("conferences-together")
      ? this.#deliverTogether(host, messages)
      : this.#post(queue, host, messages, transId);
  }

  /** With what other conferences have for this server at the same time. */
  #deliverTogether(host: string, messages: readonly Message[]): Promise<boolean> {
    const others = this.#gathered.get(host);
    if (others && others.messages.length + messages.length <= MOST) {
      others.messages.push(...messages);
      return others.sent;
    }
    const gathered = [...messages];
    const sent = this.#ports.sleep(GATHER_MS).then(() => {
      if (this.#gathered.get(host)?.messages === gathered) this.#gathered.delete(host);
      return this.#post("", host, gathered);
    });
    this.#gathered.set(host, { messages: gathered, sent });
    return sent;
  }

  async #post(queue: string, host: string, messages: readonly Message[], given?: string, most = 4): Promise<boolean> {
    const isSome = messages[0]?.name === SOME;
    let transId = given ?? (isSome && this.#has("trans-id-used-again") ? this.#id(this.#transIds) : this.#newTransId());
    const isFourth =
      this.#has("fourth-attempt") ||
      (messages[0]?.name !== "A2W_NotifyUserEnter" && this.#has("fourth-attempt-but-for-entries"));
    const attempts = Math.min(most, this.#has("no-repeat") ? 1 : isFourth ? 4 : 3);
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const isSlow = this.#has("half-minute-between-attempts");
      if (attempt > 1) await this.#ports.sleep(isSlow ? 30_000 : (RETRY_MS[attempt - 2] ?? 0));
      if (this.#dropped.has(queue)) return false;
      if (attempt > 1 && this.#has("repeat-with-new-trans-id")) transId = this.#newTransId();
      const text = this.#write(transId, messages) + (attempt > 1 && this.#has("repeat-with-other-bytes") ? "\n" : "");
      const method = isSome && this.#has("posts-by-put") ? "PUT" : "POST";
      try {
        const isTls = host.endsWith(":443") && !this.#has("no-https");
        const url = host.includes("://") ? host : `${isTls ? "https" : "http"}://${host}/`;
        const answer = await this.#ports.send({ method, url, body: text });
        const { status } = answer;
        const confirmation = this.#read(answer);
        if (status === 500 && this.#has("new-trans-id-after-500")) transId = this.#newTransId();
        const isSuccess = status === 200 || (status > 200 && status < 300 && !this.#has("http-200-only"));
        if (isSuccess && confirmation.result !== null && confirmation.transId === transId) {
          if (isSome && this.#has("repeats-what-was-confirmed")) await this.#ports.send({ method, url, body: text });
          return true;
        }
      } catch (error) {
        // Refused, reset or no answer: all the same.
        const isTimeOut = error instanceof Error && error.message.includes("in time");
        if (isTimeOut && this.#has("repeat-as-new-after-time-out")) transId = this.#newTransId();
      }
    }
    this.#givenUp.set(queue, (this.#givenUp.get(queue) ?? 0) + 1);
    if (queue !== "" && this.#has("failed-server-given-up")) this.#shunned.add(queue);
    return false;
  }

  #read({ body, bytes, isChunked, headers }: HttpAnswer): Pick<ReadConfirmation, "transId" | "result"> {
    const isOdd = headers !== undefined && !/xml/i.test(Object.values(headers).join());
    const isLost =
      (bytes !== undefined && this.#has("confirmations-in-utf-8-only")) ||
      (isChunked && this.#has("confirmations-in-chunks-lost")) ||
      (isOdd && this.#has("confirmations-by-content-type"));
    if (isLost) return { transId: "", result: null };
    if (!this.#has("confirmations-by-pattern")) return readConfirmation(body);
    const [, transId = ""] = /<TransID>(\d+)<\/TransID>/.exec(body) ?? [];
    const [, result] = /<Confirmation Result="(-?\d+)"/.exec(body) ?? [];
    return { transId, result: result === undefined ? null : Number(result) };
  }

  #write(transId: string, messages: readonly Message[]): string {
    const text = writeDocument(transId, messages);
    const element = `<TransID>${transId}</TransID>`;
    const isSome = messages[0]?.name === SOME;
    if (isSome && this.#has("post-not-well-formed")) return text.replace("</WbxTSPSchema>", "");
    if (this.#has("ampersand-not-escaped")) return text.replaceAll("&amp;", "&");
    if (this.#has("named-as-response") && messages.some(({ name }) => name.startsWith("A2W_Rsp")))
      return text.replace("WTSPDOM", "WTSPDOM Response");
    if (this.#has("other-root")) return text.replaceAll("WbxTSPSchema", "WbxSchema");
    if (this.#has("root-without-version")) return text.replace(' Version="1.0"', "");
    if (isSome && this.#has("trans-id-as-attribute"))
      return text.replace(element, "").replace(">", ` TransID="${transId}">`);
    if (this.#has("trans-id-last"))
      return text.replace(element, "").replace("</WbxTSPSchema>", `${element}</WbxTSPSchema>`);
    return this.#has("odd-but-legal") ? odd(text, transId) : text;
  }

  #newTransId(): string {
    this.#transIds += 1;
    return this.#id(this.#transIds);
  }

  #id(sequence: number): string {
    if (this.#has("ids-by-no-scheme")) return `99999${String(sequence).padStart(6, "0")}`;
    if (this.#has("ids-like-webex")) {
      const second = Math.floor((this.#ports.now() % 86_400_000) / 1000);
      return this.digitsOfWebex + digits(second, 5) + digits(sequence % 10_000, 4);
    }
    const id = julianDigits(this.#ports.now()) + String(sequence).padStart(6, "0");
    return this.#has("ten-digit-ids") ? id.slice(0, 4) + id.slice(5) : id;
  }
}

/** The same document in XML that few adapters write. */
function odd(text: string, transId: string): string {
  const inner = text
    .replace(
      `<TransID>${transId}</TransID>`,
      `<!-- of today & a = "<" --><TransID>\n<![CDATA[${transId}]]></TransID ><?partner build 7?>`,
    )
    .replace(/="([^"']*)"/g, " = '$1'");
  return `<?xml version='1.0' encoding='UTF-8'?>\r\n${inner}\n<!-- the end -->\n`;
}
