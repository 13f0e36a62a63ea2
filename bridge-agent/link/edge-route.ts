import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { getProxyForUrl } from "proxy-from-env";
import { isLoopback } from "../../src/foundation/loopback.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import type { AgentSettings } from "../service/settings.ts";

/** The edge's addresses, in the order in which they are tried. */
export function edgeAddresses({ edge }: Pick<AgentSettings, "edge">): readonly string[] {
  return typeof edge === "string" ? [edge] : edge;
}

/** The host of an address, without brackets. */
export function hostOf(address: string): string {
  return new URL(address).hostname.replace(/^\[|\]$/g, "");
}

/**
 * The proxy that the environment names for this address (HTTPS_PROXY or ALL_PROXY, unless NO_PROXY has its host); `null`: none, as for this
 * machine itself and without TLS. What it throws is a sentence that names no password.
 */
export function proxyFor(address: string): URL | null {
  if (!address.startsWith("wss:") || isLoopback(hostOf(address))) return null;
  const named = getProxyForUrl(address.replace(/^wss/, "https"));
  if (named === "") return null;
  // To one that is written without a scheme, the library adds that of the address; curl and most others mean http.
  const url = Object.values(process.env).includes(named) ? named : named.replace(/^https/, "http");
  const proxy = URL.canParse(url) ? new URL(url) : null;
  if (proxy && /^https?:$/.test(proxy.protocol)) return proxy;
  throw new Error("the proxy in HTTPS_PROXY or ALL_PROXY must be an address such as http://proxy.example.com:3128");
}

/** Without user and password. */
export function shownProxy({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

/** " through the proxy …", or nothing. */
export function throughProxy(address: string): string {
  try {
    const proxy = proxyFor(address);
    return proxy ? ` through the proxy ${shownProxy(proxy)}` : "";
  } catch {
    return ""; // What is wrong is said by whoever wants to connect.
  }
}

/** The certificates of the file that `ca` names. What it throws is a sentence. */
export function readCa(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`ca: ${file} cannot be read: ${reasonOf(error)}`);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (error) {
    throw new Error(`ca: ${file} has a certificate that cannot be read: ${reasonOf(error)}`);
  }
  if (certificates.length > 0) return text;
  throw new Error(`ca: ${file} has no certificate: write one or more there, each from -----BEGIN CERTIFICATE----- on`);
}

/** How to connect, made anew each time: the file and the environment may have changed. What it throws is a sentence. */
export function edgeRoute(address: string, { ca }: Pick<AgentSettings, "ca">): { agent?: Agent; ca?: string } {
  if (!address.startsWith("wss:")) return {};
  const proxy = proxyFor(address);
  // An older Node would leave the proxy out without a word.
  if (proxy && !process.allowedNodeEnvironmentFlags.has("--use-env-proxy"))
    throw new Error(`this Node (${process.version}) knows no proxies: run the agent by Node 24.5 or newer`);
  return {
    ...(proxy && { agent: new Agent({ proxyEnv: { HTTPS_PROXY: proxy.href } }) }),
    ...(ca !== undefined && { ca: readCa(ca) }),
  };
}
