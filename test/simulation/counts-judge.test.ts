import { expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { waitedFor, waitsBeganIn } from "./counts-judge.ts";

const host = "http://tsp1";
const queued = (transId: string) => ({ kind: "post-queued", transId, host, messages: [] });

function waits(...rows: readonly (readonly object[])[]) {
  return [...waitsBeganIn(rows.map((facts, at) => ({ seq: at, at, facts: facts as readonly Fact[] })))];
}

test("a server waits since what it has not confirmed, and a given-up document ends no wait", () => {
  const lost = [
    { kind: "post-given-up", transId: "t1" },
    { kind: "server-lost", host },
  ];

  expect(waits([{ kind: "conference-requested", host }], [queued("t1")], lost, [queued("t2")])).toEqual([["tsp1", 1]]);
});

test("once another server asks for the conference, what the one before is owed waits for itself", () => {
  const requested = [{ kind: "conference-requested", host }, queued("t1")];
  const lost = [
    { kind: "post-given-up", transId: "t1" },
    { kind: "server-lost", host },
  ];
  const settled = { kind: "server-settled", host };

  expect(waits(requested, lost, [settled, queued("t2")])).toEqual([["tsp1", 2]]);
  expect(waits(requested, lost, [{ ...settled, expired: true }, queued("t2")])).toEqual([["tsp1", 0]]);
});

test("what a server is answered by which nothing else was left does not count as having waited for it", () => {
  const rows = (...all: readonly (readonly object[])[]) =>
    all.map((facts, at) => ({ seq: at, at, facts: facts as readonly Fact[] }));
  const post = { host, owed: true, settledAt: 1 } as Parameters<typeof waitedFor>[0];
  const reached = { kind: "server-reached", host };

  expect(waitedFor(post, rows([], [reached, queued("t2")]))).toBeUndefined();
  expect(waitedFor(post, rows([queued("t1")], [reached, queued("t2")]))).toBe("t1");
  expect(waitedFor(post, rows([], [{ ...reached, byRequest: true }, queued("t2")]))).toBe("t2");
});
