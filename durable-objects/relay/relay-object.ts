import { DurableObject } from "cloudflare:workers";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { decodeHello, HELLO_HEADER, type Refusal, refusal } from "../../src/link/hello.ts";
import { decodeAgentToEdge } from "../../src/link/messages.ts";
import type { AgentView, BridgeHealth, CommandsForBridge, HandOver, RelayRpc } from "../../src/rpc/relay.ts";
import { findDomain } from "../../src/settings/load.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { HibernatingSockets } from "./hibernating-sockets.ts";
import { Relay } from "./relay.ts";

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
