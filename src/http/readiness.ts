import type { Domain } from "../../durable-objects/domain-of.ts";
import type { BridgeHealth } from "../../durable-objects/rpc.ts";
import type { BridgeName } from "../foundation/ids.ts";
import type { Edge } from "./edge.ts";

/** Of each bridge of each domain: whether conferences can be held on it, and if not, what is missing. */
export async function readiness(edge: Edge): Promise<Response> {
  const domains = await Promise.all(
    Array.from(edge.domains.values(), async (domain) => [domain.name, await bridgesOf(domain, edge)] as const),
  );
  const ready = domains.every(([, bridges]) => Object.values(bridges).every((bridge) => bridge.ready));
  return Response.json({ ready, domains: Object.fromEntries(domains) }, { status: ready ? 200 : 503 });
}

type Bridge = { readonly ready: boolean } & Partial<BridgeHealth>;

async function bridgesOf(domain: Domain, edge: Edge): Promise<Readonly<Record<string, Bridge>>> {
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
