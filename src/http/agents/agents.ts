import type { BridgeName, DomainName } from "../../foundation/ids.ts";
import type { RateLimit } from "../../foundation/limits.ts";
import { decodeHello, HELLO_HEADER, type Hello, helloFault, isNameOfAgent, refusal } from "../../link/hello.ts";
import type { CloseReason } from "../../link/messages.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Metrics } from "../monitoring/monitoring.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { problem } from "../problem.ts";

interface Place {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
}

export interface AgentPorts extends EdgePorts {
  readonly metrics: Pick<Metrics, "count">;
  /** Limits notices of wrong keys per agent name: unauthenticated clients can send any number. */
  readonly wrongKeys: RateLimit;
}

const WRONG_KEYS_A_MINUTE = 2;

/**
 * Sends an agent's request for its socket to the relay of its bridge if the signature is right, and calls `proved`. The relay
 * checks that it is new.
 */
export async function admitAgent(
  request: Request,
  place: Place,
  edge: AgentPorts,
  proved: () => void,
): Promise<Response> {
  const hello = decodeHello(request.headers.get(HELLO_HEADER));
  const why = hello.ok ? await helloFault(hello.value, place, knownAgents(edge), isSigned) : hello.error;
  if (why !== null) return refuse(why, hello.ok ? hello.value : null, place, edge);
  proved();
  const answer = await edge.objects.relay(place.domain, place.bridge).fetch(request);
  return answer;
}

async function refuse(why: CloseReason, hello: Hello | null, place: Place, edge: AgentPorts): Promise<Response> {
  edge.metrics.count("agents_refused", { why });
  if (hello) await tellRelay(why, hello, place, edge);
  return problem(403, "no such agent", `The agent is refused (${why}). Its log says what to do.`, refusal(why));
}

/** Notes a refusal that staff must see with the bridge. */
async function tellRelay(why: CloseReason, hello: Hello, place: Place, edge: AgentPorts): Promise<void> {
  const { domain, bridge } = place;
  const { agent } = hello;
  if (why !== "wrongKey" || !isNameOfAgent(place, hello, knownAgents(edge))) return;
  if (edge.wrongKeys.waitSeconds(`${domain}/${bridge}/${agent}`, WRONG_KEYS_A_MINUTE, edge.now()) > 0) return;
  await answerOrNull(edge.objects.relay(domain, bridge).agentRefused(domain, bridge, agent), edge, place);
}

function knownAgents({ domains }: EdgePorts) {
  return [...domains.values()].flatMap(({ name: domain, settings }) =>
    settings.bridges.flatMap(({ name: bridge, agents }) =>
      agents.map(({ name: agent, publicKey }) => ({ domain, bridge, agent, publicKey })),
    ),
  );
}

async function isSigned(publicKey: string, text: string, signature: string): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", bytesOf(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, bytesOf(signature), new TextEncoder().encode(text));
  } catch {
    // Text of the right length may still be no valid key or signature.
    return false;
  }
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
