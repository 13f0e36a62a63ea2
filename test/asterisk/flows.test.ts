import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { isSame, loadFlows } from "../../scripts/demo/flow.ts";
import { FlowStage } from "../../scripts/demo/stage.ts";
import { FlowSystem } from "../../scripts/demo/system.ts";
import { stepsOf } from "../transcripts/transcript.ts";

// `npm run demo -- --bridge asterisk` plays all that telephones can show; these are short, and have each kind of line.
const played = ["call-out-failing", "silent-join-call-out", "mute", "private-talk"];

const [home] = inject("asterisks");
let system: FlowSystem;
beforeAll(async () => {
  system = await FlowSystem.start({}, home?.sipp);
});
afterAll(() => system?.stop());

test.each(loadFlows().filter(({ name }) => played.includes(name)))("$title", async ({ transcript }) => {
  const steps = await new FlowStage(system).play(transcript);

  for (const { step, came } of steps) {
    if (!isSame(came, step.follows, true)) expect(came, step.happens.join(" ")).toEqual(step.follows);
  }
  expect(steps).toHaveLength(stepsOf(transcript).length);
});
