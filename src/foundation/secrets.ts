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

const nonceBytes = 12;

/** A text that only who has the key can read, and `unseal` takes only where it is about the same: AES-256-GCM, in characters of a cookie. */
export async function seal(key: string, about: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const encoder = new TextEncoder();
  const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(about) };
  const sealed = await crypto.subtle.encrypt(algorithm, await sealingKey(key), encoder.encode(text));
  const bytes = String.fromCharCode(...iv, ...new Uint8Array(sealed));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `null`: it was sealed by nobody who has the key, is about something else, or was changed. */
export async function unseal(key: string, about: string, sealed: string): Promise<string | null> {
  try {
    const bytes = Uint8Array.from(atob(sealed.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const [iv, rest] = [bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes)];
    const algorithm = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(about) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, await sealingKey(key), rest));
  } catch {
    return null;
  }
}

/** Another one than that of `hmacSha256`. */
async function sealingKey(key: string): Promise<CryptoKey> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`seal ${key}`));
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
