import type { BridgeName } from "../foundation/ids.ts";
import { within } from "../foundation/timers.ts";
import type { BridgeHealth } from "../rpc.ts";
import type { Domain } from "../settings/load.ts";
import type { Edge } from "./app.ts";

const helpTexts = {
  bridgehead_documents_total: "Documents from WebEx, by the word for the result in their Confirmation.",
  bridgehead_documents_not_stored_total: "Documents answered with 503, which WebEx sends again.",
  bridgehead_hosts_refused_total: "Messages that named a WebEx host outside the domain's list.",
  bridgehead_rate_limited_total: "Posts answered with 429.",
  bridgehead_strangers_total: "Requests of an adapter URL that does not exist: unknown domain or wrong secret.",
  bridgehead_agents_refused_total: "Agents, or strangers in their place, that were given no socket, by the reason.",
  bridgehead_operators_refused_total: "Requests without the operator's token.",
  bridgehead_log_lines_dropped_total: "Lines that the edge's log left out, since too many of one event came.",
} as const;

type Counter = keyof typeof helpTexts;
/** Label values are names of domains and words of ours, never what a stranger sent: they need no escape. */
type Labels = Readonly<Record<string, string>>;

/** Counts since this isolate began; each isolate of a deployment has its own. */
export class Metrics {
  readonly #counts = new Map<Counter, Map<string, number>>();

  count(counter: Counter, labels: Labels = {}): void {
    const series = this.#counts.get(counter) ?? new Map<string, number>();
    this.#counts.set(counter, series);
    const key = textOf(labels);
    series.set(key, (series.get(key) ?? 0) + 1);
  }

  /** As Prometheus reads it. */
  text(): string {
    return Object.entries(helpTexts)
      .map(([counter, help]) => counterText(counter, help, this.#counts.get(counter as Counter) ?? []))
      .join("");
  }
}

function textOf(labels: Labels): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(",");
}

function counterText(name: string, help: string, series: Iterable<readonly [labels: string, count: number]>): string {
  const lines = Array.from(series, ([labels, count]) => `${name}${labels && `{${labels}}`} ${count}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${lines.join("")}`;
}

const foreignReports = "bridgehead_foreign_reports_total";
const foreignReportsHelp =
  "Messages over the active agent's present link, of reports about conferences that are not the edge's.";

/** How long strangers get the same answer: their requests would otherwise cost a call to every relay each. */
const SAME_ANSWER_MS = 1_000;
/** A relay that has not answered by then counts as not ready, so that it does not hold up the answer about the others. */
const RELAY_WITHIN_MS = 2_000;

type Bridge = { readonly ready: boolean } & Partial<BridgeHealth>;
type Bridges = readonly (readonly [Domain, ReadonlyMap<string, Bridge>])[];

/** Whether conferences can be held on each bridge of each domain, and if not, what is missing. */
export class Readiness {
  readonly #edge: Edge;
  #askedAt = 0;
  #latest: Promise<Bridges> | undefined;
  /** What the relays last answered. */
  #found: Bridges = [];

  constructor(edge: Edge) {
    this.#edge = edge;
  }

  /** Whether all is ready, and the bridges; strangers are shown those domains alone whose names are no secret. */
  async answer(toOperator: boolean): Promise<Response> {
    const now = this.#edge.now();
    if (toOperator || !this.#latest || Math.abs(now - this.#askedAt) >= SAME_ANSWER_MS) {
      this.#askedAt = now;
      this.#latest = this.#ask();
    }
    const bridges = await this.#latest;
    this.#found = bridges;
    const ready = bridges.every(([, ofDomain]) => Array.from(ofDomain.values()).every((bridge) => bridge.ready));
    const shown = bridges.filter(([{ settings }]) => toOperator || settings.adapterSecrets.length === 0);
    const domains = Object.fromEntries(shown.map(([{ name }, ofDomain]) => [name, Object.fromEntries(ofDomain)]));
    return Response.json({ ready, domains }, { status: ready ? 200 : 503 });
  }

  /**
   * What the relays had counted when they were last asked whether they are ready, as Prometheus reads it; nothing of a relay that did
   * not answer then. A scrape each few seconds must not keep every relay from sleeping.
   */
  metrics(): string {
    const counts: [labels: string, count: number][] = [];
    for (const [{ name: domain }, bridges] of this.#found) {
      for (const [bridge, { foreignReports: count }] of bridges) {
        if (count !== undefined) counts.push([textOf({ domain, bridge }), count]);
      }
    }
    return counterText(foreignReports, foreignReportsHelp, counts);
  }

  #ask(): Promise<Bridges> {
    const domains = Array.from(this.#edge.domains.values());
    return Promise.all(domains.map(async (domain) => [domain, await bridgesOf(domain, this.#edge)] as const));
  }
}

async function bridgesOf(domain: Domain, edge: Edge): Promise<ReadonlyMap<string, Bridge>> {
  const bridges = domain.settings.bridges.map(async ({ name }): Promise<[string, Bridge]> => {
    try {
      const asked = edge.objects.bridgeHealth(domain.name, name as BridgeName);
      const health = await within(edge, RELAY_WITHIN_MS, "the relay", asked);
      return [name, { ready: health.agentConnected && health.bridgeUp, ...health }];
    } catch (error) {
      edge.log("relay-unreachable", { domain: domain.name, bridge: name, error: String(error) });
      return [name, { ready: false }];
    }
  });
  return new Map(await Promise.all(bridges));
}
