import { expect, test } from "vitest";
import type { CallId } from "../../src/foundation/ids.ts";
import { AgentWorld, KEY } from "./agent-world.ts";

function reporting() {
  const world = new AgentWorld();
  world.connect();
  world.command("create", { type: "create-conference", maxCallers: null, anonymousId: null });
  world.command("on", { type: "report-speakers" });
  world.settle();
  const talk = (call: CallId, talking: boolean) => {
    const found = world.machine.world.calls.get(call);
    if (found) world.machine.talk(found, talking);
  };
  return { world, talk };
}

test("reports no stale speaker when reports are turned on again", () => {
  const { world, talk } = reporting();
  const talker = world.machine.dialIn("14085550101", `${KEY}#1#`);
  const other = world.machine.dialIn("14085550102", `${KEY}#2#`);
  world.settle();
  talk(talker, true);
  world.pass(400);
  // Not reported yet when speakers are turned off.
  talk(other, true);
  world.command("off", { type: "stop-reporting-speakers" });
  world.settle();
  const before = world.events().length;

  talk(talker, false);
  talk(other, false);
  world.command("on-again", { type: "report-speakers" });
  world.pass(400);
  expect(world.events().slice(before)).toEqual([]);

  talk(talker, true);
  world.pass(400);
  expect(world.events().slice(before)).toEqual([{ type: "speaking-changed", call: talker, speaking: true }]);
});

test("reports a speaker again after a mute and an unmute", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  talk(call, true);
  world.pass(400);
  const before = world.accepted.length;

  world.command("mute", { type: "mute", call });
  world.command("unmute", { type: "unmute", call });
  world.pass(400);

  expect(world.accepted.slice(before)).toEqual([
    { type: "result", id: "mute", result: { done: true } },
    { type: "result", id: "unmute", result: { done: true } },
    { type: "event", event: { type: "speaking-changed", call, speaking: true } },
  ]);
});

test("never reports a muted caller as speaking", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  talk(call, true);
  world.pass(400);
  const before = world.events().length;

  world.command("mute", { type: "mute", call });
  world.pass(400);
  world.machine.press(world.machine.world.calls.get(call) ?? expect.unreachable(), "*6");
  world.pass(400);
  world.machine.press(world.machine.world.calls.get(call) ?? expect.unreachable(), "*6");
  world.pass(400);

  expect(world.events().slice(before)).toEqual([
    { type: "caller-muted", call, muted: false },
    { type: "speaking-changed", call, speaking: true },
    { type: "caller-muted", call, muted: true },
    { type: "speaking-changed", call, speaking: false },
  ]);
});
