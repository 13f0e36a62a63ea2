import { createHash } from "node:crypto";
import type { AgentKey } from "../../bridge-agent/service/state-folder.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { BridgeName, CommandId, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import {
  decodeHello,
  encodeHello,
  HELLO_HEADER,
  helloFault,
  helloText,
  REFUSAL_HEADER,
  refusal,
} from "../../src/link/hello.ts";
import { type AgentToEdge, type AgentTurn, type EdgeToAgent, encodeAgentFrames } from "../../src/link/messages.ts";
import { BRIDGE_AWAY_MS, NOTICED_WITHIN_MS, PINGS_WITHIN_MS, SILENCE_MS } from "../../src/link/relay.ts";
import type { CommandsForBridge, HandOver } from "../../src/rpc/relay.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { ActiveAgentJudge } from "./active-agent-judge.ts";
import { foreignKey } from "./bridge.ts";
import type { WorldContext } from "./context.ts";
import type { AcceptedSocket, EdgeProcess } from "./edge-process.ts";
import type { Hosted } from "./hosted.ts";
import type { NodeRuntime } from "./node-runtime.ts";
import { nowhere, Wire } from "./wire.ts";

export type AgentWire = Wire<EdgeToAgent, AgentToEdge | AgentTurn>;

/** A clock that is set back lets the time begin anew once. */
const silentAtMostMs = 2 * SILENCE_MS + 3_000;
const checkEveryMs = 2_000;
/** An agent that got lost with the relay's sockets is waited for; with a write that fails, and the alarm that comes again. */
const nobodyAtMostMs = SILENCE_MS + 10_000;
/** With a write that fails, and the alarm that comes again. */
const uselessAtMostMs = BRIDGE_AWAY_MS + 10_000;
/** A look at a silent agent that ends with a failed write is made good by the next one: a conference sends again after 5 s at most. */
const looksForMs = NOTICED_WITHIN_MS + PINGS_WITHIN_MS + 2_000;
/** A create that was on its way when the bridge was drained, while its bridge was chosen, may go through. */
const chosenWithinMs = 1_500;
/** How long until the other end of a connection has answered a close. */
const closeMs = 5;
const notReached = "500 not reached";

interface Socket {
  readonly wire: AgentWire;
  readonly agent: string;
  /** Its end at the edge. */
  readonly end: EdgeEnd;
  /** Which holds it; `null`: Cloudflare does. */
  readonly process: EdgeProcess | null;
  /** What the agent says of its bridge, and since when. */
  bridge: { readonly isUp: boolean; readonly since: number } | null;
}

/** What an agent's socket is for its runtime. */
interface EdgeEnd {
  heard(frame: AgentToEdge | AgentTurn): void;
  /** The connection is over. */
  closed(): void;
  /** Whether the relay has made it a link. */
  isKept(): boolean;
}

interface ActiveAgent {
  readonly id: string;
  readonly agent: string;
  /** When anything was last heard of it, by no machine's clock. */
  heardAt: number;
  /** Since when it is silent to a relay that looks; the clock of the edge counts. */
  silentSince: number;
  /** When the relay first looked at it after too long a silence. */
  lookedAt: number | null;
}

/** The product's relay over sockets that are wires, which outlive it unless its machine crashes; and the judge of whom it lets act. */
export class RelayHost {
  readonly hosted: Hosted<Whole<"relay">>;
  readonly activeAgent: ActiveAgentJudge;
  /** Frames of agents that have woken it, by type; the platform answers pings by itself. */
  readonly frames = new Map<(AgentToEdge | AgentTurn)["type"], number>();
  readonly #context: WorldContext;
  readonly place: { readonly domain: DomainName; readonly bridge: BridgeName };
  readonly #settings: DomainSettings;
  /** The hello of the last agent that got a socket. */
  #lastHello = "";
  /** By link id. */
  readonly #sockets = new Map<string, Socket>();
  readonly #platformSockets = new Map<string, PlatformSocket>();
  readonly #runtime: NodeRuntime | null;
  #ids = 0;
  #lastEpoch = 0;
  /** Who was told to act last. */
  #active: ActiveAgent | null = null;
  #edgeAheadMs: number;
  #couldNotWriteAt = 0;
  /** Since when agents are connected of which none was told to act; `null`: it is not so. */
  #nobodySince: number | null = null;
  /** Called once, when the next commands have left for an agent. */
  onCommands: (() => void) | null = null;
  /** The agent of which an operator just asks that it hands over. */
  #handsOver: string | null = null;
  /** Since when the bridge is drained, as its operators were told; `null`: it is not. */
  #drainedAt: number | null = null;
  /** When a conference first asked for its create. */
  readonly #askedAt = new Map<CommandId, number>();

