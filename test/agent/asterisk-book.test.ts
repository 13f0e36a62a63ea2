import { beforeEach, describe, expect, test } from "vitest";
import type { AriChannel, AriEvent } from "../../bridge-agent/drivers/asterisk/ari.ts";
import { Book, type Conference, type Look } from "../../bridge-agent/drivers/asterisk/book.ts";
import {
  bridgeName,
  type CallNotes,
  type ConferenceNotes,
  probeId,
  whispererId,
} from "../../bridge-agent/drivers/asterisk/names.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

const owner = "acme/bridge-1";
const key = "987654321" as ConfKey;
const caller = "1700000000.1" as CallId;
const leg = "leg-1" as CallId;
const side = "r7" as RoomId;
const nothing = { reports: [], tasks: [] };

const channel = (id: string, state = "Up"): AriChannel => ({
  id,
  name: `PJSIP/trunk-${id}`,
  state,
  caller: { number: "14085550001" },
  dialplan: { exten: "18005551234", app_name: "Stasis", app_data: "bridgehead,in,18005551234,14085550001" },
});
const began = (id: string, args = ["in", "18005551234", "14085550001"]): AriEvent => ({
  type: "StasisStart",
  args,
  channel: channel(id, "Ring"),
});
const destroyed = (id: string, cause = 16): AriEvent => ({ type: "ChannelDestroyed", cause, channel: channel(id) });
const left = (id: string): AriEvent => ({ type: "StasisEnd", channel: channel(id) });
const pressed = (id: string, digit: string, atMs = 0): AriEvent => ({
  type: "ChannelDtmfReceived",
  timestamp: new Date(Date.parse("2026-11-20T10:00:00Z") + atMs).toISOString().replace("Z", "+0000"),
  digit,
  channel: channel(id),
});
const up = (id: string): AriEvent => ({ type: "ChannelStateChange", channel: channel(id) });
const talks = (id: string, talking: boolean): AriEvent => ({
  type: talking ? "ChannelTalkingStarted" : "ChannelTalkingFinished",
  channel: channel(id),
});
const dialStatus = (id: string, dialstatus: string): AriEvent => ({ type: "Dial", dialstatus, peer: channel(id) });
const bridgeOf = (
  id: string,
  room: RoomId,
  channels: string[] = [],
  kind: "main" | "sub" = room === MAIN_ROOM ? "main" : "sub",
) => ({
  id,
  name: bridgeName({ owner, conference: key, room, kind }),
  channels,
});
const look = (more: Partial<Look> = {}): Look => ({
  bridges: [],
  channels: [],
  inApplication: new Set(more.channels?.map(({ id }) => id)),
  callNotes: new Map(),
  conferenceNotes: new Map(),
  ...more,
});

let book: Book;
beforeEach(() => {
  book = new Book({ owner, dialIn: ["18005551234"] });
});

function entered(conference: Conference, id = caller): void {
  book.happened(began(id));
  const call = book.call(id);
  if (!call) throw new Error("no call");
  Object.assign(call, { conference: conference.key, stage: "entered", room: MAIN_ROOM, joinTone: true });
}
const stageOf = (id: CallId) => book.state().calls.find(({ call }) => call === id)?.stage;

