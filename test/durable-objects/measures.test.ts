import { expect, test, vi } from "vitest";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { fakeObjects } from "../fake-objects.ts";
import { testDomain } from "../local-domain.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
  lock,
} from "./conference-world.ts";

const failed = { kind: "failed", reason: "nobody listens" } as const;
const close = { type: "close-conference", msgId: "m-close", replyTo: host, extConfId } as FromWebex;

/** The value of a series; `null`: there is none. */
function seriesIn(world: ConferenceWorld, series: string): number | null {
  const text = world.measures.text([world.domain]);
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test("each series of a domain begins at 0", () => {
  const webhooks = [{ url: "https://crm.example/", secretFrom: "WEBHOOK_SECRET_CRM" }];
  const text = new Measures().text([testDomain({ webhooks })]);
  const values = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

  expect(values.length).toBeGreaterThan(50);
  expect(values.filter((line) => !line.endsWith(" 0"))).toEqual([]);
  expect(text).toContain('bridgehead_takeovers_total{domain="local",bridge="simulated"} 0\n');
  expect(text).toContain('bridgehead_webhooks_total{domain="local",outcome="given-up"} 0\n');
  expect(new Measures().text([testDomain()])).not.toContain("bridgehead_webhooks_total{");
});

test("logs each event of a conference and its callers once", async () => {
  const world = await ConferenceWorld.running(2);
  await world.reported(callerLeft(0));
  world.start();
  await world.time.pass(100);
  await world.received("t-close", close);
  await world.allDone();

  const outcomes = world.lines.filter(({ event }) => /^(conference|call)-/.test(event));
  const number = "14085551234";
  expect(outcomes.map(({ level, domain, conference, ...facts }) => facts)).toEqual([
    { event: "conference-created", extConfId, host },
    { event: "call-entered", call: "c0", number, dialled: false },
    { event: "call-entered", call: "c1", number, dialled: false },
    { event: "call-left", call: "c0", why: "hung-up" },
    { event: "conference-ended", by: "webex", callers: 1 },
  ]);
  expect(outcomes.every(({ domain, conference }) => domain === "local" && typeof conference === "string")).toBe(true);
});

test("logs a failed command once, unless its caller hung up", async () => {
  const world = await ConferenceWorld.running(1);
  const pending = () => world.pending;
  await world.received("t-lock", lock("m1"));
  const [refused] = pending();
  if (!refused) return expect.unreachable();
  const result = { done: false, reason: "refused" } as const;
  await world.reported({ type: "result", id: refused, result });
  await world.received("t-lock-again", lock("m2"));
  const [late] = pending();
  if (!late) return expect.unreachable();
  world.ackAll();
  await world.time.pass(11_000);
  await world.reported({ type: "result", id: late, result });
  const drop = { type: "drop-caller", msgId: "m3", replyTo: host, extConfId, extCallId: "1001" } as FromWebex;
  await world.received("t-drop", drop);
  const [expel] = pending();
  if (!expel) return expect.unreachable();
  await world.reported({ type: "result", id: expel, result: { done: false, reason: "no-such-call" } });

  const failures = world.lines.filter(({ event }) => event === "command-failed");
  expect(failures.map(({ level, commandId, command, why }) => ({ level, commandId, command, why }))).toEqual([
    { level: "warn", commandId: refused, command: "lock", why: "refused" },
    { level: "warn", commandId: late, command: "lock", why: "too-late" },
  ]);
});

test("logs each failed attempt and the undelivered document", async () => {
  const world = await ConferenceWorld.running(0);
  const before = seriesIn(world, 'bridgehead_post_seconds_count{domain="local"}');
  world.answer = () => failed;
  world.lines.length = 0;
  await world.reported(callerEntered(1));
  await world.time.pass(4_950);

  const posts = world.lines.filter(({ event }) => event.startsWith("post-"));
  expect(posts).toMatchObject([
    { level: "warn", event: "post-failed", attempt: 1, why: "nobody listens", domain: "local" },
    { level: "warn", event: "post-failed", attempt: 2 },
    { level: "error", event: "post-given-up", attempt: 3, why: "nobody listens", host },
  ]);
  expect(seriesIn(world, 'bridgehead_post_seconds_count{domain="local"}')).toBe((before ?? 0) + 3);
});

test.each<[string, (world: ConferenceWorld, relay: PromiseWithResolvers<void>) => unknown]>([
  ["the bridge has created it", (world) => world.allDone()],
  ["its agent waits for the bridge", (world) => world.ackAll()],
  ["no agent gets its command", (_world, relay) => relay.resolve()],
])("a create is under way until %s", async (_what, end) => {
  const world = new ConferenceWorld();
  const relay = Promise.withResolvers<void>();
  world.onSent = () => relay.promise;
  const { time, domain, measures } = world;
  const ports = { objects: fakeObjects({}), passedMs: () => time.now, after: time.after.bind(time) };
  const admit = (key: ConfKey) => measures.creates.admit({ domain: domain.name, keys: [key], mayWait: true }, ports);
  await admit(confKey);
  await world.received("t-create", createConference());
  measures.creates.delivered({ domain: domain.name, keys: [confKey] });
  const entered = vi.fn();
  void admit("2" as ConfKey).then(entered);
  await time.pass(1_000);
  expect(entered).not.toHaveBeenCalled();
  await end(world, relay);
  await time.pass(10);
  expect(entered).toHaveBeenCalledWith(true);
});

test("reports a late command to the directory, and its result", async () => {
  const world = await ConferenceWorld.running(1);
  await world.time.pass(5_000);
  await world.received("t-lock", lock("m1"));
  world.ackAll();
  const [late] = world.pending;
  await world.time.pass(9_900);
  expect(nowOf(world)).toMatchObject({ alerts: [], lateSince: null });
  await world.time.pass(5_000);
  const lateSince = world.time.now - 4_900;
  expect(nowOf(world)).toMatchObject({ alerts: ["commands"], lateSince });
  await world.reported({ type: "result", id: late as CommandId, result: { done: true } });
  await world.time.pass(5_000);
  expect(nowOf(world)).toMatchObject({ alerts: [], lateSince: null });
});

test.each([
  [59_000, 0],
  [180_000, 180_000],
])("reports a clock set back by %i ms as %i ms", async (setBackMs, reported) => {
  const world = await ConferenceWorld.running(1);
  await world.time.pass(5_000);
  world.clockSetMs = -setBackMs;
  await world.received("t-lock", lock("m-lock"));
  await world.time.pass(5_000);
  expect(Math.round((nowOf(world)?.aheadMs ?? 0) / 60_000) * 60_000).toBe(reported);
});

/** How the conference is, as it last published it. */
function nowOf({ batches }: ConferenceWorld) {
  return batches.flatMap(({ conferences }) => conferences).at(-1)?.now;
}
