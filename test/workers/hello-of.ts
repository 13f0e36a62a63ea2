import { encodeHello, type Hello, helloText } from "../../src/link/hello.ts";
import { agents } from "./test-domains.ts";

/** The header of one of the test's agents; `change` spoils it in one place, before it is signed. */
export async function helloOf(index: 0 | 1, change: Partial<Hello> = {}): Promise<string> {
  const { name, publicKey, seed } = agents[index];
  const place = { domain: "local", bridge: "simulated" };
  const said = { version: 1, agent: name, ...place, at: Date.now(), challenge: "", key: publicKey };
  const hello = { ...said, ...change };
  return encodeHello({ signature: await sign(seed, helloText(hello)), ...hello });
}

async function sign(seed: string, text: string): Promise<string> {
  const pkcs8 = Uint8Array.from(`302e020100300506032b657004220420${seed}`.match(/../g) ?? [], (hex) =>
    Number.parseInt(hex, 16),
  );
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...signature))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
