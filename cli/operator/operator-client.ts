import { segmentOf } from "../../src/foundation/text/path-segment.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { DomainActivity, GivenUpPage, HostLoad, ListedConference, PlacedRecord } from "../../src/rpc/directory.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import type { TestRowsPage } from "../../src/rpc/replay.ts";
import type { Explanation, StoryLine } from "../../src/rpc/story.ts";
import type { MeetingAnswer, ProvisioningState } from "../../src/rpc/webex-site.ts";
import { AGAIN_MS, EdgeApi, MOST_ATTEMPTS, NoAnswer } from "../edge/edge-api.ts";
import type { EdgeAddress } from "../edge/find-edge.ts";
import { StartError } from "../edge/supervise.ts";
import { type RecordLine, RecordLines } from "./record-lines.ts";

/** A conference, and the domain that it is in. */
export type ConferenceOfDomain = ConferenceView & {
  readonly domain: string;
  /** As the domain's WebEx site called it, where that is cached. */
  readonly topic?: string;
};

export interface AgentsOfBridge {
  readonly domain: string;
  readonly bridge: string;
  /** Since when it takes no new conferences; `null`: it takes them. */
  readonly drainedSince: number | null;
  /** What it carries; `null`: nobody knows. */
  readonly load: { readonly conferences: number; readonly callers: number } | null;
  /** `null`: the bridge's relay does not answer. */
  readonly agents: readonly AgentView[] | null;
}

export interface ConferenceList {
  readonly conferences: readonly ConferenceOfDomain[];
  /** How many did not answer. */
  readonly unreachable: number;
}

/** What operators ask the edge. */
export class OperatorClient {
  readonly #api: EdgeApi;

  constructor(edge: EdgeAddress, wait?: (ms: number) => Promise<unknown>) {
    this.#api = new EdgeApi(edge, wait);
  }

  /** All domains, or the one that is named, if there is one of that name. */
  async domains(named: string | undefined): Promise<readonly string[]> {
    const { domains } = await this.#api.ask<{ domains: readonly { name: string }[] }>("domains");
    const names = domains.map(({ name }) => name);
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

  async conferences(
    domains: readonly string[],
    { hours, all }: { readonly hours?: number; readonly all?: boolean } = {},
  ): Promise<ConferenceList> {
    const conferences: ConferenceOfDomain[] = [];
    let unreachable = 0;
    for (const domain of domains) {
      let before: string | null = null;
      do {
        const query = new URLSearchParams();
        if (hours !== undefined) query.set("hours", String(hours));
        if (all) query.set("all", "1");
        if (before !== null) query.set("before", before);
        const page: ConferencePage = await this.#api.ask<ConferencePage>(`domains/${domain}/conferences?${query}`);
        for (const conference of page.conferences) conferences.push({ ...conference, domain });
        unreachable += page.unreachable;
        before = page.next;
      } while (before !== null);
    }
    return { conferences, unreachable };
  }

  /**
   * The conferences that run, as the directories have them. A directory that was started anew asks those that have not reported to it,
   * so it is asked once more; `unknown` counts those that have not by then.
   */
  async running(domains: readonly string[], search: RunningSearch): Promise<RunningConferences> {
    const first = await this.#running(domains, search);
    if (first.unknown === 0) return first;
    await this.#api.pause(AGAIN_MS);
    return this.#running(domains, search);
  }

  async #running(domains: readonly string[], search: RunningSearch): Promise<RunningConferences> {
    const conferences: RunningOfDomain[] = [];
    let unknown = 0;
    for (const domain of domains) {
      let cursor: string | null = null;
      do {
        const query: URLSearchParams = new URLSearchParams({ ...search, ...(cursor !== null && { cursor }) });
        const page: RunningList = await this.#api.ask<RunningList>(`domains/${domain}/running-conferences?${query}`);
        for (const conference of page.conferences) conferences.push({ ...conference, domain });
        cursor = page.next;
        if (cursor === null) unknown += page.unknown;
      } while (cursor !== null);
    }
    return { conferences, unknown };
  }

  /** The TSP servers of conferences that run; `unknown`: as in `running`. */
  async hosts(
    domains: readonly string[],
  ): Promise<{ readonly hosts: readonly HostOfDomain[]; readonly unknown: number }> {
    const lists = domains.map(async (domain) => {
      const { hosts, unknown } = await this.#api.ask<DomainActivity>(`domains/${domain}/activity`);
      return { hosts: hosts.map((host) => ({ ...host, domain })), unknown };
    });
    const all = await Promise.all(lists);
    return { hosts: all.flatMap(({ hosts }) => hosts), unknown: all.reduce((sum, { unknown }) => sum + unknown, 0) };
  }

  async conference(domain: string, key: string): Promise<ConferenceOfDomain> {
    const found = await this.#api.find<ConferenceView>(`domains/${domain}/conferences/${segmentOf(key)}`);
    if (found !== null) return { ...found, domain };
    const { conferences } = await this.conferences([domain]);
    const keys = conferences.map((conference) => conference.key);
    throw new StartError(
      `nothing is kept of a conference ${key} in ${domain}; ${known("running conference", keys, "with --all, `conferences` lists those that are over, too")}`,
    );
  }

