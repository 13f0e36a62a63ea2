import { type Fact, type FactRow, probeAsFailed } from "../conference/facts.ts";
import type { EpochMs, WebexHost } from "../foundation/ids.ts";
import { persons } from "../foundation/shown.ts";
import { type HostPosts, noPosts, noRequests, type Requests, showPosts, together } from "./activity.ts";
import { type OutcomeCounts, outcomeCounts, outcomesOf } from "./outcomes.ts";

/** What one object, or a whole domain, has counted since it began. Each number only rises. */
export interface Counts {
  /** Documents that WebEx has posted. */
  readonly requests: Requests;
  /** Posts to each TSP server. */
  readonly hosts: readonly HostPosts[];
  readonly outcomes: OutcomeCounts;
}

export const noCounts: Counts = { requests: noRequests, hosts: [], outcomes: {} };

/** Strangers name servers, so further ones are counted together. */
export const mostHosts = 50;
/** How much of a failure's text is kept, in characters. */
const mostWhy = 200;

export function sumOf(...all: readonly Counts[]): Counts {
  const hosts = new Map<HostPosts["host"], HostPosts>();
  for (const posts of all.flatMap((counts) => counts.hosts)) {
    const host = hosts.has(posts.host) || hosts.size < mostHosts ? posts.host : null;
    hosts.set(host, together(hosts.get(host) ?? { ...noPosts, host }, posts));
  }
  const sum = (of: (counts: Counts) => number) => all.reduce((before, counts) => before + of(counts), 0);
  return {
    requests: {
      confirmed: sum(({ requests }) => requests.confirmed),
      refused: sum(({ requests }) => requests.refused),
    },
    hosts: [...hosts.values()],
    outcomes: outcomeCounts((name) => sum(({ outcomes }) => outcomes[name] ?? 0)),
  };
}

/** What was counted between two states of the same counts. */
export function difference(later: Counts, earlier: Counts): Counts {
  const known = new Map(earlier.hosts.map((posts) => [posts.host, posts]));
  const hosts = later.hosts.map((posts) => {
    const before = known.get(posts.host) ?? noPosts;
    const isKnown = posts.lastFailure?.at === before.lastFailure?.at;
    const rise = (name: "confirmed" | "failed" | "givenUp" | "tookMs") => posts[name] - before[name];
    const refused = (posts.refused ?? 0) - (before.refused ?? 0);
    return {
      ...{ host: posts.host, confirmed: rise("confirmed"), failed: rise("failed"), givenUp: rise("givenUp") },
      ...(refused > 0 && { refused }),
      tookMs: rise("tookMs"),
      lastFailure: isKnown ? null : posts.lastFailure,
    };
  });
  return {
    requests: {
      confirmed: later.requests.confirmed - earlier.requests.confirmed,
      refused: later.requests.refused - earlier.requests.refused,
    },
    hosts: hosts.filter(({ confirmed, failed, givenUp }) => confirmed + failed + givenUp > 0),
    outcomes: outcomeCounts((name) => (later.outcomes[name] ?? 0) - (earlier.outcomes[name] ?? 0)),
  };
}

export function isNothing({ requests, hosts, outcomes }: Counts): boolean {
  return requests.confirmed + requests.refused + hosts.length + Object.keys(outcomes).length === 0;
}

export function countsOf(rows: readonly Pick<FactRow, "at" | "facts">[]): Counts {
  return sumOf(...rows.flatMap(({ at, facts }) => facts.map((fact) => countsOfFact(probeAsFailed(fact, at), at))));
}

function countsOfFact(fact: Fact, at: EpochMs): Counts {
  const found = outcomesOf(fact);
  const posts = postsOf(fact, at);
  return {
    requests: fact.kind === "document-confirmed" ? { ...noRequests, confirmed: 1 } : noRequests,
    hosts: posts ? [showPosts({ ...noPosts, ...posts }, persons.none)] : [],
    outcomes: outcomeCounts((name) => found.filter((one) => one === name).length),
  };
}

function postsOf(fact: Fact, at: EpochMs): Partial<HostPosts> | null {
  switch (fact.kind) {
    case "post-confirmed": {
      // Absent: the mailbox has posted it, and counts it.
      if (fact.host === undefined) return null;
      return {
        host: fact.host as WebexHost,
        confirmed: 1,
        tookMs: fact.tookMs ?? 0,
        ...(fact.refused && { refused: 1 }),
      };
    }
    case "post-failed":
      return fact.host === undefined ? null : { failed: 1, ...failedBy(fact.host, fact.at, fact.why) };
    case "post-given-up":
      return { failed: fact.lastFailed ? 1 : 0, givenUp: 1, ...failedBy(fact.host, at, fact.why) };
    case "server-settled":
      return fact.expired && fact.messages ? { host: fact.host, givenUp: 1 } : null;
    default:
      return null;
  }
}

function failedBy(host: string, at: EpochMs, why: string): Pick<HostPosts, "host" | "lastFailure"> {
  return { host: host as WebexHost, lastFailure: { at, why: why.slice(0, mostWhy) } };
}
