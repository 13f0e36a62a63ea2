import { expect, test } from "vitest";
import type { WebexHost } from "../../src/foundation/ids.ts";
import { Activity, type HostPosts, mostHosts, noPosts, noRequests } from "../../src/records/activity.ts";

const minute = 60_000;
const hour = 60 * minute;
const begins = 1_000 * hour;

function posts(host: string | null, more: Partial<HostPosts> = {}): HostPosts {
  return { ...noPosts, host: host as WebexHost | null, confirmed: 1, tookMs: 20, ...more };
}

test("posts are summed up by minute and host, with the last failure", () => {
  const activity = new Activity();
  activity.add(begins + minute + 5, posts("tsp"));
  activity.add(begins, posts("tsp"));
  activity.add(begins + 2, posts("tsp", { confirmed: 0, failed: 1, tookMs: 0, lastFailure: { at: 2, why: "second" } }));
  activity.add(begins + 1, posts("tsp", { confirmed: 0, givenUp: 1, tookMs: 0, lastFailure: { at: 1, why: "first" } }));
  activity.add(begins + 59_999, posts("other"));

  const tsp = { host: "tsp", confirmed: 1, failed: 1, givenUp: 1, tookMs: 20, lastFailure: { at: 2, why: "second" } };
  expect(activity.data()).toEqual([
    { at: begins, requests: noRequests, hosts: [tsp, posts("other")] },
    { at: begins + minute, requests: noRequests, hosts: [posts("tsp")] },
  ]);
});

test("requests are summed up by minute; a minute may have nothing else", () => {
  const activity = new Activity();
  activity.addRequests(begins, noRequests);
  expect(activity.isEmpty).toBe(true);
  activity.addRequests(begins + minute, { confirmed: 2, refused: 1 });
  activity.addRequests(begins + minute + 5, { confirmed: 1, refused: 3 });
  activity.add(begins, posts("tsp"));

  expect(activity.data()).toEqual([
    { at: begins, requests: noRequests, hosts: [posts("tsp")] },
    { at: begins + minute, requests: { confirmed: 3, refused: 4 }, hosts: [] },
  ]);
});

test("what goes over the wire and comes again is the same", () => {
  const [one, other] = [new Activity(), new Activity()];
  one.add(begins, posts("tsp"));
  one.add(begins, posts(null, { failed: 3 }));
  one.addRequests(begins, { confirmed: 1, refused: 2 });
  const data = one.data();
  other.addAll(JSON.parse(JSON.stringify(one.removeAll())));

  expect(other.data()).toEqual(data);
  expect(one.isEmpty).toBe(true);
});

test("of many hosts the busiest stay by name, also one that comes last, and nothing is lost", () => {
  const activity = new Activity();
  for (let host = 0; host < 1_000; host++) activity.add(begins, posts(`made-up-${host}`));
  activity.add(begins, posts("tsp", { confirmed: 500 }));
  const [{ hosts } = { hosts: [] }] = activity.data();

  expect(hosts[0]).toEqual(posts("tsp", { confirmed: 500 }));
  expect(hosts).toHaveLength(mostHosts + 1);
  expect(hosts.at(-1)?.host).toBe(null);
  expect(hosts.reduce((sum, { confirmed }) => sum + confirmed, 0)).toBe(1_500);
});

test("a host that posts one by one behind many others stays by name", () => {
  const activity = new Activity();
  for (let host = 0; host < 2 * mostHosts; host++) activity.add(begins, posts(`made-up-${host}`));
  for (let post = 0; post < 5; post++) activity.add(begins, posts("tsp"));

  expect(activity.data()[0]?.hosts[0]).toEqual(posts("tsp", { confirmed: 5, tookMs: 100 }));
});

test("an hour is kept, and nothing of a clock that was far ahead", () => {
  const activity = new Activity();
  for (const ms of [-hour, -hour + minute, 0, hour]) activity.add(begins + ms, posts("tsp"));
  activity.keepHour(begins + 30_000);

  expect(activity.data().map(({ at }) => at - begins)).toEqual([-hour + minute, 0]);
});
