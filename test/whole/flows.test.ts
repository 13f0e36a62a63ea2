import { afterAll, beforeAll, expect, test } from "vitest";
import { loadFlows, readFlow } from "../../scripts/demo/flow.ts";
import { FlowStage } from "../../scripts/demo/stage.ts";
import { FlowSystem } from "../../scripts/demo/system.ts";
import { stepsOf } from "../transcripts/transcript.ts";

// All of them are played by `npm run demo`; these are the ones whose way through the processes is the longest.
const played = [
  "create",
  "call-in",
  "call-out",
  "sub-conference",
  "failover-120-callers",
  "private-talk",
  "passthrough",
];

let system: FlowSystem;
beforeAll(async () => {
  system = await FlowSystem.start({});
});
afterAll(() => system?.stop());

test.each(loadFlows().filter(({ name }) => played.includes(name)))("$title", async ({ transcript }) => {
  const steps = await new FlowStage(system).play(transcript);

  for (const { step, came, asExpected } of steps) {
    expect(came.toSorted(), step.happens.join(" ")).toEqual(step.follows.toSorted());
    expect(asExpected, `${step.happens.join(" ")}: the order`).toBe(true);
  }
  expect(steps).toHaveLength(stepsOf(transcript).length);
});

test("a flow that comes out otherwise, or goes on after its end, is reported", async () => {
  const create = "# A create.\nW→A W2A_CreateConference MsgID=1\n      A→B create-conference\n";
  const otherwise = `${create}      A→W A2W_RspCreateConference MsgID=1 Result=3\n`;
  const more = `${create}      A→W A2W_RspCreateConference MsgID=1 Result=0\n`;

  for (const text of [otherwise, more]) {
    const steps = await new FlowStage(system).play(readFlow("x", text).transcript);
    expect(steps.at(-1)).toMatchObject({ asExpected: false });
  }
});
