import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { AsteriskBridge } from "../../scripts/asterisk/asterisk-bridge.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { eventually, Meeting, type World, worldOf } from "../whole/world.ts";

/** Enough for 20 calls. */
const rtpPorts = "28100-28139";

let world: World<AsteriskBridge>;
let bridge: AsteriskBridge;
beforeAll(async () => {
  vi.stubEnv("RTP_PORTS", rtpPorts);
  const run = await LocalRun.start({ bridge: "asterisk" });
  bridge = await AsteriskBridge.start(run, inject("asterisks")[0]?.sipp ?? "");
  world = await worldOf(run, bridge);
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await bridge?.stop();
  await world?.stop();
});

test("callers who key nothing, twice as many as the bridge carries, keep neither a call-out nor a caller out", async () => {
  const meeting = new Meeting(world, "700");
  await meeting.create();
  const alice = await meeting.callIn("1");

  for (let count = 0; count < 39; count += 1) await bridge.phones.dialIn(bridge.dialIn, `1408555${2_000 + count}`);

  const { calls } = await bridge.state();
  expect(calls.filter(({ state }) => state === "prompted").length).toBeLessThanOrEqual(14);
  bridge.phones.plan("14085553001", { outcome: "answer", talks: true });
  const request = meeting.callOutRequest("9", "5553001");
  await meeting.ask(request);
  await meeting.answerTo(request.msgId, "ok");
  const dialled = await bridge.phones.called("14085553001");
  const bob = await meeting.callIn("2");
  alice.call.talk();
  await Promise.all([dialled.hears(alice.call), bob.call.hears(alice.call)]);
  await eventually("half of the free ports is what the crowd has left", async () => {
    const { calls } = await bridge.state();
    return calls.filter(({ state }) => state === "prompted").length <= 10;
  });
  await eventually("the crowd is counted", async () =>
    /policy_acts_total{reason="prompt-calls"} [1-9]/.test(await (await fetch(`${world.run.agentUrl}/metrics`)).text()),
  );
  await meeting.close();
}, 120_000);
