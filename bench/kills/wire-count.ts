import type { PostAttempt, WebexServer } from "../../simulators/webex/server.ts";
import type { FigureName } from "../../src/operators/figures.ts";

/** At least, and at most: where the edge was killed over it, nobody knows. */
export type Range = readonly [least: number, most: number];

export interface WireEvidence {
  readonly servers: readonly WebexServer[];
  /** When documents that no server stands for were refused. */
  readonly refusedAt: readonly number[];
  /** And when some were posted that got no answer, or a 503: each may have been refused. */
  readonly unansweredAt: readonly number[];
  readonly edgeDeaths: readonly number[];
  /** Documents that were withdrawn while they were posted, as their server was replaced: what became of that post, the edge does not know. */
  readonly dropped: ReadonlySet<string>;
  /** Documents that were to find out whether their server is back: one that fails is no document given up. */
  readonly probes: ReadonlySet<string>;
}

/** What was answered so shortly before the edge died may not be on its disk. */
const onDiskWithinMs = 500;
/** Refusals are told together a second later, and are in memory until then. */
const refusalsToldWithinMs = 2_500;
/** A document that was not tried again for so long while the edge lived is tried no more. */
const triedAgainWithinMs = 3_000;

/**
 * What WebEx's servers say of requests and posts: what happened before `early` must be in the figures, and what happened before `late` may be. All
 * times are in milliseconds since 1970.
 */
export function countWire(evidence: WireEvidence, early: number, late: number): Partial<Record<FigureName, Range>> {
  const { servers, refusedAt, unansweredAt, edgeDeaths, dropped, probes } = evidence;
  const diesIn = (from: number, to: number) => edgeDeaths.some((at) => at >= from && at <= to);
  const answered = servers.flatMap(({ client }) => client.answered);
  const posted = servers.reduce((sum, { client }) => sum + client.documents, 0);
  const refusals = [...answered.filter(({ result }) => result !== 0).map(({ at }) => at), ...refusedAt];
  const mayBeRefused = [...refusals, ...unansweredAt, ...servers.flatMap(({ client }) => client.unansweredAt)];
  const surelyRefused = refusals.filter((at) => at <= early && !diesIn(at - 100, at + refusalsToldWithinMs));

  const attempts = servers.flatMap((server) => server.attempts);
  const byDocument = Map.groupBy(attempts, ({ transId }) => transId);
  const failed = attempts.filter(({ how }) => how === "refused" || how === "broken");
  const isSure = ({ at, overAt, transId }: PostAttempt) =>
    !dropped.has(transId) && !diesIn(at - 100, overAt + onDiskWithinMs);
  let confirmed = 0;
  let mayBeConfirmed = 0;
  let givenUp = 0;
  let mayBeGivenUp = 0;
  for (const [transId, tried] of byDocument) {
    const last = tried.at(-1);
    const isConfirmed = (by: number) => tried.some(({ how, overAt }) => how === "confirmed" && overAt <= by);
    // The edge did not hear of a Confirmation behind which it tried again.
    if (isConfirmed(early) && last?.how === "confirmed" && !dropped.has(transId)) confirmed += 1;
    if (isConfirmed(late)) mayBeConfirmed += 1;
    const hasFailed = last !== undefined && last.how !== null && last.how !== "confirmed";
    if (!hasFailed || probes.has(transId) || dropped.has(transId)) continue;
    if (last.overAt <= late) mayBeGivenUp += 1;
    // Of a probe that the edge died in, nothing is on disk, and it is not made again.
    if (last.overAt <= early - triedAgainWithinMs && isSure(last)) givenUp += 1;
  }
  return {
    requestsConfirmed: [
      new Set(answered.filter(({ at, result }) => at <= early && result === 0).map(keyOf)).size,
      posted,
    ],
    requestsRefused: [surelyRefused.length, mayBeRefused.filter((at) => at <= late).length],
    postsConfirmed: [confirmed, mayBeConfirmed],
    postsFailed: [
      failed.filter((attempt) => attempt.overAt <= early && isSure(attempt)).length,
      failed.filter(({ overAt }) => overAt <= late).length,
    ],
    documentsGivenUp: [givenUp, mayBeGivenUp],
  };
}

function keyOf({ transId }: { readonly transId: string }): string {
  return transId;
}
