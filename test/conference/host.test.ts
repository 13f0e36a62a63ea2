import { expect, test } from "vitest";
import { chooseHost } from "../../src/conference/host.ts";
import type { Caller } from "../../src/conference/state.ts";

const nobody = { attendeeIds: [], extCallIds: [] };
const caller = (rank: number, more: object = {}) =>
  ({ rank, left: false, participantType: "participant", attendeeId: null, extCallId: null, ...more }) as Caller;

test("the host is who keyed the subscriber code, else a named call, else the first; never a silent monitor (protocol 4.21)", () => {
  const monitor = caller(1, { participantType: "silent-monitor", attendeeId: "7", keyedHostCode: true });
  const gone = caller(2, { left: true, keyedHostCode: true });
  const first = caller(3);
  const named = caller(4, { attendeeId: "7" });
  const known = caller(5, { extCallId: "9" });
  const keyed = caller(6, { keyedHostCode: true });
  const all = [keyed, known, named, first, gone, monitor];

  expect(chooseHost(all, { attendeeIds: ["7"], extCallIds: [] })).toBe(keyed);
  expect(chooseHost(all.slice(1), { attendeeIds: ["7"], extCallIds: ["9"] })).toBe(named);
  expect(chooseHost(all.slice(1), { attendeeIds: [], extCallIds: ["9"] })).toBe(known);
  expect(chooseHost(all.slice(1), nobody)).toBe(first);
  expect(chooseHost([gone, monitor], nobody)).toBeUndefined();
});
