import { expect, test } from "vitest";
import { countWire } from "../../bench/kills/wire-count.ts";
import type { PostAttempt, WebexServer } from "../../simulators/webex/server.ts";
import type { TransId } from "../../src/foundation/ids.ts";

const rest = 100_000;

function counted(
  attempts: readonly PostAttempt[],
  more: { dropped?: string; probe?: string; edgeDeath?: number } = {},
) {
  const setOf = (transId?: string) => new Set(transId === undefined ? [] : [transId]);
  const server = { attempts, client: { answered: [], unansweredAt: [], documents: 0 } } as unknown as WebexServer;
  const evidence = {
    servers: [server],
    refusedAt: [],
    unansweredAt: [],
    dropped: setOf(more.dropped),
    probes: setOf(more.probe),
  };
  const deaths = more.edgeDeath === undefined ? [] : [more.edgeDeath];
  const { postsConfirmed, postsFailed, documentsGivenUp } = countWire({ ...evidence, edgeDeaths: deaths }, rest, rest);
  return { confirmed: postsConfirmed, failed: postsFailed, givenUp: documentsGivenUp };
}

function attempt(transId: string, at: number, how: PostAttempt["how"]): PostAttempt {
  return { transId: transId as TransId, at, overAt: at + 10, how };
}

test("a document that is refused to the end is given up, and one that is confirmed at last is not", () => {
  const attempts = [
    attempt("1", 1_000, "refused"),
    attempt("1", 2_000, "broken"),
    attempt("2", 1_000, "refused"),
    attempt("2", 2_000, "confirmed"),
  ];
  expect(counted(attempts)).toEqual({ confirmed: [1, 1], failed: [3, 3], givenUp: [1, 1] });
});

test("a probe that fails, however often it was tried, is attempts that failed and no document given up", () => {
  const attempts = [attempt("1", 1_000, "refused"), attempt("1", 2_000, "refused")];
  expect(counted(attempts, { probe: "1" })).toEqual({ confirmed: [0, 0], failed: [2, 2], givenUp: [0, 0] });
});

test("a probe that the edge died in may be counted, and need not be: nothing of it is on disk", () => {
  expect(counted([attempt("1", 1_000, "broken")], { edgeDeath: 1_000 })).toMatchObject({ givenUp: [0, 1] });
});

test("what became of a document that was withdrawn while it was posted may be counted, and need not be", () => {
  const attempts = [attempt("1", 1_000, "confirmed")];
  expect(counted(attempts, { dropped: "1" })).toMatchObject({ confirmed: [0, 1], givenUp: [0, 0] });
  expect(counted([attempt("1", 1_000, "refused")], { dropped: "1" })).toMatchObject({ failed: [0, 1] });
});

test("an attempt whose end the edge may not have on disk may be counted, and need not be", () => {
  const attempts = [attempt("1", 1_000, "refused"), attempt("1", 3_000, "confirmed")];
  expect(counted(attempts, { edgeDeath: 1_200 })).toMatchObject({ confirmed: [1, 1], failed: [0, 1] });
});

test("a document that was refused a moment ago may be tried again, and is not given up yet for sure", () => {
  expect(counted([attempt("1", rest - 2_000, "refused")])).toMatchObject({ failed: [1, 1], givenUp: [0, 1] });
});

test("what was posted in vain to an edge that died may be refused and counted, and need not be", () => {
  const client = { answered: [], unansweredAt: [3_000], documents: 0 };
  const server = { attempts: [], client } as unknown as WebexServer;
  const evidence = { servers: [server], dropped: new Set<string>(), probes: new Set<string>(), edgeDeaths: [] };
  const { requestsRefused } = countWire({ ...evidence, refusedAt: [1_000], unansweredAt: [2_000] }, rest, rest);
  expect(requestsRefused).toEqual([1, 3]);
});
