import type { EdgeVariables } from "../../src/settings/load.ts";

/** Tells equal texts without keeping them. */
export type Digest = (text: string) => Promise<string>;

/**
 * HMAC-SHA-256 in base64, the same in each life of an object: under the operator's token or the people of the deployment, which no database
 * of the edge has. Without either all texts have an empty digest, since a known key would let passwords and codes be tried out.
 */
export async function digestUnderToken({
  OPERATOR_TOKEN,
  OPERATORS,
}: Partial<Pick<EdgeVariables, "OPERATOR_TOKEN" | "OPERATORS">>): Promise<Digest> {
  const token = OPERATOR_TOKEN || OPERATORS || "";
  if (token === "") return async () => "";
  const bytes = new TextEncoder().encode(`digest of a site's secret ${token}`);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (text) => {
    const digest = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(digest)));
  };
}
