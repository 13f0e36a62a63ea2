import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { Fact, FactRow } from "../../src/conference/facts.ts";
import { waitOf } from "../../src/conference/server/queue.ts";
import type { EpochMs, TransId } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { alertsOf } from "../../src/operators/alerts.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { outcomeOf } from "../../src/records/counts.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import { conferenceOn } from "../kit/database.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { Webex } from "./webex.ts";

interface Parts {
  readonly context: WorldContext;
  readonly edge: Edge;
  readonly webex: Webex;
}

/** By name, how often something happened. */
class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string, more = 1): void {
    if (more > 0) this.counts[name] = (this.counts[name] ?? 0) + more;
  }

  get sum(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  get text(): string {
    return JSON.stringify(Object.entries(this.counts).toSorted());
  }
}

/** Judges what the directory has counted by the journals, by what the mailbox had to say, and by what WebEx's servers answered. */
export function checkCounts({ context, edge, webex }: Parts): void {
  const { violated, judging, edgeMachines } = context;
  const rule = "the directory counts what happened";
  const [posts, outcomes] = [new Tally(), new Tally()];
  let requests = 0;
  const known = new Set<string>();
  const over = new Set<string>();
  for (const [key, { disk }] of edge.conferences) {
    if (!hasTable(disk, "journal")) continue;
    for (const fact of conferenceOn(disk)
      .journal.facts(0)
      .flatMap(({ facts }) => facts)) {
      const outcome = outcomeOf(fact);
      if (outcome) outcomes.add(outcome);
      for (const what of postsOf(fact)) posts.add(what);
      if (fact.kind === "document-confirmed") requests += 1;
      if (fact.kind === "post-given-up" || fact.kind === "post-dropped") over.add(fact.transId);
      if (fact.kind !== "post-confirmed" || fact.host === undefined) continue;
      if (known.has(fact.transId)) violated(rule, `${key}: ${fact.transId} was confirmed twice`);
      known.add(fact.transId);
      const isOfWebex = fact.host !== BACK_END;
      if (isOfWebex && !webex.confirmed.has(fact.transId))
        violated(rule, `${key}: no server has confirmed ${fact.transId}`);
    }
  }
  for (const [transId, origin] of webex.confirmed)
    if (origin !== edge.mailbox && !known.has(transId) && !over.has(transId))
      violated(rule, `${origin.name}: ${transId} was confirmed, and no fact says so`);
  for (const { counts } of edge.mailCounts.values()) {
    requests += counts.requests.confirmed;
    for (const { confirmed, refused = 0, failed, givenUp } of counts.hosts)
      for (const [name, count] of Object.entries({ confirmed: confirmed - refused, refused, failed, givenUp }))
        posts.add(name, count);
  }
  const wasSet = edgeMachines.clockSetAt >= 0;
  edge.directory.deliver((directory) =>
    judging(rule, async () => {
      const { counts: totals, minutes } = await directory.stats();
      for (const [name, expected, counted] of [
        [
          "posts",
          posts,
          totals.hosts.map(({ host: _, tookMs: __, lastFailure: ___, confirmed, refused = 0, ...rest }) => ({
            ...rest,
            refused,
            confirmed: confirmed - refused,
          })),
        ],
        ["outcomes", outcomes, [totals.outcomes]],
      ] as const) {
        const is = new Tally();
        for (const [what, count] of counted.flatMap((one) => Object.entries(one))) is.add(what, count);
        if (is.text !== expected.text) violated(rule, `${name}: ${is.text}, and there were ${expected.text}`);
      }
      // A clock that was set puts some of them out of the last hour.
      const inHour = sumOf(minutes, ({ requests }) => requests.confirmed);
      if (!wasSet && inHour !== requests) violated(rule, `requests: ${inHour}, and there were ${requests}`);
    }),
  );
}

/** Judges what directory and mailbox say of documents that wait, or were given up, by the outboxes, debts and journals of all conferences. */
export function checkWaiting({ context, edge }: Pick<Parts, "context" | "edge">): void {
  const { violated, judging, edgeMachines, edgeNow } = context;
  const rule = "the directory knows what waits";
  const { name: domain } = edge.domain;
  const judgeBoth = (directory: Whole<"directory">, mailbox: Whole<"mailbox">) =>
    judging(rule, async () => {
      const [known, mail] = await Promise.all([directory.alerts(domain), mailbox.waiting()]);
      const totals = await directory.stats();
      const { waits, givenUp } = owedBy(edge);
      const alerts = alertsOf([], [], { domain, known, mail: mail.servers }, edgeNow());
      const inAlerts = (wanted: string) =>
        alerts.flatMap(({ kind, about, count }) => (kind === wanted ? [[about, count ?? 0] as const] : []));
      const loads = totals.hosts.map(({ host, documents }) => [host, documents] as const);
      for (const [where, expected, shown] of [
        ["waits", waits, known.waiting.map(({ host, documents }) => [host, documents] as const)],
        ["waits, by server", waits, loads],
        // A clock that was set puts their beginning into the future.
        ["waits, as an alert", waits, edgeMachines.clockSetAt >= 0 ? null : inAlerts("documents-pending")],
        ["was given up", givenUp, inAlerts("undelivered")],
      ] as const) {
        const is = new Tally();
        for (const [host, count] of shown ?? []) is.add(serverOf(host ?? ""), count);
        if (shown && is.text !== expected.text) violated(rule, `what ${where}: ${is.text}, and it is ${expected.text}`);
      }
      // At rest no answer waits in the mailbox.
      const documents = totals.documents + mail.documents;
      if (documents !== waits.sum) violated(rule, `${documents} documents in all, and it is ${waits.sum}`);
    });
  edge.directory.deliver((directory) => edge.mailbox.deliver((mailbox) => judgeBoth(directory, mailbox)));
}

