import { expect, test } from "vitest";
import { HangUps, refusedAs } from "../../bridge-agent/callers/hang-ups.ts";
import { Legs } from "../../bridge-agent/callers/legs.ts";
import type { ExecutionResult } from "../../src/bridge/commands.ts";
import type { CommandId } from "../../src/foundation/ids.ts";
import { call } from "./agent-world.ts";

/** A caller at the prompt on whom the bridge is to hang up. */
function hangingUp() {
  const legs = new Legs({ saveStart() {}, deleteStart() {} });
  let ids = 0;
  const hangUps = new HangUps(legs, () => `keypad-${++ids}` as CommandId);
  hangUps.hangUp(legs.prompted({ call: call("c1"), number: "", dialled: "" }));
  const begun = () =>
    hangUps.begin().map(({ id, command }) => `${id} ${command.type} ${"call" in command && command.call}`);
  const finished = (id: string, result: ExecutionResult, now = 0) => hangUps.finished(id as CommandId, result, now);
  return { legs, hangUps, begun, finished };
}

test("the bridge is asked once, and the caller is gone when the bridge has done it, or does not know it", () => {
  for (const result of [{ done: true }, { done: false, reason: "no-such-call" }] as const) {
    const { legs, hangUps, begun, finished } = hangingUp();
    expect([begun(), begun(), hangUps.wait]).toEqual([["keypad-1 expel c1"], [], false]);
    finished("keypad-1", result);
    expect([legs.count, hangUps.wait]).toEqual([0, false]);
  }
});

test.each<ExecutionResult>([{ done: "unknown" }, { done: false, reason: "unreachable" }])(
  "a bridge that does not do it is asked again after two seconds, and once: %j",
  (result) => {
    const { legs, hangUps, begun, finished } = hangingUp();
    begun();
    finished("keypad-1", result, 1_000);
    expect([legs.count, hangUps.wait]).toEqual([1, true]);
    hangUps.timePassed(2_999);
    expect([begun(), hangUps.wait]).toEqual([[], true]);
    hangUps.timePassed(3_000);
    hangUps.timePassed(3_000);
    expect([begun(), hangUps.wait]).toEqual([["keypad-2 expel c1"], false]);
    finished("keypad-1", { done: true }); // Its result has come.
    expect(legs.count).toBe(1);
    finished("keypad-2", { done: true });
    expect(legs.count).toBe(0);
  },
);

test("whoever has hung up meanwhile is asked about no more", () => {
  const before = hangingUp();
  before.begun();
  before.legs.ended(call("c1"));
  before.finished("keypad-1", { done: "unknown" });
  expect(before.hangUps.wait).toBe(false);

  const between = hangingUp();
  between.begun();
  between.finished("keypad-1", { done: "unknown" });
  between.legs.ended(call("c1"));
  between.hangUps.timePassed(5_000);
  expect([between.begun(), between.hangUps.wait]).toEqual([[], false]);
});

test("what is asked of a bridge whose link is lost counts no more", () => {
  for (const asks of [false, true]) {
    const { legs, hangUps, begun, finished } = hangingUp();
    if (asks) {
      begun();
      finished("keypad-1", { done: "unknown" });
    }
    hangUps.clear();
    hangUps.timePassed(5_000);
    expect([begun(), hangUps.wait]).toEqual([[], false]);
    finished("keypad-1", { done: true });
    expect(legs.count).toBe(1);
  }
});

test("a caller whom the bridge does not admit is turned away for what the bridge says", () => {
  const told = (["locked", "capacity", "no-such-conference", "no-such-call"] as const).map((reason) => {
    const { why, announcement } = refusedAs(reason);
    return [why, announcement];
  });
  expect(told).toEqual([
    ["locked", "locked"],
    ["full", "full"],
    ["refused", "unknown-conference"],
    ["refused", "goodbye"],
  ]);
});
