import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { ExtCallId, ExtConfId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import type { ToWebex, ToWebexMessages, UnknownMessage } from "../../src/tsp/messages.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import { WebexClient } from "./client.ts";
import { serverNumbers } from "./numbers.ts";

/** A message that an adapter posted; `unknown` is one that TSP servers do not know. */
export type Told = ToWebex | UnknownMessage;

/** One message that an adapter posted to us. */
export interface Heard {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly transId: TransId;
  /** 1 for the first post with this TransID. */
  readonly attempt: number;
  readonly message: Told;
}

/** How posts are answered from now on. */
export type Manner =
  | { readonly type: "confirm"; readonly afterMs?: number; readonly result?: ResultWord }
  | { readonly type: "never-answer" }
  | { readonly type: "status"; readonly status: number }
  | { readonly type: "wrong-trans-id" };

export interface ServerOptions {
  /** Without it nobody who entered is given an ExtCallID. */
  readonly adapterUrl?: string;
  /** 0 to 99; two servers differ in it. */
  readonly serverId?: number;
  /** 0: any free port. */
  readonly port?: number;
  readonly codec?: WebexCodec;
  /** The first ExtCallID that is given to a caller; default 70000. */
  readonly firstCall?: number;
  /** Attempts and pause of our own posts. */
  readonly attempts?: number;
  readonly retryMs?: number;
}

/**
 * A simulated TSP server of WebEx: listens on 127.0.0.1, confirms what an adapter posts, keeps all of it, and names each
 * caller that enters (protocol 4.2, 4.3).
 */
export class WebexServer {
  /** Every message, repeats among them, in the order of arrival. */
  readonly heard: Heard[] = [];
  /** The text of every post, answered or not, in the order of arrival. */
  readonly posts: string[] = [];
  /** The half that asks; shares this server's numbers. */
  readonly client: WebexClient;
  manner: Manner = { type: "confirm" };
  /** Called for each message of a first attempt. */
  onMessage: (heard: Heard) => void = () => {};
  /** Called when a caller is about to be named. */
  onNaming: (extCallId: ExtCallId, entered: ToWebexMessages["caller-entered"]) => void = () => {};

  private readonly codec: WebexCodec;
  private readonly server: Server;
  private readonly options: ServerOptions;
  private readonly attempts = new Map<TransId, number>();
  private readonly waiting = new Set<() => void>();
  /** ExtConfID, `/` and attendee ID → ExtCallID. */
  private readonly namings = new Map<string, ExtCallId>();
  private readonly namingsUnderWay = new Set<Promise<void>>();
  private nextCall: number;
  private port = 0;

  constructor(options: ServerOptions = {}) {
    this.options = options;
    this.nextCall = options.firstCall ?? 70_000;
    this.codec = options.codec ?? createCodec({}, "webex");
    this.client = new WebexClient({
      adapterUrl: options.adapterUrl ?? "",
      numbers: serverNumbers(options.serverId ?? 10, Date.now),
      codec: this.codec,
      attempts: options.attempts ?? 3,
      retryMs: options.retryMs ?? 0,
    });
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((listening, failed) => {
      this.server.once("error", failed);
      this.server.listen(this.options.port ?? 0, "127.0.0.1", listening);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Breaks every connection and takes no more, until `comeBack`. What was heard is not forgotten. */
  async stop(): Promise<void> {
    this.client.close();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** Listens again, where it listened before. */
  async comeBack(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(this.port, "127.0.0.1", listening));
  }

  /** What goes into `WbxHostName` so that answers come here. */
  get host(): WebexHost {
    return `127.0.0.1:${this.port}` as WebexHost;
  }

  /** The messages without repeats. */
  get messages(): readonly Told[] {
    return this.heard.filter(({ attempt }) => attempt === 1).map(({ message }) => message);
  }

  /** The first message, of those that came or will come, that fits. Throws when none did in time. */
  async waitFor<Found extends Told>(
    what: string,
    fits: (message: Told) => message is Found,
    timeoutMs?: number,
  ): Promise<Found>;
  async waitFor(what: string, fits: (message: Told) => boolean, timeoutMs?: number): Promise<Told>;
  async waitFor(what: string, fits: (message: Told) => boolean, timeoutMs = 5_000): Promise<Told> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.messages.find(fits);
      if (found) return found;
      if (!(await this.anythingNew(deadline - Date.now()))) {
        const came = this.messages.map(describe).join("\n  ") || "nothing";
        throw new Error(`expected within ${timeoutMs} ms: ${what}\ncame:\n  ${came}`);
      }
    }
  }

  /** The ExtCallID that a caller was given, once the adapter has confirmed that it knows it. */
  async named(extConfId: ExtConfId, attendeeId: string, timeoutMs = 5_000): Promise<ExtCallId> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.namings.get(`${extConfId}/${attendeeId}`);
      if (found) return found;
      if (!(await this.anythingNew(deadline - Date.now()))) {
        throw new Error(`expected within ${timeoutMs} ms: attendee ${attendeeId} of ${extConfId} enters and is named`);
      }
    }
  }

  /** Resolves when the adapter has confirmed each name that was given so far. */
  async namingsDone(): Promise<void> {
    await Promise.all(this.namingsUnderWay);
  }

  private anythingNew(withinMs: number): Promise<boolean> {
    return new Promise((done) => {
      const wake = (news: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(onNews);
        done(news);
      };
      const onNews = () => wake(true);
      const timer = setTimeout(() => wake(false), Math.max(0, withinMs));
      this.waiting.add(onNews);
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    if (!body) return;
    this.posts.push(body.toString());
    const manner = this.manner;
    if (manner.type === "never-answer") return;
    if (manner.type === "status") {
      response.writeHead(manner.status).end();
      return;
    }
    const document = this.codec.decode(body);
    if (manner.type === "confirm" && manner.afterMs) await pause(manner.afterMs);
    response.setHeader("content-type", "text/xml; charset=UTF-8");
    if (!document.ok) {
      response.end(this.codec.confirm(document.transId, document.result));
      return;
    }
    const { transId, messages } = document;
    const named = manner.type === "wrong-trans-id" ? (`${transId}0` as TransId) : transId;
    const result = manner.type === "confirm" ? (manner.result ?? "ok") : "ok";
    response.end(this.codec.confirm(named, result));
    this.keep(transId, messages);
  }

  private keep(transId: TransId, messages: readonly Told[]): void {
    const attempt = (this.attempts.get(transId) ?? 0) + 1;
    this.attempts.set(transId, attempt);
    for (const message of messages) {
      const heard = { at: Date.now(), transId, attempt, message };
      this.heard.push(heard);
      if (attempt > 1) continue;
      this.onMessage(heard);
      if (message.type === "caller-entered" && this.options.adapterUrl) this.name(message);
    }
    this.wakeAll();
  }

  private wakeAll(): void {
    for (const wake of [...this.waiting]) wake();
  }

  /** A caller without ExtCallID gets a new one, another one the same again. */
  private name(entered: ToWebexMessages["caller-entered"]): void {
    const extCallId = entered.extCallId ?? (String(this.nextCall++) as ExtCallId);
    const { msgId, extConfId } = entered;
    this.onNaming(extCallId, entered);
    const naming = this.client.post({ type: "caller-named", msgId, extConfId, extCallId }).then(
      () => {
        this.namings.set(`${extConfId}/${entered.attendeeId ?? ""}`, extCallId);
        this.wakeAll();
      },
      (error: unknown) => console.error(`cannot name the caller of ${describe(entered)}: ${error}`),
    );
    this.namingsUnderWay.add(naming);
    void naming.then(() => this.namingsUnderWay.delete(naming));
  }
}

/** `null`: the adapter went away before its post was complete. */
async function readAll(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch {
    return null;
  }
}

/** A message on one line, for a person. */
export function describe(message: { readonly type: string }): string {
  const { type, ...fields } = message;
  return `${type} ${Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ")}`;
}
