import type { Ports } from "./ports.ts";
import { printable } from "./printable.ts";

const ANSWER_MS = 5_000;
/** Of one fact: more is no name of a version or of settings. */
const MOST_CHARACTERS = 200;

/**
 * What the adapter is, by the facts `NAME=TEXT` and the addresses that were given; without an address, by what `/healthz` beside the
 * adapter says, as Bridgehead's does. Of JSON the texts and numbers at its top count, but for `status`.
 */
export async function testedAdapter(
  ports: Ports,
  adapterUrl: string,
  about: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const isAddress = (one: string) => /^https?:/.test(one);
  const given = about.filter((one) => !isAddress(one)).map((one) => /^([^=]+)=(.*)$/s.exec(one)?.slice(1) ?? []);
  const addresses = about.some(isAddress) ? about.filter(isAddress) : [`${new URL(adapterUrl).origin}/healthz`];
  const answers = await Promise.all(addresses.map((url) => factsAt(ports, url)));
  const facts = Object.fromEntries([...answers.flat(), ...given]) as Record<string, string>;
  const unknown = (name: string) => `unknown (--about ${name}=… names it)`;
  return { version: unknown("version"), settings: unknown("settings"), bridge: unknown("bridge"), ...facts };
}

async function factsAt(ports: Ports, url: string): Promise<[string, string][]> {
  try {
    const { body } = await ports.send({ method: "GET", url, body: "", timeoutMs: ANSWER_MS });
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== "object" || answer === null) return [];
    return Object.entries(answer).flatMap(([name, value]) =>
      name !== "status" && (typeof value === "string" || typeof value === "number")
        ? [[printable(name), printable(String(value).slice(0, MOST_CHARACTERS))] as [string, string]]
        : [],
    );
  } catch {
    // An adapter need not have such an address.
    return [];
  }
}
