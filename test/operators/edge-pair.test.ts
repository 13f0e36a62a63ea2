import { expect, test } from "vitest";
import { type EdgeOfPair, edgeState, nextToAct, pairAlerts, silentLongMs } from "../../src/operators/edge-pair.ts";

function anEdge(more: Partial<EdgeOfPair> = {}): EdgeOfPair {
  return { name: "edge-2", url: "", version: "1", acts: false, silentMs: 0, behind: 0, fault: null, ...more };
}

const acting = anEdge({ name: "edge-1", acts: true });
const silent = anEdge({ silentMs: silentLongMs });
const quiet = anEdge({ silentMs: silentLongMs - 1 });
const faulty = anEdge({ name: "edge-3", fault: "its disk is full" });
const viewOf = (...edges: readonly EdgeOfPair[]) => ({ acting: null, edges });

test.each([
  [{ acts: true, fault: "none", silentMs: 9_000 }, "good", "active"],
  [{ fault: "its disk is full", silentMs: 9_000 }, "bad", "standby, but its disk is full"],
  [{ silentMs: silentLongMs }, "bad", "silent for 5 s"],
  [{ silentMs: silentLongMs - 1 }, "plain", "standby, up to date"],
  [{ behind: 1 }, "plain", "standby, 1 row behind"],
])("an edge %j is %s: %s", (more, is, says) => {
  expect(edgeState(anEdge(more))).toEqual({ is, says });
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

test.each([
  [viewOf(acting, quiet, faulty), []],
  [viewOf(acting), [[null, "there is no standby edge"]]],
  [
    viewOf(acting, { ...silent, silentMs: 20_000 }, { ...silent, name: "edge-9" }),
    [[55_000, "the standby edge edge-9 is silent"]],
  ],
  [viewOf(acting, silent, faulty), [[null, "the standby edge edge-3 could not become active: its disk is full"]]],
])("it is an alert if no edge could become active", (view, alerts) => {
  expect(pairAlerts(view, 60_000).map(({ since, why }) => [since, why])).toEqual(alerts);
});
