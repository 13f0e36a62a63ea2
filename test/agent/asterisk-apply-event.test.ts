import { beforeEach, expect, test } from "vitest";
import type { AriEvent } from "../../bridge-agent/drivers/asterisk/ari.ts";
import { applyEvent } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { nothing, talkChanged } from "../../bridge-agent/drivers/asterisk/mirror/changes.ts";
import { Mirror } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { helperId } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { MAIN_ROOM } from "../../src/foundation/ids.ts";
import {
  began,
  bridgeOf,
  caller,
  channel,
  destroyed,
  dialled,
  dialStatus,
  entered,
  key,
  left,
  leg,
  owner,
  pressed,
  side,
  talks,
  up,
} from "./asterisk-messages.ts";

let mirror: Mirror;
beforeEach(() => {
  mirror = new Mirror({ owner, dialIn: ["18005551234"] });
});

test("answers and reports a caller of the owner's number once", () => {
  const prompted = { type: "prompted", call: caller, number: "14085550001", dialled: "18005551234" };
  expect(applyEvent(mirror, began(caller))).toEqual({
    reports: [prompted],
    followUps: [{ type: "answer", call: caller }],
  });
  expect(applyEvent(mirror, began(caller))).toEqual(nothing);
});

test.each([
  ["whispers to a caller", helperId("whisperer", "1")],
  ["was made to see whether one can be", helperId("probe", "1")],
])("a channel that %s is no caller", (_, whisperer) => {
  expect(applyEvent(mirror, began(whisperer))).toEqual(nothing);
  expect(mirror.state().calls).toEqual([]);
});

test("turns away a caller of another owner's number", () => {
  expect(applyEvent(mirror, began(caller, ["in", "18005559999", "1"]))).toEqual({
    reports: [],
    followUps: [{ type: "turn-away", call: caller, dialled: "18005559999" }],
  });
  expect(applyEvent(mirror, pressed(caller, "1"))).toEqual(nothing);
  expect(applyEvent(mirror, left(caller))).toEqual(nothing);
  expect(mirror.state().calls).toEqual([]);
});

test.each<[string, AriEvent]>([
  [
    "takes a caller's place by a transfer",
    { type: "StasisStart", args: [], channel: channel(leg), replace_channel: channel(caller) },
  ],
  [
    "another program put into the application",
    { type: "StasisStart", args: [], channel: { ...channel(leg), dialplan: { exten: "s" } } },
  ],
])("hangs up on a channel that %s", (_, event) => {
  entered(mirror, mirror.addConference(key, "b1"));
  expect(applyEvent(mirror, event)).toEqual({ reports: [], followUps: [{ type: "hang-up", call: leg }] });
});

test("a dialplan that does not say which number was dialled is understood", () => {
  expect(applyEvent(mirror, began(caller, [])).reports).toMatchObject([
    { dialled: "18005551234", number: "14085550001" },
  ]);
});

test("a caller's end is reported once, though Asterisk tells of it twice", () => {
  applyEvent(mirror, began(caller));
  expect(applyEvent(mirror, left(caller)).reports).toEqual([
    { type: "ended", call: caller, conference: null, reason: "hung-up" },
  ]);
  expect(applyEvent(mirror, destroyed(caller))).toEqual(nothing);
  expect(applyEvent(mirror, began(caller))).toEqual(nothing);
});

test("reports the answer of a dialed call once", () => {
  const conference = mirror.addConference(key, "bridge-1");
  dialled(mirror, conference, leg, "12");
  expect(applyEvent(mirror, began(leg, []))).toEqual(nothing);
  expect(applyEvent(mirror, dialStatus(leg, ""))).toEqual({
    reports: [],
    followUps: [{ type: "limit-ringing", call: leg }],
  });
  expect(applyEvent(mirror, dialStatus(leg, "ANSWER"))).toEqual({
    reports: [{ type: "answered", call: leg, conference: key }],
    followUps: [{ type: "dial-extension", call: leg }],
  });
  expect(applyEvent(mirror, up(leg))).toEqual(nothing);
});

