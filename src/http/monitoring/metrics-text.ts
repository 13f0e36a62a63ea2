import type { Hono } from "hono";
import type { BridgeName, DomainName } from "../../foundation/ids.ts";
import { familyOf, type Series } from "../../foundation/metrics.ts";
import { alertKinds, isOpen } from "../../operators/alert-kinds.ts";
import { type EdgePair, isSilent } from "../../operators/edge-pair.ts";
import { secondsSince } from "../../operators/figures.ts";
import { seesAll } from "../../operators/people.ts";
import { noPosts, together } from "../../records/activity.ts";
import { outcomes } from "../../records/counts.ts";
import type { Domain } from "../../settings/load.ts";
import type { AlertPorts, EdgePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import { notAllowed } from "../problem.ts";
import type { Storage } from "../storage.ts";
import { statsOf } from "./figures-of-domain.ts";
import type { Metrics } from "./monitoring.ts";

export interface MetricsPorts extends EdgePorts, AlertPorts {
  readonly metrics: Pick<Metrics, "text">;
  readonly storage: Pick<Storage, "fault">;
  /** Counts of this process's objects in Prometheus format. */
  measured(domains: Iterable<Domain>): string;
  processText(): string;
}

/** Metrics of the deployment: counters of directories, and gauges. */
const families = {
  posts_total: "Posts to TSP servers and back ends: each attempt, and each undelivered document.",
  outcomes_total: "Outcomes of conferences and callers, denied call-outs, and failed commands.",
  conferences: "Conferences that have not ended.",
  callers: "Callers in conferences.",
  documents_waiting: "Pending documents by receiver.",
  oldest_document_seconds: "Age of the oldest of them; 0: none.",
  agents: "Connected agents, as their relay last knew.",
  ports: "Ports of a bridge, in use or free; absent: no limit, or not known.",
  ports_in_use: "Ports of a bridge in use; absent: not known, for example while no agent reaches it.",
  bridge_drained: "1 if a bridge is drained.",
  alerts: "Open alerts, as the overview and the API show them.",
  storage_up: "1 if the state can be written.",
  edge_acts: "1 if this edge is the active one.",
  edge_ready: "1 if it is active, or could take over at once.",
} as const;
type Sample = readonly [family: keyof typeof families, value: number | null, labels: Series[number][0]];

/** All metrics in Prometheus format. Unknown values are absent: a 0 would later look like a rise. */
async function metricsText(edge: MetricsPorts): Promise<string> {
  const domains = Array.from(edge.domains.values());
  const ofDomains = domains.map((domain) => samplesOf(forOneRequest(edge, true), domain));
  const samples = (await Promise.all([...ofDomains, ofStorage(edge), ofPair(edge.pair)])).flat();
  const texts = Object.entries(families).map(([family, help]) => {
    const series = samples.flatMap(
      ([name, value, labels]): Series => (name === family && value !== null ? [[labels, value]] : []),
    );
    return familyOf(family.endsWith("_total") ? "counter" : "gauge", `bridgehead_${family}`, help, series);
  });
  return [edge.metrics.text(domains), edge.measured(domains), ...texts, edge.processText()].join("");
}

async function ofStorage({ storage }: MetricsPorts): Promise<readonly Sample[]> {
  return [["storage_up", (await storage.fault()) === null ? 1 : 0, {}]];
}

/** The edges of one state. If the database does not answer, none is ready. */
async function ofPair(pair: EdgePair | undefined): Promise<readonly Sample[]> {
  if (!pair) return [];
  const view = await pair.view().catch(() => null);
  const active: readonly Sample[] = [
    ["edge_acts", 1, { edge: pair.name }],
    ["edge_ready", view ? 1 : 0, { edge: pair.name }],
  ];
  const standbys = view?.standbys ?? [];
  return [...active, ...standbys.map((edge): Sample => ["edge_ready", isSilent(edge) ? 0 : 1, { edge: edge.name }])];
}

async function samplesOf(edge: MetricsPorts, ofSettings: Domain): Promise<readonly Sample[]> {
  const { name: domain, settings } = ofSettings;
  const [{ alerts, bridges }, { stats, documents }, agents] = await Promise.all([
    edge.lookAt(ofSettings),
    statsOf(edge, domain),
    Promise.all(settings.bridges.map(({ name }) => agentSamples(edge, domain, name as BridgeName))),
  ]);
  const samples: Sample[] = agents.flat();
  if (stats) {
    const { counts, creating, running, callers } = stats;
    const { confirmed, refused = 0, failed, givenUp } = counts.hosts.reduce(together, noPosts);
    const posts = { confirmed: confirmed - refused, refused, failed, "given-up": givenUp };
    for (const [outcome, count] of Object.entries(posts)) samples.push(["posts_total", count, { domain, outcome }]);
    for (const outcome of outcomes)
      samples.push(["outcomes_total", counts.outcomes[outcome] ?? 0, { domain, outcome }]);
    samples.push(["conferences", creating, { domain, phase: "creating" }]);
    samples.push(["conferences", running, { domain, phase: "running" }]);
    samples.push(["callers", callers, { domain }]);
  }
  if (documents) {
    samples.push(["documents_waiting", documents.documents, { domain }]);
    samples.push(["oldest_document_seconds", secondsSince(documents.oldestAt, edge.now()), { domain }]);
  }
  for (const { bridge, health } of bridges) {
    if (!health) continue;
    samples.push(["bridge_drained", health.drainedSince === undefined ? 0 : 1, { domain, bridge }]);
    samples.push(["ports", health.ports, { domain, bridge }]);
    samples.push(["ports_in_use", health.portsInUse, { domain, bridge }]);
  }
  for (const kind of alertKinds) {
    const ofKind = alerts.filter((one) => one.kind === kind);
    const isKnown = ofKind.length > 0 || edge.incomplete?.length === 0;
    samples.push(["alerts", isKnown ? ofKind.filter(isOpen).length : null, { domain, kind }]);
  }
  return samples;
}

async function agentSamples(edge: MetricsPorts, domain: DomainName, bridge: BridgeName): Promise<readonly Sample[]> {
  const agents = await answerOrNull(edge.objects.relay(domain, bridge).agents(), edge, { domain, bridge });
  if (!agents) return [];
  return (["active", "standby"] as const).map((role) => {
    const connected = agents.filter((agent) => agent.role === role && agent.lastSeen !== null);
    return ["agents", connected.length, { domain, bridge, role }];
  });
}

export function addMetrics(app: Hono<Variables>, edge: MetricsPorts): void {
  app.get("/metrics", async (context) => {
    if (!seesAll(context.var.signedIn.person)) return notAllowed("Metrics cover all domains, and you see only some.");
    const text = await metricsText(edge);
    return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
  });
}
