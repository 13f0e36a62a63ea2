import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { MsgId, TransId, WebexHost } from "../src/foundation/ids.ts";
import { createCodec } from "../src/tsp/codec.ts";

const answers = /<A2W_Rsp\w+ MsgID="(\d+)" Result="(\d+)"/g;
const [beforeTransId = "", afterTransId = ""] = createCodec({}, "webex")
  .confirm("@" as TransId, "ok")
  .split("@");

/**
 * WebEx's side under load: confirms each post and knows which requests were answered, by a search in the text, so that the
 * measuring process has as little work as possible. It is the same for both sides of a comparison.
 */
export class Receiver {
  /** The bodies of all posts, where they are kept. */
  readonly posts: string[] = [];
  /** When the last post came, by `performance.now()`. */
  lastAt = 0;
  private readonly waiting = new Map<string, (answeredAt: number) => void>();
  private readonly answered = new Set<string>();
  private readonly faults: string[] = [];
  private readonly server = createServer((request, response) => this.receive(request, response));

  private readonly keeps: boolean;

  private constructor(keeps: boolean) {
    this.keeps = keeps;
  }

  /** On any free port, unless one is given. */
  static async start({ port = 0, keeps = false } = {}): Promise<Receiver> {
    const receiver = new Receiver(keeps);
    await new Promise<void>((listening, failed) => {
      receiver.server.once("error", failed);
      receiver.server.listen(port, "127.0.0.1", listening);
    });
    return receiver;
  }

  get host(): WebexHost {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}` as WebexHost;
  }

  /** Resolves to the time of the answer, by `performance.now()`. */
  answerTo(msgId: MsgId): Promise<number> {
    return new Promise((answered) => this.waiting.set(msgId, answered));
  }

  /** Throws unless each request so far was answered once, with Result 0. Then nothing is on its way any more. */
  async settle(): Promise<void> {
    for (let waited = 0; this.waiting.size > 0 && waited < 20_000; waited += 100) await pause(100);
    while (performance.now() < this.lastAt + 200) await pause(50);
    if (this.waiting.size > 0) this.faults.push(`${this.waiting.size} requests were not answered within 20 s`);
    this.waiting.clear();
    this.answered.clear();
    const [first, ...others] = this.faults.splice(0);
    if (first) throw new Error(`${first}${others.length > 0 ? `, and ${others.length} other faults` : ""}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = String(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
      this.lastAt = performance.now();
      if (this.keeps) this.posts.push(body);
      for (const [, msgId = "", result] of body.matchAll(answers)) this.note(msgId, result);
      const from = body.indexOf("<TransID>") + 9;
      const transId = body.slice(from, body.indexOf("<", from));
      response.setHeader("content-type", "text/xml; charset=UTF-8");
      response.end(beforeTransId + transId + afterTransId);
    });
  }

  private note(msgId: string, result: string | undefined): void {
    const answered = this.waiting.get(msgId);
    this.waiting.delete(msgId);
    if (result !== "0") this.faults.push(`MsgID ${msgId} was answered with Result ${result}`);
    if (this.answered.has(msgId)) this.faults.push(`MsgID ${msgId} was answered twice`);
    else if (!answered) this.faults.push(`MsgID ${msgId} was answered, but nobody had asked`);
    this.answered.add(msgId);
    answered?.(this.lastAt);
  }
}
