import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { notifySpeakers } from "../../../src/conference/parts/speakers.ts";
import { done, event, left } from "../../builders.ts";
import { asked, decided, drafted, factsOf, inside, pending, reported, running } from "./decided.ts";

const speech = { reporting: true, speaking: ["c1"], reported: ["c1"], changedAt: null, notBefore: 0 };
const callers = new Map([
  inside("c1", { extCallId: "1" }),
  inside("c2", { extCallId: "2" }),
  inside("c3", { enterMsgId: "e3" }),
]);
const follows = (more: object = {}) => ({ callers, head: running({ speech: { ...speech, ...more } }) });
const speaks = (call: string, speaking = true) => event({ type: "speaking-changed", call, speaking });
const time: ConferenceInput = { type: "time", at: 1_000 };
const waiting = [{ host: "tsp1:80", message: { type: "speaking-changed", msgId: "s1", extCallIds: [] } }] as never;
const isSlow = { unconfirmed: () => waiting };

test("who asks for speakers gets those since the oldest change that no server was told (protocol 4.16)", () => {
  const commands = new Map([
    pending("1", { type: "report-speakers" }, { request: { type: "update-conference", msgId: "m1" } }),
  ]);
  const on = (state: object) => decided({ callers, ...state, commands }, reported(done("1")), isSlow);
  const since = (more: object) =>
    on(follows({ reporting: false, reported: [], notBefore: 9_000, ...more })).head?.speech?.changedAt;

  expect([since({ changedAt: 400 }), since({})]).toEqual([400, 1_000]);
  expect(factsOf(on({ head: running() }), "speakers-followed")).toEqual([{ kind: "speakers-followed", on: true }]);
  expect(factsOf(on(follows()), "speakers-followed")).toEqual([]);
});

test("who goes on speaking, or is silent already, changes nothing", () => {
  const decision = decided(follows(), reported(speaks("c1"), speaks("c2", false)));
  expect([factsOf(decision), decision.head]).toEqual([[], undefined]);
  expect(factsOf(decided(follows(), reported(speaks("c2"), speaks("c1", false))))).toEqual([
    { kind: "speaker-changed", call: "c2", speaking: true },
    { kind: "speaker-changed", call: "c1", speaking: false },
  ]);
});

test("whoever owes a report learns whether one was posted", () => {
  const now = { speaking: ["c2"], changedAt: 400 };
  const outages = new Map([["tsp1:80", { host: "tsp1:80", since: 0, failedAt: 0, why: "", probes: 0 }]]);

  expect(notifySpeakers(drafted(follows(now)))).toBe(true);
  expect(notifySpeakers(drafted(follows({ changedAt: 400 })))).toBe(false);
  expect(notifySpeakers(drafted(follows(now), isSlow))).toBe(false);
  expect(notifySpeakers(drafted({ ...follows(now), outages }))).toBe(false);
});

test("a report names calls that WebEx has named, and takes no other one for reported", () => {
  const decision = decided(follows({ speaking: ["c2", "c3"], changedAt: 400 }), time);
  expect(decision.posts).toMatchObject([{ extCallIds: ["2", "1"], speaking: [true, false] }]);
  expect(decision.head?.speech).toMatchObject({ reported: ["c2"], changedAt: null, notBefore: 1_500 });
});

test("where nothing has changed after all, nothing is posted and no pause begins", () => {
  const quiet = { changedAt: 400, notBefore: 700 };
  for (const more of [{}, isSlow]) {
    const decision = decided(follows(quiet), time, more);
    expect([decision.posts, decision.head?.speech]).toEqual([[], { ...speech, notBefore: 700 }]);
  }
});

test("a report waits at least two seconds for the one before, and as long as that has waited", () => {
  const due = (changedAt: number) =>
    decided(follows({ speaking: [], changedAt }), { type: "time", at: 9_000 }, isSlow).head?.speech;
  expect(due(8_900)).toMatchObject({ changedAt: 8_900, notBefore: 11_000 });
  expect(due(4_000)).toMatchObject({ changedAt: 4_000, notBefore: 14_000 });
});

test("a speaker who is named anew is reported under the new name, and a silent one is not", () => {
  const named = inside("c1", { extCallId: "1", namedBy: "e1" });
  const of = (more: object) =>
    decided(
      { ...follows(more), callers: new Map([named, inside("c2", { extCallId: "2" })]) },
      asked({ type: "caller-named", msgId: "e1", extCallId: "5" }),
    );
  const speakers = (more: object) => of(more).posts.filter(({ type }) => type === "speaking-changed");

  expect(speakers({ speaking: ["c1", "c2"], reported: ["c1", "c2"] })).toMatchObject([
    { extCallIds: ["5"], speaking: [true] },
  ]);
  expect(speakers({ speaking: ["c2"], reported: ["c2"] })).toEqual([]);
});

test("of a report that was given up its own calls are reported again, at once, and nothing else begins a report", () => {
  const lost = (message: object) => {
    const input = {
      type: "undelivered",
      at: 1_000,
      messages: [{ msgId: "s1", extConfId: "1001", ...message }],
      of: { host: "tsp1:80", transId: "t", attempts: 3, why: "" },
    } as object as ConferenceInput;
    return (state: object) => decided({ callers, ...state }, input).head?.speech;
  };
  const report = lost({ type: "speaking-changed", extCallIds: ["2"] });
  const left = lost({ type: "caller-changed", extCallId: "2", status: "left" });

  expect(report(follows({ doubted: ["c1"], notBefore: 9_000 }))).toEqual({
    ...speech,
    doubted: ["c1", "c2"],
    changedAt: 1_000,
    notBefore: 1_000,
  });
  expect(left(follows({ notBefore: 9_000 }))).toEqual({ ...speech, notBefore: 9_000 });
  expect(report({ head: running() })).toBeUndefined();
});

test("a call that left neither speaks nor is reported as silent", () => {
  const gone = (more: object) => decided(follows(more), reported(left("c1")));
  for (const more of [
    { speaking: ["c1", "c2"], reported: ["c2"] },
    { speaking: ["c2"], reported: ["c1", "c2"] },
  ]) {
    const decision = gone(more);
    expect(decision.head?.speech).toMatchObject({ speaking: ["c2"], reported: ["c2"] });
    expect(decision.posts).toMatchObject([{ type: "caller-changed", status: "left" }]);
  }
  expect(gone({ speaking: ["c2"], reported: [] }).head?.speech).toMatchObject({ speaking: ["c2"], reported: [] });
});

test("what is behind is told of speakers once it is reached, and the next thing it is owed comes after", () => {
  const outages = new Map([["tsp1:80", { host: "tsp1:80", since: 0, failedAt: 0, why: "", probes: 0 }]]);
  const { posts } = decided({ ...follows({ speaking: ["c2"], changedAt: 400 }), outages }, {
    type: "reached",
    at: 1_000,
    host: "tsp1:80",
  } as object as ConferenceInput);
  expect(posts.filter(({ type }) => type === "speaking-changed")).toHaveLength(1);
  expect(
    decided({ ...follows({ speaking: ["c2"], changedAt: 400 }), outages }, time).posts.filter(
      ({ type }) => type === "speaking-changed",
    ).length,
  ).toBe(0);
});
