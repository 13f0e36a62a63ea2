import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentView, ConferenceView, StoryLine } from "../src/rpc.ts";
import { loadEdgeSettings, readCommentedJson, settingsFile } from "./edge-settings.ts";
import { sendable } from "./edge-state.ts";
import { reason, StartError } from "./supervise.ts";

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

/** The edge of BRIDGEHEAD_URL and OPERATOR_TOKEN; by default that of the local run in this folder, and else that of the settings file. */
export function findEdge(variables: Variables, settings = settingsFile): EdgeAddress {
  const { url, urlFrom, tokenFile } = usualEdge(variables.BRIDGEHEAD_STATE || ".bridgehead", settings);
  const given = variables.BRIDGEHEAD_URL?.replace(/\/+$/, "");
  if (given && !(/^https?:\/\/[^/]/.test(given) && URL.canParse(given))) {
    throw new StartError(`BRIDGEHEAD_URL is "${given}"; it must be an address such as http://127.0.0.1:8787`);
  }
  const { token, tokenFrom } = tokenOf(variables, tokenFile);
  return { url: given || url, urlFrom: given ? "BRIDGEHEAD_URL" : urlFrom, token, tokenFrom };
}

function usualEdge(folder: string, settings: string) {
  const local = join(folder, "agent.json");
  if (existsSync(local)) {
    const read = readCommentedJson(local);
    const edge = read.ok ? (read.value as { readonly edge?: unknown } | null)?.edge : undefined;
    if (typeof edge !== "string") throw new StartError(`${local} says no edge`);
    return { url: edge.replace(/^ws/, "http"), urlFrom: local, tokenFile: join(folder, "operator-token") };
  }
  if (existsSync(settings)) {
    const loaded = loadEdgeSettings(settings);
    if (!loaded.ok) throw new StartError(loaded.error);
    const { host, port, operatorTokenFile } = loaded.value;
    const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const url = `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
    return { url, urlFrom: settings, tokenFile: operatorTokenFile };
  }
  return {
    url: "http://127.0.0.1:8787",
    urlFrom: `by default, as there is neither ${local} nor ${settings}`,
    tokenFile: join(folder, "operator-token"),
  };
}

function tokenOf({ OPERATOR_TOKEN }: Variables, file: string): Pick<EdgeAddress, "token" | "tokenFrom"> {
  let token = OPERATOR_TOKEN;
  const tokenFrom = token ? "OPERATOR_TOKEN" : file;
  if (!token) {
    try {
      token = readFileSync(file, "utf8").trim();
    } catch (error) {
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
      throw new StartError(
        `there is no operator's token: OPERATOR_TOKEN is not set, and ${file} ${isMissing ? "is not there" : `cannot be read (${reason(error)})`}`,
      );
    }
  }
  if (!sendable.test(token))
    throw new StartError(`the operator's token of ${tokenFrom} holds what no request could send`);
  return { token, tokenFrom };
}

/** A conference, and the domain that it is in. */
export type ConferenceOfDomain = ConferenceView & { readonly domain: string };

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
      let before: number | null = null;
      do {
        const query = new URLSearchParams();
        if (hours !== undefined) query.set("hours", String(hours));
        if (all) query.set("all", "1");
        if (before !== null) query.set("before", String(before));
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

  async agents(domains: readonly string[]): Promise<readonly BridgeAgents[]> {
    const lists = domains.map(async (domain) => {
      const { bridges } = await this.#ask<{ bridges: readonly BridgeAgents[] }>(`domains/${domain}/agents`);
      return bridges.map((bridge) => ({ ...bridge, domain }));
    });
    return (await Promise.all(lists)).flat();
  }

  async #ask<Answer>(path: string): Promise<Answer> {
    const found = await this.#find<Answer>(path);
    if (found === null) throw new StartError(`${this.#edge.url} does not know /api/v1/${path}: is it another version?`);
    return found;
  }

  /** `null`: the edge has no such thing. */
  async #find<Answer>(path: string): Promise<Answer | null> {
    const { url, urlFrom, token, tokenFrom } = this.#edge;
    const response = await fetch(`${url}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((error: unknown) => {
      const { cause } = error as Error;
      const why = cause instanceof Error ? ("code" in cause && cause.code) || cause.message : (error as Error).message;
      throw new StartError(`no edge answers at ${url}, which is from ${urlFrom} (${why})`);
    });
    const text = await response.text();
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
  readonly next: number | null;
  readonly unreachable: number;
}

const MOST_NAMED = 5;

function known(what: string, names: readonly string[], otherwise = ""): string {
  if (names.length === 0) return `there is no ${what}${otherwise && `; ${otherwise}`}`;
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? `the only ${what} is` : `the ${what}s are`} ${names.slice(0, MOST_NAMED).join(", ")}${more}`;
}

/** `undefined`: it is no JSON. Names and texts of others must not steer the terminal. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (_, value) => (typeof value === "string" ? printable(value) : value));
  } catch {
    return undefined;
  }
}

function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
