import { expect, test } from "vitest";
import type { ApiAnswer } from "../../cli/operator/edge-api.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId, ConfKey, DomainName, MsgId } from "../../src/foundation/ids.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { timelineLine } from "../builders.ts";
import { type ARunning, aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { byPost, conferenceView, FakeEdge, token } from "./fake-edge.ts";

const ada = "15552345678";
const caller = { number: ada, attendeeId: "444", enteredAt: 950_000 };

async function runs(edge: FakeEdge, key: string, more: ARunning = {}): Promise<void> {
  edge.views.set(key as ConfKey, conferenceView(key, { callers: [] }));
  await edge.directory.publish(aBatch({ key, running: { createdAt: 900_000, ...more } }));
}

async function ended(edge: FakeEdge, at: number, ...records: readonly DirectoryRecord[]): Promise<void> {
  edge.time = at;
  await edge.directory.publish(aBatch({ key: "5", records }));
}

function keyed(edge: FakeEdge, more: Partial<PromptCall>): Promise<void> {
  const call = { call: "p1" as CallId, number: ada, dialled: "18005551234", at: edge.time, steps: [], end: null };
  const said = { bridge: "main" as BridgeName, calls: [{ ...call, ...more }] };
  return edge.directory.promptStore.keepPromptCalls("local" as DomainName, said);
}

type FoundAnswer = ApiAnswer<"POST /domains/{domain}/find">;

const asked = (edge: FakeEdge, path: string) => edge.ask<FoundAnswer>(...byPost(`/api/v1/domains/local/${path}`));

const found = async (edge: FakeEdge, text: string) => (await asked(edge, `find?text=${encodeURIComponent(text)}`)).body;
const keysOf = ({ conferences }: FoundAnswer) => conferences.map(({ key, state, by }) => `${key} ${state} by ${by}`);

test("a number has what happened to it in all conferences: in now, in before, not reached, not let in", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 96 });
  await ended(edge, 1_000_000, aCallRecord({ call: "c1", number: ada, mutes: 2 }));
  const out = { direction: "out", answeredAt: null, enteredAt: null, dialledAt: 1_990_000 } as const;
  const busy = { ...out, status: "busy", endedBy: "caller", reason: "busy" } as const;
  await ended(edge, 2_000_000, aCallRecord({ call: "c2", number: ada, endedAt: 2_000_000, ...busy }));
  await ended(edge, 2_000_001, aCallRecord({ call: "other", number: "14085551234" }));
  edge.time = 3_000_000;
  const steps = [{ type: "wrong-key", at: 3_000_010, digits: 8 } as const];
  await keyed(edge, { steps, end: { at: 3_000_020, why: "locked", conference: "5" as ConfKey } });
  await runs(edge, "555123456", { topic: "Berth planning", people: [caller] });
  await edge.directory.alarm();

  const { status, body } = await asked(edge, `find?text=${encodeURIComponent("+1 (555) 234-5678")}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    conferences: [],
    next: null,
    people: "full",
    lines: [
      {
        ...{ what: "inside", from: 950_000, to: null, number: ada, attendeeId: "444" },
        ...{ conference: "555123456", topic: "Berth planning", call: "c0", why: "" },
      },
      {
        ...{ what: "not-let-in", from: 3_000_000, to: 3_000_020, number: ada, attendeeId: "", conference: "5" },
        ...{ call: "p1", why: "1 wrong key of 8 digits. The conference was locked.", turnedAway: true },
      },
      {
        ...{ what: "not-reached", from: 1_990_000, to: 2_000_000, number: ada, attendeeId: "77", conference: "5" },
        ...{ call: "c2", why: "The number was busy." },
      },
      {
        ...{ what: "left", from: 0, to: 60_000, number: ada, attendeeId: "77", conference: "5" },
        ...{ call: "c1", why: "Ended by caller: hung-up; was muted 2 times." },
      },
    ],
  });
  expect((await asked(edge, "find?text=5678")).body.lines).toEqual([]);
});

test("a number that a bridge keeps with signs between its digits is found in records, too", async () => {
  const edge = new FakeEdge();
  await ended(edge, 1_000_000, aCallRecord({ call: "c1", number: "408-555-0123" }));
  for (const number of ["14085550123", "408 555 0123", "5550123"])
    expect(
      (await asked(edge, `find?text=${number}`)).body.lines.map(({ call }) => call),
      number,
    ).toEqual(["c1"]);
});

test("of somebody who is being called is said where, and that it has not entered", async () => {
  const edge = new FakeEdge();
  const called = { number: ada, dialledAt: 950_000, enteredAt: null, status: "ringing", extCallId: "77" } as const;
  await runs(edge, "555123456", { people: [{ ...called, call: "c9" }] });
  const what = { what: "being-called", from: 950_000, to: null, number: ada, attendeeId: "" };
  const line = { ...what, conference: "555123456", call: "c9" };
  const lines = async () => (await asked(edge, `find?text=${ada}`)).body.lines;
  expect(await lines()).toEqual([{ ...line, why: "It has not entered." }]);
  expect((await found(edge, "77")).lines).toEqual(await lines());
});

test("rows of a conference that runs have its name, also of calls that are over or were not let in", async () => {
  const edge = new FakeEdge();
  await runs(edge, "60", { topic: "Tugs" });
  await runs(edge, "601", { topic: "Pilots" });
  await ended(edge, 1_000_000, aCallRecord({ call: "c1", number: ada, conference: "60" }));
  await keyed(edge, { end: { at: edge.time + 1, why: "locked", conference: "60" as ConfKey } });
  await ended(edge, 1_000_010, aCallRecord({ call: "c2", number: ada, conference: "7" }));
  await ended(edge, 1_000_020, aCallRecord({ call: "c3", number: ada, conference: "60", topic: "Berths" }));
  const { lines } = (await asked(edge, `find?text=${ada}`)).body;
  expect(lines.map(({ call, topic }) => [call, topic])).toEqual([
    ["c3", "Berths"],
    ["c2", undefined],
    ["p1", "Tugs"],
    ["c1", "Tugs"],
  ]);
});

test("what the bridge did not go on with is said to be of the bridge, and what nobody was asked for of the settings", async () => {
  const edge = new FakeEdge();
  const out = { direction: "out", number: ada, answeredAt: null, enteredAt: null, status: "failed" } as const;
  const refused = { ...out, call: "c1", dialledAt: 990_000, endedBy: "bridge", reason: "refused" } as const;
  const denied = { ...out, call: "c2", dialledAt: null, endedBy: "policy", reason: "number-denied" } as const;
  await ended(edge, 1_000_000, aCallRecord(refused), aCallRecord(denied));
  const { lines } = (await asked(edge, `find?text=${ada}`)).body;
  expect(lines.map(({ why }) => why)).toEqual([
    "Not dialed: the domain's settings do not allow the number.",
    "The bridge, its trunk, or the policy of its agent, refused the call.",
  ]);
});

test("of a caller at the prompt is said what it lacks there", async () => {
  const edge = new FakeEdge();
  const step = { type: "wrong-key", at: edge.time, digits: 8 } as const;
  const keys = { at: edge.time + 5_000, digits: 9 };
  await keyed(edge, { call: "p1" as CallId, steps: [step], unfinished: keys });
  await keyed(edge, {
    call: "p2" as CallId,
    at: edge.time - 1,
    unfinished: { ...keys, digits: 0, conference: "5" as ConfKey },
  });
  const { body } = await asked(edge, `find?text=${ada}`);
  expect(body.lines.map(({ what, conference, why }) => [what, conference, why])).toEqual([
    ["at-prompt", null, "1 wrong key of 8 digits. It is in the prompt: it entered 9 digits, and no #."],
    ["at-prompt", "5", "It is in the prompt: after the key of its conference it entered nothing more, and no #."],
  ]);
});

const conference = "5" as ConfKey;
const rightKey = "The agent hung up: the caller entered a right key, then";

test.each<[string, Partial<PromptCall["end"] & object>, string]>([
  ["stopped-keying", { digits: 7 }, "The agent hung up: the caller entered 7 digits without a #, and no more."],
  ["stopped-keying", { digits: 1 }, "The agent hung up: the caller entered 1 digit without a #, and no more."],
  ["stopped-keying", {}, "The agent hung up: the caller entered no more."],
  ["stopped-keying", { conference, digits: 3 }, `${rightKey} 3 digits of an attendee ID without a #, and no more.`],
  ["stopped-keying", { conference }, `${rightKey} no attendee ID, and no more.`],
  ["hung-up", { digits: 5 }, "The caller hung up after 5 digits without a #."],
  ["hung-up", {}, "The caller hung up."],
  ["hung-up", { conference }, "The caller hung up: it had entered a right key, and no attendee ID."],
])("what was keyed last is said of who has not got in: %s, %j", async (why, more, says) => {
  const edge = new FakeEdge();
  const steps = [{ type: "wrong-key", at: edge.time, digits: 5 } as const];
  await keyed(edge, { steps, end: { at: edge.time, why: why as "hung-up", ...more } });
  expect((await found(edge, ada)).lines.map((line) => line.why)).toEqual([`1 wrong key of 5 digits. ${says}`]);
});

