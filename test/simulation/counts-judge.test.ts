import { expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { waitsBeganIn } from "./counts-judge.ts";

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
