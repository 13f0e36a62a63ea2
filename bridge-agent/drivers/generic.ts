import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeBridgeToAgent,
  MAX_BRIDGE_MESSAGE_LENGTH,
} from "../../src/bridge/protocol.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/timers.ts";
import { SteadySocket } from "../steady-socket.ts";
import type { BridgeDriver, DriverReport } from "./driver.ts";

/** A bridge that falls silent is found within the sum of both. */
export const PING_EVERY_MS = 1_000;
export const ANSWER_WITHIN_MS = 2_000;
/** The longest that any act, or the state, may take of a bridge that is alive. */
export const QUESTION_WITHIN_MS = 30_000;
/** The bridge is near: asking often costs little, and callers wait. */
const LONGEST_RETRY_MS = 1_000;

type Answer = Extract<BridgeToAgent, { readonly type: "done" | "refused" | "state" }>;

/** A question without its id, which is chosen here. */
type Question = AgentToBridge extends infer Message
  ? Message extends AgentToBridge
    ? Omit<Message, "id">
    : never
  : never;

type Unanswered = "not-connected" | "lost" | "too-slow";

interface Waiting {
  readonly resolve: (answer: Answer | Unanswered) => void;
  readonly cancelTimer: () => void;
}

export interface GenericDriverOptions {
  /** Such as `ws://127.0.0.1:8790/bridge`. */
  readonly url: string;
  /** Under which the bridge knows this agent's connections for those of one; absent for a visitor. */
  readonly agent?: string;
  readonly timers: Timers;
  /** 0 to 1; spreads the attempts to connect. */
  random(): number;
}

/** Speaks the generic bridge protocol (docs/bridge-protocol.md) to a bridge program. */
export class GenericDriver implements BridgeDriver {
  readonly #options: GenericDriverOptions;
  readonly #socket: SteadySocket;
  readonly #waiting = new Map<number, Waiting>();
  #report: (report: DriverReport) => void = () => {};
  #ready = false;
  #lastId = 0;
  #lastWhy: string | null = null;

  constructor(options: GenericDriverOptions) {
    const { url, agent, timers, random } = options;
    const named = new URL(url);
    if (agent !== undefined) named.searchParams.set("agent", agent);
    this.#options = options;
    this.#socket = new SteadySocket({
      url: named.href,
      timers,
      random,
      longestMessage: MAX_BRIDGE_MESSAGE_LENGTH,
      greetingMs: ANSWER_WITHIN_MS,
      pongMs: ANSWER_WITHIN_MS,
      longestPauseMs: LONGEST_RETRY_MS,
      heard: (text) => this.#take(text),
      ping: () => this.#send({ type: "ping" }),
      lost: (code, why) => this.#lost(code, why),
    });
  }

  start(report: (report: DriverReport) => void): void {
    this.#report = report;
    this.#socket.connect();
  }

  async execute(commandId: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult> {
    const answer = await this.#ask({ type: "command", commandId, conference, command });
    if (answer === "not-connected") return { done: false, reason: "unreachable" };
    if (answer === "too-slow") return { done: "unknown", tooSlow: true };
    if (answer === "lost" || answer.type === "state") return { done: "unknown" };
    return answer.type === "done" ? { done: true } : { done: false, reason: answer.reason };
  }

  async state(): Promise<BridgeState | null> {
    const answer = await this.#ask({ type: "state" });
    return typeof answer !== "string" && answer.type === "state" ? answer.state : null;
  }

  async stop(): Promise<void> {
    this.#report = () => {};
    this.#ready = false;
    this.#socket.stop();
    this.#resolveAll();
  }

  #ask(question: Question): Promise<Answer | Unanswered> {
    if (!this.#ready) return Promise.resolve("not-connected");
    const id = this.#send(question);
    return new Promise((resolve) => {
      const what = question.type === "command" ? question.command.type : question.type;
      const cancelTimer = this.#options.timers.after(QUESTION_WITHIN_MS, () => {
        this.#waiting.delete(id);
        resolve("too-slow");
        this.#socket.end(`it has not answered ${what} for ${QUESTION_WITHIN_MS / 1_000} s`);
      });
      this.#waiting.set(id, { resolve, cancelTimer });
    });
  }

  #send(question: Question): number {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ ...question, id: this.#lastId }));
    return this.#lastId;
  }

  #take(text: string): void {
    const decoded = decodeBridgeToAgent(text);
    if (!decoded.ok) return this.#socket.end(`it sent what is not of the bridge protocol: ${decoded.error}`);
    if (this.#ready) this.#takeMessage(decoded.value);
    else this.#takeHello(decoded.value);
  }

  #takeHello(message: BridgeToAgent): void {
    if (message.type !== "hello") return this.#socket.end(`it began with ${message.type}, not with hello`);
    const { version, bootId, abilities, ports } = message;
    if (version !== BRIDGE_PROTOCOL_VERSION) {
      const versions = `version ${version} of the bridge protocol, this agent speaks ${BRIDGE_PROTOCOL_VERSION}`;
      return this.#socket.end(`it speaks ${versions}: update the older one`);
    }
    this.#ready = true;
    this.#lastWhy = null;
    this.#socket.greeted(PING_EVERY_MS);
    this.#report({ type: "connected", bootId, abilities, ports });
  }

  #takeMessage(message: BridgeToAgent): void {
    switch (message.type) {
      case "pong":
        return this.#socket.answered();
      case "done":
      case "refused":
      case "state": {
        const waiting = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        waiting?.cancelTimer();
        waiting?.resolve(message);
        return;
      }
      case "hello":
        return this.#socket.end("it said hello twice on one connection");
      default:
        this.#report(message);
    }
  }

  #lost(code: number, what: string): "soon" {
    this.#ready = false;
    this.#resolveAll();
    const why = `the bridge at ${this.#options.url} is lost: ${what || `it closed the connection (${code})`}`;
    if (why !== this.#lastWhy) this.#report({ type: "disconnected", why });
    this.#lastWhy = why;
    return "soon";
  }

  #resolveAll(): void {
    for (const { resolve, cancelTimer } of this.#waiting.values()) {
      cancelTimer();
      resolve("lost");
    }
    this.#waiting.clear();
  }
}
