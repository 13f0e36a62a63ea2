/** The last of these secrets that equals the given text; -1: none does. The time depends on the given text alone. */
export function indexOfEqual(secrets: readonly string[], given: string): number {
  let found = -1;
  for (const [index, secret] of secrets.entries()) {
    let difference = secret.length ^ given.length;
    for (let at = 0; at < given.length; at += 1) difference |= (secret.charCodeAt(at) || 0) ^ given.charCodeAt(at);
    found = difference === 0 ? index : found;
  }
  return found;
}

export async function sha256(text: string): Promise<string> {
  return hexOf(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Of a text under a key, in hexadecimal digits. */
export async function hmacSha256(key: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  // A key of no bytes is refused.
  const imported = await crypto.subtle.importKey("raw", encoder.encode(`key ${key}`), algorithm, false, ["sign"]);
  return hexOf(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
