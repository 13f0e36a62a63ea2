import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { Fact } from "../../src/conference/facts.ts";
import { BACK_END } from "../../src/conference/server/posts.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { outcomesOf } from "../../src/records/outcomes.ts";
import type { WorldContext } from "./context.ts";
import { conferenceOn } from "./database.ts";
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

  get text(): string {
    return JSON.stringify(Object.entries(this.counts).toSorted());
  }
}

/** Judges what the directory has counted by the journals, by what the mailbox had to say, and by what WebEx's servers answered. */
export function checkCounts({ context, edge, webex }: Parts): void {
  const { violated, edgeMachines } = context;
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
  edge.directory.deliver(async (directory) => {
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
  });
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
    default:
      return [];
  }
}

function sumOf(minutes: readonly ActivityMinute[], count: (minute: ActivityMinute) => number): number {
  return minutes.reduce((sum, minute) => sum + count(minute), 0);
}
