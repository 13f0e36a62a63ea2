import * as v from "valibot";
import type { Announcement } from "../../src/bridge/announcements.ts";
import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import {
  type AgentToBridge,
  type BadState,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeBridgeToAgent,
  MAX_BRIDGE_MESSAGE_LENGTH,
  REPLACED_CODE,
} from "../../src/bridge/protocol.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Result } from "../../src/foundation/result.ts";
import { ReconnectingSocket, type SocketCodec } from "../link/reconnecting-socket.ts";
import type { BridgeDriver, DriverIdentity, DriverKind, DriverPorts, DriverReport, DriverState } from "./driver.ts";
import { Ownership } from "./ownership.ts";
import { socketUrl } from "./setting-values.ts";

/** A bridge that falls silent is found within the sum of both. */
const PING_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;
/** The longest that any command, or the state, may take of a bridge that is alive. */
const RESULT_WITHIN_MS = 30_000;
/** The bridge is near: asking often costs little, and callers wait. */
const LONGEST_RETRY_MS = 1_000;
/** A state that is not understood costs the bridge as much as any. */
const badStateBackoff = doubling(1_000, 30_000);

type Received = BridgeToAgent | BadState;

const codec: SocketCodec<Received, AgentToBridge> = {
  decode: decodeBridgeToAgent,
  encode: (message) => [JSON.stringify(message)],
  maxBytes: MAX_BRIDGE_MESSAGE_LENGTH,
};

type Answer = Extract<Received, { readonly type: "done" | "refused" | "state" | "bad-state" }>;

/** A message without its id, which is chosen here. */
type Question = AgentToBridge extends infer Message
  ? Message extends AgentToBridge
    ? Omit<Message, "id">
    : never
  : never;

type Unanswered = "lost" | "too-slow";

const notOfProtocol = "it sent what is not of the bridge protocol";

/** Fewer may be a bridge that was started anew. */
const CLOSES_WITH_ADVICE = 3;

function closedAgain({ agent }: DriverIdentity): string {
  return (
    `, again and again soon after its hello. Either another process is connected under the name ${agent}: stop one of the two, or ` +
    "give each a name and a key of its own. Or the bridge breaks off: look at its log"
  );
}

/** Speaks the generic bridge protocol (docs/bridge-protocol.md) to a bridge program. */
export class GenericDriver implements BridgeDriver {
  readonly #url: string;
  readonly #identity: DriverIdentity | null;
  readonly #ports: DriverPorts;
  readonly #socket: ReconnectingSocket<Received, AgentToBridge>;
  readonly #ownership: Ownership;
  /** By the id of the question that each has asked. */
  readonly #waiting = new Map<number, (answer: Answer | "lost") => void>();
  #report: (report: DriverReport) => void = () => {};
  #isGreeted = false;
  #ready = false;
  /** Whether the bridge says what the agent wants callers to hear. */
  #announces = false;
  /** States in a row that were not understood. While there are any, a connection must bring a good one before the agent hears of it. */
  #badStates = 0;
  #lastId = 0;
  #lastWhy: string | null = null;

