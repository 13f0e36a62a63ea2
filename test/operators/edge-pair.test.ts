import { expect, test } from "vitest";
import { pairAlerts } from "../../src/operators/edge-pair.ts";

const named = (name: string, silentMs: number) => ({ name, url: "", version: "1", silentMs });

test.each<[ReturnType<typeof named>[], unknown[], string?]>([
  [[named("edge-2", 4_999), named("edge-3", 60_000)], []],
  [[], [[null, "there is no standby edge"]]],
  [[named("edge-2", 20_000), named("edge-3", 5_000)], [[55_000, "the standby edge edge-3 is silent"]]],
  [[named("edge-2", 0)], [[null, "there is no replica"]], "there is no replica"],
])("standby edges %j cause the alerts %j", (standbys, alerts, fault) => {
  expect(pairAlerts({ standbys, fault: fault ?? null }, 60_000).map(({ since, why }) => [since, why])).toEqual(alerts);
});
