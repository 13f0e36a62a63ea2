import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { TimelineLine } from "../../src/rpc/timeline.ts";
import { aCaller, entered, event, held } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import {
  ConferenceWorld,
  callerEntered,
  confKey,
  createConference,
  host,
  muteCaller,
  request,
} from "./conference-world.ts";

/** `from > to: what`, with the facts that are named. */
function told(lines: readonly TimelineLine[], ...facts: readonly string[]): string[] {
  return lines.map(({ from, to, what, facts: known }) =>
    [`${from} > ${to}: ${what}`, ...facts.flatMap((name) => (known[name] ? `${name} ${known[name]}` : []))].join(", "),
  );
}

async function timeline(world: ConferenceWorld): Promise<readonly TimelineLine[]> {
  const { items, next } = await world.conference.reader.timeline(0);
  expect(next).toBeNull();
  return items;
}

/** What was added since so many lines. */
async function since(world: ConferenceWorld, lines: number): Promise<readonly TimelineLine[]> {
  return (await timeline(world)).slice(lines);
}

test("the timeline shows a mute from the request to its Confirmation", async () => {
  const world = await ConferenceWorld.running(1);
  const before = (await timeline(world)).length;
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  await world.time.pass(6000);

  expect(told(await since(world, before), "extCallId", "privilege", "status", "result", "transId")).toEqual([
    "webex > edge: W2A_UpdateUser, extCallId 1001, privilege listen, transId t-mute",
    "edge > bridge: mute",
    "bridge > edge: mute: done",
    expect.stringMatching(/^edge > webex: A2W_RspUpdateUser, result ok, transId \d+$/),
    expect.stringMatching(/^edge > webex: A2W_NotifyUserChange, extCallId 1001, status muted, transId \d+$/),
    expect.stringMatching(/^webex > edge: confirmed, transId \d+$/),
  ]);
  const [, command, done, answer, , confirmed] = await since(world, before);
  expect(command?.blocks).toEqual(answer?.blocks);
  expect(done?.facts.afterMs).toMatch(/^\d+$/);
  expect(confirmed?.facts).toEqual({ transId: answer?.facts.transId, host });
});

test("the timeline shows a Confirmation at once, once", async () => {
  const world = await ConferenceWorld.running(0);
  const before = (await timeline(world)).length;
  await world.reported(callerEntered(0));
  const confirmed = ["bridge > edge: caller-entered", "edge > webex: A2W_NotifyUserEnter", "webex > edge: confirmed"];

  expect(told(await since(world, before))).toEqual(confirmed);
  expect((await since(world, before))[1]?.why).toContain("WebEx confirmed it");
  await world.time.pass(10_000);
  expect(told(await since(world, before))).toEqual(confirmed);
});

test("the timeline shows failed attempts, their reasons and the end", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ webex: { retryDelaysMs: [500, 2_000] } });
  await world.running(0);
  const before = (await timeline(world)).length;
  world.answer = () => ({ kind: "answered", status: 500, body: new Uint8Array() });
  await world.reported(callerEntered(0));
  await world.time.pass(6_000);

  expect(told(await since(world, before), "why", "attempt", "messages")).toEqual([
    "bridge > edge: caller-entered",
    "edge > webex: A2W_NotifyUserEnter",
    "edge > webex: not delivered, why HTTP status 500, attempt 1",
    "edge > webex: not delivered, why HTTP status 500, attempt 2",
    "edge > edge: undelivered, messages A2W_NotifyUserEnter",
    "edge > edge: waits: A2W_NotifyUserEnter",
  ]);
  const [, posted, first, second, givenUp] = await since(world, before);
  expect(givenUp?.facts.transId).toBe(posted?.facts.transId);
  // At their own times, not at that of the last input.
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(500);
});

test("the timeline shows why a command failed", async () => {
  const world = await ConferenceWorld.running(2);
  const before = (await timeline(world)).length;
  await world.received("t1", muteCaller("1001"));
  const [id] = world.pending;
  const refused = { type: "result", id, result: { done: false, reason: "no-such-call" } } as Report;
  await world.reported(refused);
  await world.received("t2", muteCaller("1002"));
  world.ackAll();
  await world.time.pass(20_000);

  const lines = told(await since(world, before), "result");
  expect(lines).toContain("bridge > edge: mute: refused, no-such-call");
  expect(lines).toContain("edge > edge: mute: no result in time");
  expect(lines.filter((line) => line.startsWith("edge > webex: A2W_RspUpdateUser"))).toEqual([
    "edge > webex: A2W_RspUpdateUser, result no-such-call",
    "edge > webex: A2W_RspUpdateUser, result bridge-timeout",
  ]);
});

test("the timeline and the view name commands alike", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ logs: { personal: false } });
  await world.running(1);
  await world.received("t1", muteCaller("1001"));

  const [command] = world.conference.reader.view()?.commands ?? [];
  expect(command?.id).toContain(confKey);
  expect((await timeline(world)).at(-1)?.facts).toMatchObject({ commandId: command?.id });
});

