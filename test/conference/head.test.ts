import { expect, test } from "vitest";
import {
  compared,
  type Head,
  holdsHandle,
  isFormerHandle,
  isOngoing,
  namedAs,
  secretsOf,
} from "../../src/conference/head.ts";
import type { ExtConfId } from "../../src/foundation/ids.ts";

/** As far as a test says it. */
const aHead = (phase: Head["phase"], more: object = {}) => ({ phase, ...more }) as Head;
const accessCodes = { subscriber: "1111", participant: "2222" };
const running = (more: object = {}) => aHead("running", { anonymousId: "0444", accessCodes, ...more });

test("what leads in, or makes a silent monitor, is secret, and stays so once it leads in no more", () => {
  expect(secretsOf(running())).toEqual(["0444", "1111", "2222"]);
  expect(secretsOf(running({ formerSecrets: ["0444", "9"] }))).toEqual(["0444", "9", "1111", "2222"]);
  expect(secretsOf(aHead("creating", { anonymousId: null }))).toEqual([]);
  expect(secretsOf(running({ anonymousId: null, accessCodes: { subscriber: null, participant: "2222" } }))).toEqual([
    "2222",
  ]);
  const over = { anonymousId: "0444", accessCodes };
  expect(secretsOf(aHead("ended", { ...over, formerSecrets: ["9"] }))).toEqual(["9"]);
  expect(secretsOf(aHead("absent"))).toEqual([]);
});

test("nobody is named by what leads in, or by what has led in", () => {
  const named = (attendeeId: string | null, head = running({ formerSecrets: ["9"] }), more: object = {}) =>
    namedAs({ attendeeId, ...more }, head);
  expect([named("77"), named("0444"), named("1111"), named("9"), named(null)]).toEqual(["77", null, null, null, null]);
  expect(named("77", running(), { keyedSecret: true })).toBe(null);
});

test("a handle is a conference's own, or one that it had a short time ago, while that goes on", () => {
  const formerHandles = [{ extConfId: "70", until: 100 }];
  const holds = (extConfId: string, at: number, phase: Head["phase"] = "running") =>
    holdsHandle(aHead(phase, { extConfId: "71", formerHandles }), extConfId as ExtConfId, at);
  expect([holds("71", 500), holds("70", 99), holds("70", 100), holds("72", 0)]).toEqual([true, true, false, false]);
  expect([holds("71", 0, "creating"), holds("71", 0, "ended"), holds("71", 0, "absent")]).toEqual([true, false, false]);
});

test("a handle that another create has replaced is a former one, whenever that was, while the conference goes on", () => {
  const formerHandles = [
    { extConfId: "70", until: 0 },
    { extConfId: "71", until: 0 },
  ];
  const isFormer = (extConfId: string | undefined, phase: Head["phase"] = "running") =>
    isFormerHandle(aHead(phase, { extConfId: "71", formerHandles }), extConfId as ExtConfId);
  expect([isFormer("70"), isFormer("71"), isFormer("72"), isFormer(undefined)]).toEqual([true, false, false, false]);
  expect([isFormer("70", "creating"), isFormer("70", "ended")]).toEqual([true, false]);
});

test("a conference goes on from its create to its end", () => {
  const phases = ["absent", "creating", "running", "ended"] as const;
  expect(phases.map((phase) => isOngoing(aHead(phase)))).toEqual([false, true, true, false]);
});

test("once the bridge has said how it is, a conference is no restored one any more; one that is created waits for that", () => {
  const unsure = { restored: true, unfound: ["c1"] };
  expect(compared(running(unsure))).toEqual(running({ unfound: ["c1"] }));
  expect(compared(aHead("ended", unsure))).toEqual(aHead("ended"));
  expect(compared(aHead("ended", { unfound: [] }))).toEqual(aHead("ended"));
  for (const same of [aHead("creating", unsure), aHead("ended", { byWebex: true }), running()])
    expect(compared(same)).toBe(same);
});
