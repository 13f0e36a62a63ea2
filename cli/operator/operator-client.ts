import { StartError } from "../edge/program.ts";
import { type ApiAnswer, EdgeApi } from "./edge-api.ts";

export type OfDomain<Found> = Found & { readonly domain: string };
export type ConferenceOfDomain = OfDomain<ApiAnswer<"GET /domains/{domain}/conferences/{confKey}">>;
export type AgentsOfBridge = OfDomain<ApiAnswer<"GET /domains/{domain}/agents">["bridges"][number]>;

/** The API of an edge, and queries of several requests. `named`: the only domain to ask. */
export class OperatorClient extends EdgeApi {
  /** The time zone of each domain, once they are known. */
  readonly #zones = new Map<string, string>();

  zoneOf(domain: string): string {
    return this.#zones.get(domain) ?? "UTC";
  }

  /** True if commands must name the domain. Known once `domains` has asked. */
  get hasSeveralDomains(): boolean {
    return this.#zones.size > 1;
  }

  async domains(named: string | undefined): Promise<readonly string[]> {
    if (this.#zones.size === 0)
      for (const { name, timeZone } of (await this.ask("GET /domains", {})).domains) this.#zones.set(name, timeZone);
    const names = [...this.#zones.keys()];
    if (named === undefined) return names;
    if (names.includes(named)) return [named];
    throw new StartError(`There is no domain ${named}; ${known("domain", names)}.`);
  }

  /** The domain with this name, or the only one. */
  async domain(named: string | undefined): Promise<string> {
    const [first, ...others] = await this.domains(named);
    if (first === undefined) throw new StartError("The edge has no domain.");
    if (others.length === 0) return first;
    throw new StartError(`Name the domain by --domain; ${known("domain", [first, ...others])}.`);
  }

  /** The rows of each domain, one list after the other. */
  async ofEach<Found extends object>(
    named: string | undefined,
    find: (domain: string) => Promise<readonly Found[]>,
  ): Promise<OfDomain<Found>[]> {
    const domains = await this.domains(named);
    const lists = domains.map(async (domain) => (await find(domain)).map((found) => ({ ...found, domain })));
    return (await Promise.all(lists)).flat();
  }

  /** All of each running conference: each of them is asked. */
  conferences(named: string | undefined): Promise<ConferenceOfDomain[]> {
    return this.ofEach(named, async (domain) => {
      const pages = await this.allPages("GET /domains/{domain}/conferences", { domain });
      return pages.flatMap(({ conferences }) => conferences);
    });
  }

  /** Running conferences as the directories have them. */
  running(named: string | undefined) {
    return this.ofEach(named, async (domain) => {
      const pages = await this.allPages("POST /domains/{domain}/running-conferences", { domain }, { asks: {} });
      return pages.flatMap(({ conferences }) => conferences);
    });
  }

  async conference(domain: string, key: string): Promise<ConferenceOfDomain> {
    const found = await this.find("GET /domains/{domain}/conferences/{confKey}", { domain, confKey: key });
    if (found !== null) return { ...found, domain };
    const keys = (await this.running(domain)).map((conference) => conference.key);
    throw new StartError(`${domain} has no data of a conference ${key}; ${known("running conference", keys)}.`);
  }

  agents(named: string | undefined): Promise<AgentsOfBridge[]> {
    return this.ofEach(named, async (domain) => (await this.ask("GET /domains/{domain}/agents", { domain })).bridges);
  }
}

const MOST_NAMED = 5;

/** Lists existing names, for an error about a missing one. */
export function known(what: string, names: readonly string[]): string {
  if (names.length === 0) return `there is no ${what}`;
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? `the only ${what} is` : `the ${what}s are`} ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}
