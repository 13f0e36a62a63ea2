import type { EpochMs } from "../../src/foundation/ids.ts";
import { type EdgeToAgent, encodeMessage, PING, PONG } from "../../src/link/messages.ts";
import type { Link } from "../../src/link/relay.ts";
import type { Identity } from "./relay-store.ts";

/** Stays with a socket while the relay sleeps. */
export interface Attachment {
  readonly identity: Identity;
  readonly link: Link;
}

/** The sockets of the agents, each named by the id of its link. They outlive the relay's memory, with what they keep. */
export interface AgentSockets {
  /** The latest attachment of each open socket. */
  attachments(): readonly Attachment[];
  /** When the agent last gave a sign of life over this socket, to a second; `null`: the socket is not open. */
  lastSeen(id: string): EpochMs | null;
  seen(id: string, at: EpochMs): void;
  /** Sockets of this agent, among them those whose close the agent has not answered yet. */
  countOf(agent: string): number;
  keep(id: string, attachment: Attachment): void;
  /** Sends nothing over a socket that is closed. */
  send(id: string, message: EdgeToAgent): void;
  /** The socket no longer counts, and is in no list of attachments. */
  close(id: string, code: number, reason: string): void;
}

/** The agent's last sign of life that woke the relay, and a ping that does not count as one. */
interface SocketSeen {
  lastSeen: EpochMs;
  /** The clock was set back behind this ping. */
  futurePing: EpochMs | null;
}

interface AcceptedSocket extends SocketSeen {
  readonly socket: WebSocket;
  attachment: Attachment | null;
  /** The `lastSeen` that the platform keeps. */
  keptSeen: EpochMs;
}

/** What the platform keeps with a socket. */
type Kept = Attachment & Readonly<SocketSeen>;

/** Far below the silence after which an agent counts as gone. */
const KEEP_SEEN_MS = 1_000;

/** The platform's sockets, which stay open while the object sleeps. The tags of a socket are the id of its link and its agent. */
export class HibernatingSockets implements AgentSockets {
  readonly #ctx: DurableObjectState;
  readonly #open = new Map<string, AcceptedSocket>();

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

  #write(open: AcceptedSocket): void {
    const { socket, attachment, lastSeen, futurePing } = open;
    if (attachment) socket.serializeAttachment({ ...attachment, lastSeen, futurePing } satisfies Kept);
    open.keptSeen = lastSeen;
  }
}

function agentTag(agent: string): string {
  return `agent ${agent}`;
}
