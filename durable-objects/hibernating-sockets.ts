import { type EdgeToAgent, encodeMessage } from "../src/link/messages.ts";
import type { AgentSockets, Attachment } from "./relay.ts";

/** The platform's sockets, which stay open while the object sleeps. The tags of a socket are the id of its link and its agent. */
export class HibernatingSockets implements AgentSockets {
  readonly #ctx: DurableObjectState;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #attachments: Attachment[] = [];

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    for (const socket of ctx.getWebSockets()) {
      const attachment: Attachment | null = socket.deserializeAttachment();
      if (!attachment) continue;
      this.#sockets.set(attachment.link.id, socket);
      this.#attachments.push(attachment);
    }
  }

  /** The id of its link. */
  accept(socket: WebSocket, agent: string): string {
    const id = crypto.randomUUID();
    this.#ctx.acceptWebSocket(socket, [id, agentTag(agent)]);
    this.#sockets.set(id, socket);
    return id;
  }

  idOf(socket: WebSocket): string {
    return this.#ctx.getTags(socket)[0] ?? "";
  }

  countOf(agent: string): number {
    return this.#ctx.getWebSockets(agentTag(agent)).length;
  }

  attachments(): readonly Attachment[] {
    return this.#attachments;
  }

  has(id: string): boolean {
    return this.#sockets.has(id);
  }

  keep(id: string, attachment: Attachment): void {
    this.#sockets.get(id)?.serializeAttachment(attachment);
  }

  send(id: string, message: EdgeToAgent): void {
    try {
      this.#sockets.get(id)?.send(encodeMessage(message));
    } catch {
      // The socket is closed, and its close event on its way.
    }
  }

  close(id: string, code: number, reason: string): void {
    const socket = this.#sockets.get(id);
    this.#remove(id);
    socket?.close(code, reason);
  }

  /** The id of the link that is over with its socket. */
  closed(socket: WebSocket): string {
    const id = this.idOf(socket);
    this.#remove(id);
    return id;
  }

  /** After a sleep, the platform still lists a socket on its way out; it must not count again. */
  #remove(id: string): void {
    this.#sockets.get(id)?.serializeAttachment(null);
    this.#sockets.delete(id);
  }
}

function agentTag(agent: string): string {
  return `agent ${agent}`;
}