  constructor(
    context: WorldContext,
    place: { readonly domain: DomainName; readonly bridge: BridgeName },
    settings: DomainSettings,
    hosted: Hosted<Whole<"relay">>,
    runtime: NodeRuntime | null,
  ) {
    this.#context = context;
    this.#edgeAheadMs = context.edgeNow() - context.clock.now;
    this.place = place;
    this.#settings = settings;
    this.activeAgent = new ActiveAgentJudge(context);
    this.hosted = hosted;
    this.#runtime = runtime;
    this.#watch();
  }

  get alone(): boolean {
    return this.#agents.length === 1;
  }

  get #agents() {
    return this.#settings.bridges.find(({ name }) => name === this.place.bridge)?.agents ?? [];
  }

  /** An agent asks an edge for a socket; the refusal's header, or `null` when the wire is the socket. */
  async connect(header: string, wire: AgentWire): Promise<string | null> {
    const hello = decodeHello(header);
    const place = this.place;
    const known = this.#settings.bridges.flatMap(({ name, agents }) =>
      agents.map(({ name: agent, publicKey }) => ({ ...place, bridge: name, agent, publicKey })),
    );
    const { believesSignatures = false } = this.#context.lie;
    const isSigned = async (key: string, text: string, signature: string) =>
      believesSignatures || signature === signatureOf(key, text);
    const why = hello.ok ? await helloFault(hello.value, place, known, isSigned) : hello.error;
    if (why !== null || !hello.ok) return refusal(why ?? "badMessage")[REFUSAL_HEADER];
    const refused = this.#runtime
      ? await this.#connectOnNode(
          this.#runtime.connect(`${place.domain}/${place.bridge}`, headersOf(header)),
          hello.value.agent,
          wire,
        )
      : this.#connectAtPlatform(header, hello.value.agent, wire);
    if (refused === null) this.#lastHello = header;
    return refused;
  }

  async #connectOnNode(
    asked: Promise<AcceptedSocket | Response>,
    agent: string,
    wire: AgentWire,
  ): Promise<string | null> {
    const accepted = await asked.catch(() => new Response(null, { status: 503 }));
    if (accepted instanceof Response) return accepted.headers.get(REFUSAL_HEADER) ?? notReached;
    const { process, socket } = accepted;
    if (!process.isAlive) return notReached;
    this.#open(socket.id, { agent, wire, end: endOnNode(accepted), process, bridge: null });
    socket.attach({
      send: (text) => this.#send(socket.id, JSON.parse(text)),
      close: (code, reason) => {
        this.#close(socket.id, code, reason);
        process.after(closeMs, () => socket.ended());
      },
    });
    return null;
  }

  #connectAtPlatform(header: string, agent: string, wire: AgentWire): string | null {
    let refused: string | null = notReached;
    this.hosted.deliver((relay) => {
      const { life } = this.hosted;
      const refusal = relay.connect?.(headersOf(header), (label = "") => {
        const socket = new PlatformSocket(`link-${++this.#ids}`, label, {
          send: (id, text) => this.#send(id, JSON.parse(text)),
          close: (id, code, reason) => this.#close(id, code, reason),
          looked: (id) => this.#looked(id),
        });
        this.#platformSockets.set(socket.id, socket);
        this.#open(socket.id, { agent, wire, end: this.#endAtPlatform(socket), process: null, bridge: null });
        return socket.of(() => life === this.hosted.life);
      });
      refused = refusal?.headers.get(REFUSAL_HEADER) ?? null;
    });
    return refused;
  }

  /** The sockets as a life of the relay has them on the platform. `hasBegun`: to count them at its begin is no look at who is silent. */
  sockets(isAlive: () => boolean, hasBegun: () => boolean): readonly ObjectSocket[] {
    return Array.from(this.#platformSockets.values(), (socket) => socket.of(isAlive, hasBegun));
  }

  #endAtPlatform(socket: PlatformSocket): EdgeEnd {
    const { id } = socket;
    return {
      heard: (frame) => {
        if (frame.type === "ping") {
          socket.pingedAt = this.#context.edgeNow();
          return this.#send(id, { type: "pong" });
        }
        for (const text of encodeAgentFrames(frame))
          this.hosted.deliver((relay) =>
            relay.received?.(
              socket.of(() => true),
              text,
            ),
          );
      },
      closed: () => {
        this.#platformSockets.delete(id);
        this.hosted.deliver((relay) => relay.closed?.(socket.of(() => true)));
      },
      isKept: () => socket.kept !== null,
    };
  }

  /** Somebody who is no agent of this bridge asks for a socket: with an old hello, or with another key. */
  async knock(draws: Draws): Promise<void> {
    const seen = decodeHello(this.#lastHello);
    if (!seen.ok) return;
    const strangers = this.#settings.bridges.flatMap(({ name, agents }) => (name === this.place.bridge ? [] : agents));
    const key = draws.pick([...strangers, simulatedKey("stranger")])?.publicKey ?? "";
    const forge = (shown: string, challenge: string): string => {
      const forged = { ...seen.value, challenge, at: this.#context.edgeNow() };
      return encodeHello({ ...forged, key: shown, signature: signatureOf(key, helloText(forged)) });
    };
    const kinds: readonly ((challenge: string) => string)[] = [
      () => this.#lastHello,
      (challenge) => forge(key, challenge),
      (challenge) => forge(seen.value.key, challenge),
    ];
    const which = draws.between(0, kinds.length);
    const knock = (challenge: string) => {
      return this.connect(kinds[which]?.(challenge) ?? "", new Wire(this.#context, draws, nowhere, nowhere));
    };
    // As an agent does: first to get a challenge, then with the answer to it.
    const first = await knock(draws.pick(["", seen.value.challenge]) ?? "");
    const refused = first === null ? null : await knock(first.split(" ")[1] ?? "");
    if (refused === null) this.#context.violated("nobody poses as an agent", `hello ${which} at ${this.place.bridge}`);
  }

  /** The active agent says this, though it is not so. */
  lie(messageOf: (epoch: number) => AgentToEdge): void {
    const { id } = this.#active ?? {};
    if (id === undefined || !this.#sockets.has(id)) return;
    const message = messageOf(this.#lastEpoch);
    this.#context.tell(() => `a lie: ${JSON.stringify(message)}`);
    // For the relay it is a sign of life.
    this.#heard(id);
    this.#sockets.get(id)?.end.heard(message);
  }

  /** An operator asks that this agent hands over. */
  handOver(from: string): Promise<HandOver> {
    const { violated } = this.#context;
    return this.hosted.call(async (relay) => {
      const acted = this.#active?.agent;
      this.#handsOver = from;
      const result = await Promise.resolve(relay.handOver(from)).finally(() => {
        this.#handsOver = null;
      });
      const acts = this.#active?.agent;
      if (typeof result === "object" && (result.acts !== acts || acts === from))
        violated("an agent hands over when it is asked to", `${from} was asked to, ${acts} acts, not ${result.acts}`);
      if (result === "no-standby" && acted === from && this.#hasOther(from))
        violated("an agent hands over when it is asked to", `${from} does not, and another one has the bridge`);
      return result;
    });
  }

  /** Whether another agent has had the bridge for a while. */
  #hasOther(from: string): boolean {
    const others = [...this.#sockets.values()].filter(({ agent }) => agent !== from);
    return others.some(({ bridge }) => bridge?.isUp && this.#context.clock.now - bridge.since > uselessAtMostMs);
  }

  /** An operator drains the bridge, or takes that back. */
  drain(drained: boolean): Promise<void> {
    const { domain, bridge } = this.place;
    return this.hosted.call(async (relay) => {
      // What it refuses from now on, it may refuse before the operator is told.
      if (!drained) this.#drainedAt = null;
      await relay.drain(domain, bridge, drained);
      if (drained) this.#drainedAt ??= this.#context.clock.now;
    });
  }

  /** A conference sends commands. */
  asked({ commands }: CommandsForBridge): void {
    const { now } = this.#context.clock;
    for (const { id, command } of commands)
      if (command.type === "create-conference" && !this.#askedAt.has(id)) this.#askedAt.set(id, now);
  }

  /** The relay crashes, and its sockets with it. */
  die(): void {
    const open = [...this.#sockets.values()];
    this.hosted.die("crashed");
    // On plain Node they are the process's, which hears of their end.
    const isHeard = this.#runtime !== null;
    this.cut(null, isHeard);
    if (isHeard) for (const { end } of open) end.closed();
  }

  /** The machine or process with the sockets is gone. `isHeard`: the relay hears that they closed. */
  cut(process: EdgeProcess | null = null, isHeard = false): void {
    const isCut = (socket: Socket) => process === null || socket.process === process;
    const sockets = [...this.#sockets].filter(([, socket]) => isCut(socket));
    this.#miss(
      sockets.map(([id]) => id),
      isHeard,
    );
    for (const [id] of sockets) this.#platformSockets.delete(id);
    for (const [, { wire }] of sockets) {
      // An agent need not hear of it.
      if (this.hosted.faults.draws.chance(0.2)) wire.silent = "both";
      wire.close("far", 1006);
    }
  }

  /** From now on the agent that acts is missed, if its link is one of these: it is waited for, unless its link is known to be over. */
  #miss(ids: readonly string[], isOver = false): void {
    const { id = "", agent = "" } = this.#active ?? {};
    if (this.#active && this.#sockets.has(id) && ids.includes(id)) {
      this.#active.heardAt = this.#context.clock.now;
      if (this.#isTimed && !isOver) this.activeAgent.missed(agent);
    }
    for (const one of ids) this.#sockets.delete(one);
  }

  /** The link of the agent that it has made active; `null`: that has none. */
  get activeLink(): string | null {
    const { id = "" } = this.#active ?? {};
    return this.#sockets.has(id) ? id : null;
  }

  /** Whether the relay's time has gone on evenly for longer than it waits for an agent. */
  get #isTimed(): boolean {
    const { clock, edgeMachines } = this.#context;
    return clock.now - edgeMachines.clockSetAt > 2 * SILENCE_MS;
  }

  #open(id: string, socket: Socket): void {
    const { wire, end } = socket;
    this.#sockets.set(id, socket);
    wire.far = {
      heard: (frame) => {
        this.#heard(id);
        for (const message of frame.type === "turn" ? frame.messages : [frame]) {
          if (isAbout(message, foreignKey)) this.#context.violated("what is another owner's is not told", message.type);
          if (message.type === "health") this.#heardOfBridge(id, message.bridgeUp);
        }
        if (frame.type !== "ping") this.frames.set(frame.type, (this.frames.get(frame.type) ?? 0) + 1);
        end.heard(frame);
      },
      closed: () => {
        this.#sockets.delete(id);
        if (this.#active?.id === id) this.#active = null;
        end.closed();
      },
    };
  }

  #send(id: string, message: EdgeToAgent): void {
    const socket = this.#sockets.get(id);
    if (socket) this.#judge(id, socket, message);
    socket?.wire.toNear(message);
  }

  #close(id: string, code: number, reason: string): void {
    const { clock, lie, violated } = this.#context;
    if (reason === "tooMuch") violated("an honest agent may say what it says", id);
    const socket = this.#sockets.get(id);
    if (socket && reason === "handedOver" && socket.agent !== this.#handsOver)
      violated("an agent hands over when it is asked to", `${socket.agent} does, asked was ${this.#handsOver}`);
    const close = () => {
      if (this.#active?.id === id) this.#active = null;
      this.#sockets.delete(id);
      this.#platformSockets.delete(id);
      socket?.wire.close("far", code);
    };
    if (lie.closesLate?.(reason)) clock.after(1, close);
    else close();
    if (socket && reason === "silent" && this.#isTimed) this.activeAgent.silent(socket.agent);
  }

  #heard(id: string): void {
    const { now } = this.#context.clock;
    if (this.#active?.id === id) this.#active = { ...this.#active, heardAt: now, silentSince: now, lookedAt: null };
  }

  #heardOfBridge(id: string, isUp: boolean): void {
    const socket = this.#sockets.get(id);
    if (socket && socket.bridge?.isUp !== isUp) socket.bridge = { isUp, since: this.#context.clock.now };
  }

  /** By its epoch an agent knows whether another one acted since it did. */
  #judge(id: string, { agent }: Socket, message: EdgeToAgent): void {
    if (message.type === "commands") return this.#judgeCommands(message);
    const begins = message.type === "activate" || (message.type === "welcome" && message.role === "active");
    if (!begins) return;
    if (message.epoch <= this.#lastEpoch) this.#context.violated("an epoch begins once", String(message.epoch));
    this.#lastEpoch = message.epoch;
    const other = this.#sockets.get(this.#active?.id ?? "")?.agent ?? agent;
    if (other !== agent) this.#context.violated("one agent acts at a time", `${agent} is to act, and ${other} does`);
    const { now } = this.#context.clock;
    this.#active = { id, agent, heardAt: now, silentSince: now, lookedAt: null };
    this.activeAgent.chosen(agent);
  }

  #judgeCommands({ commands }: Extract<EdgeToAgent, { type: "commands" }>): void {
    this.onCommands?.();
    this.onCommands = null;
    if (this.#drainedAt === null) return;
    const { edgeMachines } = this.#context;
    for (const { id, command, again } of commands) {
      const isNew = command.type === "create-conference" && !command.renews;
      // What is sent again after a clock was set back may be of before, as far as the relay can know.
      if (again && edgeMachines.clockSetAt > this.#drainedAt) continue;
      if (isNew && (this.#askedAt.get(id) ?? 0) > this.#drainedAt + chosenWithinMs)
        this.#context.violated("a drained bridge takes no new conference", id);
    }
  }

  /** The relay does not wait for its alarm: of a silent agent a look is enough. After the clock was set back, the silence begins with a look. */
  #looked(id: string): void {
    const { clock, edgeMachines, violated } = this.#context;
    const active = this.#active;
    if (edgeMachines.isDiskFull) this.#couldNotWriteAt = clock.now;
    if (active?.id !== id || !this.#sockets.has(id) || edgeMachines.isDiskFull) return;
    active.silentSince = Math.min(active.silentSince, clock.now);
    if (clock.now - active.silentSince < SILENCE_MS) return;
    active.lookedAt ??= clock.now;
    if (clock.now - Math.max(active.lookedAt, this.#couldNotWriteAt) > looksForMs)
      violated("a silent agent is replaced", `${active.agent}: it was looked at`);
  }

  /** How long the active agent has been without the bridge that another one has had all that time. */
  get #uselessMs(): number {
    const { clock, edgeMachines } = this.#context;
    const active = this.#sockets.get(this.#active?.id ?? "");
    const others = [...this.#sockets.values()].filter(({ agent }) => agent !== active?.agent);
    const having = others.flatMap(({ bridge }) => (bridge?.isUp ? [bridge.since] : []));
    if (active?.bridge?.isUp !== false || having.length === 0) return 0;
    const since = Math.max(active.bridge.since, Math.min(...having), edgeMachines.clockSetAt, this.#couldNotWriteAt);
    return clock.now - since;
  }

  #watchForNobody(): void {
    const { clock, edgeMachines, violated } = this.#context;
    const isConnected = [...this.#sockets.values()].some(({ end }) => end.isKept());
    const isNobody = this.#active === null && isConnected && !edgeMachines.isDiskFull;
    this.#nobodySince = isNobody ? Math.max(this.#nobodySince ?? clock.now, edgeMachines.clockSetAt) : null;
    const sinceMs = clock.now - (this.#nobodySince ?? clock.now);
    if (sinceMs > nobodyAtMostMs)
      violated("one of the connected agents acts", `${this.place.bridge}: none for ${sinceMs} ms`);
  }

  /** A silent agent keeps the other one from acting, and nobody hears of it: requests are refused in time all the same. */
  #watch(): void {
    const { clock, violated, edgeNow } = this.#context;
    clock.after(checkEveryMs, () => {
      const aheadMs = edgeNow() - clock.now;
      const active = this.#active;
      // The relay's time begins anew with each clock that is set back, and its alarm comes later by as much.
      const backMs = this.#edgeAheadMs - aheadMs;
      if (active && backMs > 1) {
        active.heardAt = Math.max(active.heardAt, clock.now - SILENCE_MS) + backMs;
        active.silentSince += backMs;
      }
      this.#edgeAheadMs = aheadMs;
      const hasOther = active && [...this.#sockets.values()].some(({ agent }) => agent !== active.agent);
      // Without another agent nothing would come of it; and a relay that cannot write lets nobody act.
      if (active && (!hasOther || this.#context.edgeMachines.isDiskFull)) active.heardAt += checkEveryMs;
      if (this.#context.edgeMachines.isDiskFull) this.#couldNotWriteAt = clock.now;
      this.#watchForNobody();
      if (this.#uselessMs > uselessAtMostMs) violated("an agent without its bridge is replaced", active?.agent ?? "");
      if (active && clock.now - active.heardAt >= silentAtMostMs) {
        violated("a silent agent is replaced", `${active.agent}: ${clock.now - active.heardAt} ms`);
      }
      this.#watch();
    });
  }
}

function isAbout(message: AgentToEdge, key: ConfKey): boolean {
  if (message.type === "digests") return message.digests.some(({ conference }) => conference === key);
  return "conference" in message && message.conference === key;
}

/** A key of the worlds: what it signs costs little to sign and to verify. */
export function simulatedKey(agent: string): AgentKey {
  const publicKey = createHash("sha256").update(agent).digest("base64url");
  return { publicKey, sign: (text) => signatureOf(publicKey, text) };
}

function signatureOf(publicKey: string, text: string): string {
  return createHash("sha512").update(`${publicKey}\n${text}`).digest("base64url");
}

function endOnNode({ process, socket }: AcceptedSocket): EdgeEnd {
  return {
    heard: (frame) => {
      if (process.isAlive) for (const text of encodeAgentFrames(frame)) socket.received(text);
    },
    closed: () => process.isAlive && socket.ended(),
    isKept: () => socket.kept() !== null,
  };
}

function headersOf(hello: string): Headers {
  return new Headers({ [HELLO_HEADER]: hello });
}

interface SocketPorts {
  send(id: string, text: string): void;
  close(id: string, code: number, reason: string): void;
  looked(id: string): void;
}

/** A socket by the model of Cloudflare: it outlives the relay's memory, with what is kept with it. */
class PlatformSocket {
  readonly id: string;
  readonly label: string;
  readonly #ports: SocketPorts;
  kept: unknown = null;
  pingedAt: EpochMs | null = null;

  constructor(id: string, label: string, ports: SocketPorts) {
    this.id = id;
    this.label = label;
    this.#ports = ports;
  }

  /** As one life of the relay has it: nothing comes of what that does once it is over. */
  of(isAlive: () => boolean, hasBegun: () => boolean = () => true): ObjectSocket {
    const { id, label } = this;
    return {
      id,
      label,
      kept: () => this.kept,
      keep: (value) => {
        if (isAlive()) this.kept = value;
      },
      send: (text) => {
        if (isAlive()) this.#ports.send(id, text);
      },
      close: (code, reason) => {
        if (isAlive()) this.#ports.close(id, code, reason);
      },
      pingedAt: () => {
        if (hasBegun()) this.#ports.looked(id);
        return this.pingedAt;
      },
    };
  }
}
