import type { EpochMs } from "../foundation/ids.ts";
import { type AgentToEdge, type CloseReason, helloText, LINK_PROTOCOL_VERSION } from "./messages.ts";

/** How far an agent's clock may be off. */
export const MAX_CLOCK_SKEW_MS = 300_000;

export type Hello = Extract<AgentToEdge, { type: "hello" }>;

/** Either why the agent is refused, or whose signature of which text shows who it is. */
export type HelloVerdict =
  | { readonly ok: false; readonly why: CloseReason }
  | { readonly ok: true; readonly publicKey: string; readonly text: string };

/** Checks all of a hello but its signature, against the link it came on and the agents of that link's bridge. */
export function checkHello(
  hello: Hello,
  link: {
    readonly domain: string;
    readonly bridge: string;
    readonly nonce: string;
    readonly agents: readonly { readonly name: string; readonly publicKey: string }[];
  },
  now: EpochMs,
): HelloVerdict {
  if (hello.version !== LINK_PROTOCOL_VERSION) return { ok: false, why: "oldVersion" };
  if (hello.domain !== link.domain) return { ok: false, why: "unknownDomain" };
  if (hello.bridge !== link.bridge) return { ok: false, why: "unknownBridge" };
  const agent = link.agents.find((known) => known.name === hello.agent);
  if (!agent) return { ok: false, why: "wrongKey" };
  // Whoever repeats a hello and puts the new nonce in it has a signature that does not fit.
  if (hello.nonce !== link.nonce) return { ok: false, why: "replayed" };
  if (Math.abs(now - hello.at) > MAX_CLOCK_SKEW_MS) return { ok: false, why: "clockSkew" };
  return { ok: true, publicKey: agent.publicKey, text: helloText({ ...hello, nonce: link.nonce }) };
}
