import type { EpochMs } from "../../src/foundation/ids.ts";
import { type EdgeToAgent, encodeMessage } from "../../src/link/messages.ts";
import type { Link } from "../../src/link/relay.ts";
import type { Accept, ObjectSocket, ObjectSockets } from "../platform/object-sockets.ts";
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

/** The agent's last sign of life that woke the relay, and the last ping before it: should the clock have been set back since, that counts no more. */
interface SocketSeen {
  lastSeen: EpochMs;
  pingBefore: EpochMs | null;
}

interface AcceptedSocket extends SocketSeen {
  readonly socket: ObjectSocket;
  attachment: Attachment | null;
  /** The `lastSeen` that is kept with the socket. */
  keptSeen: EpochMs;
}

/** What is kept with a socket. */
type Kept = Attachment & Readonly<SocketSeen>;

/** Far below the silence after which an agent counts as gone. */
const KEEP_SEEN_MS = 1_000;

/** The sockets of the agents over those of the object. */
export class KeptSockets implements AgentSockets {
  readonly #sockets: ObjectSockets;
  readonly #open = new Map<string, AcceptedSocket>();

  constructor(sockets: ObjectSockets) {
    this.#sockets = sockets;
    for (const socket of sockets.all()) {
      const kept = socket.kept() as Kept | null;
      if (!kept) continue;
      const { lastSeen, pingBefore, ...attachment } = kept;
      this.#open.set(socket.id, { socket, attachment, lastSeen, pingBefore, keptSeen: lastSeen });
    }
  }

  /** The id of its link. */
  accept(accept: Accept, agent: string): string {
    const socket = accept(agent);
    this.#open.set(socket.id, { socket, attachment: null, lastSeen: 0, pingBefore: null, keptSeen: 0 });
    return socket.id;
  }

  countOf(agent: string): number {
    return this.#sockets.all().filter(({ label }) => label === agent).length;
  }

  attachments(): readonly Attachment[] {
    return [...this.#open.values()].flatMap(({ attachment }) => attachment ?? []);
  }

  lastSeen(id: string): EpochMs | null {
    const open = this.#open.get(id);
    if (!open) return null;
    const ping = open.socket.pingedAt();
    return ping === open.pingBefore ? open.lastSeen : Math.max(open.lastSeen, ping ?? 0);
  }

  seen(id: string, at: EpochMs): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.lastSeen = at;
    open.pingBefore = open.socket.pingedAt();
    if (Math.abs(at - open.keptSeen) >= KEEP_SEEN_MS) this.#write(open);
  }

  keep(id: string, attachment: Attachment): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.attachment = attachment;
    this.#write(open);
  }

  send(id: string, message: EdgeToAgent): void {
    this.#open.get(id)?.socket.send(encodeMessage(message));
  }

  close(id: string, code: number, reason: string): void {
    const socket = this.#open.get(id)?.socket;
    this.closed(id);
    socket?.close(code, reason);
  }

  /** The link is over with its socket. The place may still list a socket on its way out; it must not count again. */
  closed(id: string): void {
    this.#open.get(id)?.socket.keep(null);
    this.#open.delete(id);
  }

  #write(open: AcceptedSocket): void {
    const { socket, attachment, lastSeen, pingBefore } = open;
    if (attachment) socket.keep({ ...attachment, lastSeen, pingBefore } satisfies Kept);
    open.keptSeen = lastSeen;
  }
}
