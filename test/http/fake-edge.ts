import type { Hono } from "hono";
import type { Alias } from "../../durable-objects/alias.ts";
import type { OperatorRequest } from "../../src/conference/requests.ts";
import type { ConfKey, DomainName, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { createApp } from "../../src/http/app.ts";
import { Metrics } from "../../src/http/metrics.ts";
import type { Objects } from "../../src/http/objects.ts";
import { RateLimit } from "../../src/http/rate-limit.ts";
import { AliasCache } from "../../src/routing/alias-cache.ts";
import type { BridgeHealth, HandleClaim } from "../../src/rpc.ts";
import type { DomainSettingsInput } from "../../src/settings/domain-settings.ts";
import { loadDomains } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { createCodec } from "../../src/tsp/codec.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";
import { memoryAlias } from "../simulation/memory-alias.ts";

export const token = "operator-token";

/** The edge's routes over objects that live in these maps; every call is noted, in order, in `calls`. */
export class FakeEdge {
  readonly calls: string[] = [];
  readonly logged: string[] = [];
  readonly received = new Map<string, FromWebex[]>();
  readonly mailed = new Map<string, ToWebex[]>();
  readonly holders = new Map<MsgId, ConfKey>();
  readonly operated: OperatorRequest[] = [];
  /** Conferences that answer `hasHandle` with yes. */
  readonly alive = new Set<string>();
  /** Conferences that no longer have the handle by which somebody remembers them. */
  readonly over = new Set<string>();
  /** Names of objects that cannot be reached. */
  readonly broken = new Set<string>();
  readonly health = new Map<string, BridgeHealth>();
  /** In milliseconds. */
  time = 1_000_000;
  readonly #aliases = new Map<string, Alias>();
  readonly app: Hono;

  constructor(operatorToken = token, settings: Partial<DomainSettingsInput> = {}) {
    const agents = [{ name: "agent-1", publicKey: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }];
    const domain = localDomain({ agents });
    const loaded = loadDomains(
      JSON.stringify({ local: { ...domain, webex: { ...domain.webex, hosts: ["tsp1.example.com"] }, ...settings } }),
    );
    if (!loaded.ok) throw new Error(loaded.error);
    const domains = Array.from(
      loaded.value,
      ([name, settings]) => [name as string, { name, settings, codec: createCodec(settings.protocol) }] as const,
    );
    this.app = createApp({
      domains: new Map(domains),
      objects: this.#objects(),
      aliases: new AliasCache(),
      posts: new RateLimit(),
      metrics: new Metrics(),
      operatorToken,
      now: () => this.time,
      log: (event) => this.logged.push(event),
    });
  }

  async post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return this.app.request("/tsp/local", { method: "POST", body, headers });
  }

  /** As if a conference had claimed this handle a while ago. */
  async held(extConfId: string, confKey: string): Promise<void> {
    const claim = { domain: "local", extConfId, confKey } as HandleClaim;
    await this.#alias(claim.extConfId).claim(claim);
    this.time += 60_000;
  }

  /** As if another isolate had given this handle to another conference. */
  async replaced(extConfId: string, confKey: string): Promise<void> {
    const from = await this.holder(extConfId);
    if (from) await this.#alias(extConfId as ExtConfId).replace(from, confKey as ConfKey);
  }

  /** Whose this handle is now. */
  holder(extConfId: string): Promise<ConfKey | null> {
    return this.#alias(extConfId as ExtConfId).lookup();
  }

  #alias(extConfId: ExtConfId): Alias {
    const alias = this.#aliases.get(extConfId) ?? memoryAlias(() => this.time);
    this.#aliases.set(extConfId, alias);
    return alias;
  }

  #objects(): Objects {
    const call = (text: string, object: string): void => {
      this.calls.push(text);
      if (this.broken.has(object)) throw new Error(`${object} is broken`);
    };
    return {
      conference: (_domain: DomainName, confKey: ConfKey) => ({
        receive: async ({ messages, fromCache }) => {
          call(`receive ${confKey}`, confKey);
          if (fromCache && this.over.has(confKey)) return false;
          this.received.set(confKey, [...(this.received.get(confKey) ?? []), ...messages]);
          return true;
        },
        hasHandle: async () => {
          call(`hasHandle ${confKey}`, confKey);
          return this.alive.has(confKey);
        },
        operate: async (request) => {
          call(`operate ${confKey}`, confKey);
          if (!this.alive.has(confKey)) return "no-such-conference";
          if (request.type === "passthrough" && request.extCallId !== "77") return "no-such-call";
          this.operated.push(request);
          return "done";
        },
      }),
      alias: (_domain, extConfId) => ({
        claim: async (claim) => {
          call(`claim ${extConfId}`, extConfId);
          return this.#alias(extConfId).claim(claim);
        },
        replace: async (from, to) => {
          call(`replace ${extConfId}`, extConfId);
          return this.#alias(extConfId).replace(from, to);
        },
        lookup: async () => {
          call(`look up ${extConfId}`, extConfId);
          return this.#alias(extConfId).lookup();
        },
      }),
      numberPool: () => ({
        holderOf: async (msgId) => {
          call(`holder of ${msgId}`, "pool");
          return this.holders.get(msgId) ?? null;
        },
      }),
      unroutedMail: (_domain, host) => ({
        send: async ({ messages }) => {
          call(`mail to ${host}`, host);
          this.mailed.set(host, [...(this.mailed.get(host) ?? []), ...messages]);
        },
      }),
      bridgeHealth: async (_domain, bridge) => {
        call(`health of ${bridge}`, bridge);
        return this.health.get(bridge) ?? { agentConnected: false, bridgeUp: false, portsInUse: 0, ports: null };
      },
      connectAgent: async (domain, bridge) => new Response(`agent of ${domain}/${bridge}`),
    };
  }
}
