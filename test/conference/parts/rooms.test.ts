import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { CallId, RoomId } from "../../../src/foundation/ids.ts";
import { done, snapshot } from "../../builders.ts";
import { asked, decided, factsOf, inside, pending, reported, running } from "./decided.ts";

const request = { type: "close-sub-conference", msgId: "m9", extConfId: "1001", subConfId: "s1" };
const aRoom = (id: string, more: object = {}): [string, object] => [
  id,
  { room: id, subConfId: id.replace("r", "s"), stage: "open", closeRequest: null, ...more },
];
const closing = (returned: readonly string[] = [], more: object = {}) =>
  aRoom("r1", { stage: "closing", closeRequest: { request, answerBy: 30_000, returned }, ...more });
const refused = (id: string, reason: string) => ({ type: "result", id, result: { done: false, reason } }) as never;
const time = (at: number): ConferenceInput => ({ type: "time", at });
const said = ({ posts }: ReturnType<typeof decided>) =>
  posts.map(({ type, ...post }) => ("result" in post ? `${type} ${post.result}` : type));
const roomIn = ({ changes }: ReturnType<typeof decided>) => changes.rooms.get("r1" as RoomId);
const callerIn = ({ changes }: ReturnType<typeof decided>) => changes.callers.get("c1" as CallId);
const add = { type: "add-to-sub-conference", subConfId: "s1", extCallId: "1" };
const c1 = inside("c1", { extCallId: "1" });
const toRoom = { type: "move", call: "c1", room: "r1" };
const toMain = { type: "move", call: "c1", room: "main" };

test("a call is where its last move takes it, whatever else is to be done with it (protocol 4.13)", () => {
  const commands = new Map([pending("1", toRoom), pending("2", { type: "mute", call: "c1" })]);
  const state = { rooms: new Map([aRoom("r1")]), callers: new Map([c1]), commands };

  expect(said(decided(state, asked(add)))).toEqual(["added-to-sub-conference wrong-room"]);
  const remove = { ...add, type: "remove-from-sub-conference" };
  expect(decided(state, asked(remove)).commands).toEqual([toMain]);
});

test("nobody is added to a sub-conference that is being closed, nor is it closed twice; who asks after a failure has it closed", () => {
  const state = (room: [string, object]) => ({ rooms: new Map([room]), callers: new Map([c1]) });
  const close = { type: "close-sub-conference", subConfId: "s1" };

  expect(said(decided(state(closing()), asked(add)))).toEqual(["added-to-sub-conference wrong-room"]);
  const twice = decided(state(closing()), asked(close));
  expect([said(twice), roomIn(twice)]).toEqual([["sub-conference-closed no-such-room"], undefined]);
  const other = { request: expect.objectContaining({ msgId: "m1" }), answerBy: 31_000, returned: [] };
  expect(roomIn(decided(state(aRoom("r1")), asked(close)))).toMatchObject({ stage: "closing", closeRequest: other });
  const late = decided(state(aRoom("r1", { stage: "closing" })), asked(close));
  expect(roomIn(late)).toMatchObject({ stage: "closing", closeRequest: other });
  expect(said(decided(state(aRoom("r2")), asked(close)))).toEqual(["sub-conference-closed no-such-room"]);
});

test("a room that the bridge does not open is none, and whoever waits for its closing is answered", () => {
  const commands = new Map([pending("1", { type: "create-room", room: "r1", kind: "sub" })]);
  const opens = (room: [string, object], result: never) =>
    decided({ rooms: new Map([room]), commands }, reported(result));

  const never = opens(closing(), refused("1", "refused"));
  expect([said(never), roomIn(never)]).toEqual([["sub-conference-closed no-such-room"], null]);
  expect(factsOf(never, "room-opened")).toEqual([]);
  const unannounced = opens(closing([], { unannounced: true }), done("1") as never);
  expect(said(unannounced)).toEqual([]);
  expect(factsOf(unannounced, "room-opened")).toEqual([{ kind: "room-opened", room: "r1", subConfId: "s1" }]);
});

