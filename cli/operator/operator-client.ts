import type { AuditEntry } from "../../src/operators/audit.ts";
import { AGAIN_MS, type ApiAnswer, EdgeApi, MOST_ATTEMPTS, NoAnswer } from "../edge/edge-api.ts";
import { StartError } from "../edge/program.ts";
import { type RecordLine, RecordLines } from "./record-lines.ts";

type OfDomain<Found> = Found & { readonly domain: string };
export type ConferenceOfDomain = OfDomain<ApiAnswer<"GET /domains/{domain}/conferences/{confKey}">>;
export type RunningOfDomain = OfDomain<ApiAnswer<"POST /domains/{domain}/running-conferences">["conferences"][number]>;
export type AgentsOfBridge = OfDomain<ApiAnswer<"GET /domains/{domain}/agents">["bridges"][number]>;
type Activity = ApiAnswer<"GET /domains/{domain}/activity">;
/** `lastFailure`: of the last hour. */
export type ServerOfDomain = OfDomain<
  Activity["hosts"][number] & Partial<Pick<Activity["minutes"][number]["hosts"][number], "lastFailure">>
>;
export type RecordOfDomain = OfDomain<ApiAnswer<"POST /domains/{domain}/records">["records"][number]>;
export type TroubleOfDomain = ApiAnswer<"GET /domains/{domain}/trouble">["trouble"][number];
export type AuditOfDomain = OfDomain<AuditEntry>;

export type Search = Readonly<Record<string, string | number | undefined>>;

/** What operators ask the edge: the API, and what takes several requests. */
export class OperatorClient extends EdgeApi {
  readonly #zones = new Map<string, string>();
  /** Known once `domains` has asked: whether commands about one domain must name it. */
  hasSeveralDomains = false;

  /** Time zone of a domain that `domains` has found. */
  zoneOf(domain: string): string {
    return this.#zones.get(domain) ?? "UTC";
  }

  /** All domains, or the one that is named, if there is one of that name. */
  async domains(named: string | undefined): Promise<readonly string[]> {
    const { domains } = await this.ask("GET /domains", {});
    for (const { name, timeZone } of domains) this.#zones.set(name, timeZone);
    const names = domains.map(({ name }) => name);
    this.hasSeveralDomains = names.length > 1;
    if (named === undefined) return names;
    if (names.includes(named)) return [named];
    throw new StartError(`there is no domain ${named}; ${known("domain", names)}`);
  }

  /** The domain that is named, or the only one. */
  async domain(named: string | undefined): Promise<string> {
    const [first, ...others] = await this.domains(named);
    if (first === undefined) throw new StartError("the edge has no domain");
    if (others.length === 0) return first;
    throw new StartError(`say which domain by --domain; ${known("domain", [first, ...others])}`);
  }

  /** What each of these domains has, one list after the other. */
  async ofEach<Found extends object>(
    domains: readonly string[],
    find: (domain: string) => Promise<readonly Found[]>,
  ): Promise<OfDomain<Found>[]> {
    const lists = domains.map(async (domain) => (await find(domain)).map((found) => ({ ...found, domain })));
    return (await Promise.all(lists)).flat();
  }

  /** `unreachable`: how many did not answer. */
  async conferences(
    domains: readonly string[],
    { hours, all }: { readonly hours?: number | undefined; readonly all?: boolean } = {},
  ): Promise<{ readonly conferences: readonly ConferenceOfDomain[]; readonly unreachable: number }> {
    const conferences: ConferenceOfDomain[] = [];
    let unreachable = 0;
    for (const domain of domains) {
      const query = { hours, all: all ? 1 : undefined };
      for await (const page of this.pages("GET /domains/{domain}/conferences", { domain }, { query })) {
        for (const conference of page.conferences) conferences.push({ ...conference, domain });
        unreachable += page.unreachable;
      }
    }
    return { conferences, unreachable };
  }

  /** As the directories have them. */
  async running(domains: readonly string[], asks: Search): Promise<readonly RunningOfDomain[]> {
    const conferences: RunningOfDomain[] = [];
    for (const domain of domains) {
      for await (const page of this.pages("POST /domains/{domain}/running-conferences", { domain }, { asks }))
        for (const conference of page.conferences) conferences.push({ ...conference, domain });
    }
    return conferences;
  }

