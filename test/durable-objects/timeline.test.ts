import { expect, test } from "vitest";
import type { TimelineLine } from "../../src/rpc/timeline.ts";
import { entered, event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, host, muteCaller, request } from "./conference-world.ts";

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
  expect(confirmed?.facts).toEqual({ transId: answer?.facts.transId, host, outcome: "confirmed" });
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

  const lines = await since(world, before);
  expect(told(lines, "why", "attempt", "messages")).toEqual([
    "bridge > edge: caller-entered",
    "edge > webex: A2W_NotifyUserEnter",
    "edge > webex: not delivered, why HTTP status 500, attempt 1",
    "edge > webex: not delivered, why HTTP status 500, attempt 2",
    "edge > edge: undelivered, messages A2W_NotifyUserEnter",
    "edge > edge: waits: A2W_NotifyUserEnter",
  ]);
  // At their own times, not at that of the last input.
  expect((lines[3]?.at ?? 0) - (lines[2]?.at ?? 0)).toBe(500);
});

test.each([
  ["full", ["14085551234", "4711", "14085557777", "Pilots"]],
  ["masked", ['*34"', '*77"']],
  ["none", []],
])("shows numbers and names as the domain keeps them: %s", async (recordsPersonal, shown) => {
  const phone = { country: "1", area: "408", local: "5557777", extension: "" };
  const world = await ConferenceWorld.running(0);
  world.domain = testDomain({ logs: { personal: recordsPersonal !== "full" }, recordsPersonal });
  await world.reported(entered({ call: "c9", attendeeId: "4711" }));
  await world.received("t1", request("call-out", { extCallId: "2001", privilege: "speak", phone }));
  await world.received("t2", request("create-sub-conference", { subConfId: "9", name: "Pilots" }));

  const view = world.conference.reader.view();
  expect(view?.callOuts).toMatchObject([{ stage: "dialling", extCallId: "2001" }]);
  const lines = await timeline(world);
  const wire = await world.conference.reader.wire(lines.map(({ seq }) => seq));
  expect(wire).toContain("A2W_NotifyUserEnter");
  const text = JSON.stringify([lines, view]) + wire;
  const all = ["14085551234", "4711", "14085557777", "Pilots", '*34"', '*77"'];
  expect(all.filter((one) => text.includes(one))).toEqual(shown);
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

test("a long timeline comes in parts, after other work", async () => {
  const world = await ConferenceWorld.running(1);
  for (let round = 0; round < 600; round += 1)
    await world.reported(event({ type: "caller-muted", call: "c0", muted: round % 2 === 0 }));
  let isRead = false;
  const first = world.conference.reader.timeline(0).finally(() => {
    isRead = true;
  });
  await Promise.resolve();
  expect(isRead).toBe(false);
  const { items, next } = await world.during(first);
  expect(JSON.stringify(items).length).toBeLessThan(210_000);
  const rest = await world.conference.reader.timeline(next ?? 0);
  expect([next, rest.next]).toEqual([items.length, null]);
  expect([...items, ...rest.items].filter(({ what }) => what === "caller-muted")).toHaveLength(600);
});
