import type { Result } from "../../src/foundation/result.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { encodeHello, HELLO_HEADER, helloText, LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import {
  type AgentToEdge,
  type AgentTurn,
  CLOSE_CODES,
  type CloseReason,
  decodeEdgeToAgent,
  type EdgeToAgent,
  encodeAgentFrames,
  MAX_MESSAGE_LENGTH,
} from "../../src/link/messages.ts";
import type { Note } from "../service/log.ts";
import type { AgentSettings } from "../service/settings.ts";
import type { AgentKey } from "../service/state-folder.ts";
import { edgeAddresses, throughProxy } from "./edge-route.ts";
import { type OpenSocket, ReconnectingSocket, type SocketCodec } from "./reconnecting-socket.ts";

type Health = Extract<AgentToEdge, { type: "health" }>;

interface EdgeLinkOptions {
  readonly settings: Pick<AgentSettings, "edge" | "domain" | "bridge" | "agent">;
  readonly key: AgentKey;
  readonly openSocket: OpenSocket;
  readonly timers: Timers;
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** From `welcome` on. */
  message(message: EdgeToAgent): void;
  lost(): void;
  /** One line for operations staff, when it changes. */
  log(note: Note): void;
}

/** How long the way from the first packet to the first pong may take. */
const HANDSHAKE_MS = 8_000;
/** How long the edge may take to answer a ping, which its platform does by itself. */
const PONG_MS = 3_000;
/** With the wait for the answer, and the `STOOD_STILL_MS` that timers may stand, this is shorter than the 10 s after which the edge takes a silent agent for gone. */
const LONGEST_HEARTBEAT_MS = 3_000;
/** A person may take long, but a network comes back at any moment. */
export const LONGEST_PAUSE_MS = 5_000;
/** Why the agent itself ends a connection that works. */
const RENEWED = "this agent connects to the edge anew, to ask whether it acts";

const codec: SocketCodec<EdgeToAgent, AgentToEdge | AgentTurn> = {
  decode(text) {
    const decoded = decodeEdgeToAgent(text);
    // The kind alone: what stood in the message may be somebody's number.
    return decoded.ok ? decoded : { ok: false, error: decoded.error.kind };
  },
  encode: encodeAgentFrames,
  maxBytes: 4 * MAX_MESSAGE_LENGTH, // A character may have four.
};

/** What each refusal of the edge means, and what to do. */
export const advice: Readonly<Record<CloseReason, string>> = {
  badMessage: "edge did not understand this agent: check that both run the same version of Bridgehead",
  wrongKey:
    "edge does not know this agent's key: put the line that `bridgehead-agent key` prints, and the agent's name, into the settings of this bridge at the edge",
  replayed:
    "edge got the answer to a challenge that it did not give: look for what stands between agent and edge and repeats old requests, and for another process under this agent's name",
  unknownDomain:
    "edge knows this agent's key, but not in this domain: check `domain` in the agent's settings against the edge's",
  unknownBridge:
    "edge knows this agent's key, but not at this bridge of the domain: check `bridge` in the agent's settings against the edge's",
  oldVersion: "edge speaks a newer protocol: install the agent of the edge's version",
  silent: "edge heard nothing from this agent for too long: look at the network between them",
  replaced:
    "another process connected under this agent's name: stop one of the two, or give each a name and a key of its own",
  bridgeAway:
    "edge has made the other agent of this bridge active, since this one has lost the bridge: look at the line about the bridge",
  handedOver:
    "edge has made the other agent of this bridge active, as an operator asked: this one connects anew, to stand by",
  standsBy: "this edge does not act: this agent looks for one that does",
  tooMuch:
    "edge closed the connection: this agent sent more than one agent may; check that both run the same version of Bridgehead, and that nothing else uses this agent's key",
};

/** Nothing has to be put right before the next attempt. */
const soonAgain: ReadonlySet<CloseReason> = new Set(["silent", "replayed", "handedOver", "standsBy"]);

/** The agent's one connection to the edge: proves who the agent is, and is made anew for ever. */
export class EdgeLink {
  readonly #options: EdgeLinkOptions;
  readonly #socket: ReconnectingSocket<EdgeToAgent, AgentToEdge | AgentTurn>;
  /** The edge wants this signed; empty until it says so. */
  #challenge = "";
  #welcomed = false;
  readonly #addresses: readonly string[];
  #place = 0;
  /** How many addresses in a row. */
  #tried = 0;
  /** As the edge was last sent it on this link. */
  #health: Health | null = null;
  /** The last one about each address. */
  readonly #lastLines = new Map<string, string>();

  constructor(options: EdgeLinkOptions) {
    this.#options = options;
    this.#addresses = edgeAddresses(options.settings);
    this.#socket = new ReconnectingSocket({
      openSocket: options.openSocket,
      url: () => linkUrl(options.settings, this.#address),
      codec,
      timers: options.timers,
      random: options.random,
      greetingMs: HANDSHAKE_MS,
      pongMs: PONG_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      headers: () => helloHeader(options.settings, options.key, options.now(), this.#challenge),
      message: (message) => this.#receive(message),
      ping: () => this.#socket.send({ type: "ping" }),
      lost: (code, why) => this.#lost(code, why),
    });
  }

