import { expect, test } from "vitest";
import { ConferenceWorld, callerEntered, createConference, muteCaller } from "./conference-world.ts";

test("an answer repeats its request's MsgID under a TransID of ours (protocol T34, T44)", async () => {
  const world = new ConferenceWorld();
  await world.received("52491000777", createConference());
  await world.allDone();
  for (let index = 0; index < 3; index += 1) {
    await world.reported(callerEntered(index * 2), callerEntered(index * 2 + 1));
    await world.time.pass(1000);
  }

  const [first] = world.posted;
  expect(first?.body).toContain('<A2W_RspCreateConference MsgID="m-create" Result="0"');
  expect(world.posted.map(({ transId }) => transId)).toEqual([
    "61041500000",
    "61041500001",
    "61041500002",
    "61041500003",
  ]);
  const msgIds = world.posted.flatMap(({ body }) => Array.from(body.matchAll(/MsgID="(\d+)"/g), ([, id = ""]) => id));
  expect(msgIds).toEqual(Array.from({ length: 7 }, (_, index) => `6104150000${index}`));
});

test("a repeat waits for the first copy to be stored (protocol T39)", async () => {
  const world = await ConferenceWorld.running(1);
  const order: string[] = [];
  const first = world.receive("copy", muteCaller("1001")).then(() => order.push("first"));
  const copy = world.receive("copy", muteCaller("1001")).then(() => order.push("copy"));
  expect(order).toEqual([]);
  await world.during(Promise.all([first, copy]));

  expect(order).toEqual(["first", "copy"]);
  expect(
    new Set(
      world.sent
        .flat()
        .filter(({ command }) => command.type === "mute")
        .map(({ id }) => id),
    ).size,
  ).toBe(1);
});
