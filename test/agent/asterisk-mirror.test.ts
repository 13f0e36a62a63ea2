import { expect, test } from "vitest";
import { reconcile } from "../../bridge-agent/drivers/asterisk/acts/reconcile.ts";
import { Mirror, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { callNotesOf, conferenceNotesOf, readCallNotes } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { bridgeOf, caller, dialled, entered, key, leg, owner, side, snapshot } from "./asterisk-messages.ts";

test("knows of as many calls that were dialled as Asterisk takes in one request", () => {
  const mirror = new Mirror({ owner });
  const conference = mirror.addConference(key, "bridge-1");
  for (let call = 0; call < 1_000; call += 1) {
    const id = `call-out-${call}` as CallId;
    mirror.noteDialled(conference, dialled(mirror, conference, id));
  }
  expect(conference.dialled.length).toBeGreaterThan(400);
  expect(conference.dialled.at(-1)?.call).toBe("call-out-999");
  const value = JSON.stringify(conferenceNotesOf(conference));
  expect(JSON.stringify({ variable: "x".repeat(200), value }).length).toBeLessThan(40_960);
});

test("no number is a visitor's, and without a list each is the agent's", () => {
  const isOwn = (identity: ConstructorParameters<typeof Mirror>[0]) => new Mirror(identity).isOwnNumber("18005551234");
  expect([isOwn(null), isOwn({ owner }), isOwn({ owner, dialIn: [] })]).toEqual([false, true, false]);
});

test("inside is who has entered, and beside a caller who is in the same room", () => {
  const mirror = new Mirror({ owner });
  const conference = mirror.addConference(key, "bridge-1");
  const call = entered(mirror, conference);
  dialled(mirror, conference, leg);
  expect(mirror.inside(key)).toEqual([call]);
  const other = entered(mirror, conference, "c2" as CallId);
  expect(mirror.hasOthersBeside(call)).toBe(true);
  other.room = side;
  expect(mirror.hasOthersBeside(call)).toBe(false);
});

test("a conference is being made until the last request that may make it is answered", () => {
  const mirror = new Mirror({ owner });
  const isBeingMade = () => mirror.beingMade.has(key);
  const [first, second] = [mirror.holdConference(key), mirror.holdConference(key)];
  second();
  expect(isBeingMade()).toBe(true);
  first();
  expect(isBeingMade()).toBe(false);
});

test("what a request has changed is newer than a snapshot that began while it was on its way", () => {
  const mirror = new Mirror({ owner });
  entered(mirror, mirror.addConference(key, "bridge-1"));
  const release = mirror.holdConference(key);
  const since = mirror.version;
  release();
  reconcile(mirror, snapshot(), since, true);
  expect(mirror.state().conferences).toHaveLength(1);
});

test("a room that is over does not come back while Asterisk still shows its bridge", () => {
  const mirror = new Mirror({ owner });
  const conference = mirror.addConference(key, "bridge-1");
  conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
  mirror.removeRoom(conference, side);
  const bridges = [bridgeOf("bridge-1", MAIN_ROOM), bridgeOf("bridge-2", side)];
  reconcile(mirror, snapshot({ bridges }), mirror.version, false);
  expect([...conference.rooms.keys()]).toEqual([MAIN_ROOM]);
});

test("calls that are over stay listed, and one that is over ends no other one of its id", () => {
  const mirror = new Mirror({ owner });
  const conference = mirror.addConference(key, "bridge-1");
  const before = dialled(mirror, conference, leg);
  mirror.removeCall(before);
  dialled(mirror, conference, leg);
  mirror.end(before, "refused");
  expect(mirror.state().calls).toMatchObject([{ call: leg, stage: "ringing" }]);
  for (const call of [...mirror.calls.values(), entered(mirror, conference)]) mirror.end(call, "hung-up");
  expect(mirror.state().calls).toMatchObject([
    { call: leg, stage: "ended" },
    { call: caller, stage: "ended" },
  ]);
});

test("who is the host is shown, and stands in what is written about the call, with nothing that Asterisk knows", () => {
  const mirror = new Mirror({ owner });
  const call = Object.assign(entered(mirror, mirror.addConference(key, "bridge-1")), { host: true });
  expect(mirror.state().calls).toMatchObject([{ call: caller, host: true }]);
  const notes = callNotesOf(newCall(caller, "in", call));
  expect(readCallNotes(JSON.stringify(notes))).toEqual(notes);
  expect(notes).not.toHaveProperty("room");
});
