import type { Hono } from "hono";
import type { BridgeName, DomainName } from "../../foundation/ids.ts";
import { familyOf, type Series } from "../../foundation/metrics.ts";
import { within } from "../../foundation/time/timers.ts";
import { alertKinds, isOpen } from "../../operators/alert-kinds.ts";
import type { FoundBridge } from "../../operators/alerts.ts";
import { figuresOf, figureTable } from "../../operators/figures.ts";
import { seesAll } from "../../operators/people.ts";
import { noPosts, together } from "../../records/activity.ts";
import { type Counts, outcomes } from "../../records/counts.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { Domain } from "../../settings/load.ts";
import type { AlertPorts, EdgePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import { pairMetrics } from "../pair/pair-metrics.ts";
import { notAllowed } from "../problem.ts";
import type { Storage } from "../storage.ts";
import { figuresOfDomain } from "./figures-of-domain.ts";
import type { Metrics } from "./monitoring.ts";

/** What does not answer by then is left out. */
const ANSWER_WITHIN_MS = 2_000;

export interface MetricsPorts extends EdgePorts, AlertPorts {
  readonly objects: EdgeObjects;
  readonly metrics: Pick<Metrics, "text">;
  readonly storage: Pick<Storage, "metrics">;
  /** What the objects of this process counted, as Prometheus reads it. */
  measured(domains: Iterable<Domain>): string;
  processText(): string;
}

/** What this process counted, and how the objects of the deployment are now, as Prometheus reads it. */
async function metricsText(edge: MetricsPorts): Promise<string> {
  const domains = Array.from(edge.domains.values());
  const counted = edge.metrics.text(domains) + edge.measured(domains);
  // An edge that stands by has no objects to ask.
  const ofObjects = edge.pair?.acts === false ? [] : [countedOf(edge, domains), gaugesOf(edge, domains)];
  const texts = await Promise.all([...ofObjects, edge.storage.metrics(), pairMetrics(edge.pair)]);
  return counted + texts.join("") + edge.processText();
}

/** From the directories, as figures are. One that does not answer is left out: from 0 its counts would seem to rise again. */
async function countedOf(edge: MetricsPorts, domains: readonly Domain[]): Promise<string> {
  const found = await Promise.all(
    domains.map(async ({ name: domain }) => {
      const asked = within(edge, ANSWER_WITHIN_MS, "the directory", edge.objects.directory(domain).countTotals());
      const totals = await answerOrNull(asked, edge, { domain });
      return totals ? [{ domain, ...totals }] : [];
    }),
  );
  const families = {
    bridgehead_posts_total: {
      says: "Posts to TSP servers and back ends: each attempt that was confirmed, refused or failed, and each document that was given up.",
      of: ({ hosts }: Counts) => {
        const { confirmed, refused = 0, failed, givenUp } = hosts.reduce(together, noPosts);
        return Object.entries({ confirmed: confirmed - refused, refused, failed, "given-up": givenUp });
      },
    },
    bridgehead_outcomes_total: {
      says: "What became of conferences and callers, call-outs that the domain's policy denied, and commands that failed.",
      of: ({ outcomes: counts }: Counts) => outcomes.map((name) => [name, counts[name] ?? 0] as const),
    },
  };
  const text = Object.entries(families).map(([name, { says, of }]) => {
    const series = found
      .flat()
      .flatMap(({ domain, ...totals }) => of(totals).map(([outcome, count]) => [{ domain, outcome }, count] as const));
    return familyOf("counter", name, says, series);
  });
  return text.join("");
}

/** How things are now, by the name of the gauge behind `bridgehead_`. */
const gauges = {
  conferences: figureTable.conferences.says,
  callers: figureTable.callers.says,
  documents_waiting: figureTable.documentsWaiting.says,
  oldest_document_seconds: figureTable.oldestDocumentSeconds.says,
  agents: "Agents with a link, as their relay last knew.",
  ports: "Ports of a bridge, in use or free; missing: it has no limit, or nobody knows.",
  ports_in_use: "Ports of a bridge that calls are on; missing: nobody knows, as while no agent reaches it.",
  bridge_drained: "Whether a bridge takes no new conferences, as asked.",
  alerts: "Open alerts, as the overview and the API show them.",
} as const;
type Found = readonly [name: keyof typeof gauges, labels: Series[number][0], value: number];

/** What an object does not say is left out: nobody knows it. */
async function gaugesOf(edge: MetricsPorts, domains: readonly Domain[]): Promise<string> {
  const found = await Promise.all(domains.map((domain) => foundOfDomain(edge, domain)));
  const series = Map.groupBy(found.flat(), ([name]) => name);
  const families = Object.entries(gauges).map(([name, says]) => {
    const values = series.get(name as keyof typeof gauges) ?? [];
    return familyOf(
      "gauge",
      `bridgehead_${name}`,
      says,
      values.map(([, labels, value]) => [labels, value] as const),
    );
  });
  return families.join("");
}

async function foundOfDomain(edge: MetricsPorts, ofSettings: Domain): Promise<readonly Found[]> {
  const { name: domain, settings } = ofSettings;
  const [{ alerts, totals, unknown, bridges }, agents] = await Promise.all([
    edge.lookAt(ofSettings),
    Promise.all(settings.bridges.map(({ name }) => agentsOf(edge, domain, name as BridgeName))),
  ]);
  const figures = await figuresOfDomain(edge, ofSettings, { activity: null, bridges, totals });
  const found: Found[] = [...agents.flat(), ...bridges.flatMap(ofBridge)];
  for (const [name, labels, { value }] of [
    ["conferences", { domain, phase: "creating" }, figures.creating],
    ["conferences", { domain, phase: "running" }, figures.running],
    ["callers", { domain }, figures.callers],
    // Without the mailbox they are a part, which a number alone cannot say.
    ...(totals.mail === null
      ? []
      : ([
          ["documents_waiting", { domain }, figures.documentsWaiting],
          ["oldest_document_seconds", { domain }, figures.oldestDocumentSeconds],
        ] as const)),
  ] as const)
    if (typeof value === "number") found.push([name, labels, value]);
  const open = alerts.filter(isOpen);
  for (const kind of alertKinds) {
    const count = open.filter((one) => one.kind === kind).length;
    if (count > 0 || !unknown.includes(kind)) found.push(["alerts", { domain, kind }, count]);
  }
  return found;
}

function ofBridge({ domain, bridge, health }: FoundBridge): readonly Found[] {
  if (!health) return [];
  const found: Found[] = [["bridge_drained", { domain, bridge }, health.drainedSince === undefined ? 0 : 1]];
  const { ports, portsInUse } = figuresOf({ bridges: [{ bridge, health }] });
  for (const [name, { value }] of [
    ["ports", ports],
    ["ports_in_use", portsInUse],
  ] as const)
    if (typeof value === "number") found.push([name, { domain, bridge }, value]);
  return found;
}

async function agentsOf(edge: MetricsPorts, domain: DomainName, bridge: BridgeName): Promise<readonly Found[]> {
  const agents = await answerOrNull(edge.objects.relay(domain, bridge).agents(), edge, { domain });
  if (!agents) return [];
  const connected = agents.filter(({ lastSeen }) => lastSeen !== null);
  return (["active", "standby"] as const).map((role) => {
    const there = connected.filter((agent) => agent.role === role);
    return ["agents", { domain, bridge, role }, there.length];
  });
}

export function addMetrics(app: Hono<Variables>, edge: MetricsPorts): void {
  app.get("/metrics", async (context) => {
    if (!seesAll(context.var.signedIn.person)) return notAllowed("Metrics are of all domains, and you see some.");
    const text = await metricsText(forOneRequest(edge));
    return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
  });
}
