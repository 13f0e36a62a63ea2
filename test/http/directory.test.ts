import { expect, test } from "vitest";
import type { DomainName, WebexHost } from "../../src/foundation/ids.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { noCounts } from "../../src/records/counts.ts";
import type { ConferenceBatch } from "../../src/rpc/directory-feed.ts";
import { type ARunning, aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { byPost, FakeEdge, token } from "./fake-edge.ts";

const domain = "local" as DomainName;
const base = "/api/v1/domains/local";

const host = "tsp1.example.com" as WebexHost;

function running(key: string, more: ARunning = {}): ConferenceBatch {
  return aBatch({ key, running: { createdAt: 900_000, webexHost: host, rooms: 1, ...more } });
}

async function runs(edge: FakeEdge, ...conferences: readonly ConferenceBatch[]): Promise<void> {
  for (const one of conferences) await edge.directory.publish(one);
}

const questionOf = (path: string): [string, RequestInit?] =>
  /records|running/.test(path) ? byPost(base + path) : [base + path];

function request(edge: FakeEdge, path: string) {
  const [to, init] = questionOf(path);
  return edge.app.request(to, { ...init, headers: { authorization: `Bearer ${token}` } });
}

const asked = (edge: FakeEdge, path: string) => edge.ask<object>(...questionOf(path));

function call(name: string, more: Partial<CallRecord> = {}): CallRecord {
  const times = { answeredAt: 900_000, enteredAt: 900_000, endedAt: 960_000 };
  return aCallRecord({ call: name, number: "4420", webexHost: "tsp1", rooms: ["main", "7"], ...times, ...more });
}

const conferenceOver = aConferenceRecord({ createdAt: 800_000, runningAt: 800_100, endedAt: 970_000, seconds: 170 });

async function ended(edge: FakeEdge, ...records: readonly DirectoryRecord[]): Promise<void> {
  await edge.directory.publish(aBatch({ key: "5", records }));
}

const names = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `c${first + index}`);

test("activity has what was posted by minute and server, and what waits for each", async () => {
  const edge = new FakeEdge();
  const at = Math.floor(edge.time / 60_000) * 60_000;
  const failure = "HTTP status 503";
  const requests = { confirmed: 2, refused: 1 };
  const posts = { host, confirmed: 3, failed: 1, givenUp: 0, tookMs: 90, lastFailure: { at, why: failure } };
  await edge.directory.count(domain, { source: "p", version: 1, counts: { ...noCounts, requests, hosts: [posts] } });
  const waiting = [{ host, documents: 2, oldestAt: 5, failure }];
  await runs(edge, aBatch({ key: "70", running: { webexHost: host, alerts: ["posts"] }, waiting }));
  await edge.directory.alarm();

  const load = { host, conferences: 1, documents: 2, oldestDocumentAt: 5, failure, affected: ["70"] };
  expect(await asked(edge, "/activity")).toEqual({
    status: 200,
    body: { minutes: [{ at, requests, hosts: [posts] }], hosts: [load] },
  });
  edge.broken.add("directory");
  expect((await asked(edge, "/activity")).status).toBe(503);
});

test("the running conferences are listed by key, in pages, by one question of the directory each", async () => {
  const edge = new FakeEdge();
  const alerts: ["posts"] = ["posts"];
  await runs(edge, running("70"), running("123", { alerts }), running("100"), running("124", { phase: "creating" }));
  await edge.directory.alarm();
  const keys: string[][] = [];
  let cursor: string | null = "";
  do {
    const { body } = await asked(edge, `/running-conferences?limit=3${cursor && `&cursor=${cursor}`}`);
    const page = body as { conferences: { key: string }[]; next: string | null; total: number };
    expect(page.total).toBe(4);
    keys.push(page.conferences.map(({ key }) => key));
    cursor = page.next;
  } while (cursor !== null);
  expect(keys).toEqual([["100", "123", "124"], ["70"]]);
  expect(edge.calls.filter((call) => call.includes("directory"))).toEqual([
    "running of the directory",
    "running of the directory",
  ]);

  const { body } = await asked(edge, "/running-conferences?begins=123");
  expect(body).toEqual({
    conferences: [
      {
        key: "123",
        life: 1,
        createdAt: 900_000,
        phase: "running",
        webexHost: "tsp1.example.com",
        bridge: "simulated",
        undelivered: 0,
        now: {
          ...{ attached: true, locked: false, callers: 3, rooms: 1, orphan: false, roomNames: [], waiting: [] },
          ...{ alerts, documents: 0, oldestDocumentAt: null },
        },
      },
    ],
    next: null,
    total: 4,
    bridges: [{ bridge: "simulated", conferences: 4, callers: 12 }],
    incomplete: [{ what: "bridge simulated", why: "no agent reports its state: callers may have left" }],
  });
  const affected = (await asked(edge, "/running-conferences?affected=1")).body as { conferences: { key: string }[] };
  expect(affected.conferences.map(({ key }) => key)).toEqual(["123"]);
});

