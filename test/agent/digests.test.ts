import { expect, test } from "vitest";
import { Digests, type FoundDigest } from "../../bridge-agent/core/digests.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";

const [one, other] = ["555111222" as ConfKey, "555111333" as ConfKey];
const found = (conference: ConfKey, digest = "d", position = "s 1"): FoundDigest => ({ conference, digest, position });
const all = () => true;

/** The rounds, from 1 on, in which anything was sent; whatever is sent is confirmed where `confirms` says so. */
function sentIn(
  rounds: number,
  of: (round: number) => readonly FoundDigest[],
  confirms: (round: number) => boolean = all,
  digests = new Digests(),
): number[] {
  return Array.from({ length: rounds }, (_, index) => index + 1).filter((round) => {
    digests.beginRound(of(round));
    const sent = digests.next(all);
    if (confirms(round)) for (const digest of sent) digests.confirmed(digest);
    return sent.length > 0;
  });
}

test("a digest that is confirmed comes again after two, four and then each eight rounds at most", () => {
  const rounds = sentIn(40, () => [found(one)]);
  expect(rounds).toEqual([1, 3, 7, 15, 23, 31, 39]);
});

test("one that nobody confirms comes each round, also when earlier ones were confirmed", () => {
  expect(
    sentIn(
      5,
      () => [found(one)],
      () => false,
    ),
  ).toEqual([1, 2, 3, 4, 5]);
  expect(
    sentIn(
      20,
      () => [found(one)],
      (round) => round !== 7 && round !== 8,
    ),
  ).toEqual([1, 3, 7, 8, 9, 17]);
});

test.each([
  ["its digest differs", found(one, "other")],
  ["anything was reported of it", found(one, "d", "s 2")],
  ["its stream began anew", found(one, "d", "t 1")],
])("everything begins anew when %s", (_why, changed) => {
  expect(sentIn(32, (round) => [round < 21 ? found(one) : changed])).toEqual([1, 3, 7, 15, 21, 23, 27]);
});

test("and when something was under way in it, or the agent began anew", () => {
  expect(sentIn(24, (round) => (round === 20 ? [] : [found(one)]))).toEqual([1, 3, 7, 15, 21, 23]);
  const digests = new Digests();
  sentIn(16, () => [found(one)], all, digests);
  digests.clear();
  expect(sentIn(3, () => [found(one)], all, digests)).toEqual([1, 3]);
});

test("a confirmation of another digest, or a second one, counts for nothing", () => {
  const digests = new Digests();
  const sends = () => {
    digests.beginRound([found(one)]);
    return digests.next(all).length;
  };
  expect(sends()).toBe(1);
  digests.confirmed({ conference: one, digest: "another" });
  digests.confirmed({ conference: other, digest: "d" });
  expect(sends()).toBe(1);
  for (let times = 0; times < 3; times += 1) digests.confirmed({ conference: one, digest: "d" });
  expect([sends(), sends()]).toEqual([0, 1]);
});

test("conferences that became quiet together come apart", () => {
  const digests = new Digests();
  const conferences = Array.from({ length: 80 }, (_, index) => found(String(index) as ConfKey));
  const sizes = Array.from({ length: 40 }, () => {
    digests.beginRound(conferences);
    let sent = 0;
    while (digests.isSending) {
      const some = digests.next(all);
      sent += some.length;
      for (const digest of some) digests.confirmed(digest);
    }
    return sent;
  });
  expect(sizes.slice(0, 3)).toEqual([80, 0, 80]);
  expect(sizes.slice(-16)).toEqual(Array.from({ length: 16 }, () => 10));
});

test("a round is sent ten at a time, a large one in 250 parts; what is out of date is left out", () => {
  const digests = new Digests();
  const sizes = (count: number) => {
    digests.clear();
    digests.beginRound(Array.from({ length: count }, (_, index) => found(String(index) as ConfKey)));
    const parts: number[] = [];
    while (digests.isSending) parts.push(digests.next(({ conference }) => conference !== "0").length);
    return parts;
  };
  expect(sizes(25)).toEqual([9, 10, 5]);
  expect([sizes(15_000).length, Math.max(...sizes(15_000))]).toEqual([250, 60]);
});
