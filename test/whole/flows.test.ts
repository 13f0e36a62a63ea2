import { afterAll, beforeAll, expect, test } from "vitest";
import { FlowStage } from "../../scripts/demo/flow-stage.ts";
import { type StartedFlowSystem, startFlowSystem } from "../../scripts/demo/flow-system.ts";
import { loadFlows, readFlow } from "../../scripts/demo/flow-text.ts";

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

let system: StartedFlowSystem;
beforeAll(async () => {
  system = await startFlowSystem({});
});
afterAll(() => system?.stop());

test.each(loadFlows().filter(({ name }) => played.includes(name)))("$title", async (flow) => {
  const steps = await new FlowStage(system, null).play(flow);

  for (const { step, came } of steps) expect(came.toSorted(), step.does.join(" ")).toEqual(step.expected.toSorted());
  expect(steps).toHaveLength(flow.steps.length);
});

test("a flow that comes out otherwise, or goes on after its end, is told", async () => {
  const create = "W→A W2A_CreateConference MsgID=1\n      A→B create-conference\n";
  const otherwise = readFlow("x", `${create}      A→W tsp1 A2W_RspCreateConference MsgID=1 Result=3 ExtConfID=1001\n`);
  const more = readFlow(
    "x",
    `${create}      A→W tsp1 A2W_RspCreateConference MsgID=1 Result=0 ConfKey=KEY ExtConfID=1001\n`,
  );

  for (const flow of [otherwise, more]) {
    const steps = await new FlowStage(system, null).play(flow);
    expect(steps.at(-1)).toMatchObject({ asExpected: false });
  }
});
