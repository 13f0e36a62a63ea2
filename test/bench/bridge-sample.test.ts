import { expect, test } from "vitest";
import { bridgeSample } from "../../bench/kills/figures.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";

const state = (calls: Record<string, string>) =>
  ({ conferences: [], calls: Object.entries(calls).map(([id, state]) => ({ id, state })) }) as unknown as VisibleState;

test("between two samples as many ports may be in use as calls were seen in either, or came and went", () => {
  const before = state({ stays: "in-conference", goes: "prompted", old: "ended" });
  const after = state({ stays: "in-conference", goes: "ended", comes: "ringing", passes: "ended", old: "ended" });
  expect(bridgeSample(before).portsInUse).toEqual([2, 2]);
  expect(bridgeSample(after, before).portsInUse).toEqual([1, 4]);
});
