import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { MsgId, TransId } from "../../src/foundation/ids.ts";
import { completeText, createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import type { FromWebexMessages } from "../../src/tsp/messages.ts";
import { type ServerNumbers, serverNumbers } from "./numbers.ts";

/** What WebEx asks of an adapter, or answers it. */
export type Request = FromWebexMessages[keyof FromWebexMessages];

export interface ClientOptions {
  readonly adapterUrl: string;
  readonly numbers?: ServerNumbers;
  readonly codec?: WebexCodec;
  /** Attempts for one transaction (protocol T37). */
  readonly attempts?: number;
  /** Pause between two attempts. */
  readonly retryMs?: number;
}

/** What came back for one transaction, and what was posted, so that it can be posted again. */
export interface Confirmed {
  readonly transId: TransId;
  readonly result: number;
  readonly body: string;
}

/** One HTTP answer as it came. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** The half of a TSP server that asks: posts documents to an adapter's URL, again when it gets no confirmation. */
export class WebexClient {
  readonly adapterUrl: string;
  private readonly numbers: ServerNumbers;
  private readonly codec: WebexCodec;
  private readonly attempts: number;
  private readonly retryMs: number;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(options: ClientOptions) {
    this.adapterUrl = options.adapterUrl;
    this.numbers = options.numbers ?? serverNumbers(10, Date.now);
    this.codec = options.codec ?? createCodec({}, "webex");
    this.attempts = options.attempts ?? 3;
    this.retryMs = options.retryMs ?? 0;
  }

  msgId(): MsgId {
    return this.numbers.msgId();
  }

  transId(): TransId {
    return this.numbers.transId();
  }

  /** Posts one document until it is confirmed. Throws when the last attempt brought no Confirmation of this TransID. */
  async post(...messages: Request[]): Promise<Confirmed> {
    const transId = this.numbers.transId();
    return this.deliver(transId, completeText(this.codec.encode(transId, messages)));
  }

  /** Posts a document again, as after a time-out: same TransID, same bytes (protocol T36). */
  repeat(earlier: Confirmed): Promise<Confirmed> {
    return this.deliver(earlier.transId, earlier.body);
  }

  /** Breaks all connections: a post under way is tried again, as if its Confirmation had been lost. */
  close(): void {
    this.agent.destroy();
  }

  private async deliver(transId: TransId, body: string): Promise<Confirmed> {
    let failure = "";
    for (let attempt = 1; attempt <= this.attempts; attempt++) {
      if (attempt > 1) await pause(this.retryMs);
      try {
        const answer = await postDocument(this.adapterUrl, body, this.agent);
        const confirmation = this.codec.readConfirmation(answer.body);
        if (confirmation.ok && confirmation.value.transId === transId) {
          return { transId, body, result: confirmation.value.result };
        }
        failure = `status ${answer.status}, "${answer.body.toString().slice(0, 200)}"`;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
    }
    throw new Error(`TransID ${transId} got no Confirmation in ${this.attempts} attempts; the last one: ${failure}`);
  }
}

/** One HTTP post, whatever the answer. */
export function postDocument(url: string, body: string | Buffer, agent?: Agent, timeoutMs = 10_000): Promise<Answer> {
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
