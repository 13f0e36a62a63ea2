import type { Domain } from "../domain.ts";
import type { BridgeName } from "../foundation/ids.ts";
import type { BridgeHealth } from "../rpc.ts";
import type { Edge } from "./edge.ts";

type Bridge = { readonly ready: boolean } & Partial<BridgeHealth>;
type Bridges = Readonly<Record<string, Bridge>>;

/** How long strangers get the same answer: what they ask for would otherwise cost a call to every relay. */
const SAME_ANSWER_MS = 1_000;

/** Of each bridge of each domain: whether conferences can be held on it, and if not, what is missing. */
export class Readiness {
  readonly #edge: Edge;
  #askedAt = 0;
  #latest: readonly (readonly [Domain, Bridges])[] | undefined;

  constructor(edge: Edge) {
    this.#edge = edge;
  }

  /** Whether all is ready; and the bridges, of those domains alone whose names are no secret, unless it is the operator who asks. */
  async answer(toOperator: boolean): Promise<Response> {
    const now = this.#edge.now();
    let bridges = this.#latest;
    if (toOperator || !bridges || now >= this.#askedAt + SAME_ANSWER_MS) {
      this.#askedAt = now;
      bridges = await this.#ask();
      this.#latest = bridges;
    }
    const ready = bridges.every(([, ofDomain]) => Object.values(ofDomain).every((bridge) => bridge.ready));
    const shown = bridges.filter(([{ settings }]) => toOperator || settings.adapterSecrets.length === 0);
    const domains = Object.fromEntries(shown.map(([{ name }, ofDomain]) => [name, ofDomain]));
    return Response.json({ ready, domains }, { status: ready ? 200 : 503 });
  }

  #ask(): Promise<(readonly [Domain, Bridges])[]> {
    const domains = Array.from(this.#edge.domains.values());
    return Promise.all(domains.map(async (domain) => [domain, await bridgesOf(domain, this.#edge)] as const));
  }
}

async function bridgesOf(domain: Domain, edge: Edge): Promise<Bridges> {
  const bridges = domain.settings.bridges.map(async ({ name }) => {
    try {
      const health = await edge.objects.bridgeHealth(domain.name, name as BridgeName);
      return [name, { ready: health.agentConnected && health.bridgeUp, ...health }] as const;
    } catch (error) {
      edge.log("relay-unreachable", { domain: domain.name, bridge: name, error: String(error) });
      return [name, { ready: false }] as const;
    }
  });
  return Object.fromEntries(await Promise.all(bridges));
}
