import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const lookEveryMs = 50;
const askWithinMs = 500;

/** When an edge began to act. */
export interface Turn {
  readonly at: number;
  /** `null`: since then, none acts. */
  readonly url: string | null;
}

/** A load balancer as telcos have it: it asks `/active`, and sends each request to the edge that acts. */
export class Balancer {
  readonly url: string;
  readonly turns: Turn[] = [];
  readonly #edges: readonly string[];
  readonly #server: Server;
  #acting: string | null = null;
  #isOver = false;

  private constructor(edges: readonly string[], server: Server) {
    this.#edges = edges;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (incoming, outgoing) => {
      // Whoever asks again finds the next one.
      const refuse = () => void outgoing.destroy();
      const acting = this.#acting;
      if (acting === null) {
        incoming.resume();
        return refuse();
      }
      const { method, headers, url } = incoming;
      const forwarded = request(`${acting}${url}`, { method, headers }, (answer) => {
        if (answer.headers["retry-after"] !== undefined) return refuse(); // It stands by.
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on("error", refuse);
        return undefined;
      });
      forwarded.on("error", refuse);
      incoming.pipe(forwarded);
    });
  }

  static async start(edges: readonly string[]): Promise<Balancer> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const balancer = new Balancer(edges, server);
    // Which one acts is known then, if one does.
    await balancer.#look();
    void balancer.#watch();
    return balancer;
  }

  get acting(): string | null {
    return this.#acting;
  }

  stop(): void {
    this.#isOver = true;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const found = await Promise.all(this.#edges.map(async (url) => ((await acts(url)) ? url : null)));
    const acting = found.find((url) => url !== null) ?? null;
    if (acting === this.#acting) return;
    this.#acting = acting;
    this.turns.push({ at: Date.now(), url: acting });
  }
}

async function acts(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/active`, { signal: AbortSignal.timeout(askWithinMs) }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}
