import { expect, test } from "vitest";
import { actionsOf, type Fact } from "../../src/conference/facts.ts";
import { Stage } from "../transcripts/stage.ts";

/** The host c1 and c2 are inside, and the host's invitee has been picked up. */
const picked = [
  ["given a running conference"],
  ["B→A caller-entered c1"],
  ["B→A caller-entered c2"],
  ["W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1"],
  ["W→A W2A_RspNotifyUserEnter MsgID=n3 ExtCallID=2"],
  ["W→A W2A_Callout MsgID=2 ExtCallID=7 JoinMode=0"],
  ["B→A done dial"],
  ["B→A call-answered o1"],
];
const open = [["B→A done create-room"], ["B→A done move c1"], ["B→A done move o1"]];

function play(...steps: readonly (readonly string[])[]): Stage {
  const stage = new Stage();
  for (const step of [...picked, ...steps]) stage.happen(step as [string, ...string[]]);
  return stage;
}

/** Kinds and types of the facts that name an action. */
function ofActions(facts: readonly Fact[]): readonly string[] {
  return facts.flatMap((fact): string[] => {
    if (fact.kind === "post-queued")
      return fact.messages.flatMap(({ type, actions = [] }) => (actions.length > 0 ? [`${fact.kind} ${type}`] : []));
    const isNamed = "by" in fact && actionsOf(fact.by).length > 0;
    return isNamed ? [`${fact.kind} ${"type" in fact ? fact.type : ""}`.trim()] : [];
  });
}

test.each([
  ["another call", "c2"],
  ["the host", "c1"],
])("a private talk that fails beside an operator's mute of %s is none of the action's doing", (_, call) => {
  const { facts } = play([`operator mute ${call}`], ["B→A refused create-room", "done mute"]);

  expect(facts.map(({ kind }) => kind)).toContain("command-issued");
  expect(ofActions(facts)).toEqual(["call-muted", "post-queued caller-changed"]);
});

test("a private talk that ends beside an operator's mute is WebEx's doing", () => {
  const { facts } = play(
    ...open,
    ["operator mute c1"],
    ["W→A W2A_UpdateConference MsgID=3 ActionCode=5"],
    ["B→A done expel o1", "done move", "done mute"],
  );

  expect(ofActions(facts)).toEqual(["call-muted", "post-queued caller-changed"]);
});

test("a private talk whose invitee an operator expels is closed by that operator", () => {
  const stage = play(...open, ["operator expel o1"], ["B→A done expel"]);
  expect(ofActions(stage.facts)).toContain("command-issued move");
  stage.happen(["B→A done move"]);

  expect(ofActions(stage.facts)).toContain("command-issued close-room");
});

test("a create that waits for an operator's end is WebEx's doing", () => {
  const stage = new Stage();
  stage.happen(["given a running conference"]);
  stage.happen(["operator end"]);
  stage.happen(["W→A W2A_CreateConference MsgID=5"]);
  stage.happen(["B→A done end-conference"]);

  expect(ofActions(stage.facts)).toEqual(["conference-ended", "post-queued conference-changed"]);
  stage.happen(["B→A done create-conference"]);
  expect(ofActions(stage.facts)).toEqual([]);
});
