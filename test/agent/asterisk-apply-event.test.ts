import { beforeEach, expect, test } from "vitest";
import type { AriEvent } from "../../bridge-agent/drivers/asterisk/ari.ts";
import { applyEvent, isEndOfKnown, noKeyFollowed } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { callOver, callUp, nothing, talkChanged } from "../../bridge-agent/drivers/asterisk/mirror/changes.ts";
import { Mirror, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { helperId } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
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

test("a caller who dials one of the owner's numbers is answered and reported, once", () => {
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

test("a caller who dialled a number that is not the owner's is turned away, whatever it does", () => {
  expect(applyEvent(mirror, began(caller, ["in", "18005559999", "1"]))).toEqual({
    reports: [],
    followUps: [{ type: "turn-away", call: caller, dialled: "18005559999" }],
  });
  for (const event of [pressed(caller, "1"), left(caller)]) expect(applyEvent(mirror, event)).toEqual(nothing);
  expect(mirror.state().calls).toEqual([]);
});

test("a channel that was made and not dialled is no caller", () => {
  const made: AriEvent = { type: "StasisStart", args: [], channel: channel(leg, "Down") };
  expect(applyEvent(mirror, made)).toEqual(nothing);
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

test("keeps a dialed channel that starts before its answer", () => {
  const conference = mirror.addConference(key, "b1", { dialled: [{ call: leg, number: "14085551234" }] });
  const start: AriEvent = { type: "StasisStart", args: [], channel: channel(leg) };
  expect(applyEvent(mirror, start)).toEqual(nothing);
  dialled(mirror, conference, leg);
  expect(applyEvent(mirror, start)).toEqual(nothing);
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

test("a dialled call is answered once, whichever of Asterisk's two events comes first", () => {
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

test("a dialled call that is over has the reason of its cause, which comes after it has left the application", () => {
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
])(
  "a call that was hung up on for nobody answered, and ends with the cause %d after %j, is %s",
  (cause, status, reason) => {
    const call = dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
    call.ending = { reason: "no-answer", isReported: true };
    if (status !== "") applyEvent(mirror, dialStatus(leg, status));
    expect(applyEvent(mirror, destroyed(leg, cause)).reports).toMatchObject([{ type: "ended", call: leg, reason }]);
  },
);

test("a call that a command ends is not reported, if its event comes before the command's answer or after", () => {
  const conference = mirror.addConference(key, "bridge-1");
  for (const [id, order] of [
    [caller, ["event", "answer"]],
    ["1700000000.2" as CallId, ["answer", "event"]],
  ] as const) {
    const call = entered(mirror, conference, id);
    call.ending = { reason: "expelled", isReported: false };
    for (const what of order) {
      if (what === "event") expect(applyEvent(mirror, left(id)).reports).toEqual([]);
      else callOver(mirror, call, "expelled", false);
    }
    expect(mirror.state().calls).toContainEqual(
      expect.objectContaining({ call: id, stage: "ended", reason: "expelled" }),
    );
  }
});

test("who leaves is heard to leave by those who stay, if it was heard to come", () => {
  const conference = mirror.addConference(key, "bridge-1");
  entered(mirror, conference);
  entered(mirror, conference, leg);
  expect(applyEvent(mirror, left(leg)).followUps).toEqual([{ type: "play-leave-tone", bridge: "bridge-1" }]);
  expect(applyEvent(mirror, left(caller)).followUps).toEqual([]);
});

test("keys at the prompt are kept, and those of a call that was dialled mean nothing before it enters", () => {
  applyEvent(mirror, began(caller));
  expect(applyEvent(mirror, pressed(caller, "9")).followUps).toEqual([
    { type: "hush", call: caller },
    { type: "write-notes", call: caller },
  ]);
  applyEvent(mirror, pressed(caller, "#"));
  expect(mirror.state().calls).toMatchObject([{ stage: "prompted", keys: "9#" }]);
  dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  applyEvent(mirror, up(leg));
  expect(applyEvent(mirror, pressed(leg, "9"))).toEqual(nothing);
});

test("who talks is reported only while that is wanted, and a mute silences at once", () => {
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

test("nothing is reported of the talk of a call that is over", () => {
  const conference = mirror.addConference(key, "bridge-1");
  const call = entered(mirror, conference);
  conference.reportsSpeakers = true;
  call.isHeard = true;
  applyEvent(mirror, left(caller));
  expect(talkChanged(mirror, call).reports).toEqual([]);
});

test("a conference that somebody else ends is over with its calls, which are let go", () => {
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

test("a channel that was dialled before this agent's time is no caller", () => {
  const conference = mirror.addConference(key, "bridge-1");
  mirror.noteDialled(conference, newCall(leg, "out", { number: "14085551234" }));
  expect(applyEvent(mirror, began(leg, []))).toEqual(nothing);
});

test("what Asterisk says late of a dial changes nothing", () => {
  expect(applyEvent(mirror, dialStatus(leg, "ANSWER"))).toEqual(nothing);
  entered(mirror, mirror.addConference(key, "bridge-1"), leg);
  for (const status of ["", "ANSWER", "BUSY"]) expect(applyEvent(mirror, dialStatus(leg, status))).toEqual(nothing);
  expect(mirror.calls.get(leg)?.dialStatus).toBeNull();
});

test("a dialled call that is being ended is not reported as answered", () => {
  const call = dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  call.ending = { reason: "cancelled", isReported: false };
  expect(callUp(mirror, leg)).toEqual(nothing);
});

test("only the keys of a telephone count, and of many the last ones are kept", () => {
  applyEvent(mirror, began(caller));
  for (const digit of ["A", "D", "12"]) expect(applyEvent(mirror, pressed(caller, digit))).toEqual(nothing);
  for (let count = 0; count < 250; count += 1) applyEvent(mirror, pressed(caller, `${count % 10}`));
  expect(mirror.calls.get(caller)?.keys).toHaveLength(200);
  expect(mirror.calls.get(caller)?.keys.endsWith("789")).toBe(true);
});

test("a # that was kept back says nothing of a caller who is inside by now", () => {
  const call = entered(mirror, mirror.addConference(key, "bridge-1"));
  call.keptHash = 1;
  expect(noKeyFollowed(mirror, call)).toEqual(nothing);
});

test("a bridge that goes while a request of this agent is on its way may be its own work", () => {
  const conference = mirror.addConference(key, "bridge-1");
  const release = mirror.holdConference(key);
  const gone: AriEvent = { type: "BridgeDestroyed", bridge: bridgeOf("bridge-1", MAIN_ROOM) };
  expect(applyEvent(mirror, gone)).toEqual(nothing);
  release();
  expect(mirror.conferences.get(key)).toBe(conference);
});

test("the end of a call is reported once, whoever notices it", () => {
  const call = entered(mirror, mirror.addConference(key, "bridge-1"));
  expect(callOver(mirror, call, "hung-up", true).reports).toHaveLength(1);
  expect(callOver(mirror, call, "hung-up", true)).toEqual(nothing);
});

test("who talks is not reported while that is being turned on, and is behind it", () => {
  const conference = mirror.addConference(key, "bridge-1");
  const call = entered(mirror, conference);
  Object.assign(conference, { reportsSpeakers: true, isTurningOnSpeakers: true });
  expect(applyEvent(mirror, talks(caller, true)).reports).toEqual([]);
  conference.isTurningOnSpeakers = false;
  expect(talkChanged(mirror, call).reports).toEqual([
    { type: "talking", call: caller, conference: key, talking: true },
  ]);
});

test("of what comes before a snapshot, the ends of known calls count at once", () => {
  const ends = (id: string) =>
    [left(id), destroyed(id), dialStatus(id, "BUSY"), dialStatus(id, "ANSWER"), dialStatus(id, ""), up(id)].map(
      (event) => isEndOfKnown(mirror, event),
    );
  dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
  expect(ends(leg)).toEqual([true, true, true, false, false, false]);
  expect(ends("unknown")).toEqual([false, false, false, false, false, false]);
});
