import type { Env } from "./platform.ts";

/** Tells equal texts without keeping them. */
export type Digest = (text: string) => Promise<string>;

/** HMAC-SHA-256 under a new random key, in base64. The key is in memory alone: with it, codes of a few digits could be tried out. */
export async function newDigest(): Promise<Digest> {
  return digestUnder(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * The same in each life of an object: under the operator's token or the people of the deployment, which no database of the edge has. Without
 * either all texts are alike, since digests under a known key would let passwords be tried out.
 */
export async function digestUnderToken({
  OPERATOR_TOKEN,
  OPERATORS,
}: Partial<Pick<Env, "OPERATOR_TOKEN" | "OPERATORS">>): Promise<Digest> {
  const token = OPERATOR_TOKEN || OPERATORS || "";
  if (token === "") return async () => "";
  return digestUnder(new TextEncoder().encode(`digest of a site's secret ${token}`));
}

async function digestUnder(bytes: Uint8Array): Promise<Digest> {
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (text) => {
    const digest = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(digest)));
  };
}
