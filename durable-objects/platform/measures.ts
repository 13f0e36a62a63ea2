import { formerOutcomes, outcomes } from "../../src/explain/log.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { Counter, Counts, type CountsTo, Histogram } from "../../src/foundation/metrics.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import type { ConferenceTotals } from "../../src/rpc/directory.ts";
import type { Domain } from "../../src/settings/load.ts";
import { ActivitySender } from "../counts/activity-sender.ts";

/** What one object with an outbox has to do now; the object keeps it up to date. */
export interface Tally {
  /** `null`: there is no conference, or it is over. */
  phase: "creating" | "running" | null;
  callers: number;
  documents: number;
  /** When the oldest of the documents was queued. */
  oldestAt: EpochMs | null;
}

export function newTally(): Tally {
  return { phase: null, callers: 0, documents: 0, oldestAt: null };
}

/** What became of an attempt to post a document, or of the document. `refused`: confirmed, with another code than 0. */
const postResults = ["confirmed", "refused", "failed", "given-up"] as const;
export type PostResult = (typeof postResults)[number];

const siteOutcomes = ["answered", "refused", "failed"] as const;
const webhookOutcomes = ["delivered", "failed", "given-up"] as const;
const checkOutcomes = ["done", "failed"] as const;

/** Where nobody scrapes the metrics, tallies of conferences that are over are deleted after so many new ones. */
const deleteOverEvery = 1_000;

/**
 * What the objects of this process count and measure. The counts leave the process for the object that adds up those of all processes. The
 * tallies stay: on plain workerd they are of all objects there are, and after a start each counts from when it wakes.
 */
export class Measures implements CountsTo {
  readonly counts: Counts = new Counts();
  /** What was asked and posted, for the plots of each domain. */
  readonly activity = new ActivitySender();
  /** Hears of each count. */
  onCounted: () => void = () => {};
  readonly posts = new Counter(
    "bridgehead_posts_total",
    "Posts to TSP servers and back ends: each attempt that was confirmed, refused or failed, and each document that was given up.",
    this,
  );
  readonly postSeconds = new Histogram(
    "bridgehead_post_seconds",
    "From the begin of a post to its answer, or its failure.",
    this,
  );
  readonly commandSeconds = new Histogram(
    "bridgehead_command_seconds",
    "From when a command was first sent to an agent until it is over.",
    this,
  );
  readonly eventSeconds = new Histogram(
    "bridgehead_event_seconds",
    "From when reports of an agent were handed to their conference until it has committed them.",
    this,
  );
  readonly outcomes = new Counter(
    "bridgehead_outcomes_total",
    "What became of conferences and callers, call-outs that the domain's policy denied, and commands that failed.",
    this,
  );
  readonly takeovers = new Counter(
    "bridgehead_takeovers_total",
    "An agent became active in the place of another one.",
    this,
  );
  readonly foreignReports = new Counter(
    "bridgehead_foreign_reports_total",
    "Messages of agents with reports about conferences that are not the edge's.",
    this,
  );
  readonly siteRequests = new Counter(
    "bridgehead_webex_site_requests_total",
    "Requests to a domain's WebEx site: answered, refused alone, or failed like all others would.",
    this,
  );
  readonly checks = new Counter(
    "bridgehead_provisioning_checks_total",
    "Comparisons of a domain's WebEx site with its settings that came to their end, or failed.",
    this,
  );
  readonly webhooks = new Counter(
    "bridgehead_webhooks_total",
    "Webhooks: each that was delivered, each attempt that failed, and each that was given up.",
    this,
  );
  readonly #tallies = new Map<string, { readonly domain: DomainName; readonly tally: Tally }>();

  counted(): void {
    this.onCounted();
  }

  /** `object`: a ConfKey, or empty for the domain's mailbox. */
  keep(domain: DomainName, object: string, tally: Tally): void {
    const name = `${domain}/${object}`;
    if (this.#tallies.get(name)?.tally === tally) return;
    this.#tallies.set(name, { domain, tally });
    if (this.#tallies.size % deleteOverEvery === 0) this.#deleteOver();
  }

  #deleteOver(): void {
    for (const [name, { tally }] of this.#tallies) {
      if (tally.phase === null && tally.documents === 0) this.#tallies.delete(name);
    }
  }

  /** Of each domain that has a tally here. */
  totals(): ReadonlyMap<DomainName, ConferenceTotals> {
    this.#deleteOver();
    const totals = new Map<DomainName, ConferenceTotals>();
    for (const { domain, tally } of this.#tallies.values()) {
      const { creating, running, callers, documents, oldestAt } = totals.get(domain) ?? noTotals;
      totals.set(domain, {
        creating: creating + (tally.phase === "creating" ? 1 : 0),
        running: running + (tally.phase === "running" ? 1 : 0),
        callers: callers + tally.callers,
        documents: documents + tally.documents,
        oldestAt: earliest(oldestAt, tally.oldestAt),
      });
    }
    return totals;
  }

  /** What all processes counted, as Prometheus reads it. */
  text(domains: Iterable<Domain>, shown: Counts): string {
    for (const { name: domain, settings } of domains) {
      for (const outcome of postResults) this.posts.begin({ domain, outcome }, shown);
      for (const outcome of [...outcomes, ...Object.values(formerOutcomes)])
        this.outcomes.begin({ domain, outcome }, shown);
      for (const histogram of [this.postSeconds, this.commandSeconds, this.eventSeconds])
        histogram.begin({ domain }, shown);
      if (settings.webexSite) {
        for (const outcome of siteOutcomes) this.siteRequests.begin({ domain, outcome }, shown);
        for (const outcome of checkOutcomes) this.checks.begin({ domain, outcome }, shown);
      }
      if (settings.webhooks.length > 0)
        for (const outcome of webhookOutcomes) this.webhooks.begin({ domain, outcome }, shown);
      for (const { name: bridge } of settings.bridges) {
        for (const counter of [this.takeovers, this.foreignReports]) counter.begin({ domain, bridge }, shown);
      }
    }
    const families = [
      ...[this.siteRequests, this.checks, this.takeovers, this.foreignReports, this.outcomes, this.posts],
      ...[this.postSeconds, this.commandSeconds, this.eventSeconds, this.webhooks],
    ];
    return families.map((family) => family.text(shown)).join("");
  }
}

const noTotals: ConferenceTotals = { creating: 0, running: 0, callers: 0, documents: 0, oldestAt: null };
