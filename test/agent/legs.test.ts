import { expect, test } from "vitest";
import { Legs } from "../../bridge-agent/callers/legs.ts";
import type { BridgeCall } from "../../src/bridge/state.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

const one = "11" as ConfKey;
const other = "22" as ConfKey;

function newLegs() {
  const legs = new Legs({ saveStart() {}, deleteStart() {} });
  let calls = 0;
  const prompted = () => legs.prompted({ call: `c${++calls}` as CallId, number: "1", dialled: "" });
  const entered = (conference: ConfKey, room = MAIN_ROOM, silent = false) => {
    const leg = prompted();
    legs.entered(leg, conference, room, silent);
    return leg;
  };
  return { legs, prompted, entered };
}

test("a caller who is on the way into another conference has a place there alone", () => {
  const { legs, prompted } = newLegs();
  const leg = prompted();
  legs.move(leg, one);
  legs.move(leg, other);
  expect([legs.placesIn(one), legs.placesIn(other)]).toEqual([0, 1]);
});

test("a call that is over has no place, and a new one of its id has one", () => {
  const { legs, entered } = newLegs();
  const { call } = entered(one);
  legs.dialled(call, "2", other);
  expect([legs.placesIn(one), legs.placesIn(other), legs.dialledCount]).toEqual([0, 1, 1]);
  legs.ended(call);
  legs.ended(call);
  expect([legs.placesIn(other), legs.dialledCount]).toEqual([0, 0]);
});

test("whoever is alone in its room, or beside a silent monitor, is alone", () => {
  const { legs, entered } = newLegs();
  const leg = entered(one);
  entered(other);
  entered(one, "talk" as RoomId);
  entered(one, MAIN_ROOM, true);
  expect(legs.isAlone(leg)).toBe(true);
  entered(one);
  expect(legs.isAlone(leg)).toBe(false);
});

test("nothing is left of the legs when all of them are dropped", () => {
  const { legs, entered } = newLegs();
  entered(one);
  legs.dialled("d1" as CallId, "2", one);
  legs.clear();
  expect([legs.placesIn(one), legs.callsInside(one), legs.dialledCount, legs.count]).toEqual([0, [], 0, 0]);
});

const call = (id: string) =>
  ({
    ...{ call: id, stage: "entered", number: "1", dialled: "", direction: "in", conference: one, room: MAIN_ROOM },
    ...{ muted: false, attendeeId: null, joinTone: true, talking: false },
  }) as unknown as BridgeCall;

test("what was seen to enter is measured, also by the next life, and nothing that was inside before", () => {
  const starts = new Map<string, number>();
  const journal = {
    saveStart: (name: string, at: number) => void starts.set(name, at),
    deleteStart: (name: string) => void starts.delete(name),
  };
  const legs = new Legs(journal);
  legs.now = 1_000;
  legs.reconcile([call("found")]);
  const leg = legs.prompted({ call: "seen" as CallId, number: "2", dialled: "" });
  legs.entered(leg, one, MAIN_ROOM, false);
  const next = new Legs(
    journal,
    Array.from(starts, ([name, at]) => ({ name, at })),
  );
  const all = ["found", "seen", "gone"] as CallId[];
  legs.now = 4_000;
  expect(legs.measured(all)).toEqual({ inside: [{ call: "seen", ms: 3_000 }] });
  next.now = 5_000;
  next.reconcile([call("found"), call("seen")]);
  expect(next.measured(all)).toEqual({ inside: [{ call: "seen", ms: 4_000 }] });
  for (const life of [legs, next]) expect(life.entryOf("seen" as CallId)).toMatchObject({ enteredAt: 1_000 });
  for (const id of ["found", "seen"] as CallId[]) next.ended(id);
  expect(starts).toEqual(new Map());
});

/** As the bridge shows it at this stage. */
function shown(id: string, stage: BridgeCall["stage"], more: object = {}): BridgeCall {
  const place = stage === "prompted" ? { keys: "" } : { conference: one, direction: "in" };
  return { call: id, stage, number: "1", dialled: "", ...place, ...more } as unknown as BridgeCall;
}

test("a state has a leg for each call that is up, at its stage, and for none that is over", () => {
  const { legs } = newLegs();
  legs.now = 3;
  const found = legs.reconcile([
    ...[shown("p", "prompted"), shown("k", "prompted", { keys: "12" })],
    ...[shown("r", "ringing", { direction: "out" }), shown("a", "answered", { direction: "out" })],
    ...([
      { ...call("e"), muted: true, room: "talk" as RoomId },
      { ...call("o"), direction: "out" },
    ] as BridgeCall[]),
    shown("over", "ended", { reason: "hung-up" }),
  ]);
  expect(found.map(({ call }) => call)).toEqual(["p", "k", "r", "a", "e", "o"]);
  expect(legs.views.map(({ call, stage, conference, muted, room }) => [call, stage, conference, muted, room])).toEqual([
    ["p", "prompted", null, false, null],
    ["k", "prompted", null, false, null],
    ["r", "dialled", one, false, null],
    ["a", "dialled", one, false, null],
    ["e", "entered", one, true, "talk"],
    ["o", "entered", one, false, MAIN_ROOM],
  ]);
  expect(["p", "k"].map((id) => legs.find(id as CallId)?.hasKeyed)).toEqual([false, true]);
  expect([legs.dialledCount, legs.placesIn(one), legs.callsInside(one)]).toEqual([3, 4, ["r", "a", "e", "o"]]);

  expect(["e", "o", "a"].map((id) => legs.entryOf(id as CallId))).toEqual([
    { enteredAt: 3 },
    { enteredAt: 3, dialledOut: true },
    undefined,
  ]);

  expect(legs.reconcile([shown("p", "prompted"), call("e")])).toEqual([]);
  expect([legs.count, legs.dialledCount, legs.callsInside(one)]).toEqual([2, 0, ["e"]]);
});