describe("what happens", () => {
  test("a caller who dials one of the owner's numbers is answered and reported, once", () => {
    const prompted = { type: "prompted", call: caller, number: "14085550001", dialled: "18005551234" };
    expect(book.happened(began(caller))).toEqual({ reports: [prompted], tasks: [{ type: "answer", call: caller }] });
    expect(book.happened(began(caller))).toEqual(nothing);
  });

  test.each([
    ["whispers to a caller", whispererId("1")],
    ["was made to see whether one can be", probeId("1")],
  ])("a channel that %s is no caller; of an agent that is gone, it is hung up", (_, whisperer) => {
    expect(book.happened(began(whisperer))).toEqual(nothing);
    const seen = look({ channels: [channel(whisperer)] });
    expect(book.looked(seen, book.version, false)).toEqual(nothing);
    expect(book.looked(seen, book.version, true).tasks).toEqual([{ type: "hang-up", call: whisperer }]);
    expect(book.looked({ ...seen, inApplication: new Set() }, book.version, true)).toEqual(nothing);
    expect(book.state().calls).toEqual([]);
  });

  test("a caller who dialled a number that is not the owner's is turned away, whatever it does", () => {
    expect(book.happened(began(caller, ["in", "18005559999", "1"]))).toEqual({
      reports: [],
      tasks: [{ type: "turn-away", call: caller, dialled: "18005559999" }],
    });
    for (const event of [pressed(caller, "1"), left(caller)]) expect(book.happened(event)).toEqual(nothing);
    expect(book.state().calls).toEqual([]);
  });

  test("a channel that was made and not dialled is no caller", () => {
    const made: AriEvent = { type: "StasisStart", args: [], channel: channel(leg, "Down") };
    expect(book.happened(made)).toEqual(nothing);
    expect(book.state().calls).toEqual([]);
  });

  test("a dialplan that does not say which number was dialled is understood", () => {
    expect(book.happened(began(caller, [])).reports).toMatchObject([{ dialled: "18005551234", number: "14085550001" }]);
  });

  test("a caller's end is reported once, though Asterisk tells of it twice", () => {
    book.happened(began(caller));
    expect(book.happened(left(caller)).reports).toEqual([
      { type: "ended", call: caller, conference: null, reason: "hung-up" },
    ]);
    expect(book.happened(destroyed(caller))).toEqual(nothing);
    expect(book.happened(began(caller))).toEqual(nothing);
  });

  test("a dialled call is answered once, whichever of Asterisk's two events comes first", () => {
    const conference = book.addConference(key, "bridge-1", null);
    book.addDialled(leg, conference, "14085551234", "12", 30_000);
    expect(book.happened(began(leg, []))).toEqual(nothing);
    expect(book.happened(dialStatus(leg, ""))).toEqual({ reports: [], tasks: [{ type: "limit-ringing", call: leg }] });
    expect(book.happened(dialStatus(leg, "ANSWER"))).toEqual({
      reports: [{ type: "answered", call: leg, conference: key }],
      tasks: [{ type: "dial-extension", call: leg }],
    });
    expect(book.happened(up(leg))).toEqual(nothing);
  });

  test("a dialled call that is over has the reason of its cause, which comes after it has left the application", () => {
    book.addDialled(leg, book.addConference(key, "bridge-1", null), "14085551234", "", 30_000);
    expect(book.happened(left(leg))).toEqual(nothing);
    expect(book.happened(destroyed(leg, 17)).reports).toEqual([
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
      const call = book.addDialled(leg, book.addConference(key, "bridge-1", null), "14085551234", "", 30_000);
      call.ending = { reason: "no-answer", isReported: true };
      if (status !== "") book.happened(dialStatus(leg, status));
      expect(book.happened(destroyed(leg, cause)).reports).toMatchObject([{ type: "ended", call: leg, reason }]);
    },
  );

  test("a call that a command ends is not reported, if its event comes before the command's answer or after", () => {
    const conference = book.addConference(key, "bridge-1", null);
    for (const [id, order] of [
      [caller, ["event", "answer"]],
      ["1700000000.2" as CallId, ["answer", "event"]],
    ] as const) {
      entered(conference, id);
      const call = book.call(id);
      if (!call) throw new Error("no call");
      call.ending = { reason: "expelled", isReported: false };
      for (const what of order) {
        if (what === "event") expect(book.happened(left(id)).reports).toEqual([]);
        else book.endedAsTold(call, "expelled");
      }
      expect(book.state().calls).toContainEqual(
        expect.objectContaining({ call: id, stage: "ended", reason: "expelled" }),
      );
    }
  });

  test("who leaves is heard to leave by those who stay, if it was heard to come", () => {
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    entered(conference, leg);
    expect(book.happened(left(leg)).tasks).toEqual([{ type: "play-leave-tone", bridge: "bridge-1" }]);
    expect(book.happened(left(caller)).tasks).toEqual([]);
  });

  test("keys at the prompt are kept, and those of a call that was dialled mean nothing before it enters", () => {
    book.happened(began(caller));
    expect(book.happened(pressed(caller, "9")).tasks).toEqual([
      { type: "hush", call: caller },
      { type: "write-notes", call: caller },
    ]);
    book.happened(pressed(caller, "#"));
    expect(book.state().calls).toMatchObject([{ stage: "prompted", keys: "9#" }]);
    book.addDialled(leg, book.addConference(key, "bridge-1", null), "14085551234", "", 30_000);
    book.happened(up(leg));
    expect(book.happened(pressed(leg, "9"))).toEqual(nothing);
  });

  test("a key that Asterisk tells twice counts once, and whoever presses it twice is understood", () => {
    book.happened(began(caller));
    expect(book.happened(pressed(caller, "1", 100)).reports).toHaveLength(1);
    for (const atMs of [100, 109, 139, 91]) expect(book.happened(pressed(caller, "1", atMs))).toEqual(nothing);
    expect(book.happened(pressed(caller, "2", 105)).reports).toHaveLength(1);
    expect(book.happened(pressed(caller, "1", 140)).reports).toHaveLength(1);
    // Asterisk's clock was set back.
    expect(book.happened(pressed(caller, "1", -3_600_000)).reports).toHaveLength(1);
    expect(book.state().calls).toMatchObject([{ keys: "1211" }]);
  });

  test("who talks is reported only while that is wanted, and a mute silences at once", () => {
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    expect(book.happened(talks(caller, true))).toEqual(nothing);
    book.happened(talks(caller, false));
    conference.reportsSpeakers = true;
    const talking = (is: boolean) => [{ type: "talking", call: caller, conference: key, talking: is }];
    expect(book.happened(talks(caller, true)).reports).toEqual(talking(true));
    const call = book.call(caller);
    if (!call) throw new Error("no call");
    call.muted = true;
    expect(book.speech(call)).toEqual(talking(false));
    expect(book.happened(talks(caller, false))).toEqual(nothing);
    expect(book.happened(talks(caller, true))).toEqual(nothing);
    call.muted = false;
    expect(book.speech(call)).toEqual(talking(true));
  });

  test("nothing is reported of the talk of a call that is over", () => {
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    conference.reportsSpeakers = true;
    const call = book.call(caller);
    if (!call) throw new Error("no call");
    call.isHeard = true;
    book.happened(left(caller));
    expect(book.speech(call)).toEqual([]);
  });

  test("a conference that somebody else ends is over with its calls, which are let go", () => {
    const conference = book.addConference(key, "bridge-1", null);
    conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
    entered(conference);
    const gone: AriEvent = { type: "BridgeDestroyed", bridge: bridgeOf("bridge-1", MAIN_ROOM) };
    expect(book.happened(gone)).toEqual({
      reports: [{ type: "conference-ended", conference: key }],
      tasks: [
        { type: "hang-up", call: caller },
        { type: "destroy-bridge", bridge: "bridge-1" },
        { type: "destroy-bridge", bridge: "bridge-2" },
      ],
    });
    expect(book.state()).toMatchObject({ conferences: [], calls: [{ stage: "ended", reason: "conference-ended" }] });
  });
});

describe("a look", () => {
  test("takes back nothing that changed after it began", () => {
    const since = book.version;
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    book.looked(look(), since, true);
    expect(stageOf(caller)).toBe("entered");
    expect(book.state().conferences).toHaveLength(1);
  });

  test("takes back nothing that a request on its way may change", () => {
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    const releases = [book.hold(key, null), book.hold(null, caller)];
    book.looked(look(), book.version, true);
    expect(stageOf(caller)).toBe("entered");
    for (const release of releases) release();
    book.looked(look(), book.version, true);
    expect(stageOf(caller)).toBe("ended");
  });

  test("does not bring back what is over, though Asterisk shows it for a moment more", () => {
    const conference = book.addConference(key, "bridge-1", null);
    entered(conference);
    book.removeConference(key);
    const shown = look({ bridges: [bridgeOf("bridge-1", MAIN_ROOM, [caller])], channels: [channel(caller)] });
    expect(book.looked(shown, book.version, false)).toEqual(nothing);
    expect(book.state()).toMatchObject({ conferences: [], calls: [{ stage: "ended" }] });
  });

  test.each([
    ["the second look", false, 1],
    ["a first look", true, 0],
  ])("hangs up who is over and still there at %s", (_, isFirst, before) => {
    entered(book.addConference(key, "bridge-1", null));
    book.removeConference(key);
    const shown = look({ channels: [channel(caller)] });
    for (let seen = 0; seen < before; seen += 1) book.looked(shown, book.version, false);
    expect(book.looked(shown, book.version, isFirst)).toEqual({
      reports: [],
      tasks: [{ type: "hang-up", call: caller }],
    });
    expect(book.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "conference-ended" }]);
    // It may have gone elsewhere in the dialplan.
    expect(book.looked({ ...shown, inApplication: new Set() }, book.version, isFirst)).toEqual(nothing);
  });

  describe("finds a channel that an earlier agent has made for a dial:", () => {
    const notes = (isDialled: boolean): CallNotes => ({
      direction: "out",
      number: "14085551234",
      dialled: "",
      keys: "",
      conference: key,
      muted: false,
      joinTone: null,
      attendeeId: null,
      extension: "",
      waitMs: 30_000,
      isDialled,
    });
    const none = { locked: false, reportsSpeakers: false, anonymousId: null, maxCallers: null, dialled: [] };
    const noted = { ...none, dialled: [{ call: leg, number: "14085551234" }] };
    const seen = (state: string, isDialled: boolean, conferenceNotes: ConferenceNotes | null) =>
      look({
        bridges: [bridgeOf("bridge-1", MAIN_ROOM)],
        channels: [channel(leg, state)],
        callNotes: new Map([[leg, notes(isDialled)]]),
        conferenceNotes: new Map([["bridge-1", conferenceNotes]]),
      });

    test.each([
      ["nobody has dialled yet, and it is dialled now", "Down", false, null, "dial"],
      ["nobody has dialled yet, though others were, and it is dialled now", "Down", false, none, "dial"],
      ["it is dialled, and makes no sound yet", "Down", true, noted, "limit-ringing"],
      ["it rings", "Ringing", false, noted, "limit-ringing"],
      ["somebody was about to dial it", "Down", false, noted, "settle-dial"],
    ] as const)("%s", (_, state, isDialled, conferenceNotes, type) => {
      const { tasks } = book.looked(seen(state, isDialled, conferenceNotes), book.version, true);
      expect(tasks).toEqual([{ type, call: leg }]);
      expect(stageOf(leg)).toBe("ringing");
    });

    test("Asterisk made it late, and it is hung up on unless somebody dials meanwhile", () => {
      const late = seen("Down", false, none);
      book.looked(look({ bridges: late.bridges, conferenceNotes: late.conferenceNotes }), book.version, true);
      expect(book.looked(late, book.version, false)).toEqual(nothing);
      expect(book.state().calls).toEqual([]);
      const conference = book.conference(key);
      if (!conference) throw new Error("no conference");
      const call = book.addDialled(leg, conference, "14085551234", "", 30_000);
      expect(book.looked(late, book.version, false)).toEqual(nothing);
      book.removeDialled(call);
      book.looked(late, book.version, false);
      expect(book.looked(late, book.version, false).tasks).toEqual([{ type: "hang-up", call: leg }]);
    });
  });

  test("knows of as many calls that were dialled as Asterisk takes in one request", () => {
    const conference = book.addConference(key, "bridge-1", null);
    for (let call = 0; call < 1_000; call += 1) {
      const id = `call-out-${call}` as CallId;
      book.noteDialled(conference, book.addDialled(id, conference, "14085551234", "", 30_000));
    }
    const { dialled } = conference;
    expect(dialled.length).toBeGreaterThan(400);
    expect(dialled.at(-1)?.call).toBe("call-out-999");
    const value = JSON.stringify({
      locked: false,
      reportsSpeakers: false,
      anonymousId: null,
      maxCallers: null,
      dialled,
    });
    expect(JSON.stringify({ variable: "x".repeat(200), value }).length).toBeLessThan(40_960);
  });

  test("does not show a conference that is being made", () => {
    const release = book.hold(key, null);
    book.looked(look({ bridges: [bridgeOf("bridge-1", MAIN_ROOM)] }), book.version, false);
    expect(book.state().conferences).toEqual([]);
    release();
    book.looked(look({ bridges: [bridgeOf("bridge-1", MAIN_ROOM)] }), book.version, false);
    expect(book.state().conferences).toMatchObject([{ conference: key, owner }]);
  });

  test("reports an end whose event was lost at the second time that the call is missing", () => {
    book.happened(began(caller));
    expect(book.looked(look(), book.version, false).reports).toEqual([]);
    expect(stageOf(caller)).toBe("prompted");
    expect(book.looked(look(), book.version, false).reports).toMatchObject([{ type: "ended", call: caller }]);
  });

  test("does not know how a call ended that rang before, and does not say that its telephone rejected it", () => {
    book.addDialled(leg, book.addConference(key, "bridge-1", null), "14085551234", "", 30_000);
    const bridges = [bridgeOf("bridge-1", MAIN_ROOM)];
    book.looked(look({ bridges }), book.version, false);
    const ended = { type: "ended", call: leg, conference: key, reason: "refused" };
    expect(book.looked(look({ bridges }), book.version, false).reports).toEqual([ended]);
  });

  test("after a gap shows what is gone as gone, and reports nothing", () => {
    book.happened(began(caller));
    expect(book.looked(look(), book.version, true).reports).toEqual([]);
    expect(book.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "hung-up" }]);
  });

  test("finds a caller whom nobody has answered yet", () => {
    const waiting = look({ channels: [channel(caller, "Ring")] });
    expect(book.looked(waiting, book.version, true)).toEqual({
      reports: [],
      tasks: [{ type: "answer", call: caller }],
    });
    expect(book.state().calls).toMatchObject([{ stage: "prompted", number: "14085550001", dialled: "18005551234" }]);
  });

  test("brings a caller in who was admitted and did not get there", () => {
    const notes: CallNotes = {
      direction: "in",
      number: "14085550001",
      dialled: "18005551234",
      keys: "987654321#",
      conference: key,
      muted: true,
      joinTone: false,
      attendeeId: "444",
      extension: "",
      waitMs: 0,
      isDialled: false,
    };
    const seen = { bridges: [bridgeOf("bridge-1", MAIN_ROOM)], channels: [channel(caller)] };
    const consequences = book.looked(look({ ...seen, callNotes: new Map([[caller, notes]]) }), book.version, true);
    const mute = { type: "apply-mute", call: caller };
    expect(consequences).toEqual({ reports: [], tasks: [mute, { type: "enter-main-room", call: caller }] });
    expect(book.state().calls).toMatchObject([{ stage: "entered", room: MAIN_ROOM, muted: true, joinTone: false }]);
  });

  test("counts calls of others, each Local channel once, and none that is no telephone's, or a probe", () => {
    const named = (name: string) => ({ ...channel(name), name });
    const channels = ["PJSIP/a-1", "Local/1@b-1;1", "Local/1@b-1;2", "Announcer/x-1", "Snoop/y-1"].map(named);
    const probe = { ...named("Local/0@p-1;1"), id: probeId("1") };
    const all = [...channels, probe, named("Local/0@p-1;2")];
    book.looked(look({ channels: all, inApplication: new Set() }), book.version, true);
    expect(book.state()).toMatchObject({ calls: [], callsOfOthers: 2 });
  });

  test("leaves the conferences of another owner out", () => {
    const theirs = {
      ...bridgeOf("bridge-1", MAIN_ROOM, [caller]),
      name: bridgeName({ owner: "beta/b", conference: key, room: MAIN_ROOM, kind: "main" }),
    };
    book.looked(look({ bridges: [theirs], channels: [channel(caller)], inApplication: new Set() }), book.version, true);
    expect(book.state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1 });
  });
});
