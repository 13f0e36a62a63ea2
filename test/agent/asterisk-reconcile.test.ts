import { beforeEach, describe, expect, test } from "vitest";
import { reconcile } from "../../bridge-agent/drivers/asterisk/acts/reconcile.ts";
import { applyEvent } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { nothing } from "../../bridge-agent/drivers/asterisk/mirror/changes.ts";
import { Mirror, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { bridgeName, callNotesOf, helperId } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { began, bridgeOf, caller, channel, entered, key, leg, owner, side, snapshot } from "./asterisk-messages.ts";

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

  test("takes back nothing that changed after it began", () => {
    const since = mirror.version;
    const conference = mirror.addConference(key, "bridge-1");
    entered(mirror, conference);
    reconcile(mirror, snapshot(), since, true);
    expect(stageOf(caller)).toBe("entered");
    expect(mirror.state().conferences).toHaveLength(1);
  });

  test("hangs up who was in a conference that is gone", () => {
    const notes = callNotesOf(newCall(caller, "in", { conference: key }));
    const seen = snapshot({ channels: [channel(caller)], callNotes: new Map([[caller, notes]]) });
    expect(reconcile(mirror, seen, mirror.version, true).followUps).toEqual([{ type: "hang-up", call: caller }]);
    expect(mirror.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "conference-ended" }]);
  });

  test.each([false, true])("hangs up a foreign channel in a room (after a gap: %s)", (afterGap) => {
    mirror.addConference(key, "bridge-1");
    const seen = snapshot({ bridges: [bridgeOf("bridge-1", MAIN_ROOM, [leg])], channels: [channel(leg)] });
    expect(reconcile(mirror, seen, mirror.version, afterGap)).toEqual({
      reports: [],
      followUps: [{ type: "hang-up", call: leg }],
    });
  });

  test("touches nobody's call for a visitor, and counts it", () => {
    const visitor = new Mirror(null);
    const seen = snapshot({ channels: [channel(caller), channel(helperId("whisperer", "1"))] });
    expect(reconcile(visitor, seen, visitor.version, true)).toEqual(nothing);
    expect(visitor.state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1, sharedWith: [] });
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

  test("ignores an ended call that Asterisk still lists", () => {
    const conference = mirror.addConference(key, "bridge-1");
    entered(mirror, conference);
    mirror.removeConference(key);
    const shown = snapshot({ bridges: [bridgeOf("bridge-1", MAIN_ROOM, [caller])], channels: [channel(caller)] });
    expect(reconcile(mirror, shown, mirror.version, false)).toEqual(nothing);
    expect(mirror.state()).toMatchObject({ conferences: [], calls: [{ stage: "ended" }] });
  });

  test("reports a lost end when the call is missing twice", () => {
    applyEvent(mirror, began(caller));
    expect(reconcile(mirror, snapshot(), mirror.version, false).reports).toEqual([]);
    expect(stageOf(caller)).toBe("prompted");
    expect(reconcile(mirror, snapshot(), mirror.version, false).reports).toMatchObject([
      { type: "ended", call: caller },
    ]);
  });

  test("returns a caller to the main room after two snapshots without one", () => {
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

  test("leaves the conferences of another owner out", () => {
    mirror = new Mirror({ owner });
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
    expect(mirror.state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1, sharedWith: ["beta/b"] });
  });
});