  async story(domain: string, key: string): Promise<readonly StoryLine[]> {
    const path = `domains/${domain}/conferences/${segmentOf(key)}/story`;
    return (await this.#api.ask<{ lines: readonly StoryLine[] }>(path)).lines;
  }

  /** Answers to what people ask about a conference, or about one of its calls. */
  async explain(domain: string, key: string, call: string | undefined): Promise<readonly Explanation[]> {
    const query = call === undefined ? "" : `?${new URLSearchParams({ call })}`;
    const path = `domains/${domain}/conferences/${segmentOf(key)}/explain${query}`;
    return (await this.#api.ask<{ answers: readonly Explanation[] }>(path)).answers;
  }

  /** The journal of a conference as a test needs it, page by page. */
  async testRows(domain: string, key: string): Promise<readonly TestRowsPage[]> {
    const path = `domains/${domain}/conferences/${segmentOf(key)}/test-rows`;
    const pages: TestRowsPage[] = [];
    for (let next: number | string | null = 0; next !== null; next = pages.at(-1)?.next ?? null)
      pages.push(await this.#api.ask<TestRowsPage>(`${path}?cursor=${next}`));
    return pages;
  }

  /** What the domain's WebEx site says of a conference. */
  async meeting(domain: string, key: string, attendeeId: string | undefined): Promise<MeetingAnswer> {
    await this.conference(domain, key); // Says which ones there are, where this is none.
    const query = attendeeId === undefined ? "" : `?${new URLSearchParams({ attendeeId })}`;
    const found = await this.#api.find<MeetingAnswer>(
      `domains/${domain}/conferences/${segmentOf(key)}/meeting${query}`,
    );
    if (found !== null) return found;
    throw new StartError(`the domain ${domain} has no webexSite in its settings: nothing is known of its meetings`);
  }

  /** The access code of the meeting of a conference, for who may read secrets. */
  async accessCode(domain: string, key: string): Promise<string> {
    const path = `domains/${domain}/conferences/${segmentOf(key)}/meeting/access-code`;
    return (await this.#api.request<{ readonly accessCode: string }>(path, { method: "POST" })).accessCode;
  }

  /** What the last provisioning check found; `now`: begins one first, unless one runs. */
  async provisioning(domain: string, now = false): Promise<ProvisioningState> {
    const found = await this.#api.find<ProvisioningState>(`domains/${domain}/provisioning-check`, now ? "POST" : "GET");
    if (found !== null) return found;
    throw new StartError(`the domain ${domain} has no webexSite in its settings: there is nothing to compare`);
  }

  async agents(domains: readonly string[]): Promise<readonly AgentsOfBridge[]> {
    const lists = domains.map(async (domain) => {
      const { bridges } = await this.#api.ask<{ bridges: readonly AgentsOfBridge[] }>(`domains/${domain}/agents`);
      return bridges.map((bridge) => ({ ...bridge, domain }));
    });
    return (await Promise.all(lists)).flat();
  }

  /** Since when the bridge is drained; `null`: it takes new conferences. */
  async drain(domain: string, bridge: string, drained: boolean): Promise<number | null> {
    const path = `domains/${domain}/bridges/${encodeURIComponent(bridge)}/drain`;
    return (
      await this.#api.request<{ readonly drainedSince: number | null }>(path, { method: drained ? "PUT" : "DELETE" })
    ).drainedSince;
  }

  /** The agent that acts now, in place of this one. */
  async handOver(domain: string, bridge: string, from: string): Promise<string> {
    const path = `domains/${domain}/bridges/${encodeURIComponent(bridge)}/hand-over`;
    return (await this.#api.request<{ readonly acts: string }>(path, { method: "POST", body: { from } })).acts;
  }

  /** Takes a number out of all records of a domain; how many had it. */
  async erase(domain: string, number: string): Promise<number> {
    let erased = 0;
    for await (const page of this.#api.inPortions(`domains/${domain}/records/erasures`, { number }))
      erased += page.erased ?? 0;
    return erased;
  }

  /** Has the conferences of the last week report to the directory anew; `notice` hears after each portion how many have. */
  async rebuild(
    domain: string,
    notice: (reported: number) => void,
  ): Promise<{ readonly reported: number; readonly failed: readonly string[] }> {
    let reported = 0;
    const failed: string[] = [];
    for await (const page of this.#api.inPortions(`domains/${domain}/records/rebuild`)) {
      reported += page.told ?? 0;
      failed.push(...(page.failed ?? []));
      notice(reported);
    }
    return { reported, failed };
  }

  /** Documents that were given up, the latest first. */
  async givenUp(domain: string, limit: number): Promise<readonly ListedPost[]> {
    return (await this.#api.ask<{ posts: readonly ListedPost[] }>(`domains/${domain}/given-up-posts?limit=${limit}`))
      .posts;
  }

  async givenUpPost(domain: string, id: string): Promise<ShownPost> {
    const found = await this.#api.find<ShownPost>(`domains/${domain}/given-up-posts/${encodeURIComponent(id)}`);
    if (found !== null) return found;
    throw new StartError(
      `nothing that was given up goes by ${id} in ${domain}; \`bridgehead given-up\` lists what was`,
    );
  }

  /** The id of the action in its conference. Rejects with the edge's words where it is refused. */
  async sendAgain(domain: string, id: string): Promise<string> {
    const path = `domains/${domain}/given-up-posts/${encodeURIComponent(id)}/send`;
    return ((await this.#api.insist(path, { method: "POST" })) as { readonly id: string }).id;
  }

  /** How many were ended. */
  async endSessions(person: string): Promise<number> {
    return (await this.#api.ask<{ ended: number }>(`people/${encodeURIComponent(person)}/sessions`, "DELETE")).ended;
  }

  /** Has a conference do something; rejects with the edge's words where it is refused. `id` names the action: what is not answered is asked again. */
  async act(domain: string, key: string, request: object, id: string): Promise<void> {
    const path = `domains/${domain}/conferences/${segmentOf(key)}/actions`;
    await this.#api.insist(path, { method: "POST", body: request, actionId: id });
  }

  /** How far an action has come; `null`: the conference's journal does not have it. */
  action(domain: string, key: string, id: string): Promise<ActionStages | null> {
    const path = `domains/${domain}/conferences/${segmentOf(key)}/actions/${encodeURIComponent(id)}`;
    return this.#api.find<ActionStages>(path);
  }

  /** One page of records, the latest first, and whether there are more. */
  async records(
    domain: string,
    filters: RecordSelection,
  ): Promise<{ readonly records: readonly ListedRecord[]; readonly next: string | null }> {
    return this.#api.ask(`domains/${domain}/records?${new URLSearchParams({ ...filters, order: "newest" })}`);
  }

  /**
   * All records that fit, the oldest first, line by line as they come; behind a place, a table has no line of names. Where the answer breaks off it is asked for the rest:
   * no line is missing or there twice.
   */
  async *exportRecords(
    domain: string,
    format: "csv" | "ndjson",
    filters: RecordSelection,
    after: string | undefined,
    notice: (text: string) => void,
  ): AsyncGenerator<RecordLine> {
    let place = after;
    let isBegun = after !== undefined;
    for (let failures = 0; ; ) {
      const query = new URLSearchParams({ ...filters, format, ...(place !== undefined && { cursor: place }) });
      const lines = new RecordLines(format);
      try {
        for await (const piece of this.#api.stream(`domains/${domain}/records?${query}`)) {
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
        await this.#api.pause(AGAIN_MS);
      }
    }
  }

  /** What people have asked of a domain, the latest first: so many, or all since this time. */
  async audit(domain: string, most: number, since: number | undefined): Promise<readonly AuditEntry[]> {
    const found: AuditEntry[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: since === undefined ? String(most) : "1000" });
      if (cursor !== null) query.set("cursor", cursor);
      type Page = { readonly entries: readonly AuditEntry[]; readonly next: string | null };
      const page: Page = await this.#api.ask<Page>(`domains/${domain}/audit?${query}`);
      const wanted = page.entries.filter(({ at }) => since === undefined || at >= since);
      found.push(...wanted);
      cursor = since === undefined || wanted.length < page.entries.length ? null : page.next;
    } while (cursor !== null);
    return found;
  }
}

/** By what running conferences are looked for, as the API has it. */
export type RunningSearch = Readonly<Partial<Record<"begins" | "number" | "attendeeId", string>>>;

/** A conference that runs, and the domain that it is in. */
export type RunningOfDomain = ListedConference & { readonly domain: string; readonly topic?: string };

interface RunningConferences {
  readonly conferences: readonly RunningOfDomain[];
  readonly unknown: number;
}

/** A TSP server, and a domain that has conferences with it. */
export type HostOfDomain = HostLoad & { readonly domain: string };

interface RunningList {
  readonly conferences: readonly (ListedConference & { readonly topic?: string })[];
  readonly next: string | null;
  readonly unknown: number;
}

/** A document that was given up, as the API lists it. */
export type ListedPost = GivenUpPage["posts"][number];

/** The same with what stood in it. */
export type ShownPost = ListedPost & {
  readonly document: string | null;
  readonly notSentAgain: string | null;
  readonly again: ActionStages | null;
};

/** Query parameters of records, as the API has them. */
export type RecordSelection = Readonly<Record<string, string>>;

/** A record as the API lists it. */
export type ListedRecord = PlacedRecord["record"] & { readonly cursor: string; readonly recordedAt: number };

interface ConferencePage {
  readonly conferences: readonly ConferenceView[];
  readonly next: string | null;
  readonly unreachable: number;
}

const MOST_NAMED = 5;

function known(what: string, names: readonly string[], otherwise = ""): string {
  if (names.length === 0) return `there is no ${what}${otherwise && `; ${otherwise}`}`;
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? `the only ${what} is` : `the ${what}s are`} ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}
