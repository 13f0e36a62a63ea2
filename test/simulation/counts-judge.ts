import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { Fact, FactRow } from "../../src/conference/facts.ts";
import { waitOf } from "../../src/conference/server/queue.ts";
import type { ConfKey, EpochMs, TransId } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { troubleOf } from "../../src/operators/trouble.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { outcomesOf } from "../../src/records/outcomes.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
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

/** More than any world gives up. */
const mostPosts = 1_000;

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
      for (const outcome of outcomesOf(fact)) outcomes.add(outcome);
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
  for (const minutes of edge.mailPortions.values()) {
    requests += sumOf(minutes, ({ requests }) => requests.confirmed);
    for (const { confirmed, refused = 0, failed, givenUp } of minutes.flatMap(({ hosts }) => hosts))
      for (const [name, count] of Object.entries({ confirmed: confirmed - refused, refused, failed, givenUp }))
        posts.add(name, count);
  }
  const wasSet = edgeMachines.clockSetAt >= 0;
  edge.directory.deliver((directory) =>
    judging(rule, async () => {
      const [totals, { minutes }] = await Promise.all([directory.countTotals(), directory.activity()]);
      for (const [name, expected, counted] of [
        ["posts", posts, totals.posts],
        ["outcomes", outcomes, totals.outcomes],
      ] as const) {
        const is = new Tally();
        for (const [what, count] of Object.entries(counted)) is.add(what, count);
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
      const [known, mail] = await Promise.all([directory.trouble(domain), mailbox.waiting()]);
      const [{ hosts }, totals, { posts }] = await Promise.all([
        directory.activity(),
        directory.totals(),
        directory.givenUp(null, mostPosts),
      ]);
      const { waits, givenUp, behind } = owedBy(edge);
      const troubles = troubleOf([], [], { domain, known, mail: mail.servers, silent: [] }, edgeNow());
      const inTrouble = (wanted: string) =>
        troubles.flatMap(({ kind, about, count }) => (kind === wanted ? [[about, count ?? 0] as const] : []));
      const loads = hosts.map(({ host, documents }) => [host, documents] as const);
      for (const [where, expected, shown] of [
        ["waits", waits, known.waiting.map(({ host, documents }) => [host, documents] as const)],
        ["waits, by server", waits, loads],
        // A clock that was set puts their beginning into the future.
        ["waits, as trouble", waits, edgeMachines.clockSetAt >= 0 ? null : inTrouble("posts-wait")],
        ["was given up", givenUp, inTrouble("posts-given-up")],
      ] as const) {
        const is = new Tally();
        for (const [host, count] of shown ?? []) is.add(serverOf(host ?? ""), count);
        if (shown && is.text !== expected.text) violated(rule, `what ${where}: ${is.text}, and it is ${expected.text}`);
      }
      // At rest no answer waits in the mailbox.
      const documents = totals.documents + mail.documents;
      if (documents !== waits.sum) violated(rule, `${documents} documents in all, and it is ${waits.sum}`);
      const settled = posts.find(
        ({ owed, settledAt, conference }) => owed && settledAt === null && !behind.has(conference),
      );
      if (settled) violated(rule, `${settled.conference}: ${settled.transId} is owed, and its server is not behind`);
      // Moments of a clock that was set say nothing of what came first.
      for (const post of edgeMachines.clockSetAt >= 0 ? [] : posts) {
        const disk = edge.conferences.get(post.conference)?.disk;
        if (!disk || !hasTable(disk, "journal")) continue;
        const waits = waitedFor(post, conferenceOn(disk).journal.facts(post.row + 1));
        if (waits)
          violated(rule, `${post.conference}: ${post.transId} counts as settled, and ${waits} waited for its server`);
      }
    });
  edge.directory.deliver((directory) => edge.mailbox.deliver((mailbox) => judgeBoth(directory, mailbox)));
}

/** As the disks have it: what waits and what was given up and not settled, by server, and the conferences whose server is behind. */
function owedBy({ conferences, mailPortions }: Edge) {
  const [waits, givenUp] = [new Tally(), new Tally()];
  const behind = new Set<ConfKey>();
  for (const [key, { disk }] of conferences) {
    if (!hasTable(disk, "journal")) continue;
    const store = conferenceOn(disk);
    const { outages, debts } = store.state;
    for (const { host } of store.loadOutbox()) waits.add(serverOf(host));
    for (const host of outages.keys()) {
      behind.add(key);
      waits.add(serverOf(host), Math.ceil(debts.size / maxMessages));
    }
    for (const host of lostIn(store.journal.facts(0))) givenUp.add(serverOf(host));
  }
  for (const { host, givenUp: count } of [...mailPortions.values()].flat().flatMap(({ hosts }) => hosts))
    givenUp.add(serverOf(host ?? ""), count);
  return { waits, givenUp, behind };
}

/** Without its scheme, and what only the settings may show of its address. */
function serverOf(host: string): string {
  return host.replace(/^https?:\/\/|\?.*/g, "");
}

/** The servers of documents that were given up, one for each that nobody has made good. */
function lostIn(rows: readonly FactRow[]): readonly string[] {
  let lost: readonly { readonly host: string; readonly owed: boolean; readonly row: number }[] = [];
  for (const { seq: row, facts } of rows) {
    for (const fact of facts) {
      if (fact.kind === "post-given-up" && !fact.probe)
        lost = [...lost, { host: fact.host, owed: fact.owed === true, row }];
      const { host } = { host: "", ...fact };
      // What it confirms says that it takes posts again; what it asks for does not.
      const isHere = (one: { readonly host: string }) => serverOf(one.host) === serverOf(host ?? "");
      if (fact.kind === "post-confirmed") lost = lost.filter((one) => !one.owed || one.row === row || !isHere(one));
      if (fact.kind === "conference-requested" || fact.kind === "conference-taken-over")
        lost = lost.filter((one) => !one.owed || isHere(one));
      const isReached = fact.kind === "server-reached" && !fact.byRequest;
      if (!isReached && fact.kind !== "server-settled") continue;
      const isExpired = fact.kind === "server-settled" && fact.expired === true;
      lost = isExpired ? lost.map((one) => ({ ...one, owed: false })) : lost.filter(({ owed }) => !owed);
      if (isExpired && fact.messages) lost = [...lost, { host: host ?? "", owed: false, row }];
    }
  }
  return lost.map(({ host }) => host);
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

/** A document that waited for its server when this one counted as settled, and nothing else says why; `undefined`: none did. */
export function waitedFor(
  { host, owed, settledAt, expired }: GivenUpPost,
  rows: readonly FactRow[],
): TransId | undefined {
  if (!owed || settledAt === null || expired) return undefined;
  const isHere = (one: string | undefined) => serverOf(one ?? "") === serverOf(host);
  let waits: readonly TransId[] = [];
  for (const { at: rowAt, facts } of rows) {
    if (rowAt > settledAt && waits.length === 0) return undefined;
    for (const fact of facts) {
      // Of one that the mailbox has posted, no host is said.
      const isConfirmed = fact.kind === "post-confirmed" && (isHere(fact.host) || waits.includes(fact.transId));
      if (isConfirmed && fact.at <= settledAt) return undefined;
      if (rowAt > settledAt) continue;
      // It asks for something, and nothing of before is left for it: what it is answered then does not count.
      if (fact.kind === "server-reached" && !fact.byRequest && isHere(fact.host) && waits.length === 0)
        return undefined;
      const isCreate = fact.kind === "conference-requested" || fact.kind === "conference-taken-over";
      // Also one that is answered that the conference is over.
      const isOthers = isCreate || (fact.kind === "post-queued" && facts.some(({ kind }) => kind === "server-settled"));
      if (isOthers && !isHere(fact.host)) return undefined;
      if (fact.kind === "post-queued" && isHere(fact.host)) waits = [...waits, fact.transId];
      if (fact.kind === "post-given-up" || fact.kind === "post-dropped")
        waits = waits.filter((one) => one !== fact.transId);
    }
  }
  return waits[0];
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
