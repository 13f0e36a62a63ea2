import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { MsgId, TransId } from "../../src/foundation/ids.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { completeText, createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import type { FromWebexMessages } from "../../src/tsp/messages.ts";

/** A request to an adapter, or an answer to its notification. */
export type Request = FromWebexMessages[keyof FromWebexMessages];

interface ClientOptions {
  readonly adapterUrl: string;
  readonly ids?: ServerIds;
  readonly codec?: WebexCodec;
  /** Attempts for one transaction (protocol T37). */
  readonly attempts?: number;
  /** Pause between two attempts. */
  readonly retryMs?: number;
}

/** A confirmed document: what was posted, to post it again, and the result of its Confirmation. */
interface Confirmed {
  readonly transId: TransId;
  readonly result: number;
  readonly body: string;
}

/** What an attempt to post a document was answered. */
interface AnsweredAttempt {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly transId: TransId;
  /** Of its Confirmation; `null`: it was answered with something else. */
  readonly result: number | null;
}

/** The answer to one HTTP post. */
interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Posts the documents of a TSP server to an adapter's URL, and repeats a post that is not confirmed. */
export class WebexClient {
  readonly adapterUrl: string;
  /** Called with the result of each Confirmation. */
  onConfirmation: (result: number) => void = () => {};
  /** The result of each document that was confirmed, once for all its posts. */
  readonly confirmed = new Map<TransId, number>();
  /** Each attempt that was answered, in order. */
  readonly answered: AnsweredAttempt[] = [];
  /** When attempts ended that had no answer. */
  readonly unansweredAt: number[] = [];
  /** How many documents were to be posted. */
  documents = 0;
  readonly #ids: ServerIds;
  readonly #codec: WebexCodec;
  readonly #attempts: number;
  readonly #retryMs: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(options: ClientOptions) {
    this.adapterUrl = options.adapterUrl;
    this.#ids = options.ids ?? serverIds(10, Date.now);
    this.#codec = options.codec ?? createCodec({}, "webex");
    this.#attempts = options.attempts ?? 3;
    this.#retryMs = options.retryMs ?? 0;
  }

  msgId(): MsgId {
    return this.#ids.msgId();
  }

  transId(): TransId {
    return this.#ids.transId();
  }

  /** Posts one document until it is confirmed. Throws if the last attempt brought no Confirmation of this TransID. */
  async post(...messages: Request[]): Promise<Confirmed> {
    const transId = this.#ids.transId();
    this.documents += 1;
    return this.#deliver(transId, completeText(this.#codec.encode(transId, messages)));
  }

  /** Posts a document again, as after a time-out: same TransID, same bytes (protocol T36). */
  repeat(earlier: Confirmed): Promise<Confirmed> {
    return this.#deliver(earlier.transId, earlier.body);
  }

  /** Breaks all connections. A post in flight is tried again, as if its Confirmation had been lost. */
  close(): void {
    this.#agent.destroy();
  }

  async #deliver(transId: TransId, body: string): Promise<Confirmed> {
    let failure = "";
    for (let attempt = 1; attempt <= this.#attempts; attempt++) {
      if (attempt > 1) await pause(this.#retryMs);
      try {
        const answer = await postDocument(this.adapterUrl, body, this.#agent);
        const confirmation = this.#codec.readConfirmation(answer.body);
        const isConfirmed = confirmation.ok && confirmation.value.transId === transId;
        this.answered.push({ at: Date.now(), transId, result: isConfirmed ? confirmation.value.result : null });
        if (isConfirmed) {
          const { result } = confirmation.value;
          this.confirmed.set(transId, result);
          this.onConfirmation(result);
          return { transId, body, result };
        }
        failure = `status ${answer.status}, "${answer.body.toString().slice(0, 200)}"`;
      } catch (error) {
        this.unansweredAt.push(Date.now());
        failure = reasonOf(error);
      }
    }
    throw new Error(`TransID ${transId} got no Confirmation in ${this.#attempts} attempts; the last one: ${failure}`);
  }
}

/** One HTTP post, whatever the answer. */
export function postDocument(
  url: string,
  body: string | Buffer,
  agent?: Agent,
  timeoutMs = 10_000,
): Promise<HttpAnswer> {
  return new Promise((answered, failed) => {
    const post = request(
      url,
      {
        method: "POST",
        ...(agent && { agent }),
        timeout: timeoutMs,
        headers: { "content-type": "text/xml; charset=UTF-8", "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => answered({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on("error", failed);
      },
    );
    post.on("timeout", () => post.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    post.on("error", failed);
    post.end(body);
  });
}

/** The ids that one TSP server makes, by WebEx's own scheme (protocol T33, section 5, row 19). TransIDs and MsgIDs count apart. */
interface ServerIds {
  transId(): TransId;
  msgId(): MsgId;
}

/** `serverId`: 0 to 99, different for each server of a pool. `now`: milliseconds since 1970. */
export function serverIds(serverId: number, now: () => number): ServerIds {
  const sequence = () => {
    let last = -1;
    return () => {
      last = (last + 1) % 10_000;
      const secondsOfDay = Math.floor((now() % 86_400_000) / 1000);
      return digits(serverId, 2) + digits(secondsOfDay, 5) + digits(last, 4);
    };
  };
  const transIds = sequence();
  const msgIds = sequence();
  return { transId: () => transIds() as TransId, msgId: () => msgIds() as MsgId };
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
