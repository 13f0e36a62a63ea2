import type { HttpAnswer, PostRequest } from "../../../durable-objects/platform/post.ts";
import { type Request, serverIds } from "../../../simulators/webex/client.ts";
import type { AdapterMessage } from "../../../simulators/webex/server.ts";
import type { ExtConfId, MsgId, WebexHost } from "../../../src/foundation/ids.ts";
import { completeText } from "../../../src/tsp/codec.ts";
import type { Clock } from "../../kit/clock.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import type { Edge } from "../edge.ts";
import { webexCodec } from "../webex.ts";

/** Which of the servers of a meeting: the one that began it, or the one that took it over. */
export type Watch = "first" | "second";

/** What the servers are told, by the handle of the conference. */
type Listener = (message: AdapterMessage) => void;

/** So many meetings are on one server. Its ids suffice for that: 10,000 a second. */
const meetingsOfServer = 500;
const mostServers = 50;
/** A post takes so long to its server. */
const wayMs = 5;
const encoder = new TextEncoder();

/** A pool of WebEx's TSP servers: half of them begin meetings, and the other half take these over. */
export class TspServers {
  readonly #clock: Clock;
  readonly #edge: Edge;
  readonly #servers: readonly (readonly [Server, Server])[];
  readonly #failed: (how: string) => void;
  readonly #listeners = new Map<string, Listener>();
  longestConfirmMs = 0;
  /** Requests whose answer has not come. */
  readonly #open = new Map<MsgId, { readonly what: string; readonly answered: () => void }>();

  constructor(clock: Clock, edge: Edge, meetings: number, failed: (how: string) => void) {
    this.#clock = clock;
    this.#edge = edge;
    this.#failed = failed;
    const count = Math.min(mostServers, Math.ceil(meetings / meetingsOfServer));
    const now = () => worldBegins + clock.now;
    this.#servers = Array.from({ length: count }, (_, index) => [
      newServer(index, now),
      newServer(mostServers + index, now),
    ]);
  }

  /** Whatever is told of this handle goes there. */
  listen(extConfId: ExtConfId, listener: Listener): void {
    this.#listeners.set(extConfId, listener);
  }

  /** Whether this is one of those that take meetings over. */
  isSecond(host: string): boolean {
    return this.#servers.some(([, second]) => second.host === host.replace(/^http:\/\//, ""));
  }

  /** The requests that wait for their answer. */
  get open(): readonly string[] {
    return Array.from(this.#open.values(), ({ what }) => what);
  }

  /** Asks for something, and waits for the answer. */
  ask(meeting: number, watch: Watch, request: DistributiveOmit<Request, "msgId" | "replyTo">): Promise<void> {
    const server = this.#serverOf(meeting, watch);
    const msgId = server.ids.msgId();
    return new Promise((answered) => {
      this.#open.set(msgId, { what: `${request.type} of meeting ${meeting}`, answered });
      void this.post(meeting, watch, { ...request, msgId, replyTo: server.host } as Request);
    });
  }

  async post(meeting: number, watch: Watch, request: Request): Promise<void> {
    const id = this.#serverOf(meeting, watch).ids.transId();
    const body = encoder.encode(completeText(webexCodec.encode(id, [request])));
    await this.#clock.wait(wayMs);
    const since = this.#clock.now;
    const { status, text } = await this.#edge.receive(body);
    this.longestConfirmMs = Math.max(this.longestConfirmMs, this.#clock.now - since);
    const confirmation = webexCodec.readConfirmation(encoder.encode(text));
    const isConfirmed = confirmation.ok && confirmation.value.result === 0;
    if (!isConfirmed) this.#failed(`${request.type} of meeting ${meeting}: status ${status}, ${text}`);
  }

  /** The adapter posts to one of them. */
  async receive({ body }: PostRequest): Promise<HttpAnswer> {
    await this.#clock.wait(wayMs);
    const document = webexCodec.decode(encoder.encode(body));
    if (!document.ok) throw new Error(document.detail);
    for (const message of document.messages) this.#hear(message);
    const answer = { kind: "answered", status: 200 } as const;
    return { ...answer, body: encoder.encode(webexCodec.confirm(document.transId, "ok")) };
  }

  #hear(message: AdapterMessage): void {
    if (!("result" in message)) {
      const { extConfId = "" } = message as { extConfId?: ExtConfId };
      return this.#listeners.get(extConfId)?.(message);
    }
    const open = this.#open.get(message.msgId as MsgId);
    if (message.result !== "ok") this.#failed(`${open?.what} was answered with ${message.result}`);
    this.#open.delete(message.msgId as MsgId);
    open?.answered();
  }

  #serverOf(meeting: number, watch: Watch): Server {
    const pair = this.#servers[meeting % this.#servers.length];
    if (!pair) throw new Error("there is a server for each meeting");
    return pair[watch === "first" ? 0 : 1];
  }
}

interface Server {
  readonly host: WebexHost;
  readonly ids: ReturnType<typeof serverIds>;
}

function newServer(id: number, now: () => number): Server {
  return { host: `127.0.0.1:${8800 + id}` as WebexHost, ids: serverIds(id, now) };
}

type DistributiveOmit<Of, Field extends PropertyKey> = Of extends unknown ? Omit<Of, Field> : never;