  connect(): void {
    this.#socket.connect();
  }

  /** Sends the messages in one frame. Before the welcome it sends nothing: the journal keeps reports. */
  send(messages: readonly AgentToEdge[]): void {
    if (!this.#welcomed || messages.length === 0) return;
    const complete = messages.map((message) => (message.type === "health" ? this.#complete(message) : message));
    if (complete.length > 1) this.#socket.send({ type: "turn", messages: complete });
    else for (const message of complete) this.#socket.send(message);
  }

  #complete(health: Health): Health {
    this.#health = health;
    return { ...health, at: this.#options.now() };
  }

  /** Sends the last health again, with the current clock. */
  sayHealth(): void {
    if (this.#health) this.send([this.#health]);
  }

  renew(): void {
    this.#socket.end(RENEWED);
  }

  stop(): void {
    this.#socket.stop();
  }

  #receive(received: Result<EdgeToAgent, string>): void {
    if (!received.ok) return this.#trouble(`edge sent a message that was not understood (${received.error})`);
    const message = received.value;
    switch (message.type) {
      case "pong":
        return this.#socket.answered();
      case "welcome":
        this.#welcomed = true;
        this.#challenge = "";
        this.#log("edge-connected", `edge connected${this.#way}, this agent is ${message.role}`);
        this.#socket.greeted(Math.min(message.heartbeatMs, LONGEST_HEARTBEAT_MS));
        return this.#options.message(message);
      default:
        if (this.#welcomed) this.#options.message(message);
    }
  }

  #lost(code: number, why: string): "at once" | "soon" | "late" {
    const reason = closeReasonOf(code);
    const wasWelcomed = this.#welcomed;
    this.#health = null;
    if (this.#welcomed) this.#options.lost();
    this.#welcomed = false;
    const answeredChallenge = this.#challenge !== "";
    this.#challenge = reason === "replayed" ? why : "";
    if (reason === "replayed" && !answeredChallenge) return "at once";
    this.#trouble(reason ? advice[reason] : explain(code, why, throughProxy(this.#address)));
    const next = reason === undefined || soonAgain.has(reason) ? "soon" : "late";
    return this.#tryNextAddress(wasWelcomed) ? "at once" : next;
  }

  /** True while there is one that was not tried since a link was up, or since the last pause. */
  #tryNextAddress(wasWelcomed: boolean): boolean {
    this.#tried = wasWelcomed ? 1 : this.#tried + 1;
    this.#place = (this.#place + 1) % this.#addresses.length;
    if (this.#addresses.length > 1) this.#challenge = "";
    return this.#tried % this.#addresses.length !== 0;
  }

  get #address(): string {
    return this.#addresses[this.#place] ?? "";
  }

  /** What a line says of the way, where there are several or one is not direct. */
  get #way(): string {
    return `${this.#addresses.length > 1 ? ` at ${this.#address}` : ""}${throughProxy(this.#address)}`;
  }

  #trouble(text: string): void {
    this.#log("edge-trouble", this.#addresses.length > 1 ? `${this.#address}: ${text}` : text);
  }

  #log(event: "edge-connected" | "edge-trouble", text: string): void {
    if (text === this.#lastLines.get(this.#address)) return;
    if (event === "edge-connected") this.#lastLines.clear();
    this.#lastLines.set(this.#address, text);
    this.#options.log({ level: event === "edge-trouble" ? "warn" : "info", event, text });
  }
}

export function closeReasonOf(code: number): CloseReason | undefined {
  return (Object.keys(CLOSE_CODES) as CloseReason[]).find((reason) => CLOSE_CODES[reason] === code);
}

/** Where an agent asks for its socket. */
export function linkUrl({ domain, bridge }: Pick<AgentSettings, "domain" | "bridge">, address: string): string {
  return `${address.replace(/\/+$/, "")}/agent/${domain}/${bridge}`;
}

/** How an agent says who it is. Without a challenge it gets one, and nothing else comes of it. */
export function helloHeader(
  { agent, domain, bridge }: EdgeLinkOptions["settings"],
  key: AgentKey,
  at: number,
  challenge: string,
): Readonly<Record<string, string>> {
  const facts = { version: LINK_PROTOCOL_VERSION, agent, domain, bridge, at, challenge };
  const signed = { ...facts, key: key.publicKey, signature: key.sign(helloText(facts)) };
  return { [HELLO_HEADER]: encodeHello(signed) };
}

/** `through`: the proxy on the way, if any. */
function explain(code: number, why: string, through: string): string {
  if (why === RENEWED) return why;
  if (code === 1012 && why !== "") return `edge has closed the connection: ${why}`;
  if (why.includes("status 4"))
    return `edge answers, but not as an edge does (${why}): check \`edge\` in the agent's settings`;
  if (/certificate/i.test(why))
    return `edge is not trusted${through} (${why}): mend its certificate, or set \`ca\` in the agent's settings to the file of an authority of your own`;
  if (why !== "" && through !== "")
    return `edge cannot be reached${through} (${why}): check HTTPS_PROXY and NO_PROXY in this service's environment, and what the proxy allows`;
  if (why !== "") return `edge cannot be reached (${why}): check \`edge\` in the agent's settings and the network`;
  return `connection to the edge was lost (code ${code}); trying again`;
}