test("running conferences are found by who is in them, unless the settings keep nothing of people", async () => {
  const edge = new FakeEdge();
  const number = "14085551234";
  await runs(edge, running("1", { people: [{ number, attendeeId: "44" }] }));
  await runs(edge, running("2", { people: [{ number, attendeeId: "45" }] }));
  const keys = async (query: string) =>
    ((await asked(edge, `/running-conferences?${query}`)).body as { conferences: { key: string }[] }).conferences.map(
      ({ key }) => key,
    );
  expect(await keys("number=%2B1%20408%20555-1234")).toEqual(["1", "2"]);
  expect(await keys("number=14085551234&attendeeId=45")).toEqual(["2"]);
  expect(await keys("attendeeId=46")).toEqual([]);
  expect((await asked(edge, "/running-conferences?number=")).status).toBe(400);

  const silent = new FakeEdge(token, { recordsPersonal: "none" });
  await runs(silent, running("1"));
  expect((await asked(silent, "/running-conferences?attendeeId=44")).status).toBe(422);
  expect((await asked(silent, "/running-conferences?begins=1")).status).toBe(200);
});

interface Page {
  readonly records: readonly ({ readonly cursor: string } & DirectoryRecord)[];
  readonly next: string | null;
}

/** The calls of all pages. */
async function paged(edge: FakeEdge, query: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await asked(edge, `/records?${query}${cursor}`);
    const { records, next } = body as Page;
    for (const one of records) found.push(one.kind === "call" ? one.call : one.kind);
    if (next === null) return found;
    cursor = `&cursor=${next}`;
  }
}

/** In the zone of a domain that names none; all of them began at the same time. */
const zoned = { timeZone: "UTC", day: "1970-01-01", startedLocal: expect.stringMatching(/^1970-01-01T00:.*\+00:00$/) };

test("records come in pages, each with its place and with the time at which the directory got it", async () => {
  const edge = new FakeEdge();
  await ended(edge, call("c1"), call("c2", { number: "=1" }));
  edge.time += 60_000;
  await ended(edge, conferenceOver);
  await edge.directory.alarm();

  expect((await asked(edge, "/records?limit=2")).body).toEqual({
    records: [
      { cursor: "1-1000000000", recordedAt: 1_000_000, ...call("c1"), ...zoned },
      { cursor: "1-1000000001", recordedAt: 1_000_000, ...call("c2", { number: "=1" }), ...zoned },
    ],
    next: "1-1000000001",
  });
  expect((await asked(edge, "/records?cursor=1-1000000001")).body).toEqual({
    records: [{ cursor: "1-1060000000", recordedAt: 1_060_000, ...conferenceOver, ...zoned }],
    next: null,
  });
});

test.each([
  ["month=2026-10", ["c2", "c3"]],
  ["since=2026-10-25&until=2026-10-26", ["c2", "c3"]],
  // The first of two hours of this name.
  ["since=2026-10-25T02:30", ["c2", "c3", "c4"]],
  ["since=2026-10-25T03:00", ["c3", "c4"]],
  ["month=2026-11", ["c4"]],
])("records of %s are those of the domain's days", async (query, found) => {
  const edge = new FakeEdge(token, { timeZone: "Europe/Berlin" });
  const times = ["2026-09-30T21:59:59.999Z", "2026-10-25T00:30Z", "2026-10-25T22:59:59Z", "2026-10-31T23:00Z"];
  for (const [index, at] of times.entries()) {
    edge.time = Date.parse(at);
    await ended(edge, call(`c${index + 1}`));
  }
  expect(await paged(edge, query)).toEqual(found);
  const { body } = await asked(edge, "/records?limit=1");
  expect(body).toMatchObject({ records: [{ timeZone: "Europe/Berlin", day: "2026-09-30" }] });
});

