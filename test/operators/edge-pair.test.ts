import { expect, test } from "vitest";
import { pairAlerts } from "../../src/operators/edge-pair.ts";

const named = (name: string, silentMs: number) => ({ name, url: "", version: "1", silentMs });

test.each([
  [[named("edge-2", 4_999), named("edge-3", 60_000)], []],
  [[], [[null, "there is no standby edge"]]],
  [[named("edge-2", 20_000), named("edge-3", 5_000)], [[55_000, "the standby edge edge-3 is silent"]]],
])("standby edges %j cause the alerts %j", (standbys, alerts) => {
  expect(pairAlerts({ standbys }, 60_000).map(({ since, why }) => [since, why])).toEqual(alerts);
});
