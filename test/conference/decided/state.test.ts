import { expect, test } from "vitest";
import { type Head, holdsHandle, namedAs } from "../../../src/conference/head.ts";
import { applyEntry, emptyState } from "../../../src/conference/state.ts";
import type { ExtConfId } from "../../../src/foundation/ids.ts";
import { inside, running } from "../parts/decided.ts";

test("a state is read entry by entry; what is no part of it is left alone", () => {
  const state = emptyState();
  const [call, caller] = inside("c1/2");
  const parts = [
    applyEntry(state, "head", running()),
    applyEntry(state, "caller/c1/2", caller),
    applyEntry(state, "caller/c3", null),
    applyEntry(state, "journal/1", {}),
  ];

  expect(parts).toEqual([true, true, true, false]);
  expect(state).toEqual({ ...emptyState(), head: running(), callers: new Map([[call, caller]]) });
  applyEntry(state, "caller/c1/2", null);
  expect(state.callers.size).toBe(0);
});

test("a conference holds each of the handles that it had a short time ago", () => {
  const former = (extConfId: string) => ({ extConfId, until: 100 });
  const head = running({ formerHandles: [former("70"), former("71")] });
  const holds = (extConfId: string) => holdsHandle(head, extConfId as ExtConfId, 50);
  expect(["70", "71", "72"].map(holds)).toEqual([true, true, false]);
});

test("who has keyed nothing has no name", () => {
  expect(namedAs({ attendeeId: null }, running({ anonymousId: "0444" }) as Head)).toBeNull();
});
