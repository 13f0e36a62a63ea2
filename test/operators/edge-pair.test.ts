import { expect, test } from "vitest";
import { type EdgeOfPair, edgeState, nextToAct, pairTrouble, silentLongMs } from "../../src/operators/edge-pair.ts";

function anEdge(more: Partial<EdgeOfPair> = {}): EdgeOfPair {
  return { name: "edge-2", url: "", version: "1", acts: false, silentMs: 0, behind: 0, fault: null, ...more };
}

const acting = anEdge({ name: "edge-1", acts: true });
const silent = anEdge({ silentMs: silentLongMs });
const quiet = anEdge({ silentMs: silentLongMs - 1 });
const faulty = anEdge({ name: "edge-3", fault: "its disk is full" });
const viewOf = (...edges: readonly EdgeOfPair[]) => ({ acting: null, edges });

test("an edge that acts says so, whatever else; one that stands by says what is wrong, how long it is silent, or how far it is", () => {
  const said = (one: EdgeOfPair) => edgeState(one, (ms) => `${ms / 1_000} s`);
  expect(said(anEdge({ acts: true, fault: "none", silentMs: 9_000 }))).toEqual({ is: "good", says: "acts" });
  expect(said({ ...faulty, silentMs: 9_000 })).toEqual({ is: "bad", says: "stands by, but its disk is full" });
  expect(said(silent)).toEqual({ is: "bad", says: "silent for 5 s" });
  expect(said(quiet)).toEqual({ is: "plain", says: "stands by, and has seen all" });
  expect(said(anEdge({ behind: 1 }))).toEqual({ is: "plain", says: "stands by, 1 row behind" });
});

test("who said something last takes the place of the edge that acts, if it could act", () => {
  const later = anEdge({ name: "edge-4", silentMs: 10 });
  expect(nextToAct(viewOf(acting, quiet, later))?.name).toBe("edge-4");
  expect(nextToAct(viewOf(acting, later, quiet))?.name).toBe("edge-4");
  expect(nextToAct(viewOf(acting, quiet))?.name).toBe("edge-2");
  expect([nextToAct(viewOf(acting)), nextToAct(viewOf(acting, silent)), nextToAct(viewOf(acting, faulty))]).toEqual([
    null,
    null,
    null,
  ]);
});

test("it is trouble where no edge stands by, and where one could not act", () => {
  expect(pairTrouble(viewOf(acting, quiet), 60_000)).toEqual([]);
  expect(pairTrouble(viewOf(acting), 60_000)).toEqual([{ kind: "no-edge-stands-by", about: null, since: null }]);
  expect(pairTrouble(viewOf(acting, { ...silent, silentMs: 20_000 }, { ...silent, name: "edge-9" }), 60_000)).toEqual([
    { kind: "no-edge-stands-by", about: "edge-9", since: 55_000 },
  ]);
  expect(pairTrouble(viewOf(acting, quiet, faulty), 60_000)).toEqual([
    { kind: "edge-could-not-act", about: "edge-3", since: null, why: "its disk is full" },
  ]);
});
