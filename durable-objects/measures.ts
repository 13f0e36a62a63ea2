import type { Outcome } from "../src/conference/draft.ts";
import type { BridgeName, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { Counter, familyOf, Histogram, type Labels, type Series } from "../src/foundation/metrics.ts";
import type { Domain } from "../src/settings/load.ts";

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

const outcomes: readonly Outcome["event"][] = [
  "conference-created",
  "conference-not-created",
  "conference-taken-over",
  "conference-ended",
  "caller-entered",
  "caller-left",
  "call-out-denied",
  "command-failed",
];

const siteOutcomes = ["answered", "refused", "failed"] as const;
const checkOutcomes = ["done", "failed"] as const;

/** Where nobody scrapes the metrics, tallies of conferences that are over are deleted after so many new ones. */
const deleteOverEvery = 1_000;

interface Agents {
  readonly labels: Labels;
  readonly active: number;
  readonly standby: number;
}

/**
 * What the objects of this process count and measure. On plain workerd these are all objects there are; after a start, each counts from
 * when it wakes. A platform with many processes has one of these in each.
 */
export class Measures {
  readonly posts = new Counter(
    "bridgehead_posts_total",
    "Posts to TSP servers and back ends: each attempt that was confirmed, refused or failed, and each document that was given up.",
  );
  readonly postSeconds = new Histogram(
    "bridgehead_post_seconds",
    "From the begin of a post to its answer, or its failure.",
  );
  readonly commandSeconds = new Histogram(
    "bridgehead_command_seconds",
    "From when a command was first sent to an agent until it is over.",
  );
  readonly eventSeconds = new Histogram(
    "bridgehead_event_seconds",
    "From when reports of an agent were handed to their conference until it has committed them.",
  );
  readonly outcomes = new Counter(
    "bridgehead_outcomes_total",
    "What became of conferences and callers, call-outs that the domain's policy denied, and commands that failed.",
  );
  readonly takeovers = new Counter("bridgehead_takeovers_total", "An agent became active in the place of another one.");
  readonly foreignReports = new Counter(
    "bridgehead_foreign_reports_total",
    "Messages of agents with reports about conferences that are not the edge's.",
  );
  readonly siteRequests = new Counter(
    "bridgehead_webex_site_requests_total",
    "Requests to a domain's WebEx site: answered, refused alone, or failed like all others would.",
  );
  readonly checks = new Counter(
    "bridgehead_provisioning_checks_total",
    "Comparisons of a domain's WebEx site with its settings that came to their end, or failed.",
  );
  readonly #provisioning = new Map<DomainName, number>();
  readonly #tallies = new Map<string, { readonly domain: DomainName; readonly tally: Tally }>();
  readonly #agents = new Map<string, Agents>();

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

  /** The agents of this bridge that are connected now. */
  agents(domain: DomainName, bridge: BridgeName, active: number, standby: number): void {
    this.#agents.set(`${domain}/${bridge}`, { labels: { domain, bridge }, active, standby });
  }

  /** The differences that the last provisioning check found; `null`: there is none of the site that the domain has now. */
  provisioning(domain: DomainName, differences: number | null): void {
    if (differences === null) this.#provisioning.delete(domain);
    else this.#provisioning.set(domain, differences);
  }

  /** As Prometheus reads it. */
  text(domains: Iterable<Domain>, now: EpochMs): string {
    const [creating, running, callers, documents, ages] = Array.from(
      { length: 5 },
      () => new Map<string, number>(),
    ) as [Map<string, number>, Map<string, number>, Map<string, number>, Map<string, number>, Map<string, number>];
    const all = [creating, running, callers, documents, ages];
    const agents = new Map(this.#agents);
    for (const { name: domain, settings } of domains) {
      for (const one of all) one.set(domain, 0);
      for (const outcome of postResults) this.posts.begin({ domain, outcome });
      for (const outcome of outcomes) this.outcomes.begin({ domain, outcome });
      for (const histogram of [this.postSeconds, this.commandSeconds, this.eventSeconds]) histogram.begin({ domain });
      if (settings.webexSite) {
        for (const outcome of siteOutcomes) this.siteRequests.begin({ domain, outcome });
        for (const outcome of checkOutcomes) this.checks.begin({ domain, outcome });
      }
      for (const { name: bridge } of settings.bridges) {
        for (const counter of [this.takeovers, this.foreignReports]) counter.begin({ domain, bridge });
        const name = `${domain}/${bridge}`;
        if (!agents.has(name)) agents.set(name, { labels: { domain, bridge }, active: 0, standby: 0 });
      }
    }
    this.#deleteOver();
    for (const { domain, tally } of this.#tallies.values()) {
      if (tally.phase !== null) add(tally.phase === "running" ? running : creating, domain, 1);
      add(callers, domain, tally.callers);
      add(documents, domain, tally.documents);
      if (tally.oldestAt === null) continue;
      ages.set(domain, Math.max(ages.get(domain) ?? 0, (now - tally.oldestAt) / 1_000));
    }
    const byDomain = (values: ReadonlyMap<string, number>, more: Labels = {}): Series =>
      Array.from(values, ([domain, value]) => [{ domain, ...more }, value]);
    const byRole = Array.from(
      agents.values(),
      ({ labels, active, standby }): Series => [
        [{ ...labels, role: "active" }, active],
        [{ ...labels, role: "standby" }, standby],
      ],
    );
    return [
      familyOf("gauge", "bridgehead_conferences", "Conferences that are not over.", [
        ...byDomain(creating, { phase: "creating" }),
        ...byDomain(running, { phase: "running" }),
      ]),
      familyOf("gauge", "bridgehead_callers", "Callers in conferences.", byDomain(callers)),
      familyOf(
        "gauge",
        "bridgehead_documents_waiting",
        "Documents that their receiver has not confirmed.",
        byDomain(documents),
      ),
      familyOf("gauge", "bridgehead_oldest_document_seconds", "For how long the oldest of them waits.", byDomain(ages)),
      familyOf("gauge", "bridgehead_agents", "Agents with a link, as their relay last knew.", byRole.flat()),
      familyOf(
        "gauge",
        "bridgehead_provisioning_differences",
        "Differences between a domain's WebEx site and its settings, as the last check found them.",
        byDomain(this.#provisioning),
      ),
      this.siteRequests.text(),
      this.checks.text(),
      this.takeovers.text(),
      this.foreignReports.text(),
      this.outcomes.text(),
      this.posts.text(),
      this.postSeconds.text(),
      this.commandSeconds.text(),
      this.eventSeconds.text(),
    ].join("");
  }
}

function add(values: Map<string, number>, domain: string, value: number): void {
  values.set(domain, (values.get(domain) ?? 0) + value);
}