  /** The TSP servers of running conferences, and those for which something waits. */
  async servers(domains: readonly string[]): Promise<FoundServers> {
    const missing = new Set<string>();
    const servers = await this.ofEach(domains, async (domain) => {
      const activity = await this.ask("GET /domains/{domain}/activity", { domain });
      for (const name of activity.missing ?? []) missing.add(name);
      const posts = activity.minutes.flatMap(({ hosts }) => hosts);
      return activity.hosts.map((server) => {
        const lastFailure = posts.findLast((one) => one.host === server.host && one.lastFailure)?.lastFailure ?? null;
        return { ...server, lastFailure };
      });
    });
    return { servers, missing: [...missing] };
  }

  async conference(domain: string, key: string): Promise<ConferenceOfDomain> {
    const found = await this.find("GET /domains/{domain}/conferences/{confKey}", { domain, confKey: key });
    if (found !== null) return { ...found, domain };
    const { conferences } = await this.conferences([domain]);
    const keys = conferences.map((conference) => conference.key);
    throw new StartError(
      `nothing is kept of a conference ${key} in ${domain}; ${known("running conference", keys, "with --all, `conferences` lists those that are over, too")}`,
    );
  }

  agents(domains: readonly string[]): Promise<AgentsOfBridge[]> {
    return this.ofEach(domains, async (domain) => (await this.ask("GET /domains/{domain}/agents", { domain })).bridges);
  }

  /** What is wrong in these domains; what concerns all of them once. */
  async trouble(domains: readonly string[]): Promise<FoundTrouble> {
    const lists = await Promise.all(domains.map((domain) => this.ask("GET /domains/{domain}/trouble", { domain })));
    const all = lists.flatMap(({ trouble }) => trouble);
    return {
      trouble: [...new Map(all.map((one) => [`${one.domain} ${one.id}`, one])).values()],
      unknown: [...new Set(lists.flatMap(({ unknown }) => unknown))],
    };
  }

  /** All records that fit, the oldest first. An answer that breaks off is asked for its rest: no line is missing or there twice. */
  async *exportRecords(
    domain: string,
    format: "csv" | "ndjson",
    filters: Search,
    after: string | undefined,
    notice: (text: string) => void,
  ): AsyncGenerator<RecordLine> {
    let place = after;
    let isBegun = after !== undefined;
    for (let failures = 0; ; ) {
      const asks = { ...filters, format, cursor: place };
      const lines = new RecordLines(format);
      try {
        for await (const piece of this.stream("POST /domains/{domain}/records", { domain }, asks)) {
          for (const line of lines.read(piece)) {
            // The rest has a line of names again.
            if (line.cursor !== null || !isBegun) yield line;
            isBegun = true;
            place = line.cursor ?? place;
            failures = 0;
          }
        }
        return;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        failures += 1;
        const where = place === undefined ? "nothing came yet" : `--after ${place} goes on`;
        if (failures === MOST_ATTEMPTS) throw new StartError(`${error.message}; the export is not whole: ${where}`);
        notice(`${error.message}; is asked again (${where})`);
        await this.pause(AGAIN_MS);
      }
    }
  }

  /** What people have asked of a domain, the latest first: so many, or all since this time. */
  async audit(domain: string, most: number, since: number | undefined): Promise<readonly AuditEntry[]> {
    const query = { limit: since === undefined ? most : 1_000 };
    const found: AuditEntry[] = [];
    for await (const { entries } of this.pages("GET /domains/{domain}/audit", { domain }, { query })) {
      const wanted = entries.filter(({ at }) => since === undefined || at >= since);
      found.push(...wanted);
      if (since === undefined || wanted.length < entries.length) break;
    }
    return found;
  }
}

interface FoundServers {
  readonly servers: readonly ServerOfDomain[];
  /** What else did not say what waits in it. */
  readonly missing: readonly string[];
}

interface FoundTrouble {
  readonly trouble: readonly TroubleOfDomain[];
  /** Kinds of which there may be more. */
  readonly unknown: readonly TroubleOfDomain["kind"][];
}

const MOST_NAMED = 5;

function known(what: string, names: readonly string[], otherwise = ""): string {
  if (names.length === 0) return `there is no ${what}${otherwise && `; ${otherwise}`}`;
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? `the only ${what} is` : `the ${what}s are`} ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}
