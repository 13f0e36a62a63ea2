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

test("what this life has seen enter is measured, and nothing that was inside before, by whatever clock", () => {
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
  next.now = 500;
  next.reconcile([call("found"), call("seen")]);
  expect(next.measured(all)).toEqual({});
  for (const life of [legs, next]) expect(life.entryOf("seen" as CallId)).toMatchObject({ enteredAt: 1_000 });
  for (const id of ["found", "seen"] as CallId[]) next.ended(id);
  expect(starts).toEqual(new Map());
});
