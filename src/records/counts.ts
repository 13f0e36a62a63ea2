import { type Fact, type FactKind, type FactRow, probeAsFailed } from "../conference/facts.ts";
import type { EpochMs, WebexHost } from "../foundation/ids.ts";
import { persons, shown } from "../foundation/shown.ts";
import { type HostPosts, noPosts, noRequests, plus, type Requests, together } from "./activity.ts";

/** Facts that operations staff watch. Each is counted, as `bridgehead_outcomes_total`. */
export const outcomes = [
  "conference-created",
  "conference-not-created",
  "conference-taken-over",
  "conference-ended",
  "call-entered",
  "call-left",
  "call-out-denied",
  "command-failed",
] as const satisfies readonly FactKind[];
type Outcome = (typeof outcomes)[number];

/** What one object, or a whole domain, has counted since it began. Each number only rises. */
export interface Counts {
  /** Documents that WebEx has posted. */
  readonly requests: Requests;
  /** Posts to each TSP server. */
  readonly hosts: readonly HostPosts[];
  /** Count of each outcome; absent: never. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
}

export const noCounts: Counts = { requests: noRequests, hosts: [], outcomes: {} };

/** Unauthenticated clients can name servers, so further ones are counted together. */
export const mostHosts = 50;
/** How much of a failure's text is kept, in characters. */
const mostWhy = 200;

export function sumOf(...all: readonly Counts[]): Counts {
  return all.reduce((one, other) => {
    const hosts = new Map(one.hosts.map((posts) => [posts.host, posts]));
    for (const posts of other.hosts) {
      const host = hosts.has(posts.host) || hosts.size < mostHosts ? posts.host : null;
      hosts.set(host, together(hosts.get(host) ?? { ...noPosts, host }, posts));
    }
    return {
      requests: plus(one.requests, other.requests),
      hosts: [...hosts.values()],
      outcomes: plus(one.outcomes, other.outcomes),
    };
  }, noCounts);
}

/** What was counted between two states of the same counts. */
export function difference(later: Counts, earlier: Counts): Counts {
  const known = new Map(earlier.hosts.map((posts) => [posts.host, posts]));
  const hosts = later.hosts.map(({ host, lastFailure, ...posts }) => {
    const { host: _, lastFailure: failure, ...before } = known.get(host) ?? noPosts;
    return { ...plus(posts, before, -1), host, lastFailure: lastFailure?.at === failure?.at ? null : lastFailure };
  });
  return {
    requests: plus(later.requests, earlier.requests, -1),
    hosts: hosts.filter(({ confirmed, failed, givenUp }) => confirmed + failed + givenUp > 0),
    outcomes: plus(later.outcomes, earlier.outcomes, -1),
  };
}

export function isNothing({ requests, hosts, outcomes }: Counts): boolean {
  return hosts.length === 0 && Object.values({ ...outcomes, ...requests }).every((count) => count === 0);
}

export function countsOf(rows: readonly Pick<FactRow, "at" | "facts">[]): Counts {
  return sumOf(...rows.flatMap(({ at, facts }) => facts.map((fact) => countsOfFact(probeAsFailed(fact, at), at))));
}

function countsOfFact(fact: Fact, at: EpochMs): Counts {
  const outcome = outcomeOf(fact);
  const posts = postsOf(fact, at);
  return {
    requests: fact.kind === "document-confirmed" ? { ...noRequests, confirmed: 1 } : noRequests,
    hosts: posts ? [shown({ ...noPosts, ...posts }, persons.none)] : [],
    outcomes: outcome ? { [outcome]: 1 } : {},
  };
}

/** What this fact adds to the counts; `null`: nothing. */
export function outcomeOf(fact: Fact): Outcome | null {
  if (fact.kind === "command-expired") return "command-failed";
  if (fact.kind === "command-failed" && !isTrouble(fact)) return null;
  return outcomes.find((outcome) => outcome === fact.kind) ?? null;
}

/** False if the caller hung up while the command was on its way, or an earlier fact says that it failed. */
export function isTrouble({ late, why }: Extract<Fact, { readonly kind: "command-failed" }>): boolean {
  return !late && why !== "no-such-call" && why !== "conference-over";
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
