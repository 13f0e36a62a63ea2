/**
 * Whether a text from a stranger is one of the expected ones. Hashes are of one length and unforeseeable, and all are
 * compared in full: neither length nor time tells how much of a guess was right.
 */
export async function isOneOf(expected: readonly string[], given: string): Promise<boolean> {
  const [actual = "", ...hashes] = await Promise.all([given, ...expected].map(sha256));
  return indexOfEqual(hashes, actual) >= 0;
}

/** The last of these hashes that equals the given one; -1: none does. All are compared in full. */
export function indexOfEqual(hashes: readonly string[], given: string): number {
  let found = -1;
  for (const [index, hash] of hashes.entries()) {
    let difference = hash.length ^ given.length;
    for (let at = 0; at < hash.length; at += 1) difference |= hash.charCodeAt(at) ^ (given.charCodeAt(at) || 0);
    found = difference === 0 ? index : found;
  }
  return found;
}

/** In hexadecimal digits. */
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