test.each([
  ["full", ["14085551234", "4711"]],
  ["masked", ['*34"']],
  ["none", []],
])("shows numbers and attendee IDs as the domain keeps them: %s", async (people, shown) => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ logs: { personal: people !== "full" }, recordsPersonal: people });
  await world.running(0);
  await world.reported(entered({ call: "c9", attendeeId: "4711" }));
  const text = JSON.stringify([await timeline(world), world.conference.reader.view()?.callers]);
  expect(["14085551234", "4711", '*34"'].filter((one) => text.includes(one))).toEqual(shown);
});

test.each([
  ["full", "14085557777", "Pilots"],
  ["masked", "*********77", undefined],
  ["none", "", undefined],
])("a view shows dialed numbers and room names as settings allow: %s", async (recordsPersonal, number, name) => {
  const phone = { country: "1", area: "408", local: "5557777", extension: "" };
  const world = await ConferenceWorld.running(0);
  world.domain = testDomain({ recordsPersonal });
  await world.received("t1", request("call-out", { extCallId: "2001", phone }));
  await world.received("t2", request("create-sub-conference", { subConfId: "9", name: "Pilots" }));

  const { callOuts, rooms } = world.conference.reader.view() ?? {};
  expect(callOuts).toMatchObject([{ number, stage: "dialling", extCallId: "2001" }]);
  expect(rooms?.map((one) => [one.subConfId, one.name])).toEqual([["9", name]]);
});

test("a view shows what is outstanding, and why", async () => {
  const world = await ConferenceWorld.running(1);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(callerEntered(1));
  await world.received("t1", muteCaller("1001"));
  world.ackAll();

  const view = world.conference.reader.view();
  // WebEx is answered once the bridge has had it for ten seconds.
  const answerBy = world.time.now + 10_000;
  expect(view?.commands).toMatchObject([
    { type: "mute", call: "c0", sent: 1, taken: true, askers: ["webex"], answerBy },
  ]);
  expect(view?.documents).toMatchObject([
    { host, messages: ["A2W_NotifyUserEnter"], queuedAt: world.time.now - 100, failure: "TimeoutError" },
  ]);
  expect(view?.callers.map(({ extCallId, muted }) => [extCallId, muted])).toEqual([
    ["1001", false],
    ["", false],
  ]);
  expect(new ConferenceWorld().conference.reader.view()).toBeNull();
});

test("shows a conference that the bridge did not create", async () => {
  const refused = new ConferenceWorld();
  await refused.received("t", createConference());
  const [id] = refused.pending;
  await refused.reported({ type: "result", id, result: { done: false, reason: "refused" } } as Report);
  expect(refused.conference.reader.view()).toMatchObject({
    key: confKey,
    phase: "not-created",
    callers: [],
    commands: [],
  });
});

test("the timeline shows what a snapshot held", async () => {
  const world = await ConferenceWorld.running(1);
  const before = (await timeline(world)).length;
  const caller = aCaller();
  const onBridge = held({ locked: true, callers: [caller] });
  const snapshot = (conference: object | null) =>
    ({ type: "event", event: { type: "snapshot", conference } }) as Report;
  await world.reported(snapshot(onBridge));
  await world.time.pass(6_000);
  await world.reported(snapshot({ ...onBridge, locked: false, callers: [caller, { ...caller, call: "c1" }] }));
  await world.time.pass(6_000);
  await world.reported(snapshot(null));

  const lines = told(await since(world, before), "held", "status");
  expect(lines.filter((line) => line.startsWith("bridge > edge"))).toEqual([
    "bridge > edge: snapshot, held locked, 1 caller, 0 rooms",
    "bridge > edge: snapshot, held 2 callers, 0 rooms",
    "bridge > edge: snapshot, held no such conference",
  ]);
  const last = lines.lastIndexOf("bridge > edge: snapshot, held no such conference");
  expect(lines.slice(last + 1, last + 2)).toEqual(["edge > edge: lost: conference ended"]);
  expect(lines).toContain("edge > webex: A2W_NotifyConferenceChange, status ended");
});

test.each<[string, (world: ConferenceWorld) => Promise<unknown>]>([
  ["the telephone", (world) => world.reported(event({ type: "conference-ended" }))],
  ["WebEx", (world) => world.received("t-close", request("close-conference"))],
])("a snapshot after an end by %s is no loss", async (_, ends) => {
  const world = await ConferenceWorld.running(0);
  await ends(world);
  await world.reported(event({ type: "snapshot", conference: null }));
  await world.allDone();

  const lines = told(await timeline(world), "held");
  expect(lines).toContain("bridge > edge: snapshot, held no such conference");
  expect(lines).not.toContain("edge > edge: lost: conference ended");
});

test("a long timeline comes in parts", async () => {
  const world = await ConferenceWorld.running(1);
  for (let round = 0; round < 600; round += 1) {
    await world.reported(event({ type: "caller-muted", call: "c0", muted: round % 2 === 0 }));
  }
  const first = world.conference.reader.timeline(0);
  let isRead = false;
  first.then(() => {
    isRead = true;
  });
  await Promise.resolve();
  expect(isRead).toBe(false);
  const { items, next } = await world.during(first);
  expect(JSON.stringify(items).length).toBeLessThan(210_000);
  expect(next).toBe(items.length);
  const rest = await world.conference.reader.timeline(next ?? 0);
  expect(rest.next).toBeNull();
  const mutes = [...items, ...rest.items].filter(({ what }) => what === "caller-muted");
  expect(mutes).toHaveLength(600);
});
