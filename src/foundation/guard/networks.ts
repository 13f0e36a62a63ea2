import ipaddr from "ipaddr.js";
import { isLoopback } from "../loopback.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The address that a text names, in its usual spelling: without port, brackets and zone, IPv4 within IPv6 as IPv4. `null`: none. */
export function addressIn(text: string): string | null {
  return parsed(text)?.toString() ?? null;
}

/** What one person or company has: of an IPv6 address its first half. What is no address stays as it is. */
export function networkOf(text: string): string {
  const address = parsed(text);
  if (address === null || address.kind() === "ipv4") return address?.toString() ?? text;
  return `${(address as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::`;
}

/** Whether a text is an address, or a network such as `192.0.2.0/24`. */
export function isNetwork(text: string): boolean {
  return rangeOf(text) !== null;
}

/** Some networks, and single addresses among them. */
export class Networks {
  readonly #ranges: readonly (readonly [Address, number])[];

  constructor(networks: readonly string[]) {
    this.#ranges = networks.flatMap((network) => {
      const range = rangeOf(network);
      return range ? [range] : [];
    });
  }

  has(text: string): boolean {
    const address = parsed(text);
    return address !== null && this.#ranges.some(([base, bits]) => isWithin(address, base, bits));
  }
}

/** By the list, as the settings have it. */
const known = new WeakMap<readonly string[], Networks>();

/** The same networks for the same list. */
export function networksIn(list: readonly string[]): Networks {
  const networks = known.get(list) ?? new Networks(list);
  known.set(list, networks);
  return networks;
}

/** For whom a proxy on this machine asks that the settings do not name, or that says no address: they are one. */
export const unnamedProxy = "127.0.0.1, for others";

/**
 * Who asks, where `peer` is connected and `forwarded` came along (`X-Forwarded-For`): the last address there that is no proxy's of ours. What is
 * before it, a stranger may have written.
 */
export function clientOf(peer: string, forwarded: string | null, proxies: Networks): string {
  const address = addressIn(peer) ?? peer;
  if (forwarded === null) return address;
  if (!proxies.has(address)) return isLoopback(address) ? unnamedProxy : address;
  let client = address;
  for (const entry of forwarded.split(",").reverse()) {
    const said = addressIn(entry);
    // Whoever passed on what is no address vouches for none before it, either. It need not be of this machine.
    if (said === null) return isLoopback(client) ? unnamedProxy : client;
    // A stranger may have written that it is this machine.
    if (!proxies.has(said)) return isLoopback(said) ? client : said;
    client = said;
  }
  return client;
}

function isWithin(address: Address, base: Address, bits: number): boolean {
  return address.kind() === base.kind() && address.match([base, bits] as never);
}

function rangeOf(text: string): readonly [Address, number] | null {
  const [base = "", bits] = text.split("/");
  const address = parsed(base);
  if (address === null || base !== base.trim() || base.includes("[") || text.split("/").length > 2) return null;
  const most = address.kind() === "ipv4" ? 32 : 128;
  if (bits === undefined) return [address, most];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? [address, Number(bits)] : null;
}

function parsed(text: string): Address | null {
  const trimmed = text.trim();
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed) ?? [];
  const bare = (inBrackets ?? trimmed.replace(/^([\d.]+):\d{1,5}$/, "$1")).replace(/%.*$/, "");
  // The library also takes "1", "0x7f.1" and "010.0.0.1" for addresses, and each reader for another one.
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(bare) || (bare.includes(":") && ipaddr.IPv6.isValid(bare));
  return isAddress ? ipaddr.process(bare) : null;
}
