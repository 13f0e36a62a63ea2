/** Whether a stranger's text is one of these. Hashes are compared in full: no time tells how right a guess was. */
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