test("a conference that goes on without WebEx closes its rooms, and one that is being closed is answered (protocol 4.8)", () => {
  const callers = new Map([
    inside("c1", { room: "r1", mutedInMain: false }),
    inside("c2", { room: "r2", mutedInMain: false }),
  ]);
  const rooms = new Map([closing(), aRoom("r2")]);
  const commands = new Map([pending("1", toMain)]);
  const { changes } = decided({ rooms, callers, commands }, asked({ type: "close-conference", keepAlive: true }));

  expect([...changes.rooms.keys()]).toEqual(["r2"]);
  expect(changes.rooms.get("r2" as RoomId)).toMatchObject({ stage: "closing", closeRequest: null });
});

test("a refused closing is tried again when its pause is over, and an open room stays open", () => {
  const at = (retryAt: object) =>
    decided(
      {
        head: running({ attached: false }),
        callers: new Map([c1]),
        rooms: new Map([aRoom("r1", { stage: "closing", ...retryAt })]),
      },
      time(5_000),
    ).commands;

  expect(at({ retryAt: 5_000 })).toEqual([{ type: "close-room", room: "r1" }]);
  expect(at({ retryAt: 5_001 })).toEqual([]);
  expect(decided({ rooms: new Map([aRoom("r1")]) }, time(5_000)).changes.rooms.size).toBe(0);
});

test.each([
  ["into a room", { room: "main" }, aRoom("r1"), toRoom],
  ["out of an open room", { room: "r1", mutedInMain: false }, aRoom("r1"), toMain],
])("a refused move %s leaves the room as it is", (_which, where, room, command) => {
  const state = { callers: new Map([inside("c1", { extCallId: "1", ...where })]), rooms: new Map([room]) };
  const decision = decided({ ...state, commands: new Map([pending("1", command)]) }, reported(refused("1", "refused")));
  expect([said(decision), decision.changes.rooms.size]).toEqual([[], 0]);
});

test("a move into a room that is no more, or into that where the call is, adds nobody twice", () => {
  const commands = new Map([pending("1", toRoom)]);
  const nowhere = decided({ callers: new Map([c1]), commands }, reported(done("1")));
  expect([said(nowhere), nowhere.changes.callers.size]).toEqual([[], 0]);
  const there = inside("c1", { extCallId: "1", room: "r1", mutedInMain: false });
  const again = decided({ callers: new Map([there]), commands, rooms: new Map([aRoom("r1")]) }, reported(done("1")));
  expect(again.posts).toMatchObject([{ type: "sub-conference-call-changed", action: "added" }]);
});

test("a call that goes from room to room returns to the main room as it was there (protocol 2.3.7)", () => {
  const there = inside("c1", { extCallId: "1", room: "r2", muted: false, mutedInMain: true });
  const commands = new Map([pending("1", toRoom)]);
  const state = {
    callers: new Map([there]),
    commands,
    rooms: new Map([aRoom("r1"), aRoom("r2")]),
  };
  const moved = decided(state, reported(done("1")));

  expect(callerIn(moved)).toMatchObject({ room: "r1", muted: false, mutedInMain: true });
  const about = { extConfId: "1001", extCallId: "1" };
  const change = { ...about, type: "sub-conference-call-changed" };
  expect(moved.posts).toStrictEqual([
    { ...about, msgId: "a1", type: "caller-changed", status: "unmuted" },
    { ...change, msgId: "a2", subConfId: "s2", action: "returned" },
    { ...change, msgId: "a3", subConfId: "s1", action: "added" },
  ]);
  const home = decided({ ...state, commands: new Map([pending("1", toMain)]) }, reported(done("1")));
  expect(callerIn(home)).toMatchObject({ room: "main", mutedInMain: null });
  const unnamed = inside("c1", { enterMsgId: "e1", room: "main" });
  expect(said(decided({ ...state, callers: new Map([unnamed]) }, reported(done("1"))))).toEqual([]);
});

