import { expect, test } from "vitest";
import { knownHost } from "../../src/conference/parts/host.ts";
import type { Caller } from "../../src/conference/state.ts";
import type { CallId } from "../../src/foundation/ids.ts";

const nobody = { attendeeIds: [], extCallIds: [] };
const caller = (rank: number, more: object = {}) =>
  ({ rank, left: false, participantType: "participant", attendeeId: null, extCallId: null, ...more }) as Caller;

test("finds the host by subscriber code, else by name (protocol 4.21)", () => {
  const monitor = caller(1, { participantType: "silent-monitor", attendeeId: "7", keyedHostCode: true });
  const gone = caller(2, { left: true, keyedHostCode: true });
  const first = caller(3);
  const named = caller(4, { attendeeId: "7" });
  const known = caller(5, { extCallId: "9" });
  const keyed = caller(6, { keyedHostCode: true });
  const all = [keyed, known, named, first, gone, monitor];

  expect(knownHost(all, { attendeeIds: ["7"], extCallIds: [] })).toBe(keyed);
  expect(knownHost(all.slice(1), { attendeeIds: ["7"], extCallIds: ["9"] })).toBe(named);
  expect(knownHost(all.slice(1), { attendeeIds: [], extCallIds: ["9"] })).toBe(known);
  expect(knownHost(all.slice(1), nobody)).toBeUndefined();
  expect(knownHost([gone, monitor], { attendeeIds: ["7"], extCallIds: [] })).toBeUndefined();
});

test("keeps the chosen host until a code or name chooses another (protocol 4.21)", () => {
  const chosen = { call: "c2" as CallId, attendeeId: "7" };
  const first = caller(1, { call: "c1" });
  const second = caller(2, { call: "c2", attendeeId: "7" });
  const third = caller(3, { call: "c3", attendeeId: "7" });
  const renamed = caller(2, { call: "c2", attendeeId: "8" });
  const silent = caller(4, { call: "c4", attendeeId: "7", participantType: "silent-monitor" });
  const keyed = caller(5, { call: "c5", keyedHostCode: true });

  expect(knownHost([first, third, second], nobody, chosen)).toBe(second);
  expect(knownHost([first, third], nobody, chosen)).toBe(third);
  expect(knownHost([first, renamed, silent], nobody, chosen)).toBeUndefined();
  expect(knownHost([first, second], { attendeeIds: [], extCallIds: [] }, { ...chosen, attendeeId: null })).toBe(second);
  expect(knownHost([first, second, keyed], nobody, chosen)).toBe(keyed);
  expect(knownHost([second, third], { attendeeIds: ["7"], extCallIds: [] }, { ...chosen, call: third.call })).toBe(
    third,
  );
});