test.each([
  ["kind=call", ["c1", "c2"]],
  ["kind=conference", ["conference"]],
  ["since=1060000", ["conference"]],
  ["until=1970-01-01T00:17:40Z", ["c1", "c2"]],
  ["since=1970-01-01T00:16Z&until=1970-01-01T00:16:40.001Z", ["c1", "c2"]],
  ["number=99", ["c2"]],
  ["number=%2B9-9", ["c2"]],
  ["number=anna.9", []],
  ["attendeeId=1", ["c2"]],
  ["conference=6", []],
  ["bridge=main", ["c1", "c2", "conference"]],
  ["webexHost=tsp2", ["conference"]],
  ["webexHost=http://tsp1", ["c1", "c2", "conference"]],
  ["endedBy=caller", ["c1"]],
  ["status=busy", ["c2"]],
  ["order=newest", ["conference", "c2", "c1"]],
  ["order=newest&limit=1&kind=call", ["c2", "c1"]],
  ["order=newest&limit=1&since=1000000", ["conference", "c2", "c1"]],
  // A cursor cannot leave the requested time.
  ["order=newest&until=1060000&cursor=1-1060000000", ["c2", "c1"]],
])("the records of %s", async (query, found) => {
  const edge = new FakeEdge();
  const busy = { number: "99", attendeeId: "1", endedBy: "bridge", status: "busy" } as const;
  await ended(edge, call("c1"), call("c2", busy));
  edge.time += 60_000;
  await ended(edge, conferenceOver);

  expect(await paged(edge, query)).toEqual(found);
});

test.each([
  ["since=2026-10-05&until=2026-10-02", "until"],
  ["month=2026-10&until=2026-10-02", "month"],
  ["since=yesterday", "since"],
  ["since=2026-02-30", "since"],
  ["month=2026-13", "month"],
  ["month=0000-01", "month"],
  ["until=2026-13-01T00:00Z", "until"],
  ["cursor=7", "cursor"],
  ["endedBy=me", "endedBy"],
  ["format=xml", "format"],
  ["limit=1001", "limit"],
])("records of %s are refused", async (query, name) => {
  const { status, body } = await asked(new FakeEdge(), `/records?${query}`);
  expect([status, body]).toMatchObject([400, { errors: [{ in: "body", name }] }]);
});

test("an export as CSV has all calls, or all conferences, behind one line of names", async () => {
  const edge = new FakeEdge();
  await ended(edge, ...names(1, 1_200).map((name) => call(name, { number: "+1 408" })));
  await ended(edge, conferenceOver);

  const response = await request(edge, "/records?format=csv");
  expect(response.headers.get("content-type")).toBe("text/csv; charset=UTF-8; header=present");
  const [head, ...lines] = (await response.text()).split("\r\n");
  expect(head).toMatch(/^cursor,recordedAt,conference,life,began,call,/);
  expect(lines.length).toBe(1_201);
  const first =
    "1-1000000000,1970-01-01T00:16:40.000Z,5,1,2,c1,,in,'+1 408,77,participant,false,main,tsp1,,1970-01-01T00:15:00.000Z," +
    "1970-01-01T00:15:00.000Z,1970-01-01T00:16:00.000Z,60,1,caller,completed,hung-up,0,0,main 7,0,0,18005551234";
  // Later columns come behind.
  expect(lines[0]?.slice(0, first.length)).toBe(first);
  expect(lines.at(-1)).toBe("");

  const conferences = await (await request(edge, "/records?format=csv&kind=conference")).text();
  expect(conferences.split("\r\n")[1]).toMatch(/^1-1000001200,1970-01-01T00:16:40.001Z,5,1,h5,tsp1 tsp2,main,/);
});

test("an export that breaks off anywhere goes on behind its last whole line: nothing is missing or there twice", async () => {
  const edge = new FakeEdge();
  await ended(edge, ...names(1, 1_200).map((name) => call(name)));
  const whole = await (await request(edge, "/records?format=ndjson")).text();
  await ended(edge, ...names(1_201, 1_210).map((name) => call(name)));

  for (const length of [0, 1, 5_000, whole.length / 2, whole.length - 1, whole.length]) {
    const kept = whole.slice(0, length).split("\n").slice(0, -1);
    const last = kept.at(-1);
    const cursor = last === undefined ? "" : `&cursor=${JSON.parse(last).cursor}`;
    const rest = (await (await request(edge, `/records?format=ndjson${cursor}`)).text()).split("\n").slice(0, -1);
    const calls = [...kept, ...rest].map((line) => JSON.parse(line).call);
    expect(calls, String(length)).toEqual(names(1, 1_210));
  }
});

