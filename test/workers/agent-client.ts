import { exports } from "cloudflare:workers";
import { HELLO_HEADER, REFUSAL_HEADER } from "../../src/link/hello.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import { decodeEdgeToAgent, encodeMessage } from "../../src/link/messages.ts";
import { helloOf } from "./hello-of.ts";

/** An agent's end of the link, in the test's own process. */
export class AgentClient {
  static readonly #all = new Set<AgentClient>();
  readonly #socket: WebSocket;
  readonly #heard: EdgeToAgent[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #wake: () => void = () => undefined;
  /** As the edge last said. */
  epoch = 0;

  /** Asks for a socket. */
  static ask(hello: string | null, path = "/agent/local/simulated"): Promise<Response> {
    return exports.default.fetch(`http://edge.example.com${path}`, {
      headers: { upgrade: "websocket", ...(hello !== null && { [HELLO_HEADER]: hello }) },
    });
  }

  /** The challenge that the relay wants this agent to sign. */
  static async challenge(index: 0 | 1 = 0): Promise<string> {
    const refused = await AgentClient.ask(await helloOf(index));
    return /^4402 (.+)$/.exec(refused.headers.get(REFUSAL_HEADER) ?? "")?.[1] ?? "";
  }

  /** As an agent does it: asks, is given a challenge, and asks again. */
  static async connect(index: 0 | 1 = 0): Promise<AgentClient> {
    const challenge = await AgentClient.challenge(index);
    return AgentClient.over(await AgentClient.ask(await helloOf(index, { challenge })));
  }

  static over(response: Response): AgentClient {
    if (!response.webSocket) throw new Error(`no socket: ${response.headers.get(REFUSAL_HEADER)}`);
    return new AgentClient(response.webSocket);
  }

  static hangUpAll(): void {
    for (const agent of AgentClient.#all) agent.hangUp();
    AgentClient.#all.clear();
  }

  constructor(socket: WebSocket) {
    AgentClient.#all.add(this);
    this.#socket = socket;
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      const decoded = decodeEdgeToAgent(String(data));
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
      this.#heard.push(decoded.value);
      if ("epoch" in decoded.value) this.epoch = decoded.value.epoch;
      this.#wake();
    });
    socket.addEventListener("close", ({ code }) => this.#closed.resolve(code));
  }

  /** The next message that the edge sends. */
  async next(): Promise<EdgeToAgent> {
    for (;;) {
      const message = this.#heard.shift();
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The code with which the edge closes. */
  closed(): Promise<number> {
    return this.#closed.promise;
  }

  say(message: AgentToEdge): void {
    this.#socket.send(encodeMessage(message));
  }

  sayRaw(data: string | ArrayBuffer): void {
    this.#socket.send(data);
  }

  hangUp(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000, "done");
  }
}