  /** `identity`: `null` for a visitor. */
  constructor({ url }: { readonly url: string }, ports: DriverPorts, identity: DriverIdentity | null) {
    const named = new URL(url);
    // Agents of different owners may have one name.
    if (identity !== null) named.searchParams.set("agent", `${identity.owner}/${identity.agent}`);
    this.#url = url;
    this.#identity = identity;
    this.#ports = ports;
    this.#ownership = new Ownership(identity);
    this.#socket = new ReconnectingSocket({
      openSocket: ports.openSocket,
      url: () => named.href,
      codec,
      timers: ports.timers,
      random: ports.random,
      greetingMs: ANSWER_WITHIN_MS,
      pongMs: ANSWER_WITHIN_MS,
      longestPauseMs: LONGEST_RETRY_MS,
      message: (message) => this.#receive(message),
      ping: () => this.#send({ type: "ping" }),
      lost: (code, why, closes) => this.#lost(code, why, closes),
    });
  }

  start(report: (report: DriverReport) => void): void {
    this.#report = report;
    this.#socket.connect();
  }

  activate(epoch: number): void {
    if (this.#ready && this.#identity) this.#socket.send({ type: "activate", owner: this.#identity.owner, epoch });
  }

  async execute(commandId: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult> {
    if (!this.#ready) return { done: false, reason: "unreachable" };
    const question = { type: "command", commandId, conference, command } as const;
    const answer = await this.#ask(question, (one) => one.type === "done" || one.type === "refused");
    if (answer === "too-slow") return { done: "unknown", tooSlow: true };
    if (answer === "lost") return { done: "unknown" };
    if (answer.type === "refused") return { done: false, reason: answer.reason };
    this.#ownership.applySuccess(conference, command);
    return { done: true };
  }

  announce(call: CallId, announcement: Announcement): void {
    if (this.#ready && this.#announces) this.#socket.send({ type: "announce", call, announcement });
  }

  async state(): Promise<DriverState | null> {
    const state = this.#ready ? await this.#askState() : null;
    return state && this.#ownership.ownPart(state);
  }

  async stop(): Promise<void> {
    this.#report = () => {};
    this.#isGreeted = false;
    this.#ready = false;
    this.#socket.stop();
    this.#resolveAll();
  }

  /** A state that is not understood ends the connection, for a while that grows: a command may have been dropped with its record. */
  async #askState(): Promise<BridgeState | null> {
    const answer = await this.#ask({ type: "state" }, (one) => one.type === "state" || one.type === "bad-state");
    if (typeof answer === "string") return null;
    if (answer.type === "state") {
      this.#badStates = 0;
      return answer.state;
    }
    this.#badStates += 1;
    this.#socket.end(`${notOfProtocol}: ${answer.why}`);
    return null;
  }

  /** An answer of another kind ends the connection: who asked is not left without one, and operations staff hear why. */
  #ask<Right extends Answer>(
    question: Question,
    isRight: (answer: Answer) => answer is Right,
  ): Promise<Right | Unanswered> {
    const id = this.#send(question);
    const what = question.type === "command" ? question.command.type : question.type;
    const { promise, resolve } = Promise.withResolvers<Right | Unanswered>();
    const settle = (answer: Right | Unanswered) => {
      this.#waiting.delete(id);
      cancelTimer();
      resolve(answer);
    };
    const cancelTimer = this.#ports.timers.after(RESULT_WITHIN_MS, () => {
      settle("too-slow");
      this.#socket.end(`it has not answered ${what} for ${RESULT_WITHIN_MS / 1_000} s`);
    });
    this.#waiting.set(id, (answer) => {
      if (answer === "lost" || isRight(answer)) settle(answer);
      else this.#socket.end(`it answered ${what} with ${answer.type}`);
    });
    return promise;
  }

  #send(question: Question): number {
    this.#lastId += 1;
    this.#socket.send({ ...question, id: this.#lastId } as AgentToBridge);
    return this.#lastId;
  }

  #receive(received: Result<Received, string>): void {
    if (!received.ok) return this.#socket.end(`${notOfProtocol}: ${received.error}`);
    if (this.#isGreeted) this.#receiveMessage(received.value);
    else this.#receiveHello(received.value);
  }

  #receiveHello(message: Received): void {
    if (message.type !== "hello") return this.#socket.end(`it began with ${message.type}, not with hello`);
    const { bootId, ports, cannot, announces = false } = message;
    this.#isGreeted = true;
    this.#announces = announces;
    this.#socket.greeted(this.#ports.pingEveryMs ?? PING_EVERY_MS);
    const connected = () => {
      this.#ready = true;
      this.#report({ type: "connected", bootId, ports, ...(cannot && { cannot }) });
    };
    if (this.#badStates === 0) connected();
    else void this.#askState().then((state) => state && connected());
  }

  #receiveMessage(message: Received): void {
    switch (message.type) {
      case "pong":
        return this.#socket.answered();
      case "done":
      case "refused":
      case "state":
      case "bad-state":
        return this.#waiting.get(message.id)?.(message);
      case "hello":
        return this.#socket.end("it said hello twice on one connection");
      default:
        if (this.#ready && this.#ownership.isOwn(message)) this.#report(message);
    }
  }

  #lost(code: number, what: string, closes: number): "soon" | number {
    const wasReady = this.#ready;
    const became = this.#isGreeted ? "is lost" : "does not connect";
    this.#isGreeted = false;
    this.#ready = false;
    this.#resolveAll();
    const isReplaced = code === REPLACED_CODE;
    const advice = closes >= CLOSES_WITH_ADVICE && this.#identity ? closedAgain(this.#identity) : "";
    const why = `the bridge at ${this.#url} ${became}: ${what || `it closed the connection (${code})`}${advice}`;
    const isBadState = this.#badStates > 0 && what.startsWith(notOfProtocol);
    if (wasReady || isBadState || why !== this.#lastWhy) this.#report({ type: "disconnected", why, isReplaced });
    this.#lastWhy = why;
    return isBadState ? pauseAfter(this.#badStates, badStateBackoff) : "soon";
  }

  #resolveAll(): void {
    for (const receive of this.#waiting.values()) receive("lost");
  }
}

const settings = v.strictObject({ type: v.literal("generic"), url: socketUrl });

export const generic = {
  settings,
  example: { type: "generic", url: "ws://127.0.0.1:8790/bridge" },
  create: (settings, ports, identity) => new GenericDriver(settings, ports, identity),
  doctor: {
    connected: `it speaks version ${BRIDGE_PROTOCOL_VERSION} of the bridge protocol`,
    // A bridge of another version comes with advice of its own.
    advice: (why) =>
      / version \d/.test(why)
        ? ""
        : "check that the bridge program runs, and `driver.url` in the settings; then look at its log",
  },
} satisfies DriverKind<v.InferOutput<typeof settings>> & { settings: typeof settings };
