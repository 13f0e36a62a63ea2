import { expect, test } from "vitest";
import { UnsettledCalls } from "../../../durable-objects/directory/unsettled-calls.ts";
import type { BridgeName, CallId } from "../../../src/foundation/ids.ts";
import type { KeptPromptCall } from "../../../src/rpc/directory-feed.ts";

const bridge = "main" as BridgeName;

function aCall(id: number, more: Partial<KeptPromptCall> = {}): KeptPromptCall {
  const call = { call: `c${id}` as CallId, number: "15552345678", dialled: "18005551234", at: 0, steps: [], end: null };
  return { id, bridge, ...call, ...more };
}

test("calls are found by number and by call as they are now, and gone once they are deleted", () => {
  const calls = new UnsettledCalls([aCall(1), aCall(2), aCall(3, { number: "1408" })]);
  const ids = (all: readonly KeptPromptCall[]) => all.map(({ id }) => id);
  expect(ids(calls.ofNumber("15552345678"))).toEqual([1, 2]);
  expect(ids(calls.ofCall(bridge, "c3"))).toEqual([3]);
  expect([calls.ofCall("west" as BridgeName, "c3"), calls.ofCall(null, "c3"), calls.ofNumber("1")]).toEqual([
    [],
    [],
    [],
  ]);

  calls.set(aCall(2, { number: "1408" }));
  expect([ids(calls.ofNumber("15552345678")), ids(calls.ofNumber("1408"))]).toEqual([[1], [3, 2]]);
  for (const id of [3, 3, 9]) calls.delete(id);
  expect([ids(calls.ofNumber("1408")), calls.ofCall(bridge, "c3"), ids(calls.all())]).toEqual([[2], [], [1, 2]]);
});
