import { expect, test } from "vitest";
import type { JournaledConference } from "../../bridge-agent/core/journal.ts";
import { LiveConferences } from "../../bridge-agent/core/live-conferences.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";

const one = "11" as ConfKey;
const other = "22" as ConfKey;

function record(change: Partial<JournaledConference> = {}): JournaledConference {
  return { anonymousId: "999", locked: false, live: true, since: null, ...change };
}

function codes(subscriber: string | null, participant: string | null): Partial<JournaledConference> {
  return { accessCodes: { subscriber, participant } };
}

function twoWith(first: Partial<JournaledConference>, second: Partial<JournaledConference>): LiveConferences {
  const live = new LiveConferences();
  live.set(one, record(first));
  live.set(other, record(second));
  return live;
}

test("a code that two conferences have leads into neither, until one of them is over or has another code", () => {
  for (const change of [{ live: false }, codes(null, "6")]) {
    const live = twoWith(codes("5", null), codes(null, "5"));
    expect(live.entrance("5")).toBeNull();
    live.set(other, record(change));
    expect(live.entrance("5")).toEqual({ conference: one, host: true, anonymousId: "999", locked: false });
  }
});

test("a code that is both of a conference's lets nobody in as host", () => {
  expect(twoWith(codes("5", "5"), {}).entrance("5")).toMatchObject({ conference: one, host: false });
});

test("a conference that is over has no key, no code and no secret", () => {
  const live = twoWith(codes("5", "6"), { anonymousId: "888" });
  live.set(one, record({ ...codes("5", "6"), live: false }));
  expect(["11", "5", "6"].map((keyed) => live.entrance(keyed))).toEqual([null, null, null]);
  expect(["5", "6", "999", "888"].filter((text) => live.isSecret(text))).toEqual(["888"]);
  expect(live.keys()).toEqual([other]);
});

test("an AnonymousID of two conferences is secret as long as one of them is there", () => {
  const live = twoWith({}, {});
  live.set(one, record({ live: false }));
  expect(live.isSecret("999")).toBe(true);
  live.set(other, record({ anonymousId: null }));
  expect(live.isSecret("999")).toBe(false);
});
