import { decodeHello, HELLO_HEADER, type RefusalHeaders, refusal } from "../../src/link/hello.ts";
import { decodeAgentToEdge, PING, PONG } from "../../src/link/messages.ts";
import type { Accept, ObjectEvents, ObjectSocket } from "../platform/object-sockets.ts";
import type { KeptSockets } from "./agent-sockets.ts";
import type { Relay } from "./relay.ts";

/** The agents' side of a relay: from sockets to its methods. */
export class AgentConnections implements ObjectEvents {
  readonly pings = { ping: PING, pong: PONG } as const;
  readonly #relay: Relay;
  readonly #sockets: KeptSockets;

  constructor(relay: Relay, sockets: KeptSockets) {
    this.#relay = relay;
    this.#sockets = sockets;
  }

  /** An agent's request for its socket; its signature was verified on the way here. */
  connect(headers: Headers, accept: Accept): Response | null {
    const hello = decodeHello(headers.get(HELLO_HEADER));
    if (!hello.ok) return refuse(refusal(hello.error));
    const refused = this.#relay.refusalOf(hello.value);
    if (refused) return refuse(refused);
    this.#relay.opened(this.#sockets.accept(accept, hello.value.agent), hello.value);
    return null;
  }

  received({ id }: ObjectSocket, text: string): void {
    this.#relay.received(id, text.length, () => decodeAgentToEdge(text));
  }

  closed({ id }: ObjectSocket): void {
    this.#sockets.closed(id);
    this.#relay.closed(id);
  }
}

function refuse(headers: RefusalHeaders): Response {
  return new Response(null, { status: 403, headers });
}