/** The calls of all pages of this length. */
async function pagesOf(edge: FakeEdge, limit: number): Promise<readonly string[]> {
  const calls: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body } = await asked(edge, `find?text=${ada}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect(body.lines.length).toBeLessThanOrEqual(limit);
    calls.push(...body.lines.map(({ call }) => call));
    cursor = body.next;
  }
  return calls;
}

test("what happened to a number comes in pages, and nothing is left out or there twice", async () => {
  const edge = new FakeEdge();
  for (let index = 1; index <= 7; index++) {
    await ended(edge, 1_000_000 + index * 1_000, aCallRecord({ call: `c${index}`, number: ada }));
    await keyed(edge, { call: `p${index}` as CallId, end: { at: edge.time + 500, why: "locked" } });
  }
  for (const limit of [1, 2, 3, 5, 20])
    expect(await pagesOf(edge, limit)).toEqual([7, 6, 5, 4, 3, 2, 1].flatMap((index) => [`p${index}`, `c${index}`]));
});

test("lists calls in the prompt among records in the order in which they came, and leaves none out", async () => {
  const edge = new FakeEdge();
  const over = (call: string, at: number, endAt: number) =>
    keyed(edge, { call: call as CallId, at, end: { at: endAt, why: "locked" } });
  await ended(edge, 3_070_000, aCallRecord({ call: "record", number: ada }));
  await over("long", 3_000_000, 3_090_000);
  await over("short", 3_010_000, 3_020_000);
  await over("middle", 3_011_000, 3_050_000);
  for (const limit of [1, 2, 3, 4])
    expect([limit, ...(await pagesOf(edge, limit))]).toEqual([limit, "middle", "short", "long", "record"]);
});

test("a conference is found by its key in any spelling, its handle, and a part of its name", async () => {
  const edge = new FakeEdge();
  await runs(edge, "555123456", { topic: "Berth planning" });
  await runs(edge, "555999999", { topic: "Tugs" });
  await ended(edge, 1_000_000, aConferenceRecord({ conference: "777", extConfIds: ["9001"], topic: "Ängste, Übung" }));

  for (const text of ["555123456", "555123456#", "555 123 456", "berth", "TH PLAN"])
    expect(keysOf(await found(edge, text)), text).toEqual([`555123456 running by ${/\d/.test(text) ? "key" : "name"}`]);
  expect(keysOf(await found(edge, "777#"))).toEqual(["777 over by key"]);
  expect(keysOf(await found(edge, "9001"))).toEqual(["777 over by ExtConfID"]);
  for (const text of ["übung", "ÄNGSTE", "ste, ü"])
    expect(keysOf(await found(edge, text)), text).toEqual(["777 over by name"]);
  await edge.directory.alarm();
  expect(await found(edge, "nothing like it")).toEqual({ conferences: [], lines: [], next: null, people: "full" });
  // A key means the conference, and not all who were in it.
  await ended(edge, 1_000_000, aCallRecord({ conference: "777", call: "c1" }));
  expect((await found(edge, "777")).lines).toEqual([]);
});

test("a conference is found by a part of the name of a sub-conference that is open, and said to be", async () => {
  const edge = new FakeEdge();
  await runs(edge, "555123456", { topic: "Berth planning", roomNames: ["Tugs", "Pilots of the east"] });
  await runs(edge, "555999999", { topic: "Pilots" });

  const of = { state: "running", at: 900_000 } as const;
  const byRoom = { key: "555123456", topic: "Berth planning", ...of, by: "sub-conference" };
  expect((await found(edge, "pilots")).conferences).toEqual([
    { ...byRoom, room: "Pilots of the east" },
    { key: "555999999", topic: "Pilots", ...of, by: "name" },
  ]);
  expect((await found(edge, "tugs")).conferences).toEqual([{ ...byRoom, room: "Tugs" }]);
  await runs(edge, "555123456", { topic: "Berth planning" });
  expect((await found(edge, "tugs")).conferences).toEqual([]);
});

test("a running conference that is found by its handle is said to run, with its name", async () => {
  const edge = new FakeEdge();
  await edge.held("7001", "555123456");
  await edge.held("7002", "555");
  await runs(edge, "555123456", { topic: "Berth planning" });

  expect((await found(edge, "7001")).conferences).toEqual([
    { key: "555123456", topic: "Berth planning", state: "running", at: 900_000, by: "ExtConfID" },
  ]);
  // The external conference ID is kept of this one, whose key begins alike.
  expect((await found(edge, "7002")).conferences).toEqual([{ key: "555", state: "kept", at: null, by: "ExtConfID" }]);
});

test("people are found by their attendee ID and by the ids of their calls", async () => {
  const edge = new FakeEdge();
  await runs(edge, "555123456", { people: [caller] });
  await ended(edge, 1_000_000, aCallRecord({ call: "leg-9", extCallId: "31007", attendeeId: "4711" }));
  const calls = async (text: string) => (await found(edge, text)).lines.map(({ what, call }) => `${what} ${call}`);

  expect(await calls("444#")).toEqual(["inside c0"]);
  expect(await calls("c0")).toEqual(["inside c0"]);
  for (const text of ["4711", "leg-9", "31007"]) expect(await calls(text), text).toEqual(["left leg-9"]);
  expect((await found(edge, "444")).conferences).toEqual([]);
});

test("a message's id leads to its conference, and to the row that has it", async () => {
  const edge = new FakeEdge();
  const [used, unused] = ["61365000007", "61365000008"];
  await edge.held("7001", "5");
  for (const id of [used, unused]) edge.holders.set(id as MsgId, "5" as ConfKey);
  edge.timelines.set("5" as ConfKey, [
    timelineLine(17, 950_000, "edge > webex", "A2W_NotifyUserEnter", { msgId: used }),
  ]);

  expect((await found(edge, used)).conferences).toEqual([
    { key: "5", state: "kept", at: 950_000, by: "message", row: 17 },
  ]);
  expect((await found(edge, unused)).conferences).toEqual([]);
  for (const [text, by] of [
    ["7001", "ExtConfID"],
    ["5", "key"],
  ] as const)
    expect((await found(edge, text)).conferences).toEqual([{ key: "5", state: "kept", at: null, by }]);
});

test("more conferences and people than are listed are cut, which is said", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 96 });
  await runs(edge, "80", { topic: "Pilots", people: Array.from({ length: 20 }, () => caller) });
  await edge.directory.alarm();
  for (let index = 0; index < 200; index++) await runs(edge, `7${1_000 + index}`, { topic: "Tugs", callers: 0 });
  expect((await found(edge, "tugs")).conferences).toHaveLength(200);
  expect(await found(edge, "tugs")).not.toHaveProperty("incomplete");
  expect((await found(edge, ada)).lines).toHaveLength(20);
  expect(await found(edge, ada)).not.toHaveProperty("incomplete");

  await runs(edge, "80", { topic: "More tugs", people: Array.from({ length: 21 }, () => caller) });
  const [byName, byNumber] = [await found(edge, "tugs"), await found(edge, ada)];
  expect([byName.conferences.length, byNumber.lines.length]).toEqual([200, 20]);
  const incomplete = [{ what: "running conferences", why: expect.stringContaining("more match") }];
  for (const body of [byName, byNumber]) expect(body).toMatchObject({ incomplete });
  for (let key = 81; key < 92; key++) await runs(edge, `${key}`, { people: Array.from({ length: 20 }, () => caller) });
  expect((await found(edge, ada)).lines).toHaveLength(200);
});

test("where the settings keep nothing of people, the answer says so", async () => {
  expect((await found(new FakeEdge(token, { recordsPersonal: "none" }), ada)).people).toBe("none");
});

test.each(["", "%20%20", "%09"])("an empty text is refused, also one of blanks: %j", async (text) => {
  const edge = new FakeEdge();
  await ended(edge, 1_000_000, aCallRecord({ call: "c1", number: "" }));
  expect((await asked(edge, `find?text=${text}`)).status).toBe(400);
});

test("by masked numbers others may fit as well, which is said; a key means its conference alone", async () => {
  const edge = new FakeEdge(token, { recordsPersonal: "masked" });
  await edge.held("7001", "555888101");
  await ended(edge, 1_000_000, aCallRecord({ call: "c1", number: "*********01" }));
  await keyed(edge, { number: "14085558101", end: { at: edge.time, why: "locked" } });
  await runs(edge, "555123456", { people: [{ number: "*********01", attendeeId: "" }] });

  const masked = await found(edge, "14085557001");
  expect([masked.people, masked.lines.length]).toEqual(["masked", 3]);
  expect((await asked(edge, "find?text=14085557001")).body.people).toBe("masked");
  expect(await found(edge, "555888101")).toMatchObject({ people: "full", lines: [], conferences: [{ by: "key" }] });
  expect(await found(edge, "c1")).toMatchObject({ people: "full", lines: [{ call: "c1" }] });
});
