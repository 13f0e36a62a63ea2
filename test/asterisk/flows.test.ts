import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { isSame, loadFlows } from "../../scripts/demo/flow.ts";
import { FlowStage } from "../../scripts/demo/stage.ts";
import { FlowSystem } from "../../scripts/demo/system.ts";
import { stepsOf } from "../transcripts/transcript.ts";
import { AsteriskFlowBridge } from "./asterisk-flow-bridge.ts";

// These are short, and have each kind of line. No telephone can lock or end a conference by its keys.
const played = ["call-out-failing", "silent-join-call-out", "mute", "private-talk"];

const [home] = inject("asterisks");
let system: FlowSystem;
beforeAll(async () => {
  const sipp = home?.sipp ?? "";
  system = await FlowSystem.start({}, { bridge: "asterisk" }, (run) => AsteriskFlowBridge.start(run, sipp));
});
afterAll(() => system?.stop());

test.each(loadFlows().filter(({ name }) => played.includes(name)))("$title", async ({ transcript }) => {
  const steps = await new FlowStage(system).play(transcript);

  for (const { step, came } of steps) {
    if (!isSame(came, step.follows, true)) expect(came, step.happens.join(" ")).toEqual(step.follows);
  }
  expect(steps).toHaveLength(stepsOf(transcript).length);
});
