import { WebSocket } from "ws";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeBridgeToAgent,
  MAX_BRIDGE_MESSAGE_LENGTH,
} from "../../src/bridge/generic-protocol.ts";
import type { Timers } from "../../src/foundation/timers.ts";
import type { DriverReport } from "./driver.ts";

/** A bridge that falls silent is found within the sum of both. */
export const PING_EVERY_MS = 1_000;
export const ANSWER_WITHIN_MS = 2_000;

export type Answer = Extract<BridgeToAgent, { readonly type: "done" | "refused" | "state" }>;

/** A question without its id, which the link chooses. */
export type Question = AgentToBridge extends infer Message
  ? Message extends AgentToBridge
    ? Omit<Message, "id">
    : never
  : never;

export interface LinkOwner {
  report(report: DriverReport): void;
  /** The link is over; called once. `why` is a sentence for operations staff. */
  lost(why: string): void;
}

/** One connection to a bridge, from the first attempt until it is lost. */
export class GenericLink {
  private readonly url: string;
  private readonly timers: Timers;
  private readonly owner: LinkOwner;
  private readonly socket: WebSocket;
  private readonly waiting = new Map<number, (answer: Answer | null) => void>();
  private phase: "connecting" | "ready" | "over" = "connecting";
  private lastId = 0;
  /** Either the next ping, or the end of our patience. */
  private cancelTimer: () => void;

  constructor(url: string, timers: Timers, owner: LinkOwner) {
    this.url = url;
    this.timers = timers;
    this.owner = owner;
    this.socket = new WebSocket(url, {
      // One message for each turn of the event loop, so that whoever awaited an answer runs before the next one is heard.
      allowSynchronousEvents: false,
      maxPayload: MAX_BRIDGE_MESSAGE_LENGTH,
      perMessageDeflate: false,
    });
    this.cancelTimer = this.expectAnswer();
    this.socket.on("message", (data) => this.take(String(data)));
    this.socket.on("error", (error: NodeJS.ErrnoException) =>
      this.end(`the bridge at ${this.url} cannot be reached: ${error.message || error.code}`),
    );
    this.socket.on("close", (code, reason) =>
      this.end(`the bridge at ${this.url} closed the connection (${code}${reason.length > 0 ? `, ${reason}` : ""})`),
    );
  }

  /** The bridge's answer, or `null` when the link broke first; `not-connected` when nothing was sent. */
  ask(question: Question): Promise<Answer | null> | "not-connected" {
    if (this.phase !== "ready") return "not-connected";
    const id = this.send(question);
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  end(why: string): void {
    if (this.phase === "over") return;
    this.phase = "over";
    this.cancelTimer();
    this.socket.terminate();
    for (const resolve of this.waiting.values()) resolve(null);
    this.waiting.clear();
    this.owner.lost(why);
  }

  private send(question: Question): number {
    this.lastId += 1;
    this.socket.send(JSON.stringify({ ...question, id: this.lastId }), () => {}); // Failure comes as an event, too.
    return this.lastId;
  }

  private take(text: string): void {
    if (this.phase === "over") return;
    const decoded = decodeBridgeToAgent(text);
    if (!decoded.ok) this.end(`the bridge at ${this.url} sent what is not of the bridge protocol: ${decoded.error}`);
    else if (this.phase === "connecting") this.takeHello(decoded.value);
    else this.takeMessage(decoded.value);
  }

  private takeHello(message: BridgeToAgent): void {
    if (message.type !== "hello")
      return this.end(`the bridge at ${this.url} began with ${message.type}, not with hello`);
    const { version, bootId, abilities, ports } = message;
    if (version !== BRIDGE_PROTOCOL_VERSION) {
      const versions = `version ${version} of the bridge protocol, this agent speaks ${BRIDGE_PROTOCOL_VERSION}`;
      return this.end(`the bridge at ${this.url} speaks ${versions}: update the older one`);
    }
    this.phase = "ready";
    this.pingLater();
    this.owner.report({ type: "connected", bootId, abilities, ports });
  }

  private takeMessage(message: BridgeToAgent): void {
    switch (message.type) {
      case "pong":
        this.pingLater();
        break;
      case "done":
      case "refused":
      case "state":
        this.waiting.get(message.id)?.(message);
        this.waiting.delete(message.id);
        break;
      case "hello":
        this.end(`the bridge at ${this.url} said hello twice on one connection`);
        break;
      default:
        this.owner.report(message);
    }
  }

  private pingLater(): void {
    this.cancelTimer();
    this.cancelTimer = this.timers.after(PING_EVERY_MS, () => {
      this.send({ type: "ping" });
      this.cancelTimer = this.expectAnswer();
    });
  }

  private expectAnswer(): () => void {
    return this.timers.after(ANSWER_WITHIN_MS, () =>
      this.end(`the bridge at ${this.url} has not answered for ${ANSWER_WITHIN_MS / 1_000} s`),
    );
  }
}
