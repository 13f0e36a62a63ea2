import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { ExtCallId, ExtConfId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import type { ToWebex, ToWebexMessages, UnknownMessage } from "../../src/tsp/messages.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import { serverIds, WebexClient } from "./client.ts";

/** A message of an adapter; `unknown` if the protocol does not have it. */
export type AdapterMessage = ToWebex | UnknownMessage;

/** A message as the server received it. */
export interface ReceivedMessage {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly transId: TransId;
  /** 1 for the first post with this TransID. */
  readonly attempt: number;
  readonly message: AdapterMessage;
}

/** How posts are answered from now on. `break-off`: the connection ends without an answer. */
type AnswerMode =
  | { readonly type: "confirm"; readonly afterMs?: number; readonly result?: ResultWord }
  | { readonly type: "never-answer" }
  | { readonly type: "break-off" }
  | { readonly type: "status"; readonly status: number }
  | { readonly type: "wrong-trans-id" };

export interface ServerOptions {
  /** Where the server posts to. Without it, callers who enter are not named. */
  readonly adapterUrl?: string;
  /** 0 to 99, different for each server. */
  readonly serverId?: number;
  /** 0: any free port. */
  readonly port?: number;
  readonly codec?: WebexCodec;
  /** The first ExtCallID that is given to a caller; default 70000. */
  readonly firstCall?: number;
  /** For the server's own posts, as in `ClientOptions`. */
  readonly attempts?: number;
  readonly retryMs?: number;
}

/**
 * A simulated TSP server of WebEx. It listens on 127.0.0.1, confirms and records what an adapter posts, and names each
 * caller who enters (protocol 4.2, 4.3).
 */
export class WebexServer {
  /** Every message in order of arrival, including repeats. */
  readonly received: ReceivedMessage[] = [];
  /** The text of every post in order of arrival, answered or not. */
  readonly posts: string[] = [];
  /** Posts the server's requests, with its TransIDs and MsgIDs. */
  readonly client: WebexClient;
  /** Whether callers who enter are named by themselves. */
  namesCallers = true;
  answerMode: AnswerMode = { type: "confirm" };
  /** Called for each message, but not for repeats. */
  onMessage: (received: ReceivedMessage) => void = () => {};
  /** Called before a caller is named. */
  onNaming: (extCallId: ExtCallId, entered: ToWebexMessages["caller-entered"]) => void = () => {};

  readonly #codec: WebexCodec;
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #attempts = new Map<TransId, number>();
  readonly #waiters = new Set<() => void>();
  /** By ExtConfID, `/` and attendee ID. */
  readonly #extCallIds = new Map<string, ExtCallId>();
  readonly #openNamings = new Set<Promise<void>>();
  #nextCall: number;
  #port = 0;

  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.#nextCall = options.firstCall ?? 70_000;
    this.#codec = options.codec ?? createCodec({}, "webex");
    this.client = new WebexClient({
      adapterUrl: options.adapterUrl ?? "",
      ids: serverIds(options.serverId ?? 10, Date.now),
      codec: this.#codec,
      attempts: options.attempts ?? 3,
      retryMs: options.retryMs ?? 0,
    });
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((listening, failed) => {
      this.#server.once("error", failed);
      this.#server.listen(this.#options.port ?? 0, "127.0.0.1", listening);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection and accepts no more, until `restart`. What was received is kept. */
  async stop(): Promise<void> {
    this.client.close();
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Listens again on the same port. */
  async restart(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(this.#port, "127.0.0.1", listening));
  }

  /** The `WbxHostName` of this server. */
  get host(): WebexHost {
    return `127.0.0.1:${this.#port}` as WebexHost;
  }

  /** All messages without repeats. */
  get messages(): readonly AdapterMessage[] {
    return this.received.filter(({ attempt }) => attempt === 1).map(({ message }) => message);
  }

  /** The first message that fits, of those received so far or within the time. Throws if there is none. */
  waitFor<Found extends AdapterMessage>(
    what: string,
    fits: (message: AdapterMessage) => message is Found,
    timeoutMs?: number,
  ): Promise<Found>;
  waitFor(what: string, fits: (message: AdapterMessage) => boolean, timeoutMs?: number): Promise<AdapterMessage>;
  waitFor(what: string, fits: (message: AdapterMessage) => boolean, timeoutMs = 15_000): Promise<AdapterMessage> {
    return this.#within(timeoutMs, what, () => this.messages.find(fits));
  }

  /** The ExtCallID of a caller, once the adapter has confirmed it. */
  extCallIdOf(extConfId: ExtConfId, attendeeId: string, timeoutMs = 15_000): Promise<ExtCallId> {
    const what = `attendee ${attendeeId} of ${extConfId} enters and is named`;
    return this.#within(timeoutMs, what, () => this.#extCallIds.get(`${extConfId}/${attendeeId}`));
  }

  /** Resolves when the adapter has confirmed the ExtCallID of each caller so far. */
  async allNamed(): Promise<void> {
    await Promise.all(this.#openNamings);
  }

  /** The first that `find` finds, at once or after a change within the time. Throws if there is none. */
  async #within<Found>(timeoutMs: number, what: string, find: () => Found | undefined): Promise<Found> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (!(await this.#nextChange(deadline - Date.now()))) {
        const came = this.messages.map(describe).join("\n  ") || "nothing";
        throw new Error(`expected within ${timeoutMs} ms: ${what}\ncame:\n  ${came}`);
      }
    }
  }

  /** Whether anything was received, or anybody named, within the time. */
  #nextChange(withinMs: number): Promise<boolean> {
    return new Promise((done) => {
      const finish = (changed: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        done(changed);
      };
      const wake = () => finish(true);
      const timer = setTimeout(() => finish(false), Math.max(0, withinMs));
      this.#waiters.add(wake);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    if (!body) return;
    this.posts.push(body.toString());
    const mode = this.answerMode;
    if (mode.type === "never-answer") return;
    if (mode.type === "break-off") {
      request.socket.destroy();
      return;
    }
    if (mode.type === "status") {
      response.writeHead(mode.status).end();
      return;
    }
    const document = this.#codec.decode(body);
    if (mode.type === "confirm" && mode.afterMs) await pause(mode.afterMs);
    response.setHeader("content-type", "text/xml; charset=UTF-8");
    if (!document.ok) {
      response.end(this.#codec.confirm(document.transId, document.result));
      return;
    }
    const { messages } = document;
    const confirmedId = mode.type === "wrong-trans-id" ? (`${document.transId}0` as TransId) : document.transId;
    const result = mode.type === "confirm" ? (mode.result ?? "ok") : "ok";
    response.end(this.#codec.confirm(confirmedId, result));
    this.#keep(document.transId, messages);
  }

  #keep(transId: TransId, messages: readonly AdapterMessage[]): void {
    const attempt = (this.#attempts.get(transId) ?? 0) + 1;
    this.#attempts.set(transId, attempt);
    for (const message of messages) {
      const received = { at: Date.now(), transId, attempt, message };
      this.received.push(received);
      if (attempt > 1) continue;
      this.onMessage(received);
      const isNamed = this.namesCallers && this.#options.adapterUrl !== undefined;
      if (message.type === "caller-entered" && isNamed) this.#name(message);
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** Gives a caller without ExtCallID a new one; confirms the ExtCallID of any other. */
  #name(entered: ToWebexMessages["caller-entered"]): void {
    const extCallId = entered.extCallId ?? (String(this.#nextCall++) as ExtCallId);
    const { msgId, extConfId } = entered;
    this.onNaming(extCallId, entered);
    const naming = this.client.post({ type: "caller-named", msgId, extConfId, extCallId }).then(
      () => {
        this.#extCallIds.set(`${extConfId}/${entered.attendeeId ?? ""}`, extCallId);
        this.#wakeAll();
      },
      (error: unknown) => console.error(`cannot name the caller of ${describe(entered)}: ${error}`),
    );
    this.#openNamings.add(naming);
    void naming.then(() => this.#openNamings.delete(naming));
  }
}

/** The body; `null` if the adapter broke off its post. */
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
