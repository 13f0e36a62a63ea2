import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../src/bridge/state.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

const caller = (call: string, muted = false, room = MAIN_ROOM) => ({ call: call as CallId, muted, room });
const digest = (locked: boolean, ...callers: ReturnType<typeof caller>[]) =>
  digestOf({ locked, callers, dialled: [], rooms: [], speaking: null });

const nobody = { locked: false, callers: [], dialled: [], rooms: [], speaking: null };

test("the order of callers does not change the digest", () => {
  const callers = fc.array(fc.record({ call: fc.string(), muted: fc.boolean(), room: fc.constantFrom("main", "r1") }));
  fc.assert(
    fc.property(callers, (found) => {
      const same = found.map(({ call, muted, room }) => caller(call, muted, room as RoomId));
      expect(digest(false, ...same.toReversed())).toBe(digest(false, ...same));
    }),
  );
});

test("each difference makes another digest", () => {
  const digests = [
    digest(false),
    digest(true),
    digest(false, caller("c1")),
    digest(false, caller("c2")),
    digest(false, caller("c1"), caller("c2")),
    digest(false, caller("c1", true)),
    digest(false, caller("c1", true), caller("c2")),
    digest(false, caller("c1"), caller("c2", true)),
    digest(false, caller("c1", false, "r1" as RoomId)),
    digest(false, caller("c1", false, "r2" as RoomId)),
    digestOf({ ...nobody, rooms: [{ id: "r1" as RoomId }] }),
    digestOf({ ...nobody, rooms: [{ id: "r2" as RoomId }] }),
    digestOf({ ...nobody, dialled: [{ call: "c1" as CallId }] }),
    digestOf({ ...nobody, speaking: [] }),
    digestOf({ ...nobody, speaking: ["c1" as CallId] }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test("the main room does not change the digest", () => {
  expect(digestOf({ ...nobody, rooms: [{ id: MAIN_ROOM }] })).toBe(digestOf(nobody));
});

test("20,000 conferences that differ in one caller have different digests", () => {
  const others = Array.from({ length: 50 }, (_, index) => caller(`c${index}`));
  const digests = Array.from({ length: 20_000 }, (_, index) => digest(false, ...others, caller(`d${index}`)));
  expect(new Set(digests).size).toBe(digests.length);
});
