import { expect, test } from "vitest";
import type { CallId } from "../../src/foundation/ids.ts";
import { AgentWorld, KEY } from "./agent-world.ts";

test("who was talking when speakers were turned off, and is silent since, is no speaker when they are turned on again", () => {
  const world = new AgentWorld();
  world.connect();
  world.command("create", { type: "create-conference", maxCallers: null, anonymousId: null });
  world.command("on", { type: "report-speakers" });
  world.settle();
  const talker = world.machine.dialIn("14085550101", `${KEY}#1#`);
  const other = world.machine.dialIn("14085550102", `${KEY}#2#`);
  world.settle();
  const talk = (call: CallId, talking: boolean) => {
    const found = world.machine.world.calls.get(call);
    if (found) world.machine.talk(found, talking);
  };
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
