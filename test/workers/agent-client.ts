import { exports } from "cloudflare:workers";
import { decodeEdgeToAgent, encode } from "../../src/relay/codec.ts";
import { type AgentToEdge, type EdgeToAgent, helloText } from "../../src/relay/messages.ts";
import { agents } from "./test-domains.ts";

/** An agent's end of the link, in the test's own process. */
export class AgentClient {
  static readonly #all = new Set<AgentClient>();
  readonly #socket: WebSocket;
  readonly #heard: EdgeToAgent[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #wake: () => void = () => undefined;

  static async connect(path = "/agent/local/simulated"): Promise<AgentClient> {
    const response = await exports.default.fetch(`http://edge.example.com${path}`, {
      headers: { upgrade: "websocket" },
    });
    if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
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
    this.#socket.send(encode(message));
  }

  sayRaw(data: string | ArrayBuffer): void {
    this.#socket.send(data);
  }

  hangUp(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000, "done");
  }

  /** Answers the challenge; `change` spoils it in one place, before it is signed. */
  async greet(index: 0 | 1 = 0, change: Partial<Extract<AgentToEdge, { type: "hello" }>> = {}): Promise<void> {
    const challenge = await this.next();
    if (challenge.type !== "challenge") throw new Error(`unexpected ${challenge.type}`);
    const { name, seed } = agents[index];
    const facts = {
      version: 1,
      agent: name,
      domain: "local",
      bridge: "simulated",
      at: Date.now(),
      nonce: challenge.nonce,
      ...change,
    };
    const signature = await sign(seed, helloText({ ...facts, nonce: challenge.nonce }));
    this.say({ type: "hello", signature, ...facts });
  }
}

async function sign(seed: string, text: string): Promise<string> {
  const pkcs8 = Uint8Array.from(`302e020100300506032b657004220420${seed}`.match(/../g) ?? [], (hex) =>
    Number.parseInt(hex, 16),
  );
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...signature))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