/** As the disks have it, by server: what waits, and what was not delivered. */
function owedBy({ conferences, mailCounts }: Edge) {
  const [waits, givenUp] = [new Tally(), new Tally()];
  for (const { disk } of conferences.values()) {
    if (!hasTable(disk, "journal")) continue;
    const store = conferenceOn(disk);
    const { outages, debts } = store.state;
    for (const { host } of store.loadOutbox()) waits.add(serverOf(host));
    for (const host of outages.keys()) waits.add(serverOf(host), Math.ceil(debts.size / maxMessages));
    for (const fact of [...store.journal.facts(0)].flatMap(({ facts }) => facts))
      if (postsOf(fact).includes("givenUp") && "host" in fact) givenUp.add(serverOf(fact.host ?? ""));
  }
  for (const { host, givenUp: count } of [...mailCounts.values()].flatMap(({ counts }) => counts.hosts))
    givenUp.add(serverOf(host ?? ""), count);
  return { waits, givenUp };
}

/** Without its scheme, and what only the settings may show of its address. */
function serverOf(host: string): string {
  return host.replace(/^https?:\/\/|\?.*/g, "");
}

/** Judges, of what waits at any moment, since when its server has confirmed nothing: by the facts alone. */
export function checkWaitsBegan({ context: { violated, edgeMachines }, edge }: Pick<Parts, "context" | "edge">): void {
  if (edgeMachines.clockSetAt >= 0) return;
  for (const [key, { disk }] of edge.conferences) {
    if (!hasTable(disk, "journal")) continue;
    const store = conferenceOn(disk);
    const waits = [
      ...[...store.state.outages.values()].map(({ host, since }) => [host, since] as const),
      ...store.loadOutbox().map((row) => [row.host, waitOf(row).since] as const),
    ];
    for (const [host, beganAt] of waitsBeganIn(store.journal.facts(0))) {
      const since = earliest(...waits.flatMap(([other, at]) => (serverOf(other) === host ? [at] : [])));
      if (since === null || since <= beganAt) continue;
      violated(
        "what waits has its beginning",
        `${key}: ${host} since ${since}, and it has confirmed nothing since ${beganAt}`,
      );
    }
  }
}

/** Since when the conference's server has confirmed nothing, where something waits for it. */
export function waitsBeganIn(rows: readonly FactRow[]): ReadonlyMap<string, EpochMs> {
  const began = new Map<string, EpochMs>();
  let its = "";
  const lost = new Set<string>();
  const queued = new Map<TransId, string>();
  for (const { at, facts } of rows) {
    for (const fact of facts) {
      if (fact.kind === "post-queued") queued.set(fact.transId, serverOf(fact.host));
      else if (fact.kind === "post-given-up" || fact.kind === "post-dropped") queued.delete(fact.transId);
      else if (fact.kind === "server-lost") lost.add(serverOf(fact.host));
      else if (fact.kind === "server-reached" || fact.kind === "server-settled") {
        lost.delete(serverOf(fact.host));
        // Another server asks for the conference: what this one still gets, once, waits for itself alone.
        if (fact.kind === "server-settled" && !fact.expired) began.delete(serverOf(fact.host));
      } else if (fact.kind === "conference-requested" || fact.kind === "conference-taken-over") {
        if (serverOf(fact.host) !== its) began.clear();
        its = serverOf(fact.host);
      } else if (fact.kind === "post-confirmed") {
        began.delete(queued.get(fact.transId) ?? "");
        queued.delete(fact.transId);
      }
    }
    const waiting = new Set([...lost, ...queued.values()]);
    for (const host of began.keys()) if (!waiting.has(host)) began.delete(host);
    for (const host of waiting) if (!began.has(host)) began.set(host, at);
  }
  return new Map([...began].filter(([host]) => host === its));
}

/** Without the product's own words for it, which could be wrong on both sides. */
function postsOf(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "post-confirmed":
      return fact.host === undefined ? [] : [fact.refused ? "refused" : "confirmed"];
    case "post-failed":
      return fact.host === undefined ? [] : ["failed"];
    case "post-given-up":
      return [...(fact.lastFailed ? ["failed"] : []), ...(fact.probe ? [] : ["givenUp"])];
    case "server-settled":
      return fact.expired && fact.messages ? ["givenUp"] : [];
    default:
      return [];
  }
}

function sumOf(minutes: readonly ActivityMinute[], count: (minute: ActivityMinute) => number): number {
  return minutes.reduce((sum, minute) => sum + count(minute), 0);
}
