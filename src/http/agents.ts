import type { BridgeName, DomainName } from "../foundation/ids.ts";
import { decodeHello, HELLO_HEADER, type Hello, helloText, refusal } from "../link/hello.ts";
import type { CloseReason } from "../link/messages.ts";
import { problem } from "./bodies.ts";
import type { Edge } from "./edge.ts";

/** How far an agent's clock may be off. */
export const MAX_CLOCK_SKEW_MS = 300_000;

interface Place {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
}

/**
 * An agent's request for its socket, which comes to the relay of its bridge only with a right signature. Whether that is
 * a new one, the relay knows.
 */
export async function admitAgent(request: Request, place: Place, edge: Edge): Promise<Response> {
  const hello = decodeHello(request.headers.get(HELLO_HEADER));
  const why = hello.ok ? await faultOf(hello.value, place, edge) : hello.error;
  if (why === null) return edge.objects.connectAgent(place.domain, place.bridge, request);
  edge.metrics.count("bridgehead_agents_refused_total", { why });
  return problem(403, "no such agent", `The agent is refused (${why}); its log says what to do.`, refusal(why));
}

/** Which domains and bridges there are is told only to who has the key of an agent of ours. */
async function faultOf(hello: Hello, place: Place, edge: Edge): Promise<CloseReason | null> {
  const homes = [...edge.domains.values()].flatMap(({ name: domain, settings }) =>
    settings.bridges.flatMap(({ name: bridge, agents }) =>
      agents.filter(({ publicKey }) => publicKey === hello.key).map(({ name: agent }) => ({ domain, bridge, agent })),
    ),
  );
  if (homes.length === 0 || !(await isSigned(hello))) return "wrongKey";
  if (Math.abs(edge.now() - hello.at) > MAX_CLOCK_SKEW_MS) return "clockSkew";
  const inDomain = homes.filter(({ domain }) => domain === place.domain && domain === hello.domain);
  if (inDomain.length === 0) return "unknownDomain";
  const atBridge = inDomain.filter(({ bridge }) => bridge === place.bridge && bridge === hello.bridge);
  if (atBridge.length === 0) return "unknownBridge";
  return atBridge.some(({ agent }) => agent === hello.agent) ? null : "wrongKey";
}

async function isSigned(hello: Hello): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", bytesOf(hello.key), "Ed25519", false, ["verify"]);
    const text = new TextEncoder().encode(helloText(hello));
    return await crypto.subtle.verify("Ed25519", key, bytesOf(hello.signature), text);
  } catch {
    // 43 characters need not be a point of the curve, nor 86 a signature.
    return false;
  }
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
