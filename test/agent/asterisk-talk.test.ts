import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { LOOK_AT_SOUND_EVERY_MS } from "../../bridge-agent/drivers/asterisk/mirror/calls.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { AsteriskWorld, conference, create } from "./asterisk-world.ts";

const call = "c1" as CallId;
const channel = {
  id: "c1",
  name: "PJSIP/trunk-1",
  state: "Ring",
  caller: { number: "14085550001" },
  dialplan: { exten: "18005551234" },
};
const statistics = "GET /channels/c1/rtp_statistics";

let world: AsteriskWorld;
let driver: AsteriskDriver;
/** The pauses between two looks that have not passed. */
const pauses: (() => void)[] = [];

beforeEach(async () => {
  world = await AsteriskWorld.start();
  pauses.length = 0;
  const timers: Timers = {
    after: (ms, run) => {
      if (ms !== LOOK_AT_SOUND_EVERY_MS) return driverPorts.timers.after(ms, run);
      pauses.push(run);
      return () => {};
    },
  };
  driver = await world.startActive({ timers });
  world.asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  world.asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
  world.asterisk.answers["POST /channels/c1/variable"] = { status: 204 };
  world.asterisk.answers["POST /bridges/bridgehead-command-1/addChannel"] = { status: 204 };
  await done(create);
  world.asterisk.send({ type: "StasisStart", args: ["in", "18005551234"], channel });
  await world.reported("prompted");
  await done({ type: "report-speakers" });
  await done({ type: "admit", call, muted: false, joinTone: false });
  world.reports.length = 0;
});
afterEach(() => world.end());

async function done(command: BridgeCommand): Promise<void> {
  expect(await driver.execute("command-1" as CommandId, conference, command)).toEqual({ done: true });
}
function says(type: "ChannelTalkingStarted" | "ChannelTalkingFinished"): void {
  world.asterisk.send({ type, channel });
}
const looks = () => world.asterisk.requests.filter(({ what }) => what === statistics).length;
/** The next look finds so many packets. */
async function look(rxcount: number): Promise<void> {
  world.asterisk.answers[statistics] = { status: 200, body: { rxcount } };
  const before = looks();
  await vi.waitFor(() => expect(pauses).toHaveLength(1));
  pauses.shift()?.();
  await vi.waitFor(() => expect(looks()).toBe(before + 1));
  await vi.waitFor(() => expect(pauses).toHaveLength(1));
}
async function reported(...talking: boolean[]): Promise<void> {
  const expected = talking.map((is) => ({ type: "talking", call, conference, talking: is }));
  await vi.waitFor(() => expect(world.reports).toEqual(expected));
}

test.each([
  ["nothing", 0],
  ["comfort noise alone, ten packets between two looks", 10],
])("a telephone that sends %s stops talking until its sound is back", async (_, few) => {
  says("ChannelTalkingStarted");
  await look(100);
  await look(130);
  await reported(true);
  await look(130 + few);
  await reported(true, false);
  await look(130 + 2 * few);
  await look(160 + 2 * few);
  await reported(true, false, true);
});