test("reports a dialed call's end with the reason of its cause", () => {
  dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  expect(applyEvent(mirror, left(leg))).toEqual(nothing);
  expect(applyEvent(mirror, destroyed(leg, 17)).reports).toEqual([
    { type: "ended", call: leg, conference: key, reason: "busy" },
  ]);
});

test.each([
  [17, "", "busy"],
  [1, "", "invalid-number"],
  [16, "BUSY", "busy"],
  [19, "RINGING", "no-answer"],
  [16, "RINGING", "no-answer"],
  [0, "", "no-answer"],
])("ends an unanswered call of cause %d after %j as %s", (cause, status, reason) => {
  const call = dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  call.ending = { reason: "no-answer", isReported: true };
  if (status !== "") applyEvent(mirror, dialStatus(leg, status));
  expect(applyEvent(mirror, destroyed(leg, cause)).reports).toMatchObject([{ type: "ended", call: leg, reason }]);
});

test.each([
  [21, 403, "", { reason: "refused", trunk: "status 403" }],
  [21, 603, "", { reason: "rejected" }],
  [21, 403, "RINGING", { reason: "rejected" }],
  [18, undefined, "", { reason: "refused", trunk: "cause 18" }],
  [18, undefined, "PROGRESS", { reason: "no-answer" }],
  [21, undefined, "", { reason: "rejected" }],
])("ends a call of cause %s, status %s, after %j as %j", (cause, tech_cause, status, end) => {
  dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  if (status !== "") applyEvent(mirror, dialStatus(leg, status));
  const ended = { type: "ended", call: leg, conference: key, ...end };
  expect(applyEvent(mirror, { ...destroyed(leg, cause), tech_cause } as AriEvent).reports).toEqual([ended]);
});

test("reports speakers only on request and never a muted one", () => {
  const conference = mirror.addConference(key, "bridge-1");
  const call = entered(mirror, conference);
  expect(applyEvent(mirror, talks(caller, true)).reports).toEqual([]);
  applyEvent(mirror, talks(caller, false));
  conference.reportsSpeakers = true;
  const talking = (is: boolean) => [{ type: "talking", call: caller, conference: key, talking: is }];
  expect(applyEvent(mirror, talks(caller, true)).reports).toEqual(talking(true));
  call.muted = true;
  expect(talkChanged(mirror, call).reports).toEqual(talking(false));
  expect(applyEvent(mirror, talks(caller, false))).toEqual(nothing);
  expect(applyEvent(mirror, talks(caller, true)).reports).toEqual([]);
  call.muted = false;
  expect(talkChanged(mirror, call).reports).toEqual(talking(true));
});

test("disconnects the callers of a conference that somebody else ended", () => {
  const conference = mirror.addConference(key, "bridge-1");
  conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
  entered(mirror, conference);
  const gone: AriEvent = { type: "BridgeDestroyed", bridge: bridgeOf("bridge-1", MAIN_ROOM) };
  expect(applyEvent(mirror, gone)).toEqual({
    reports: [{ type: "conference-ended", conference: key }],
    followUps: [
      { type: "hang-up", call: caller },
      { type: "destroy-bridge", bridge: "bridge-1" },
      { type: "destroy-bridge", bridge: "bridge-2" },
    ],
  });
  expect(mirror.state()).toMatchObject({ conferences: [], calls: [{ stage: "ended", reason: "conference-ended" }] });
});

test("keeps only DTMF digits, and of many the last 200", () => {
  applyEvent(mirror, began(caller));
  for (const digit of ["A", "D", "12"]) expect(applyEvent(mirror, pressed(caller, digit)), digit).toEqual(nothing);
  for (let count = 0; count < 250; count += 1) applyEvent(mirror, pressed(caller, `${count % 10}`));
  expect(mirror.calls.get(caller)?.keys).toHaveLength(200);
  expect(mirror.calls.get(caller)?.keys.endsWith("789")).toBe(true);
});
