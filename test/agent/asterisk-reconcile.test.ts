import { beforeEach, describe, expect, test } from "vitest";
import { reconcile } from "../../bridge-agent/drivers/asterisk/acts/reconcile.ts";
import { applyEvent } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { nothing } from "../../bridge-agent/drivers/asterisk/mirror/changes.ts";
import { Mirror, newCall, newConferenceNotes } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import {
  bridgeName,
  type ConferenceNotes,
  callNotesOf,
  helperId,
} from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import {
  began,
  bridgeOf,
  caller,
  channel,
  dialled,
  entered,
  key,
  leg,
  owner,
  side,
  snapshot,
} from "./asterisk-messages.ts";

let mirror: Mirror;
beforeEach(() => {
  mirror = new Mirror({ owner, dialIn: ["18005551234"] });
});

const stageOf = (id: CallId) => mirror.state().calls.find(({ call }) => call === id)?.stage;

describe("a snapshot", () => {
  test.each([
    ["whispers to a caller", helperId("whisperer", "1")],
    ["was made to see whether one can be", helperId("probe", "1")],
  ])("hangs up a channel of an agent that is gone, which %s", (_, whisperer) => {
    const seen = snapshot({ channels: [channel(whisperer)] });
    expect(reconcile(mirror, seen, mirror.version, false)).toEqual(nothing);
    expect(reconcile(mirror, seen, mirror.version, true).followUps).toEqual([{ type: "hang-up", call: whisperer }]);
    expect(reconcile(mirror, { ...seen, inApplication: new Set() }, mirror.version, true)).toEqual(nothing);
    expect(mirror.state().calls).toEqual([]);
  });

  describe.each([
    ["before", (impostor: string, bridge: string) => [impostor, bridge]],
    ["behind", (impostor: string, bridge: string) => [bridge, impostor]],
  ])("shows a second bridge with the name of a room, %s it:", (_, inOrder) => {
    const bridgesIn = (room: RoomId, inside: Readonly<Record<string, string[]>> = {}) =>
      inOrder("impostor", "bridge-1").map((id) => bridgeOf(id, room, inside[id]));
    const noted = { conferenceNotes: new Map([["bridge-1", { ...newConferenceNotes, locked: true }]]) };
    const destroyed = { type: "destroy-bridge", bridge: "impostor" };

    test.each([false, true])("the one that the agent has is the conference's, after a gap or not (%s)", (afterGap) => {
      mirror.addConference(key, "bridge-1");
      const seen = snapshot({ bridges: bridgesIn(MAIN_ROOM, { impostor: [caller] }) });
      expect(reconcile(mirror, seen, mirror.version, afterGap)).toEqual({ reports: [], followUps: [destroyed] });
      expect(mirror.conferences.get(key)?.mainBridge).toBe("bridge-1");
    });

    test("to an agent that was restarted, the one that is written about is", () => {
      const seen = snapshot({ bridges: bridgesIn(MAIN_ROOM, { impostor: [caller] }), ...noted });
      expect(reconcile(mirror, seen, mirror.version, true).followUps).toEqual([destroyed]);
      expect(mirror.conferences.get(key)).toMatchObject({ mainBridge: "bridge-1", locked: true });
    });

    test("where nothing is written, the one with callers is", () => {
      const seen = snapshot({ bridges: bridgesIn(MAIN_ROOM, { "bridge-1": [caller] }) });
      expect(reconcile(mirror, seen, mirror.version, true).followUps).toEqual([destroyed]);
      expect(mirror.conferences.get(key)?.mainBridge).toBe("bridge-1");
    });

    test("whoever is in the other one goes into the main room", () => {
      const notes = callNotesOf(newCall(caller, "in", { conference: key, joinTone: true }));
      const seen = snapshot({
        ...{ bridges: bridgesIn(MAIN_ROOM, { impostor: [caller] }), channels: [channel(caller)], ...noted },
        callNotes: new Map([[caller, notes]]),
      });
      const { followUps } = reconcile(mirror, seen, mirror.version, true);
      expect(followUps).toContainEqual({ type: "enter-main-room", call: caller });
    });

    test("a sub-conference keeps the one that it has", () => {
      const conference = mirror.addConference(key, "bridge-0");
      conference.rooms.set(side, { bridge: "bridge-1", kind: "sub" });
      const bridges = [bridgeOf("bridge-0", MAIN_ROOM), ...bridgesIn(side, { impostor: [caller] })];
      expect(reconcile(mirror, snapshot({ bridges }), mirror.version, false).followUps).toEqual([destroyed]);
      expect(conference.rooms.get(side)?.bridge).toBe("bridge-1");
    });

    test("none goes while the conference is being made, or changed", () => {
      const release = mirror.holdConference(key);
      const seen = snapshot({ bridges: bridgesIn(MAIN_ROOM) });
      expect(reconcile(mirror, seen, mirror.version, false)).toEqual(nothing);
      mirror.addConference(key, "bridge-1").requests += 1;
      expect(reconcile(mirror, seen, mirror.version, false)).toEqual(nothing);
      release();
    });
  });

  test.each([false, true])(
    "shows only the second bridge: the conference is over, after a gap or not (%s)",
    (afterGap) => {
      entered(mirror, mirror.addConference(key, "bridge-1"));
      const seen = snapshot({ bridges: [bridgeOf("impostor", MAIN_ROOM)] });
      const { followUps } = reconcile(mirror, seen, mirror.version, afterGap);
      expect(followUps).toContainEqual({ type: "destroy-bridge", bridge: "impostor" });
      expect(mirror.state()).toMatchObject({
        conferences: [],
        calls: [{ stage: "ended", reason: "conference-ended" }],
      });
    },
  );

  test("shows the second bridge after the conference has ended: it goes, too", () => {
    mirror.addConference(key, "bridge-1");
    mirror.removeConference(key);
    const seen = snapshot({ bridges: [bridgeOf("impostor", MAIN_ROOM)] });
    expect(reconcile(mirror, seen, mirror.version, false)).toEqual({
      reports: [],
      followUps: [{ type: "destroy-bridge", bridge: "impostor" }],
    });
    expect(mirror.state().conferences).toEqual([]);
  });

  test("shows another bridge for the conference, of which is written: another agent has made it anew", () => {
    mirror.addConference(key, "bridge-1");
    const bridges = [bridgeOf("bridge-2", MAIN_ROOM)];
    reconcile(
      mirror,
      snapshot({ bridges, conferenceNotes: new Map([["bridge-2", newConferenceNotes]]) }),
      mirror.version,
      true,
    );
    expect(mirror.conferences.get(key)?.mainBridge).toBe("bridge-2");
  });

  test("takes back nothing that changed after it began", () => {
    const since = mirror.version;
    const conference = mirror.addConference(key, "bridge-1");
    entered(mirror, conference);
    reconcile(mirror, snapshot(), since, true);
    expect(stageOf(caller)).toBe("entered");
    expect(mirror.state().conferences).toHaveLength(1);
  });

  test("takes back neither a lock nor a room that is newer, though it shows the conference", () => {
    const conference = mirror.addConference(key, "bridge-1");
    const bridges = [bridgeOf("bridge-1", MAIN_ROOM)];
    const seen = snapshot({ bridges, conferenceNotes: new Map([["bridge-1", newConferenceNotes]]) });
    const since = mirror.version;
    conference.locked = true;
    conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
    mirror.touch(conference);
    for (const afterGap of [false, true]) expect(reconcile(mirror, seen, since, afterGap)).toEqual(nothing);
    expect(mirror.state().conferences).toMatchObject([{ locked: true, rooms: [{ id: MAIN_ROOM }, { id: side }] }]);
  });

  test("hangs up who was in a conference that is gone", () => {
    const notes = callNotesOf(newCall(caller, "in", { conference: key }));
    const seen = snapshot({ channels: [channel(caller)], callNotes: new Map([[caller, notes]]) });
    expect(reconcile(mirror, seen, mirror.version, true).followUps).toEqual([{ type: "hang-up", call: caller }]);
    expect(mirror.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "conference-ended" }]);
  });

  test.each([false, true])("hangs up on a channel in a room that is no call (after a gap: %s)", (afterGap) => {
    mirror.addConference(key, "bridge-1");
    const seen = snapshot({ bridges: [bridgeOf("bridge-1", MAIN_ROOM, [leg])], channels: [channel(leg)] });
    expect(reconcile(mirror, seen, mirror.version, afterGap)).toEqual({
      reports: [],
      followUps: [{ type: "hang-up", call: leg }],
    });
  });

  test("has the extension dialled of a call that was answered, and for which that was not done", () => {
    for (const extension of ["12", ""]) {
      const own = new Mirror({ owner });
      const more = { number: "14085551234", conference: key, isDialled: true, extension };
      const seen = snapshot({
        ...{ bridges: [bridgeOf("bridge-1", MAIN_ROOM)], channels: [channel(leg)] },
        callNotes: new Map([[leg, callNotesOf(newCall(leg, "out", more))]]),
      });
      const { followUps } = reconcile(own, seen, own.version, true);
      expect(followUps.map(({ type }) => type)).toEqual([
        "apply-mute",
        ...(extension === "" ? [] : ["dial-extension"]),
      ]);
    }
  });

  test("shows a call that was dialled and is gone as over, but only after a gap: its dial may be on its way", () => {
    const notes = { ...newConferenceNotes, dialled: [{ call: leg, number: "14085551234" }] };
    mirror.addConference(key, "bridge-1", notes);
    const bridges = [bridgeOf("bridge-1", MAIN_ROOM)];
    const seen = snapshot({ bridges, conferenceNotes: new Map([["bridge-1", notes]]) });
    reconcile(mirror, seen, mirror.version, false);
    expect(mirror.state().calls).toEqual([]);
    reconcile(mirror, seen, mirror.version, true);
    expect(mirror.state().calls).toMatchObject([{ call: leg, stage: "ended", reason: "refused" }]);
    mirror.endedCalls.clear();
    mirror.end(mirror.addCall(newCall(leg, "out", { conference: key })), "busy");
    reconcile(mirror, seen, mirror.version, true);
    expect(mirror.state().calls).toMatchObject([{ call: leg, stage: "ended", reason: "busy" }]);
  });

  test("counts calls of others as before where Asterisk lists the owner's alone", () => {
    reconcile(mirror, snapshot({ channels: [channel("other")], inApplication: new Set() }), mirror.version, false);
    reconcile(mirror, snapshot({ hasOthers: false }), mirror.version, false);
    expect(mirror.state().callsOfOthers).toBe(1);
  });

  test("touches nobody's call for a visitor, and counts it", () => {
    const visitor = new Mirror(null);
    const seen = snapshot({ channels: [channel(caller), channel(helperId("whisperer", "1"))] });
    expect(reconcile(visitor, seen, visitor.version, true)).toEqual(nothing);
    expect(visitor.state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1 });
  });

  test("takes back nothing that a request on its way may change", () => {
    const conference = mirror.addConference(key, "bridge-1");
    entered(mirror, conference);
    const releases = [mirror.holdConference(key), mirror.holdCall(caller)];
    reconcile(mirror, snapshot(), mirror.version, true);
    expect(stageOf(caller)).toBe("entered");
    for (const release of releases) release();
    reconcile(mirror, snapshot(), mirror.version, true);
    expect(stageOf(caller)).toBe("ended");
  });

  test("does not bring back what is over, though Asterisk shows it for a moment more", () => {
    const conference = mirror.addConference(key, "bridge-1");
    entered(mirror, conference);
    mirror.removeConference(key);
    const shown = snapshot({ bridges: [bridgeOf("bridge-1", MAIN_ROOM, [caller])], channels: [channel(caller)] });
    expect(reconcile(mirror, shown, mirror.version, false)).toEqual(nothing);
    expect(mirror.state()).toMatchObject({ conferences: [], calls: [{ stage: "ended" }] });
  });

  test.each([
    ["the second one", false, 1],
    ["the first one after a gap", true, 0],
  ])("hangs up who is over and still there at %s", (_, afterGap, before) => {
    entered(mirror, mirror.addConference(key, "bridge-1"));
    mirror.removeConference(key);
    const shown = snapshot({ channels: [channel(caller)] });
    for (let seen = 0; seen < before; seen += 1) reconcile(mirror, shown, mirror.version, false);
    expect(reconcile(mirror, shown, mirror.version, afterGap)).toEqual({
      reports: [],
      followUps: [{ type: "hang-up", call: caller }],
    });
    expect(mirror.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "conference-ended" }]);
    // It may have gone elsewhere in the dialplan.
    expect(reconcile(mirror, { ...shown, inApplication: new Set() }, mirror.version, afterGap)).toEqual(nothing);
  });

  describe("finds a channel that an earlier agent has made for a dial:", () => {
    const notes = (isDialled: boolean) =>
      callNotesOf(newCall(leg, "out", { number: "14085551234", conference: key, waitMs: 30_000, isDialled }));

    const noted = { ...newConferenceNotes, dialled: [{ call: leg, number: "14085551234" }] };
    const seen = (state: string, isDialled: boolean, conferenceNotes: ConferenceNotes | null) =>
      snapshot({
        bridges: [bridgeOf("bridge-1", MAIN_ROOM)],
        channels: [channel(leg, state)],
        callNotes: new Map([[leg, notes(isDialled)]]),
        conferenceNotes: new Map([["bridge-1", conferenceNotes]]),
      });

    test.each([
      ["nobody has dialled yet, and it is dialled now", "Down", false, null, "dial"],
      ["nobody has dialled yet, though others were, and it is dialled now", "Down", false, newConferenceNotes, "dial"],
      ["it is dialled, and makes no sound yet", "Down", true, noted, "limit-ringing"],
      ["it rings", "Ringing", false, noted, "limit-ringing"],
      ["somebody was about to dial it", "Down", false, noted, "settle-dial"],
    ] as const)("%s", (_, state, isDialled, conferenceNotes, type) => {
      const { followUps } = reconcile(mirror, seen(state, isDialled, conferenceNotes), mirror.version, true);
      expect(followUps).toEqual([{ type, call: leg }]);
      expect(stageOf(leg)).toBe("ringing");
    });

    test("Asterisk made it late, and it is hung up on unless somebody dials meanwhile", () => {
      const late = seen("Down", false, newConferenceNotes);
      reconcile(
        mirror,
        snapshot({ bridges: late.bridges, conferenceNotes: late.conferenceNotes }),
        mirror.version,
        true,
      );
      expect(reconcile(mirror, late, mirror.version, false)).toEqual(nothing);
      expect(mirror.state().calls).toEqual([]);
      const conference = mirror.conferences.get(key);
      if (!conference) throw new Error("no conference");
      const call = dialled(mirror, conference, leg);
      expect(reconcile(mirror, late, mirror.version, false)).toEqual(nothing);
      mirror.removeCall(call);
      reconcile(mirror, late, mirror.version, false);
      expect(reconcile(mirror, late, mirror.version, false).followUps).toEqual([{ type: "hang-up", call: leg }]);
    });
  });

  test("does not show a conference that is being made", () => {
    const release = mirror.holdConference(key);
    const seen = snapshot({
      bridges: [bridgeOf("bridge-1", MAIN_ROOM)],
      conferenceNotes: new Map([["bridge-1", newConferenceNotes]]),
    });
    reconcile(mirror, seen, mirror.version, false);
    expect(mirror.state().conferences).toEqual([]);
    release();
    reconcile(mirror, seen, mirror.version, false);
    expect(mirror.state().conferences).toMatchObject([{ conference: key, owner }]);
  });

  test("reports an end whose event was lost at the second time that the call is missing", () => {
    applyEvent(mirror, began(caller));
    expect(reconcile(mirror, snapshot(), mirror.version, false).reports).toEqual([]);
    expect(stageOf(caller)).toBe("prompted");
    expect(reconcile(mirror, snapshot(), mirror.version, false).reports).toMatchObject([
      { type: "ended", call: caller },
    ]);
  });

  test("brings a caller back who is in no bridge at the second time, into the main room", () => {
    const conference = mirror.addConference(key, "bridge-1");
    conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
    entered(mirror, conference).room = side;
    const bridges = (...inside: string[]) => [bridgeOf("bridge-1", MAIN_ROOM), bridgeOf("bridge-2", side, inside)];
    const seen = (...inside: string[]) =>
      reconcile(mirror, snapshot({ bridges: bridges(...inside), channels: [channel(caller)] }), mirror.version, false);
    expect([seen(), seen(caller), seen()]).toEqual([nothing, nothing, nothing]);
    expect(mirror.state().calls).toMatchObject([{ room: side }]);

    expect(seen()).toEqual({ reports: [], followUps: [{ type: "enter-main-room", call: caller }] });

    expect(mirror.state().calls).toMatchObject([{ room: MAIN_ROOM }]);
  });

  test("does not know how a call ended that rang before, and does not say that its telephone rejected it", () => {
    dialled(mirror, mirror.addConference(key, "bridge-1"), leg);
    const bridges = [bridgeOf("bridge-1", MAIN_ROOM)];
    reconcile(mirror, snapshot({ bridges }), mirror.version, false);
    const ended = { type: "ended", call: leg, conference: key, reason: "refused" };
    expect(reconcile(mirror, snapshot({ bridges }), mirror.version, false).reports).toEqual([ended]);
  });

  test("after a gap shows what is gone as gone, and reports nothing", () => {
    applyEvent(mirror, began(caller));
    expect(reconcile(mirror, snapshot(), mirror.version, true).reports).toEqual([]);
    expect(mirror.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "hung-up" }]);
  });

  test("finds a caller whom nobody has answered yet", () => {
    const waiting = snapshot({ channels: [channel(caller, "Ring")] });
    expect(reconcile(mirror, waiting, mirror.version, true)).toEqual({
      reports: [],
      followUps: [{ type: "answer", call: caller }],
    });
    expect(mirror.state().calls).toMatchObject([
      { stage: "prompted", number: "14085550001", dialled: "18005551234", keys: "" },
    ]);
  });

  test.each<[string, boolean, ReadonlySet<string>, string]>([
    ["casts doubt on the keys of a caller who is up, whoever answered", true, new Set(), "*"],
    ["casts doubt on them also where an event was lost", false, new Set(), "*"],
    ["casts none on those of a caller whose beginning was not missed", true, new Set([caller]), ""],
  ])("%s", (_, afterGap, begun, keys) => {
    const seen = snapshot({ channels: [channel(caller)] });
    const { reports } = reconcile(mirror, seen, mirror.version, afterGap, begun);
    expect(mirror.state().calls).toMatchObject([{ stage: "prompted", keys }]);
    const found = [{ type: "prompted", call: caller, number: "14085550001", dialled: "18005551234" }];
    expect(reports).toEqual(afterGap ? [] : [...found, { type: "keys", call: caller, keys, inDoubt: true }]);
  });

  test("brings a caller in who was admitted and did not get there", () => {
    const notes = callNotesOf(
      newCall(caller, "in", { conference: key, muted: true, joinTone: false, attendeeId: "444" }),
    );
    const seen = { bridges: [bridgeOf("bridge-1", MAIN_ROOM)], channels: [channel(caller)] };
    const consequences = reconcile(
      mirror,
      snapshot({ ...seen, callNotes: new Map([[caller, notes]]) }),
      mirror.version,
      true,
    );
    const mute = { type: "apply-mute", call: caller };
    expect(consequences).toEqual({ reports: [], followUps: [mute, { type: "enter-main-room", call: caller }] });
    expect(mirror.state().calls).toMatchObject([{ stage: "entered", room: MAIN_ROOM, muted: true, joinTone: false }]);
  });

  test("counts calls of others, each Local channel once, and none that is no telephone's, or a probe", () => {
    const named = (name: string) => ({ ...channel(name), name });
    const channels = ["PJSIP/a-1", "Local/1@b-1;1", "Local/1@b-1;2", "Announcer/x-1", "Snoop/y-1"].map(named);
    const probe = { ...named("Local/0@p-1;1"), id: helperId("probe", "1") };
    const all = [...channels, probe, named("Local/0@p-1;2")];
    reconcile(mirror, snapshot({ channels: all, inApplication: new Set() }), mirror.version, true);
    expect(mirror.state()).toMatchObject({ calls: [], callsOfOthers: 2 });
  });

  test("leaves the conferences of another owner out", () => {
    const theirs = {
      ...bridgeOf("bridge-1", MAIN_ROOM, [caller]),
      name: bridgeName({ owner: "beta/b", conference: key, room: MAIN_ROOM, kind: "main" }),
    };
    reconcile(
      mirror,
      snapshot({ bridges: [theirs], channels: [channel(caller)], inApplication: new Set() }),
      mirror.version,
      true,
    );
    expect(mirror.state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1 });
  });
});
