import * as v from "valibot";
import { whole, word } from "../bridge/schemas.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { Checked } from "../foundation/schemas.ts";
import { CLOSE_CODES, type CloseReason } from "./messages.ts";

export const LINK_PROTOCOL_VERSION = 1;

/** The header of an agent's request for its socket that has the hello. */
export const HELLO_HEADER = "bridgehead-hello";

/** The header of an answer that gives no socket: a close frame's code and reason, with a blank between them. */
export const REFUSAL_HEADER = "bridgehead-refusal";

const facts = v.object({
  version: whole,
  agent: word,
  domain: word,
  bridge: word,
  /** Its clock, for people alone: the challenge says that the hello is new. */
  at: whole,
  /** From the relay, for this agent to sign; good for one socket. Empty in the first request. */
  challenge: word,
});

const signed = v.object({
  ...facts.entries,
  key: word,
  signature: v.pipe(word, v.regex(/^[A-Za-z0-9_-]{86}$/, "not 64 bytes in base64url")),
});

const versioned = v.object({ version: whole });

export type Hello = Checked<typeof signed>;

/** The text to sign: a signature is good for one version, domain, bridge, agent and socket. */
export function helloText({ version, domain, bridge, agent, at, challenge }: Checked<typeof facts>): string {
  return ["bridgehead-agent", version, domain, bridge, agent, at, challenge].join("\n");
}

export function encodeHello(hello: Hello): string {
  return encodeURIComponent(JSON.stringify(hello));
}

/** The signature is yet to be verified. */
export function decodeHello(header: string | null): Result<Hello, CloseReason> {
  let value: unknown;
  try {
    value = JSON.parse(decodeURIComponent(header ?? ""));
  } catch {
    // What is no JSON is refused below, as all else that is no hello.
  }
  // First of all: in another version, all else may be different.
  if (v.is(versioned, value) && value.version !== LINK_PROTOCOL_VERSION) return err("oldVersion");
  const parsed = v.safeParse(signed, value, { abortEarly: true });
  return parsed.success ? ok(parsed.output) : err("badMessage");
}

/** An agent of the settings, and where it is at home. */
interface KnownAgent {
  readonly domain: string;
  readonly bridge: string;
  readonly agent: string;
  readonly publicKey: string;
}

/** Why this agent gets no socket here; `null`: it may ask. Only who has a key of ours learns what bridges there are. */
export async function helloFault(
  hello: Hello,
  place: BridgePlace,
  known: readonly KnownAgent[],
  isSigned: (publicKey: string, text: string, signature: string) => Promise<boolean>,
): Promise<CloseReason | null> {
  const homes = known.filter(({ publicKey }) => publicKey === hello.key);
  if (homes.length === 0 || !(await isSigned(hello.key, helloText(hello), hello.signature))) return "wrongKey";
  if (isNameOfAgent(place, hello, homes)) return null;
  const inDomain = homes.filter(({ domain }) => domain === place.domain && domain === hello.domain);
  if (inDomain.length === 0) return "unknownDomain";
  const isAtBridge = inDomain.some(({ bridge }) => bridge === place.bridge && bridge === hello.bridge);
  return isAtBridge ? "wrongKey" : "unknownBridge";
}

type BridgePlace = Pick<KnownAgent, "domain" | "bridge">;

/** Whether an agent of this name is at home here, whatever key the hello has. */
export function isNameOfAgent({ domain, bridge }: BridgePlace, hello: Hello, known: readonly KnownAgent[]): boolean {
  if (domain !== hello.domain || bridge !== hello.bridge) return false;
  return known.some((one) => one.domain === domain && one.bridge === bridge && one.agent === hello.agent);
}

/** The headers of an answer that gives no socket. */
export type RefusalHeaders = Record<typeof REFUSAL_HEADER, string>;

/** `said` goes to the agent: the reason, or a challenge. */
export function refusal(why: CloseReason, said: string = why): RefusalHeaders {
  return { [REFUSAL_HEADER]: `${CLOSE_CODES[why]} ${said}` };
}