test("a room that the bridge has no more is closed; one that it keeps is open again, and each call that went back is reported", () => {
  const callers = new Map([
    inside("c1", { extCallId: "1" }),
    inside("c2", { extCallId: "2", left: true, enterMsgId: "e2" }),
    inside("c3", { extCallId: "3", room: "r2", mutedInMain: false }),
  ]);
  const state = {
    ...{ callers, rooms: new Map([closing(["c1", "c2", "c3", "c9"]), aRoom("r2")]) },
    commands: new Map([pending("1", { type: "close-room", room: "r1" })]),
  };
  const gone = decided(state, reported(refused("1", "no-such-room")));
  const kept = decided(state, reported(refused("1", "refused")));

  expect([said(gone), roomIn(gone)]).toEqual([["sub-conference-closed ok"], null]);
  expect(factsOf(gone, "room-closed")).toEqual([{ kind: "room-closed", room: "r1", subConfId: "s1" }]);
  expect(kept.posts).toMatchObject([
    { type: "sub-conference-call-changed", extCallId: "1", action: "returned" },
    { type: "sub-conference-closed", result: "bridge-unreachable" },
  ]);
  expect(roomIn(kept)).toEqual({ room: "r1", subConfId: "s1", stage: "open", closeRequest: null });
});

test("without WebEx a refused closing is tried again after ten seconds, in the name of who wanted it", () => {
  const wanted = [{ type: "action", action: "op1", person: "Ann" }] as const;
  const commands = new Map([pending("1", { type: "close-room", room: "r1" })]);
  const rooms = new Map([aRoom("r1", { stage: "closing", by: wanted })]);
  const refusal = decided(
    { head: running({ attached: false }), rooms, commands, callers: new Map([c1]) },
    reported(refused("1", "refused")),
  );

  expect(roomIn(refusal)).toMatchObject({ stage: "closing", by: wanted, retryAt: 11_000 });
  const again = decided(
    { head: running({ attached: false }), rooms: refusal.changes.rooms, callers: new Map([c1]) },
    time(11_000),
  );
  expect([...again.changes.commands.values()]).toMatchObject([{ command: { type: "close-room" }, by: wanted }]);
});

test("after a failover WebEx gets each room with the calls in it (protocol 2.3.8, 4.15 F7)", () => {
  const rooms = new Map([aRoom("r1"), aRoom("r2")]);
  const callers = new Map([
    inside("c1", { extCallId: "1", room: "r1", mutedInMain: false }),
    inside("c2", { extCallId: "2", room: "r2", mutedInMain: false }),
    inside("c3", { extCallId: "3", room: "r1", mutedInMain: false, left: true, enterMsgId: "e3" }),
  ]);
  const other = { type: "create-conference", replyTo: "tsp2:80", extConfId: "2001", confKey: "555" };
  const { posts } = decided({ rooms, callers }, asked(other));

  const ofRooms = posts.flatMap((post) => ("subConfId" in post ? [{ ...post, msgId: "" }] : []));
  const about = { extConfId: "2001", msgId: "" };
  expect(ofRooms).toStrictEqual([
    { ...about, type: "sub-conference-changed", subConfId: "s1", status: "in-progress" },
    { ...about, type: "joined-sub-conference", subConfId: "s1", extCallId: "1" },
    { ...about, type: "sub-conference-changed", subConfId: "s2", status: "in-progress" },
    { ...about, type: "joined-sub-conference", subConfId: "s2", extCallId: "2" },
  ]);
});

test("a room that the bridge has lost brings its callers back", () => {
  const callers = new Map([inside("c1", { extCallId: "1", room: "r1", mutedInMain: false })]);
  const found = { call: "c1", number: "", attendeeId: null, muted: false, silent: false, room: "r1" };
  const lost = decided({ callers, rooms: new Map([aRoom("r1")]) }, reported(snapshot([found])));
  expect(callerIn(lost)).toMatchObject({ room: "main", mutedInMain: null });
});