test("a caller who is on the way in, or is hung up on, is not inside; who is hung up on has no place and is nobody's company", () => {
  const { legs, prompted, entered } = newLegs();
  const [onTheWay, leaves, inside] = [prompted(), entered(one), entered(one)];
  legs.letIn(onTheWay, one, false);
  expect(legs.callsInside(one)).toEqual([leaves.call, inside.call]);
  leaves.keypad = { at: "over" };
  expect([legs.placesIn(one), legs.isAlone(inside)]).toEqual([2, true]);
  legs.entered(leaves, other, MAIN_ROOM, false);
  expect([legs.placesIn(one), legs.placesIn(other), leaves.keypad]).toEqual([2, 0, { at: "over" }]);
});

test("a call that was dialled, or whose caller somebody at the bridge has let in, is inside when a state shows it so", () => {
  const { legs, prompted } = newLegs();
  legs.now = 7;
  legs.dialled("found" as CallId, "2", one);
  legs.showEntered([{ ...call("found"), muted: true } as BridgeCall, call("unknown"), shown("c1", "prompted")]);
  expect(legs.views).toMatchObject([{ call: "found", stage: "entered", muted: true, room: MAIN_ROOM }]);
  expect(legs.entryOf("found" as CallId)).toEqual({ enteredAt: 7, dialledOut: true });
  expect(legs.find("found" as CallId)?.keypad).toMatchObject({ at: "inside", silent: false });
  legs.now = 9;
  const caller = prompted();
  legs.showEntered([{ ...call("found"), room: "talk" as RoomId } as BridgeCall, call(caller.call)]);
  expect(legs.views).toMatchObject([
    { call: "found", muted: false, room: "talk" },
    { call: caller.call, stage: "entered", conference: one },
  ]);
  expect(["found", caller.call].map((id) => legs.entryOf(id as CallId)?.enteredAt)).toEqual([7, 9]);
});

test("of a call inside is said what an edge that has lost it needs, and of no other", () => {
  const { legs, prompted, entered } = newLegs();
  legs.now = 5;
  const monitor = entered(one, "talk" as RoomId, true);
  const caller = legs.prompted({ call: "d" as CallId, number: "2", dialled: "1800" });
  legs.entered(caller, one, MAIN_ROOM, false);
  legs.dialled("o" as CallId, "3", one);
  const out = legs.find("o" as CallId) ?? expect.unreachable();
  expect(legs.insideOf(out.call)).toBeUndefined();
  legs.entered(out, one, MAIN_ROOM, false);
  caller.keypad = { at: "over" };
  const who = { attendeeId: null, muted: false, enteredAt: 5 };
  expect([monitor, caller, out].map(({ call }) => legs.insideOf(call))).toEqual([
    { ...who, call: monitor.call, number: "1", silent: true, room: "talk" },
    { ...who, call: "d", number: "2", dialled: "1800", silent: false, room: MAIN_ROOM },
    { ...who, call: "o", number: "3", silent: false, room: MAIN_ROOM, dialledOut: true },
  ]);
  expect([prompted().call, "nobody" as CallId].map((id) => legs.insideOf(id))).toEqual([undefined, undefined]);
});

test("a life knows from the journal who is inside, and deletes that of who is not, whatever else begins there", () => {
  const deleted: string[] = [];
  const journal = { saveStart: () => expect.unreachable(), deleteStart: (name: string) => void deleted.push(name) };
  const legs = new Legs(journal, [
    ...[
      { name: "inside here", at: 3 },
      { name: "inside gone", at: 4 },
    ],
    { name: "another thing", at: 5 },
  ]);
  legs.now = 9;
  const ids = ["here", "gone", "thing", " thing"] as CallId[];
  expect(ids.map((id) => legs.entryOf(id))).toEqual([{ enteredAt: 3 }, { enteredAt: 4 }, undefined, undefined]);
  expect(legs.insideOf("here" as CallId)).toBeUndefined(); // It has no leg yet.
  legs.reconcile([call("here"), shown("new", "prompted")]);
  legs.ended("new" as CallId);
  legs.entered(legs.find("here" as CallId) ?? expect.unreachable(), other, MAIN_ROOM, false);
  expect([deleted, legs.placesIn(other)]).toEqual([["inside gone"], 1]);
  expect(legs.measured(["here" as CallId])).toEqual({}); // By another life's clock.
});

test("a call that has ended is measured no more, should a state show it once more", () => {
  const { legs, entered } = newLegs();
  const { call: id } = entered(one);
  legs.ended(id);
  legs.reconcile([call(id)]);
  expect(legs.measured([id, "nobody" as CallId])).toEqual({});
});
