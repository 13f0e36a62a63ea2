import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isLoopback } from "../src/foundation/loopback.ts";
import type {
  AgentView,
  ConferenceView,
  Explanation,
  MeetingAnswer,
  ProvisioningState,
  StoryLine,
} from "../src/rpc.ts";
import { type EdgeSettings, loadEdgeSettings, readCommentedJson, settingsFile } from "./edge-settings.ts";
import { sendable } from "./edge-state.ts";
import { StartError } from "./supervise.ts";
import { systemReason } from "./system-reason.ts";
import { urlHere } from "./workerd.ts";

/** How long one answer may take: a list asks its conferences one after another. */
const PATIENCE_MS = 30_000;

/** Which edge is asked, and by which token; each with the words for where it comes from. */
export interface EdgeAddress {
  readonly url: string;
  readonly urlFrom: string;
  readonly token: string;
  readonly tokenFrom: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Where an edge is looked for that no variable names. */
export interface EdgePlaces {
  /** State of a local run, which counts only where it is `uid`'s own: anybody may have put one into the current folder. */
  readonly folder: string;
  readonly settings: string;
  readonly uid: number | undefined;
}

const usualPlaces: EdgePlaces = { folder: ".bridgehead", settings: settingsFile, uid: process.getuid?.() };

/**
 * The edge of BRIDGEHEAD_URL and OPERATOR_TOKEN. What they leave out is that of the local run of BRIDGEHEAD_STATE, or else in this
 * folder, and else that of the settings file; nothing is read that they give. Throws a `StartError` that says what to set.
 */
export function findEdge(variables: Variables, places: EdgePlaces = usualPlaces): EdgeAddress {
  const { BRIDGEHEAD_URL: givenUrl, OPERATOR_TOKEN: givenToken } = variables;
  const { url, urlFrom } = givenUrl
    ? { url: rightUrl(givenUrl), urlFrom: "BRIDGEHEAD_URL" }
    : addressIn(placeOf(variables, places));
  if (givenToken && !givenUrl && !isLoopback(new URL(url).hostname)) {
    throw new StartError(
      `OPERATOR_TOKEN is not sent to ${url}, which only ${urlFrom} names; set BRIDGEHEAD_URL as well`,
    );
  }
  const { token, tokenFrom } = givenToken
    ? { token: givenToken, tokenFrom: "OPERATOR_TOKEN" }
    : tokenOf(placeOf(variables, places));
  if (!sendable.test(token))
    throw new StartError(`the operator's token of ${tokenFrom} holds what no request could send`);
  return { url, urlFrom, token, tokenFrom };
}

function rightUrl(given: string): string {
  const url = given.replace(/\/+$/, "");
  if (/^https?:\/\/[^/]/.test(url) && URL.canParse(url)) return url;
  throw new StartError(`BRIDGEHEAD_URL is "${url}"; it must be an address such as http://127.0.0.1:8787`);
}

type Place =
  | { readonly type: "local-run"; readonly folder: string }
  | { readonly type: "settings"; readonly file: string }
  | { readonly type: "none"; readonly folder: string; readonly settings: string };

function placeOf({ BRIDGEHEAD_STATE }: Variables, { folder: usual, settings, uid }: EdgePlaces): Place {
  const folder = BRIDGEHEAD_STATE || usual;
  const isRun = existsSync(join(folder, "agent.json"));
  const isOurs = Boolean(BRIDGEHEAD_STATE) || (isRun && statSync(folder).uid === uid);
  if (isRun && isOurs) return { type: "local-run", folder };
  if (existsSync(settings)) return { type: "settings", file: settings };
  if (!isRun) return { type: "none", folder, settings };
  throw new StartError(
    `the local run in ${folder} belongs to another user; set BRIDGEHEAD_STATE=${folder} if it is meant, or BRIDGEHEAD_URL and OPERATOR_TOKEN`,
  );
}

function addressIn(place: Place): Pick<EdgeAddress, "url" | "urlFrom"> {
  if (place.type === "local-run") {
    const local = join(place.folder, "agent.json");
    const read = readCommentedJson(local);
    const edge = read.ok ? (read.value as { readonly edge?: unknown } | null)?.edge : undefined;
    if (typeof edge !== "string" || !URL.canParse(edge)) throw new StartError(`${local} says no edge`);
    return { url: edge.replace(/^ws/, "http"), urlFrom: local };
  }
  if (place.type === "settings") {
    const { host, port } = settingsIn(place.file);
    return { url: urlHere(host, port), urlFrom: place.file };
  }
  const { folder, settings } = place;
  return {
    url: "http://127.0.0.1:8787",
    urlFrom: `by default, as there is neither ${join(folder, "agent.json")} nor ${settings}`,
  };
}

function tokenFileIn(place: Place): string {
  return place.type === "settings" ? settingsIn(place.file).operatorTokenFile : join(place.folder, "operator-token");
}

function tokenOf(place: Place): Pick<EdgeAddress, "token" | "tokenFrom"> {
  const file = tokenFileIn(place);
  if (place.type !== "none" || existsSync(file)) return tokenIn(file);
  const { folder, settings } = place;
  throw new StartError(
    `there is no operator's token: OPERATOR_TOKEN is not set, and there is neither a local run in ${folder} nor ${settings}, which names its file`,
  );
}

function settingsIn(file: string): EdgeSettings {
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) throw new StartError(loaded.error);
  return loaded.value;
}

function tokenIn(file: string): Pick<EdgeAddress, "token" | "tokenFrom"> {
  try {
    return { token: readFileSync(file, "utf8").trim(), tokenFrom: file };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new StartError(
      `there is no operator's token: OPERATOR_TOKEN is not set, and ${file} ${isMissing ? "is not there" : `cannot be read (${systemReason(error)})`}`,
    );
  }
}

