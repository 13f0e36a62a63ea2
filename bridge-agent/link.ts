import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import type { JournalId } from "../src/foundation/ids.ts";
import type { Timers } from "../src/foundation/timers.ts";
import { decodeEdgeToAgent, encode } from "../src/relay/codec.ts";
import { type AgentToEdge, type EdgeToAgent, helloText, LINK_PROTOCOL_VERSION } from "../src/relay/messages.ts";
import { backoffMs, LONGEST_PAUSE_MS } from "./backoff.ts";
import { explainClose, needsPerson } from "./close-reasons.ts";
import type { AgentKey } from "./key.ts";
import type { AgentSettings } from "./settings.ts";

export interface LinkParts {
  readonly settings: Pick<AgentSettings, "edge" | "domain" | "bridge" | "agent">;
  readonly key: AgentKey;
  readonly journal: JournalId;
  readonly timers: Timers;
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** From `welcome` on. */
  heard(message: EdgeToAgent): void;
  gone(): void;
  /** One line for operations staff; told when it changes. */
  note(line: string): void;
}

/** How long the way from the first packet to the welcome may take. */
const HANDSHAKE_MS = 8_000;
/** How long the edge may take to answer a ping. */
const PONG_MS = 5_000;
/** With the wait for the answer: a dead connection is found within 10 s. */
const LONGEST_HEARTBEAT_MS = 5_000;

/** The agent's one connection to the edge: proves who it is, notices when the other end is gone, and connects anew for ever. */
export class EdgeLink {
  readonly #parts: LinkParts;
  #socket: WebSocket | null = null;
  #welcomed = false;
  #failures = 0;
  #lastNote = "";
  #awaited = "";
  #heartbeatMs = LONGEST_HEARTBEAT_MS;
  #stopped = false;
  #cancelRetry: () => void = () => {};
  #cancelWatch: () => void = () => {};

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Name and route are looked up anew at each try. */
  connect(): void {
    const { edge, domain, bridge } = this.#parts.settings;
    const socket = new WebSocket(`${edge.replace(/\/+$/, "")}/agent/${domain}/${bridge}`, {
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#cancelWatch = this.#parts.timers.after(HANDSHAKE_MS, () => socket.terminate());
    let trouble = "";
    socket.on("error", (error) => {
      trouble = error.message;
    });
    socket.on("message", (data) => this.#receive(String(data)));
    socket.on("close", (code) => this.#closed(code, trouble));
  }

  /** Says something to an edge that has welcomed us; else it is not said, and the journal keeps what matters. */
  send(message: AgentToEdge): void {
    if (this.#welcomed) this.#socket?.send(encode(message));
  }

  /** Lets go of the connection and makes a new one. */
  renew(): void {
    this.#socket?.terminate();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry();
    this.#cancelWatch();
    this.#socket?.close(1000);
  }

  #receive(text: string): void {
    const decoded = decodeEdgeToAgent(text);
    // Not what stood in it: that may be somebody's number.
    if (!decoded.ok) return this.#note(`edge sent a message that was not understood (${decoded.error.kind})`);
    const message = decoded.value;
    switch (message.type) {
      case "challenge":
        return this.#hello(message.nonce);
      case "ping":
        this.#socket?.send(encode({ type: "pong", nonce: message.nonce }));
        return;
      case "pong":
        if (message.nonce !== this.#awaited) return;
        this.#cancelWatch();
        return this.#pingLater();
      case "welcome":
        this.#cancelWatch();
        this.#welcomed = true;
        this.#failures = 0;
        this.#note(`edge connected, this agent is ${message.role}`);
        this.#parts.heard(message);
        this.#heartbeatMs = message.heartbeatMs;
        return this.#pingLater();
      default:
        if (this.#welcomed) this.#parts.heard(message);
    }
  }

  #hello(nonce: string): void {
    const { settings, key, journal, now } = this.#parts;
    const said = {
      version: LINK_PROTOCOL_VERSION,
      agent: settings.agent,
      domain: settings.domain,
      bridge: settings.bridge,
      journal,
      at: now(),
      nonce,
    };
    const signature = key.sign(helloText(said));
    this.#socket?.send(encode({ type: "hello", ...said, signature }));
  }

  /** A half-open connection looks alive until somebody asks. */
  #pingLater(): void {
    const pause = Math.min(this.#heartbeatMs, LONGEST_HEARTBEAT_MS);
    this.#cancelWatch = this.#parts.timers.after(pause, () => {
      this.#awaited = randomUUID();
      this.send({ type: "ping", nonce: this.#awaited });
      this.#cancelWatch = this.#parts.timers.after(PONG_MS, () => this.#socket?.terminate());
    });
  }

  #closed(code: number, trouble: string): void {
    this.#cancelWatch();
    const wasWelcomed = this.#welcomed;
    this.#welcomed = false;
    if (wasWelcomed) this.#parts.gone();
    if (this.#stopped) return;
    this.#note(explainClose(code, trouble));
    this.#failures += 1;
    const { timers, random } = this.#parts;
    const pause = needsPerson(code) ? LONGEST_PAUSE_MS : backoffMs(this.#failures, random());
    this.#cancelRetry = timers.after(pause, () => this.connect());
  }

  #note(line: string): void {
    if (line === this.#lastNote) return;
    this.#lastNote = line;
    this.#parts.note(line);
  }
}
