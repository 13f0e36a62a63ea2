import { type ApiAnswer, EdgeApi } from "../edge/edge-api.ts";
import { StartError } from "../edge/program.ts";

type OfDomain<Found> = Found & { readonly domain: string };
export type ConferenceOfDomain = OfDomain<ApiAnswer<"GET /domains/{domain}/conferences/{confKey}">>;
type RunningOfDomain = OfDomain<ApiAnswer<"POST /domains/{domain}/running-conferences">["conferences"][number]>;
export type AgentsOfBridge = OfDomain<ApiAnswer<"GET /domains/{domain}/agents">["bridges"][number]>;
export type AlertOfDomain = ApiAnswer<"GET /domains/{domain}/alerts">["alerts"][number];

export type Search = Readonly<Record<string, string | number | undefined>>;

/** The API of an edge, and questions that take several requests. */
export class OperatorClient extends EdgeApi {
  readonly #zones = new Map<string, string>();
  /** Known once `domains` has asked: commands about one domain must name it. */
  hasSeveralDomains = false;

  /** Time zone of a domain that `domains` has found. */
  zoneOf(domain: string): string {
    return this.#zones.get(domain) ?? "UTC";
  }

  /** All domains, or only the one with this name. */
  async domains(named: string | undefined): Promise<readonly string[]> {
    const { domains } = await this.ask("GET /domains", {});
    for (const { name, timeZone } of domains) this.#zones.set(name, timeZone);
    const names = domains.map(({ name }) => name);
    this.hasSeveralDomains = names.length > 1;
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

  /** The rows of these domains, one list after the other. */
  async ofEach<Found extends object>(
    domains: readonly string[],
    find: (domain: string) => Promise<readonly Found[]>,
  ): Promise<OfDomain<Found>[]> {
    const lists = domains.map(async (domain) => (await find(domain)).map((found) => ({ ...found, domain })));
    return (await Promise.all(lists)).flat();
  }

  /** All of each running conference: each of them is asked. */
  conferences(domains: readonly string[]): Promise<ConferenceOfDomain[]> {
    return this.ofEach(domains, async (domain) => {
      const pages = await this.allPages("GET /domains/{domain}/conferences", { domain });
      return pages.flatMap(({ conferences }) => conferences);
    });
  }

  /** Running conferences as the directories have them. */
  running(domains: readonly string[], asks: Search): Promise<RunningOfDomain[]> {
    return this.ofEach(domains, async (domain) => {
      const path = "POST /domains/{domain}/running-conferences";
      const pages = await this.allPages(path, { domain }, { asks });
      return pages.flatMap(({ conferences }) => conferences);
    });
  }

  async conference(domain: string, key: string): Promise<ConferenceOfDomain> {
    const found = await this.find("GET /domains/{domain}/conferences/{confKey}", { domain, confKey: key });
    if (found !== null) return { ...found, domain };
    const keys = (await this.running([domain], {})).map((conference) => conference.key);
    throw new StartError(`Nothing is kept of a conference ${key} in ${domain}; ${known("running conference", keys)}.`);
  }

  agents(domains: readonly string[]): Promise<AgentsOfBridge[]> {
    return this.ofEach(domains, async (domain) => (await this.ask("GET /domains/{domain}/agents", { domain })).bridges);
  }

  /** The alerts of these domains; those of the edge once. `unknown`: kinds that may have more alerts. */
  async alerts(domains: readonly string[]) {
    const lists = await Promise.all(domains.map((domain) => this.ask("GET /domains/{domain}/alerts", { domain })));
    const all = lists.flatMap(({ alerts }) => alerts);
    return {
      alerts: [...new Map(all.map((one) => [`${one.domain} ${one.id}`, one])).values()],
      unknown: [...new Set(lists.flatMap(({ unknown }) => unknown))],
    };
  }
}

const MOST_NAMED = 5;

/** Names what there is, in place of something that is not there. */
export function known(what: string, names: readonly string[]): string {
  if (names.length === 0) return `there is no ${what}`;
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? `the only ${what} is` : `the ${what}s are`} ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}
