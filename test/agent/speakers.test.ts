import { expect, test } from "vitest";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
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

test("who was talking when speakers were turned off, and is silent since, is no speaker when they are turned on again", () => {
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

test("who talks on while it is muted and unmuted at once is reported as a speaker again, since the edge takes who is muted for silent", () => {
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

test("who is muted is no speaker for the edge, which is not told so", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  talk(call, true);
  world.pass(400);
  const before = world.events().length;

  world.command("mute", { type: "mute", call });
  world.pass(400);
  world.machine.press(world.machine.world.calls.get(call) as never, "*6");
  world.pass(400);
  world.machine.press(world.machine.world.calls.get(call) as never, "*6");
  world.pass(400);

  expect(world.events().slice(before)).toEqual([
    { type: "caller-muted", call, muted: false },
    { type: "speaking-changed", call, speaking: true },
    { type: "caller-muted", call, muted: true },
    { type: "speaking-changed", call, speaking: false },
  ]);
});

test("who begins and ceases to talk between two looks is not reported", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  const before = world.events().length;

  talk(call, true);
  talk(call, false);
  world.pass(400);

  expect(world.events().slice(before)).toEqual([]);
});

test("who has begun to talk when speakers are turned on once more is reported once", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  const before = world.events().length;

  talk(call, true);
  world.command("on-again", { type: "report-speakers" });
  world.settle();
  world.pass(400);

  expect(world.events().slice(before)).toEqual([{ type: "speaking-changed", call, speaking: true }]);
});

test("who is unmuted and was not muted is still known to talk: that it falls silent is reported", () => {
  const { world, talk } = reporting();
  const call = world.machine.dialIn("14085550101", `${KEY}#1#`);
  world.settle();
  talk(call, true);
  world.pass(400);
  const before = world.events().length;

  world.command("unmute", { type: "unmute", call });
  world.settle();
  talk(call, false);
  world.pass(400);

  expect(world.events().slice(before)).toEqual([{ type: "speaking-changed", call, speaking: false }]);
});

test("speakers turned on and off in one conference are those of no other", () => {
  const other = "123456789" as ConfKey;
  const { world, talk } = reporting();
  world.command("create-other", { type: "create-conference", maxCallers: null, anonymousId: null }, {}, other);
  const [talker, next] = ["1", "2"].map((id) => world.machine.dialIn(`1408555010${id}`, `${KEY}#${id}#`));
  world.settle();
  if (!talker || !next) expect.unreachable();
  talk(talker, true);
  world.pass(400);
  const before = world.heard.length;

  talk(next, true);
  world.command("on-other", { type: "report-speakers" }, {}, other);
  world.command("off-other", { type: "stop-reporting-speakers" }, {}, other);
  world.tell({ type: "snapshot-wanted", conference: other });
  world.settle();
  talk(talker, false);
  world.pass(400);

  const reported = world.heard.slice(before).flatMap((message) => (message.type === "reports" ? [message] : []));
  const events = reported.flatMap(({ conference, reports }) =>
    reports.flatMap(({ report }) =>
      report.type === "event" && report.event.type !== "snapshot" ? [[conference, report.event]] : [],
    ),
  );
  expect(events).toEqual([
    [KEY, { type: "speaking-changed", call: next, speaking: true }],
    [KEY, { type: "speaking-changed", call: talker, speaking: false }],
  ]);
});

test("after the agent was restarted, who begins to talk is reported", () => {
  const { world, talk } = reporting();
  const [talker, silent] = ["1", "2"].map((id) => world.machine.dialIn(`1408555010${id}`, `${KEY}#${id}#`));
  if (!talker || !silent) expect.unreachable();
  world.settle();
  talk(talker, true);
  world.pass(400);
  world.restart();
  world.settle();
  const before = world.events().length;

  talk(silent, true);
  talk(talker, false);
  world.pass(400);

  expect(world.events().slice(before)).toEqual([
    { type: "speaking-changed", call: silent, speaking: true },
    { type: "speaking-changed", call: talker, speaking: false },
  ]);
});
