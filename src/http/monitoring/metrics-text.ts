import type { BridgeName, DomainName } from "../../foundation/ids.ts";
import { Counts, domainOfSeries, familyOf, type Series } from "../../foundation/metrics.ts";
import { within } from "../../foundation/time/timers.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { Domain } from "../../settings/load.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Storage } from "../storage.ts";
import type { Metrics } from "./monitoring.ts";
import { type TotalsPorts, totalsOf } from "./totals.ts";

/** What does not answer by then is left out. */
const ANSWER_WITHIN_MS = 2_000;

export interface MetricsPorts extends EdgePorts, TotalsPorts {
  readonly objects: EdgeObjects;
  readonly metrics: Pick<Metrics, "text">;
  readonly storage: Pick<Storage, "metrics">;
  /** What the objects of all processes counted, as Prometheus reads it. */
  measured(domains: Iterable<Domain>, shown: Counts): string;
  /** Resolves when what this process has counted so far is among the counts of all. */
  flushCounts(): Promise<void>;
  /** What runs here, as Prometheus reads it. */
  processText(): string;
}

/** The metrics of the whole deployment, as Prometheus reads them: what all processes counted, and how its objects are now. */
export async function metricsText(edge: MetricsPorts): Promise<string> {
  const domains = Array.from(edge.domains.values());
  const [counts, gauges, storage] = await Promise.all([
    countsOf(edge),
    gaugesOf(edge, domains),
    edge.storage.metrics(),
  ]);
  const up = familyOf("gauge", "bridgehead_counts_up", "Whether the counts of the deployment could be read.", [
    [{}, counts ? 1 : 0],
  ]);
  // Without the counts of all, those of this process alone would look as if all had fallen.
  const counted = counts ? edge.metrics.text(domains, counts) + edge.measured(domains, counts) : "";
  return counted + gauges + storage + up + edge.processText();
}

/** `null`: they cannot be read. */
async function countsOf(edge: MetricsPorts): Promise<Counts | null> {
  try {
    // What this process cannot hand over comes later.
    await within(edge, ANSWER_WITHIN_MS, "the object of counts", edge.flushCounts()).catch(() => {});
    const counts = new Counts();
    for (const [family, series] of Object.entries(await edge.objects.counts().all())) {
      for (const [labels, value] of Object.entries(series)) {
        const domain = domainOfSeries(labels);
        if (domain === "" || edge.domains.has(domain)) counts.add(family, labels, value);
      }
    }
    return counts;
  } catch (error) {
    edge.log("view-failed", { object: "the object of counts", error: String(error) }, "warn");
    return null;
  }
}

/** What an object does not say is left out, but a bridge whose relay does not answer has no agent. */
async function gaugesOf(edge: MetricsPorts, domains: readonly Domain[]): Promise<string> {
  const conferences: Gauge = [];
  const callers: Gauge = [];
  const documents: Gauge = [];
  const ages: Gauge = [];
  const differences: Gauge = [];
  const agents: Gauge = [];
  const drained: Gauge = [];
  const ofDomain = async ({ name: domain, settings }: Domain) => {
    const totals = await orNull(edge, domain, totalsOf(edge, domain));
    if (totals) {
      const { oldestAt } = totals;
      conferences.push(
        [{ domain, phase: "creating" }, totals.creating],
        [{ domain, phase: "running" }, totals.running],
      );
      callers.push([{ domain }, totals.callers]);
      documents.push([{ domain }, totals.documents]);
      ages.push([{ domain }, oldestAt === null ? 0 : Math.max(0, (edge.now() - oldestAt) / 1_000)]);
    }
    if (!settings.webexSite) return;
    const last = (await orNull(edge, domain, edge.objects.webexSite(domain).provisioning(domain)))?.last;
    if (last) differences.push([{ domain }, last.differences.length + last.more]);
  };
  const ofBridge = async (domain: DomainName, bridge: BridgeName) => {
    const [found, health] = await Promise.all([
      orNull(edge, domain, edge.objects.relay(domain, bridge).agents()),
      orNull(edge, domain, edge.objects.relay(domain, bridge).health()),
    ]);
    if (health) drained.push([{ domain, bridge }, health.drainedSince === undefined ? 0 : 1]);
    const connected = found ?? [];
    for (const role of ["active", "standby"] as const) {
      const there = connected.filter((agent) => agent.role === role && agent.lastSeen !== null);
      agents.push([{ domain, bridge, role }, there.length]);
    }
  };
  await Promise.all([
    ...domains.map(ofDomain),
    ...domains.flatMap(({ name, settings }) => settings.bridges.map((one) => ofBridge(name, one.name as BridgeName))),
  ]);
  return [
    familyOf("gauge", "bridgehead_conferences", "Conferences that are not over.", conferences),
    familyOf("gauge", "bridgehead_callers", "Callers in conferences.", callers),
    familyOf(
      "gauge",
      "bridgehead_documents_waiting",
      "Documents that wait for their receiver: not confirmed for some seconds, or behind an attempt that failed.",
      documents,
    ),
    familyOf("gauge", "bridgehead_oldest_document_seconds", "For how long the oldest of them waits.", ages),
    familyOf("gauge", "bridgehead_agents", "Agents with a link, as their relay last knew.", agents),
    familyOf("gauge", "bridgehead_bridge_drained", "Whether a bridge takes no new conferences, as asked.", drained),
    familyOf(
      "gauge",
      "bridgehead_provisioning_differences",
      "Differences between a domain's WebEx site and its settings, as the last check found them.",
      differences,
    ),
  ].join("");
}

type Gauge = Series[number][];

async function orNull<Value>(edge: EdgePorts, domain: DomainName, asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    edge.log("view-failed", { domain, error: String(error) }, "warn");
    return null;
  }
}