test("an export asks for a page when the one before is read, and breaks off where the directory fails", async () => {
  const edge = new FakeEdge();
  await ended(edge, ...names(1, 5_000).map((name) => call(name)));
  const reader = (await request(edge, "/records?format=ndjson")).body?.getReader();
  await reader?.read();
  await new Promise((next) => setImmediate(next));
  // The check of each answer in these tests reads one page ahead.
  expect(edge.calls.filter((line) => line === "records of the directory").length).toBeLessThanOrEqual(2);

  edge.broken.add("directory");
  const readOn = async () => {
    while ((await reader?.read())?.done === false);
  };
  await expect(readOn()).rejects.toThrow();
  expect([edge.logged, edge.lines]).toMatchObject([["export-broken"], [{ domain: "local", object: "the directory" }]]);
});

test("a page of an export that leaves later waits for the disk itself, and breaks off where that loses it", async () => {
  const edge = new FakeEdge();
  await ended(edge, ...names(1, 1_200).map((name) => call(name)));
  edge.onDisk = () => Promise.reject(new Error("lost"));
  const answer = await request(edge, "/records?format=ndjson");
  await expect(answer.text()).rejects.toThrow();
  expect(edge.logged).toEqual(["export-broken"]);
});

test("an export has as many records as its limit says, and goes on over pages in which none fits", async () => {
  const edge = new FakeEdge();
  const rare = (name: string) => call(name, { number: name.endsWith("000") ? "1" : "2" });
  await ended(edge, ...names(1, 12_000).map(rare));
  const exported = async (query: string) =>
    (await (await request(edge, `/records?format=ndjson&${query}`)).text()).split("\n").length - 1;

  expect(await exported("limit=7")).toBe(7);
  expect(await exported("limit=600")).toBe(600);
  expect(await exported("number=1")).toBe(12);
  expect(await exported("number=3")).toBe(0);
});

test("a place in a directory that was lost is refused, at the begin of an export and within it", async () => {
  const edge = new FakeEdge();
  await ended(edge, ...names(1, 700).map((name) => call(name)));
  const reader = (await request(edge, "/records?format=ndjson")).body?.getReader();
  await reader?.read();
  edge.loseDirectory();
  edge.isFilling = true;
  const none = await asked(edge, "/records?cursor=1-1000000002");
  await ended(edge, ...names(1, 700).map((name) => call(name)));

  await expect(reader?.read()).rejects.toThrow("the directory was lost meanwhile");
  expect([none, await asked(edge, "/records?cursor=1-1000000002&format=csv")]).toMatchObject([
    { status: 409, body: { title: "records began anew" } },
    { status: 409, body: { title: "records began anew" } },
  ]);
  expect((await asked(edge, "/records?limit=1&cursor=2-1000000002")).body).toMatchObject({ next: "2-1000000003" });
  const incomplete = [{ what: "the directory", why: "still collects the rows of its conferences" }];
  expect((await asked(edge, "/records?cursor=2-1000000699")).body).toEqual({ records: [], next: null, incomplete });
  expect((await asked(edge, "/records?cursor=2-1000000700")).status).toBe(409);
});

test("records of an empty domain are none, in each format", async () => {
  const edge = new FakeEdge();
  expect((await asked(edge, "/records")).body).toEqual({ records: [], next: null });
  expect(await (await request(edge, "/records?format=ndjson")).text()).toBe("");
  expect(await (await request(edge, "/records?format=csv")).text()).toMatch(
    /^cursor,[^\r\n]*,repairs,dialled[^\r\n]*\r\n$/,
  );
});

test("a number is erased from all records, however it is written, and the record of the action does not have it", async () => {
  const edge = new FakeEdge();
  await ended(edge, call("c1", { number: "14085551234" }), call("c2"), call("c3", { number: "14085551234" }));

  const erase = (number: string) =>
    edge.ask(`${base}/records/erasures`, { method: "POST", body: JSON.stringify({ number }) });
  expect(await erase("+1 (408) 555-1234")).toEqual({
    status: 200,
    body: { erased: 2, alike: [] },
  });
  const { body } = await asked(edge, "/records?format=json");
  expect((body as Page).records).toMatchObject([
    { number: "", attendeeId: "" },
    { number: "4420", attendeeId: "77" },
    { number: "", attendeeId: "" },
  ]);
  expect(edge.audited).toMatchObject([["local", { action: "erase", about: { number: "*********34" } }]]);
  for (const number of ["", " ", "+", "(-)"]) {
    expect(await erase(number)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("number must have a digit, or a letter where bridges report names") },
    });
  }
});
