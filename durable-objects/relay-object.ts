import { DurableObject } from "cloudflare:workers";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { decodeHello, HELLO_HEADER, type Refusal, refusal } from "../src/link/hello.ts";
import { decodeAgentToEdge, type EdgeToAgent, encodeMessage, PING, PONG } from "../src/link/messages.ts";
import type { AgentView, BridgeHealth, CommandsForBridge, HandOver, RelayRpc } from "../src/rpc/relay.ts";
import { findDomain } from "../src/settings/load.ts";
import { type Env, platformOf } from "./platform.ts";
import { type AgentSockets, type Attachment, Relay } from "./relay.ts";

/** The relay of one bridge on the platform, named `domain/bridge`. */
export class RelayObject extends DurableObject<Env> implements RelayRpc {
  readonly #relay: Relay;
  readonly #sockets: HibernatingSockets;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sockets = new HibernatingSockets(ctx);
    this.#relay = new Relay({
      ...platformOf(ctx, env),
      sockets: this.#sockets,
      newId: () => crypto.randomUUID(),
      settings: (domain) => findDomain(env, domain)?.settings,
      conference: (domain, key) => env.CONFERENCE.getByName(`${domain}/${key}`),
      sweep: (domain) => env.ID_ALLOCATOR.getByName(domain).sweep(),
      tellOfAgents: (domain, events) => env.DIRECTORY.getByName(domain).tellOfAgents(domain, events),
    });
  }

  /** An agent's request for its socket; its signature was verified on the way here. */
  override async fetch(request: Request): Promise<Response> {
    const hello = decodeHello(request.headers.get(HELLO_HEADER));
    if (!hello.ok) return refuse(refusal(hello.error));
    const refused = this.#relay.refusalOf(hello.value);
    if (refused) return refuse(refused);
    const { 0: webSocket, 1: server } = new WebSocketPair();
    this.#relay.opened(this.#sockets.accept(server, hello.value.agent), hello.value);
    return new Response(null, { status: 101, webSocket });
  }

  sendCommands(commands: CommandsForBridge): Promise<number | null> {
    return this.#relay.sendCommands(commands);
  }

  askForSnapshot(conference: ConfKey, unless: string): Promise<void> {
    return this.#relay.askForSnapshot(conference, unless);
  }

  agents(): Promise<readonly AgentView[]> {
    return this.#relay.agents();
  }

  health(): Promise<BridgeHealth> {
    return this.#relay.health();
  }

  closeAgents(agents: readonly string[]): Promise<void> {
    return this.#relay.closeAgents(agents);
  }

  handOver(from: string): Promise<HandOver> {
    return this.#relay.handOver(from);
  }

  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null> {
    return this.#relay.drain(domain, bridge, drained);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const text = typeof data === "string" ? data : "";
    this.#relay.received(this.#sockets.idOf(socket), text.length, () => decodeAgentToEdge(text));
  }

  override webSocketClose(socket: WebSocket): void {
    // Without a close from here the other end would wait for it.
    socket.close(1000);
    this.#relay.closed(this.#sockets.closed(socket));
  }

  override webSocketError(socket: WebSocket): void {
    this.#relay.closed(this.#sockets.closed(socket));
  }

  override alarm(): Promise<void> {
    return this.#relay.alarm();
  }
}

function refuse(headers: Refusal): Response {
  return new Response(null, { status: 403, headers });
}

/** The agent's last sign of life that woke the relay, and a ping that does not count. */
interface Seen {
  lastSeen: EpochMs;
  /** The clock was set back behind this ping. */
  futurePing: EpochMs | null;
}

interface OpenSocket extends Seen {
  readonly socket: WebSocket;
  attachment: Attachment | null;
  /** The `lastSeen` that the platform keeps. */
  keptSeen: EpochMs;
}

/** Kept by the platform with a socket. */
type Kept = Attachment & Readonly<Seen>;

/** Far below the silence after which an agent counts as gone. */
const KEEP_SEEN_MS = 1_000;

/** The platform's sockets, which stay open while the object sleeps. The tags of a socket are the id of its link and its agent. */
class HibernatingSockets implements AgentSockets {
  readonly #ctx: DurableObjectState;
  readonly #open = new Map<string, OpenSocket>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    for (const socket of ctx.getWebSockets()) {
      const kept: Kept | null = socket.deserializeAttachment();
      if (!kept) continue;
      const { lastSeen, futurePing, ...attachment } = kept;
      this.#open.set(attachment.link.id, { socket, attachment, lastSeen, futurePing, keptSeen: lastSeen });
    }
  }

  /** The id of its link. */
  accept(socket: WebSocket, agent: string): string {
    const id = crypto.randomUUID();
    this.#ctx.acceptWebSocket(socket, [id, agentTag(agent)]);
    this.#open.set(id, { socket, attachment: null, lastSeen: 0, futurePing: null, keptSeen: 0 });
    return id;
  }

  idOf(socket: WebSocket): string {
    return this.#ctx.getTags(socket)[0] ?? "";
  }

  countOf(agent: string): number {
    return this.#ctx.getWebSockets(agentTag(agent)).length;
  }

  attachments(): readonly Attachment[] {
    return [...this.#open.values()].flatMap(({ attachment }) => attachment ?? []);
  }

  lastSeen(id: string): EpochMs | null {
    const open = this.#open.get(id);
    if (!open) return null;
    const ping = this.#pingOf(open.socket);
    return ping === null || ping === open.futurePing ? open.lastSeen : Math.max(open.lastSeen, ping);
  }

  #pingOf(socket: WebSocket): EpochMs | null {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null;
  }

  seen(id: string, at: EpochMs): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.lastSeen = at;
    const ping = this.#pingOf(open.socket);
    if (ping !== null && ping > at) open.futurePing = ping;
    if (Math.abs(at - open.keptSeen) >= KEEP_SEEN_MS) this.#write(open);
  }

  keep(id: string, attachment: Attachment): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.attachment = attachment;
    this.#write(open);
  }

  send(id: string, message: EdgeToAgent): void {
    try {
      this.#open.get(id)?.socket.send(encodeMessage(message));
    } catch {
      // The socket is closed, and its close event on its way.
    }
  }

  close(id: string, code: number, reason: string): void {
    this.#remove(id)?.close(code, reason);
  }

  /** The id of the link that is over with its socket. */
  closed(socket: WebSocket): string {
    const id = this.idOf(socket);
    this.#remove(id);
    return id;
  }

  /** After a sleep, the platform still lists a socket on its way out; it must not count again. */
  #remove(id: string): WebSocket | undefined {
    const socket = this.#open.get(id)?.socket;
    socket?.serializeAttachment(null);
    this.#open.delete(id);
    return socket;
  }

  #write(open: OpenSocket): void {
    const { socket, attachment, lastSeen, futurePing } = open;
    if (attachment) socket.serializeAttachment({ ...attachment, lastSeen, futurePing } satisfies Kept);
    open.keptSeen = lastSeen;
  }
}

function agentTag(agent: string): string {
  return `agent ${agent}`;
}
