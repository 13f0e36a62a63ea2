import { DurableObject } from "cloudflare:workers";
import { decodeHello, HELLO_HEADER, type RefusalHeaders, refusal } from "../../src/link/hello.ts";
import { decodeAgentToEdge } from "../../src/link/messages.ts";
import { findDomain } from "../../src/settings/load.ts";
import { objectClass } from "../platform/object-class.ts";
import { HibernatingSockets } from "./hibernating-sockets.ts";
import { Relay } from "./relay.ts";

/** The relay of one bridge on the platform, named `domain/bridge`. */
const OfRelay = objectClass("relay", DurableObject, (place, { ctx, env }) => {
  const sockets = new HibernatingSockets(ctx);
  const relay = new Relay({
    ...place,
    sockets,
    newId: () => crypto.randomUUID(),
    settings: (domain) => findDomain(env, domain)?.settings,
    sweep: (domain) => place.idAllocator(domain).sweep(),
    keepPromptCalls: (domain, said) => place.directory(domain).keepPromptCalls(domain, said),
    notifyOfAgents: (domain, events) => place.directory(domain).notifyOfAgents(domain, events),
    notifyOfTrouble: (domain, ...of) => place.directory(domain).notifyOfTrouble(domain, ...of),
  });
  return Object.assign(relay, { sockets });
});

export class RelayObject extends OfRelay {
  /** An agent's request for its socket; its signature was verified on the way here. */
  override async fetch(request: Request): Promise<Response> {
    const relay = await this.whole();
    const hello = decodeHello(request.headers.get(HELLO_HEADER));
    if (!hello.ok) return refuse(refusal(hello.error));
    const refused = relay.refusalOf(hello.value);
    if (refused) return refuse(refused);
    const { 0: webSocket, 1: server } = new WebSocketPair();
    relay.opened(relay.sockets.accept(server, hello.value.agent), hello.value);
    return new Response(null, { status: 101, webSocket });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const text = typeof data === "string" ? data : "";
    const relay = await this.whole();
    relay.received(relay.sockets.idOf(socket), text.length, () => decodeAgentToEdge(text));
  }

  override webSocketClose(socket: WebSocket): Promise<void> {
    // Without a close from here the other end would wait for it.
    socket.close(1000);
    return this.webSocketError(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    const relay = await this.whole();
    relay.closed(relay.sockets.closed(socket));
  }
}

function refuse(headers: RefusalHeaders): Response {
  return new Response(null, { status: 403, headers });
}