/** A conference, and the domain that it is in. */
export type ConferenceOfDomain = ConferenceView & {
  readonly domain: string;
  /** As the domain's WebEx site called it, where that is cached. */
  readonly topic?: string;
};

export interface BridgeAgents {
  readonly domain: string;
  readonly bridge: string;
  /** `null`: the bridge's relay does not answer. */
  readonly agents: readonly AgentView[] | null;
}

export interface ConferenceList {
  readonly conferences: readonly ConferenceOfDomain[];
  /** How many did not answer. */
  readonly unreachable: number;
}

/** What operators ask the edge. What a person can put right is thrown as a `StartError`. */
export class OperatorClient {
  readonly #edge: EdgeAddress;

  constructor(edge: EdgeAddress) {
    this.#edge = edge;
  }

  /** All domains, or the one that is named, if there is one of that name. */
  async domains(named: string | undefined): Promise<readonly string[]> {
    const { domains } = await this.#ask<{ domains: readonly { name: string }[] }>("domains");
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
        const page: ConferencePage = await this.#ask<ConferencePage>(`domains/${domain}/conferences?${query}`);
        for (const conference of page.conferences) conferences.push({ ...conference, domain });
        unreachable += page.unreachable;
        before = page.next;
      } while (before !== null);
    }
    return { conferences, unreachable };
  }

  async conference(domain: string, key: string): Promise<ConferenceOfDomain> {
    const found = await this.#find<ConferenceView>(`domains/${domain}/conferences/${encodeURIComponent(key)}`);
    if (found !== null) return { ...found, domain };
    const { conferences } = await this.conferences([domain]);
    const keys = conferences.map((conference) => conference.key);
    throw new StartError(
      `nothing is kept of a conference ${key} in ${domain}; ${known("running conference", keys, "with --all, `conferences` lists those that are over, too")}`,
    );
  }

  async story(domain: string, key: string): Promise<readonly StoryLine[]> {
    const path = `domains/${domain}/conferences/${encodeURIComponent(key)}/story`;
    return (await this.#ask<{ lines: readonly StoryLine[] }>(path)).lines;
  }

  /** Answers to what people ask about a conference, or about one of its calls. */
  async explain(domain: string, key: string, call: string | undefined): Promise<readonly Explanation[]> {
    const query = call === undefined ? "" : `?${new URLSearchParams({ call })}`;
    const path = `domains/${domain}/conferences/${encodeURIComponent(key)}/explain${query}`;
    return (await this.#ask<{ answers: readonly Explanation[] }>(path)).answers;
  }

  /** What the domain's WebEx site says of a conference. */
  async meeting(domain: string, key: string, attendeeId: string | undefined): Promise<MeetingAnswer> {
    await this.conference(domain, key); // Says which ones there are, where this is none.
    const query = attendeeId === undefined ? "" : `?${new URLSearchParams({ attendeeId })}`;
    const found = await this.#find<MeetingAnswer>(
      `domains/${domain}/conferences/${encodeURIComponent(key)}/meeting${query}`,
    );
    if (found !== null) return found;
    throw new StartError(`the domain ${domain} has no webexSite in its settings: nothing is known of its meetings`);
  }

  /** What the last provisioning check found; `now`: begins one first, unless one runs. */
  async provisioning(domain: string, now = false): Promise<ProvisioningState> {
    const found = await this.#find<ProvisioningState>(`domains/${domain}/provisioning-check`, now ? "POST" : "GET");
    if (found !== null) return found;
    throw new StartError(`the domain ${domain} has no webexSite in its settings: there is nothing to compare`);
  }

  async agents(domains: readonly string[]): Promise<readonly BridgeAgents[]> {
    const lists = domains.map(async (domain) => {
      const { bridges } = await this.#ask<{ bridges: readonly BridgeAgents[] }>(`domains/${domain}/agents`);
      return bridges.map((bridge) => ({ ...bridge, domain }));
    });
    return (await Promise.all(lists)).flat();
  }

  /** How many were ended. */
  async endSessions(person: string): Promise<number> {
    return (await this.#ask<{ ended: number }>(`people/${encodeURIComponent(person)}/sessions`, "DELETE")).ended;
  }

  async #ask<Answer>(path: string, method: "GET" | "DELETE" = "GET"): Promise<Answer> {
    const found = await this.#find<Answer>(path, method);
    if (found === null) throw new StartError(`${this.#edge.url} does not know /api/v1/${path}: is it another version?`);
    return found;
  }

  /** `null`: the edge has no such thing. */
  async #find<Answer>(path: string, method: "GET" | "POST" | "DELETE" = "GET"): Promise<Answer | null> {
    const { url, urlFrom, token, tokenFrom } = this.#edge;
    const request = { method, headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(PATIENCE_MS) };
    const asked = fetch(`${url}/api/v1/${path}`, request).then(async (response) => ({
      response,
      text: await response.text(), // An answer may break off.
    }));
    const { response, text } = await asked.catch((error: unknown) => {
      const { cause } = error as Error;
      const why = cause instanceof Error ? ("code" in cause && cause.code) || cause.message : (error as Error).message;
      throw new StartError(`no edge answers at ${url}, which is from ${urlFrom} (${why})`);
    });
    const answer = parsed(text);
    if (response.ok && answer !== undefined) return answer as Answer;
    if (response.status === 401) {
      throw new StartError(`the edge at ${url} refuses the operator's token of ${tokenFrom} (401)`);
    }
    const detail = (answer as { detail?: string } | undefined)?.detail;
    if (response.status === 404 && detail !== undefined) return null;
    throw new StartError(`${url} answers ${response.status}${detail ? `: ${detail}` : ", and not as an edge does"}`);
  }
}

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

/** `undefined`: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
