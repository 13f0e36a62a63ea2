import * as v from "valibot";
import { type Checked, whole, word } from "../bridge/schemas.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { CLOSE_CODES, type CloseReason } from "./messages.ts";

export const LINK_PROTOCOL_VERSION = 1;

/** Of an agent's request for its socket: the hello. */
export const HELLO_HEADER = "bridgehead-hello";

/** Of an answer that gives no socket: what would be a close frame's code and reason, with a blank between them. */
export const REFUSAL_HEADER = "bridgehead-refusal";

const facts = v.object({
  version: whole,
  agent: word,
  domain: word,
  bridge: word,
  at: whole,
  /** What the relay gave this agent to sign, good for one socket; empty when it was not asked yet. */
  challenge: word,
});

const signed = v.object({
  ...facts.entries,
  /** The public half of the agent's key. */
  key: word,
  /** Over `helloText`. */
  signature: v.pipe(word, v.regex(/^[A-Za-z0-9_-]{86}$/, "not 64 bytes in base64url")),
});

const versioned = v.object({ version: whole });

/** How an agent says who it is. */
export type Hello = Checked<typeof signed>;

/** What is signed: nothing of it can be used for another bridge, domain, agent, socket or version. */
export function helloText({ version, domain, bridge, agent, at, challenge }: Checked<typeof facts>): string {
  return ["bridgehead-agent", version, domain, bridge, agent, at, challenge].join("\n");
}

export function encodeHello(hello: Hello): string {
  return encodeURIComponent(JSON.stringify(hello));
}

/** Its signature is yet to be verified. */
export function decodeHello(header: string | null): Result<Hello, CloseReason> {
  let value: unknown;
  try {
    value = JSON.parse(decodeURIComponent(header ?? ""));
  } catch {
    return err("badMessage");
  }
  // Before all else, which may be different in another version.
  if (v.is(versioned, value) && value.version !== LINK_PROTOCOL_VERSION) return err("oldVersion");
  const parsed = v.safeParse(signed, value, { abortEarly: true });
  return parsed.success ? ok(parsed.output) : err("badMessage");
}

/** `said` is what the agent is told: the reason, or a challenge. */
export function refusal(why: CloseReason, said: string = why): { readonly [REFUSAL_HEADER]: string } {
  return { [REFUSAL_HEADER]: `${CLOSE_CODES[why]} ${said}` };
}
