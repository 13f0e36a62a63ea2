import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { BridgeName, CallId, ConfKey, ExtCallId, WebexHost } from "../../../src/foundation/ids.ts";
import { masked } from "../../../src/foundation/shown.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import { type DirectoryFact, isGathered } from "../../../src/records/directory-facts.ts";
import type { FromWebex } from "../../../src/tsp/messages.ts";
import { aCaller, entered, event } from "../../builders.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aCallRecord } from "../../records/a-record.ts";
import { type ConferenceWorld, callerEntered, callerLeft, confKey, extConfId, host } from "../conference-world.ts";
import { aPage } from "../fact-page.ts";
import { DirectoryWorld, domain, list, personEntered } from "./world.ts";

const ada = "15552345678";

/** The pages of a conference with more than what comes with others. */
const toldBy = ({ pages }: ConferenceWorld) =>
  pages.filter(({ facts }) => facts.length === 0 || facts.some(({ fact }) => !isGathered(fact)));

test("after a restart of the directory the list shows what was known before, and asks those who run once somebody looks", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  await world.restart();
  expect(world.asked).toEqual([]);

  const load = { bridge: "simulated", conferences: 1, callers: 2, unknown: 0 };
  expect(await list(world)).toMatchObject({
    total: 1,
    unknown: 0,
    bridges: [load],
    conferences: [{ now: { callers: 2 } }],
  });
  expect(world.asked).toEqual([confKey]);

  const before = await list(world);
  expect(before).not.toHaveProperty("stale");
  await world.restart();
  world.feedDirectory = () => new Promise(() => {});
  const late = list(world);
  await world.time.pass(500);
  expect(await late).toEqual({ ...before, bridges: [{ ...load, stale: 1 }], stale: 1 });
});

test("a page that changes how a conference is, and nothing else, is there after a restart", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ key: "100", running: {} }));
  await world.directory.follow(aPage({ key: "100", running: { locked: true } }));
  const other = { webexHost: "other" as WebexHost, bridge: "second" as BridgeName };
  for (const one of ["bridge", "webexHost", "phase"] as const) {
    const was = { phase: one === "phase" ? ("creating" as const) : ("running" as const) };
    await world.directory.follow(aPage({ key: one, running: was }));
    await world.directory.follow(aPage({ key: one, running: one === "phase" ? {} : { [one]: other[one] } }));
  }
  await world.restart();
  world.feedDirectory = () => new Promise(() => {});
  const shown = list(world);
  await world.time.pass(500);
  expect(await shown).toMatchObject({
    conferences: [
      { now: { locked: true, callers: 3 } },
      { key: "bridge", bridge: "second" },
      { key: "phase", phase: "running" },
      { key: "webexHost", webexHost: "other" },
    ],
    stale: 4,
  });
  // One that begins now takes no other one's place.
  await world.directory.follow(aPage({ key: "200", running: {} }));
  await world.restart();
  expect(world.directory.list.conferences.size).toBe(5);
});

test("who is in a conference of more than 5,000 callers is not known after a restart until it has answered", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ key: "100", running: { callers: 5_000 } }));
  await world.directory.follow(aPage({ key: "200", running: { callers: 2 } }));
  await world.time.pass(5_000);
  await world.directory.follow(aPage({ key: "200", running: { callers: 5_001 } }));
  await world.restart();
  world.feedDirectory = () => new Promise(() => {});
  const shown = list(world);
  await world.time.pass(500);
  expect(await shown).toMatchObject({
    conferences: [{ now: { callers: 5_000 } }, { now: null }],
    unknown: 1,
    stale: 1,
  });
});

test("after a restart those on the page are asked first, and the rest in portions, so that pages need not wait for all", async () => {
  const world = new DirectoryWorld();
  const keys = Array.from({ length: 50 }, (_, index) => String(100 + index) as ConfKey);
  for (const key of keys) await world.directory.follow(aPage({ key, running: {} }));
  world.start();
  void list(world, { begins: "10", isWatched: true });
  await world.time.pass(1);
  const [shown, rest] = [keys.slice(0, 10), keys.slice(10)];
  expect(world.asked).toEqual(shown);

  await world.time.pass(20);
  expect(world.asked).toHaveLength(20);
  // Those that somebody looks at meanwhile come before all others.
  const [last = ""] = rest;
  void list(world, { begins: last, isWatched: true });
  await world.time.pass(20);
  expect(world.asked[20]).toBe(last);
  await world.time.pass(40);
  expect(world.asked).toHaveLength(50);
  expect(new Set(world.asked).size).toBe(50);
});

test("a conference that hangs when asked after a restart holds the next ones up for a second alone", async () => {
  const world = new DirectoryWorld();
  const keys = Array.from({ length: 30 }, (_, index) => String(100 + index) as ConfKey);
  for (const key of keys) await world.directory.follow(aPage({ key, running: {} }));
  world.start();
  world.feedDirectory = (key) => (key === "100" ? new Promise(() => {}) : Promise.resolve(true));
  void list(world);
  await world.time.pass(900);
  expect(world.asked).toHaveLength(10);
  await world.time.pass(400);
  expect(world.asked).toHaveLength(30);
});

test("a conference that tells nothing when asked is asked once a minute, however often people look", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: {} }));
  for (let second = 0; second < 130; second++) {
    await list(world, { isWatched: true });
    await world.time.pass(1_000);
  }

  expect(world.asked).toEqual(Array(3).fill(confKey));
});

test("the list comes in pages by key, and by how a key begins", async () => {
  const world = new DirectoryWorld();
  for (const key of ["30", "11", "12", "20"]) await world.directory.follow(aPage({ key, running: {} }));

  const first = await list(world, { limit: 3 });
  expect(first.conferences.map(({ key }) => key)).toEqual(["11", "12", "20"]);
  const second = await list(world, { limit: 3, after: first.next });
  expect([second.conferences.map(({ key }) => key), second.next]).toEqual([["30"], null]);
  expect((await list(world, { begins: "1" })).conferences.map(({ key }) => key)).toEqual(["11", "12"]);
  expect((await list(world, { keys: ["12", "99"] })).conferences.map(({ key }) => key)).toEqual(["12"]);
});

test("a running conference is found by the number or attendee ID of somebody in it, as far as the settings let it be", async () => {
  for (const [recordsPersonal, found] of [
    ["full", [1, 1, 1, 0, 0, 1]],
    ["masked", [1, 1, 1, 1, 0, 1]],
    ["none", [0, 0, 0, 0, 0, 1]],
  ] as const) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal });
    await conference.running(1);
    const identified = { type: "attendee-identified", id: "k1", call: "c0", attendeeId: "4711" };
    await conference.reported({ type: "event", event: identified } as never);
    await conference.time.pass(2_000);
    const count = async (query: object) => (await list(world, query)).conferences.length;

    expect([
      await count({ number: "14085551234" }),
      await count({ attendeeId: "4711" }),
      await count({ number: "14085551234", attendeeId: "4711" }),
      await count({ number: "14085550034" }),
      await count({ number: "14085551235" }),
      await count({}),
    ]).toEqual(found);
  }
});

test("numbers, IDs and keys are found as people write them", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(entered({ call: "c1", number: "15552345678", attendeeId: "444" }) as never);
  await conference.time.pass(2_000);
  const spaced = confKey.replace(/^(...)(...)/, "$1 $2-");
  for (const query of [
    { number: "555-234-5678" },
    { number: "+1 (555) 234 5678" },
    { attendeeId: "444#" },
    { begins: `${confKey}#` },
    { begins: spaced },
    { begins: spaced.slice(0, 6) },
  ])
    expect((await list(world, query)).conferences.map(({ key }) => key)).toEqual([confKey]);
  for (const query of [{ number: "5678" }, { attendeeId: "44" }, { begins: "0 0" }])
    expect((await list(world, query)).conferences).toEqual([]);
});

test("a call is found by WebEx's name for it as long as it lasts, and a call-out while it rings, also after a restart", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  const phone = { country: "1", area: "555", local: "2345678", extension: "" };
  const wanted = { type: "call-out", msgId: "m", replyTo: host, extConfId, extCallId: "4711", phone };
  await conference.received("call-out", wanted as never);
  await conference.allDone();
  await conference.time.pass(5_000);
  const found = async (text: string) => {
    const { found = new Map() } = await list(world, { text, named: true });
    return [...found.values()].flat().map(({ call: _, bridge: __, ...person }) => person);
  };
  const rings = {
    number: "15552345678",
    attendeeId: "",
    extCallId: "4711",
    isCalled: true,
    dialledAt: expect.any(Number),
  };
  const inside = { number: "14085551234", attendeeId: "", extCallId: "1001", enteredAt: expect.any(Number) };
  expect([await found("4711"), await found("555-234-5678")]).toEqual([[rings], [rings]]);
  expect(await found("1001")).toEqual([inside]);
  world.feedDirectory = async () => true;
  await world.restart();
  expect([await found("4711"), await found("1001")]).toEqual([[rings], [inside]]);

  world.feedDirectory = (_, isWatched) => conference.conference.feedDirectory(isWatched);
  const [callOut] = conference.stored.state.callOuts.values();
  await conference.reported(event({ type: "caller-left", call: callOut?.call, reason: "busy" } as never));
  await conference.allDone();
  await conference.time.pass(5_000);
  expect([await found("4711"), await found("1001")]).toEqual([[], [inside]]);
});

test("who is called and enters is inside, by the same name", async () => {
  const world = new DirectoryWorld();
  const who = { call: "x1" as CallId, number: ada, extCallId: "9" as ExtCallId };
  const first = aPage({ running: { callers: 0 } });
  await world.directory.follow(first);
  let row = first.upTo;
  const follow = (...said: readonly DirectoryFact[]) => {
    const { view: _, ...page } = first;
    row += 1;
    const facts = said.map((fact, index) => ({ row, index, at: worldBegins, fact }));
    return world.directory.follow({ ...page, after: row - 1, upTo: row, facts });
  };
  const found = async () => {
    const { found = new Map() } = await list(world, { text: "9", named: true });
    return [...found.values()].flat().map(({ isCalled = false, attendeeId }) => [isCalled, attendeeId]);
  };
  await follow({ kind: "call-dialled", ...who });
  expect(await found()).toEqual([[true, ""]]);
  const about = { life: 1, began: 2, direction: "out", attendeeId: "44", participantType: "participant" } as const;
  await follow({ kind: "call-entered", ...who, ...about });
  expect(await found()).toEqual([[false, "44"]]);
  await follow({ kind: "call-named", call: who.call, extCallId: "10" as ExtCallId });
  expect(await found()).toEqual([]);
});

test("who has left is not found, nor one half of one person with the other half of another", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  const entered = (call: string, number: string, attendeeId: string) => {
    const caller = aCaller({ call, number, attendeeId });
    return event({ type: "caller-entered", caller }) as never;
  };
  await conference.reported(entered("c1", "4420", "1"), entered("c2", "4421", "2"));
  await conference.time.pass(2_000);
  const keys = async (query: object) => (await list(world, query)).conferences.map(({ key }) => key);
  expect(await keys({ number: "4421" })).toEqual([confKey]);
  expect(await keys({ number: "4421", attendeeId: "1" })).toEqual([]);

  const left = { type: "caller-left", call: "c2", reason: "hung-up" };
  await conference.reported({ type: "event", event: left } as never, entered("c3", "4422", "3"));
  await conference.time.pass(2_000);
  expect([await keys({ number: "4421" }), await keys({ attendeeId: "3" })]).toEqual([[], [confKey]]);
});

describe("who speaks in a running conference", () => {
  const speaks = (call: string, speaking: boolean) => event({ type: "speaking-changed", call, speaking }) as never;
  const speakersIn = async (world: DirectoryWorld, query: object = { isWatched: true }) =>
    (await list(world, query)).conferences[0]?.now?.speakers;

  /** A conference with three callers, in which WebEx wants to know who speaks. */
  async function reporting(world: DirectoryWorld, settings: object = {}): Promise<ConferenceWorld> {
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal: "full", ...settings });
    await conference.running(3);
    const report = { type: "update-conference", msgId: "m", replyTo: host, extConfId, action: "report-speakers" };
    await conference.received("report", report as FromWebex);
    await conference.allDone();
    await conference.time.pass(2_000);
    return conference;
  }

  /** The directory is quick, and its answers come late. */
  function answersLate(conference: ConferenceWorld, world: DirectoryWorld): void {
    conference.follow = async (page) => {
      const answer = await world.directory.follow(page);
      await conference.time.wait(300);
      return answer;
    };
  }

  test("is told within a second of each change while people look at the list, and else of no change", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    const before = toldBy(conference).length;
    await conference.reported(speaks("c1", true));
    await conference.time.pass(5_000);
    expect(toldBy(conference)).toHaveLength(before);
    expect(await speakersIn(world, {})).toEqual([]);

    await speakersIn(world);
    await conference.time.pass(100);
    expect(await speakersIn(world)).toEqual([{ number: "14085551234", attendeeId: "" }]);
    await conference.time.pass(5_000);
    for (const speaking of [true, false]) {
      await conference.reported(speaks("c2", speaking));
      await conference.time.pass(1_000);
      expect(await speakersIn(world)).toHaveLength(speaking ? 2 : 1);
    }

    await world.time.pass(6 * 60_000);
    await conference.reported(speaks("c1", false));
    await conference.time.pass(5_000);
    const after = toldBy(conference).length;
    await conference.reported(speaks("c2", true));
    await conference.time.pass(5_000);
    expect(toldBy(conference)).toHaveLength(after);
  });

  test("is not known of what the disk says: whether WebEx wants to know it is not written down", async () => {
    const world = new DirectoryWorld();
    await reporting(world);
    await world.time.pass(5_000);
    expect(await speakersIn(world)).toEqual([]);
    expect(JSON.stringify(world.sql.exec("SELECT data FROM last_report"))).not.toContain("followsSpeakers");
  });

  test("is told by the next life of a conference where people look, and by none where nobody does", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    const before = toldBy(conference).length;
    conference.kill();
    conference.start();
    await conference.reported(speaks("c1", true));
    await conference.time.pass(5_000);
    expect(toldBy(conference)).toHaveLength(before);

    await speakersIn(world);
    await conference.time.pass(100);
    conference.kill();
    conference.start();
    await conference.reported(speaks("c2", true));
    await conference.time.pass(1_000);
    expect(await speakersIn(world)).toHaveLength(2);
  });

  test("is told, also what changed while the directory had not answered yet that people look", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    answersLate(conference, world);
    await speakersIn(world);
    await conference.time.pass(100);
    await conference.reported(speaks("c2", true));
    await conference.time.pass(2_000);

    expect(await speakersIn(world)).toHaveLength(1);
  });

  test("is told also where people begin to look while the conference tells something else", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    answersLate(conference, world);
    await conference.reported(personEntered(9));
    await conference.time.pass(300);
    await speakersIn(world);
    await conference.time.pass(2_000);
    await conference.reported(speaks("c2", true));
    await conference.time.pass(2_000);

    expect(await speakersIn(world)).toHaveLength(1);
  });

  test("is shown as the settings keep people, and whoever has left does not speak", async () => {
    const shown: unknown[] = [];
    for (const recordsPersonal of ["masked", "none"]) {
      const world = new DirectoryWorld();
      const conference = await reporting(world, { recordsPersonal });
      await conference.reported(speaks("c1", true), speaks("c2", true), callerLeft(2));
      await conference.time.pass(1_000);
      await speakersIn(world);
      await conference.time.pass(1_000);
      shown.push(await speakersIn(world));
    }

    expect(shown).toEqual([[{ number: masked("14085551234"), attendeeId: "" }], [{ number: "", attendeeId: "" }]]);
  });
});

test("a directory that was restarted finds people again, and shows nobody in its list", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(2_000);
  world.start();
  const { conferences, unknown } = await list(world, { number: "14085551234" });
  expect([conferences.length, unknown]).toEqual([1, 0]);
  expect(JSON.stringify(conferences)).not.toContain("14085551234");
});

test("who looks for a person waits for those that are asked, whoever has asked them, and not too long", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(2_000);
  const { feedDirectory } = world;
  const answers = Promise.withResolvers<void>();
  world.start();
  world.feedDirectory = async (key, what) => {
    await answers.promise;
    return feedDirectory(key, what);
  };
  void list(world);
  let isOver = false;
  const both = Promise.all([list(world, { number: "14085551234" }), list(world, { attendeeId: "1" })]);
  const either = Promise.race([list(world, { number: "1" }), both]).then(() => {
    isOver = true;
  });
  await world.time.pass(400);
  expect(isOver).toBe(false);
  answers.resolve();
  await either;
  expect((await both).map((page) => [page.conferences.length, page.unknown])).toEqual([
    [1, 0],
    [0, 0],
  ]);
  expect(world.asked).toEqual([confKey]);

  await world.restart();
  world.feedDirectory = () => new Promise(() => {});
  const late = list(world, { number: "14085551234" });
  await world.time.pass(500);
  expect(await late).toMatchObject({ conferences: [{ key: confKey }], unknown: 0, stale: 1 });
});

test("the totals are of all that run; after a restart those that do not answer at once count as they last reported, which is said", async () => {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  const all = { 111: {}, 222: { waiting }, 333: { phase: "creating", callers: 0 } } as const;
  const tell = (key: string) => world.directory.follow(aPage({ key, running: all[key as never] }));
  for (const key of Object.keys(all)) await tell(key);
  const totals = {
    conferences: 3,
    creating: 1,
    running: 2,
    unknown: 0,
    stale: 0,
    callers: 6,
    documents: 2,
    oldestAt: worldBegins,
    bridges: [{ bridge: "simulated", conferences: 3, callers: 6, unknown: 0 }],
  };
  expect(await world.directory.list.totals()).toEqual(totals);

  await world.restart();
  world.feedDirectory = async (key) => {
    await tell(key);
    return true;
  };
  expect(await world.directory.list.totals()).toEqual(totals);

  world.start();
  world.feedDirectory = () => new Promise(() => {});
  const late = world.directory.list.totals();
  await world.time.pass(500);
  expect(await late).toMatchObject({ ...totals, stale: 3, bridges: [{ stale: 3 }] });
  const activity = world.directory.activity();
  await world.time.pass(500);
  expect(await activity).toMatchObject({ unknown: 3 });
});

test("who has not answered for five minutes is not known any more, and nothing of its callers is kept; the others are", async () => {
  const number = "15552345678";
  const world = new DirectoryWorld();
  const running = { callers: [{ number, attendeeId: "4711" }] };
  for (const key of ["100", "200"]) await world.directory.follow(aPage({ key, running }));
  await world.restart();
  world.feedDirectory = async (key) => {
    if (key === "200") await world.directory.follow(aPage({ key, running }));
    return true;
  };
  const kept = () => world.sql.exec("SELECT data FROM last_report WHERE data != 'null'").length;
  const totals = async () => {
    const { unknown, stale, callers } = await world.directory.list.totals();
    return { unknown, stale, callers, kept: kept() };
  };
  expect(await totals()).toEqual({ unknown: 0, stale: 1, callers: 2, kept: 2 });
  await world.time.pass(4 * 60_000);
  world.start();
  expect(await totals()).toEqual({ unknown: 0, stale: 1, callers: 2, kept: 2 });
  await world.time.pass(60_000);
  expect(await totals()).toEqual({ unknown: 1, stale: 0, callers: 1, kept: 1 });
  const since = world.directory.list.unreachable;
  await world.restart();
  expect(world.directory.list.unreachable).toEqual(since);
  expect(since).toEqual({ conferences: 1, since: world.time.now - 5 * 60_000 - 5_000 });
});

test("a conference that the sweep does not reach is asked, counts as it last reported, and is unreachable until it answers", async () => {
  const world = new DirectoryWorld();
  for (const key of ["100", "200"]) await world.directory.follow(aPage({ key, running: { callers: 1 } }));
  await world.time.pass(5_000);
  world.feedDirectory = () => Promise.reject(new Error("it breaks"));
  await world.directory.notReached(["100", "300"] as ConfKey[]);
  await world.time.pass(1_000);
  expect(world.asked).toEqual(["100"]);
  const { list } = world.directory;
  expect([list.stale, list.unknown, list.unreachable?.conferences]).toEqual([1, 0, 1]);

  world.feedDirectory = async (key) => {
    await world.directory.follow(aPage({ key, running: { callers: 2 } }));
    return true;
  };
  await world.time.pass(60_000);
  expect(await list.totals()).toMatchObject({ stale: 0, callers: 3 });
  expect(list.unreachable).toBeNull();
  await world.restart();
  expect(world.directory.list.unreachable).toBeNull();
});

test("a conference of which its own object knows nothing leaves the list, and does not come back", async () => {
  const world = new DirectoryWorld();
  for (const key of ["100", "200"]) await world.directory.follow(aPage({ key, running: {} }));
  await world.restart();
  world.feedDirectory = async (key) => key === "100";
  await list(world);
  await world.time.pass(500);
  expect(await list(world)).toMatchObject({ total: 1, conferences: [{ key: "100" }] });
  expect(world.sql.exec("SELECT id FROM last_report")).toHaveLength(1);
  await world.restart();
  expect(await list(world)).toMatchObject({ total: 1 });
});

test("a conference that is created while its object says that it knows nothing stays in the list", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ key: "100", running: {} }));
  await world.restart();
  world.feedDirectory = async (key) => {
    await world.directory.follow(aPage({ key, running: {} }));
    return false;
  };
  await list(world);
  expect(await list(world)).toMatchObject({ total: 1, unknown: 0, conferences: [{ key: "100" }] });
});

test("nothing is kept of a conference that answers no more, also where nobody looks", async () => {
  const number = "15552345678";
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: { callers: [{ number, attendeeId: "4711" }] } }));
  await world.restart();
  const kept = () => JSON.stringify(["record", "last_report"].map((table) => world.sql.exec(`SELECT * FROM ${table}`)));
  expect(kept()).toContain(number);
  for (let alarm = 0; alarm < 2; alarm++) {
    await world.directory.alarm();
    await world.time.pass(6 * 3_600_000);
  }
  expect(kept()).not.toContain(number);
});

test("an erased number is not on disk as that of a caller in a conference, nor in memory", async () => {
  const number = "+1 (555) 234-5678";
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: { callers: [{ number, attendeeId: "4711" }] } }));
  await world.time.pass(5_000);
  const kept = () => JSON.stringify(world.sql.exec("SELECT * FROM last_report"));
  expect(kept()).toContain(number);
  const { inside } = await world.directory.recordStore.erase(domain, "15552345678", 0);
  expect(inside).toEqual([confKey]);
  expect(kept()).not.toMatch(/234-5678|4711/);
  await world.time.pass(5_000);
  expect(await list(world, { number })).toMatchObject({ conferences: [], total: 1 });
  world.start();
  expect(await list(world)).toMatchObject({ conferences: [{ now: { callers: 1 } }] });
});

test("who is in a large conference is written each five seconds, and what becomes of calls in a small row", async () => {
  const world = new DirectoryWorld();
  const first = aPage({ running: { callers: 2_000 } });
  await world.directory.follow(first);
  await world.time.pass(5_000);
  let row = first.upTo;
  const send = (fact: DirectoryFact) => {
    const { view: _, ...page } = first;
    row += 1;
    const facts = [{ row, index: 0, at: worldBegins, fact }];
    return world.directory.follow({ ...page, after: row - 1, upTo: row, facts });
  };
  const costs = async (factOf: (index: number) => DirectoryFact) => {
    const before = world.written.length;
    for (let index = 0; index < 20; index++) {
      await send(factOf(index));
      await world.time.pass(1_000);
    }
    return world.written.slice(before);
  };
  expect(await costs(() => ({ kind: "speakers-followed" }))).toEqual([]);
  const joins = await costs((index) => ({
    kind: "call-entered",
    life: 1,
    began: 2,
    call: `x${index}` as CallId,
    extCallId: null,
    direction: "in",
    number: "",
    attendeeId: null,
    participantType: "participant",
  }));
  expect(joins.filter((verb) => verb !== "INSERT INTO counted")).toEqual(Array(4).fill("INSERT INTO last_report"));
  expect(joins).toHaveLength(4 + 20);
  const [{ bytes }] = world.sql.exec("SELECT max(length(data)) AS bytes FROM counted") as [{ bytes: number }];
  expect(bytes).toBeLessThan(600);
  world.start();
  expect(await list(world)).toMatchObject({ conferences: [{ now: { callers: 2_020 } }] });
});

test("hosts say what waits for them and since when, and which conferences have trouble; the longest queue first", async () => {
  const world = new DirectoryWorld();
  const tell = (key: string, host: string, documents: number, oldestAt: number, to = host) =>
    world.directory.follow(
      aPage({
        key,
        running: {
          webexHost: host as WebexHost,
          ...(documents > 0 && {
            waiting: [
              {
                host: to as WebexHost,
                documents,
                oldestAt,
                failure: documents > 1 ? `HTTP status 50${documents}` : null,
              },
            ],
          }),
        },
      }),
    );
  await tell("1", "tsp1", 0, 0);
  await tell("2", "tsp2", 2, 2_000);
  await tell("3", "tsp2", 3, 1_000);
  await tell("4", "tsp1", 3, 4_000, "*back-end");
  await tell("5", "tsp1", 0, 0);
  for (let key = 10; key < 14; key++) await tell(String(key), "tsp2", 2, 3_000);
  await tell("14", "tsp2", 1, 3_000);

  const failure = "HTTP status 502";
  const troubled = ["2", "3", "10", "11", "12"];
  expect((await world.directory.activity()).hosts).toEqual([
    { host: "tsp2", conferences: 7, documents: 14, oldestDocumentAt: 1_000, failure, troubled },
    {
      host: "*back-end",
      conferences: 0,
      documents: 3,
      oldestDocumentAt: 4_000,
      failure: "HTTP status 503",
      troubled: ["4"],
    },
    { host: "tsp1", conferences: 3, documents: 0, oldestDocumentAt: null, failure: null, troubled: [] },
  ]);
  expect(world.asked).toEqual([]);

  await world.restart();
  world.feedDirectory = async (key) => {
    if (key === "2") await tell(key, "tsp2", 2, 2_000);
    return key !== "3" || new Promise(() => {});
  };
  const late = world.directory.activity();
  await world.time.pass(500);
  expect(await late).toMatchObject({ hosts: [{ host: "tsp2", documents: 14 }, { documents: 3 }, {}], unknown: 9 });
});

test("documents are told to wait once they do for some seconds or were not confirmed, and no longer than they do", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { time } = conference;
  await conference.running(0);
  let takesMs = 500;
  let status = 200;
  conference.answer = async ({ transId }) => {
    await time.wait(takesMs);
    return status === 200 ? conference.confirmed(transId) : { kind: "answered", status, body: new Uint8Array() };
  };
  const waits = async (ms: number) => {
    await time.pass(ms);
    const { documents, oldestDocumentAt, waiting } = (await list(world)).conferences[0]?.now ?? {};
    const age = typeof oldestDocumentAt === "number" ? time.now - oldestDocumentAt : null;
    return [documents, age, waiting?.map(({ host, failure }) => [host, failure])];
  };
  const before = toldBy(conference).length;
  await conference.reported(callerEntered(1));
  expect(await waits(60_000)).toEqual([0, null, undefined]);
  expect(toldBy(conference)).toHaveLength(before + 1);

  takesMs = 9_000;
  await conference.reported(callerEntered(2));
  await time.pass(6_000);
  await conference.reported(callerEntered(3));
  expect(await waits(500)).toEqual([2, 6_600, [[host, null]]]);
  expect(await waits(60_000)).toEqual([0, null, undefined]);

  [takesMs, status] = [10, 500];
  await conference.reported(callerEntered(4));
  expect(await waits(1_000)).toEqual([1, expect.any(Number), [[host, "HTTP status 500"]]]);
  status = 200;
  expect(await waits(60_000)).toEqual([0, null, undefined]);

  conference.domain = testDomain({ passthroughUrl: "http://127.0.0.1:9/data" });
  conference.answer = async (posted) =>
    posted.url.endsWith("/data") ? { kind: "failed", reason: "nobody listens" } : conference.confirmed(posted.transId);
  await conference.reported(callerEntered(5));
  const data = { type: "passthrough", msgId: "m-data", replyTo: host, extConfId, extCallId: "1001", data: "YQ==" };
  await conference.received("t-data", data as FromWebex);
  expect(await waits(1_000)).toEqual([1, expect.any(Number), [["*back-end", "nobody listens"]]]);
});

/** A conference that is over and that still had something for a server, which is not asked before its silence is long. */
async function overAndBehind() {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp1" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  await world.directory.follow({ ...aPage(), waiting });
  await world.time.pass(10 * 60_000);
  const found = async () => (await world.directory.knownTrouble.trouble(domain)).waiting;
  return { world, waiting, found };
}

test("what waited of a conference that is over is gone once its object knows nothing of it", async () => {
  const { world, found } = await overAndBehind();
  const changes = world.changes.length;
  world.feedDirectory = async () => false;
  expect(await found()).toEqual([]);
  expect(world.changes.length).toBeGreaterThan(changes);
  world.start();
  expect(await found()).toEqual([]);
});

test("what waits of a conference that is over stays while its object does not answer, says it anew, or cannot be deleted", async () => {
  const { world, waiting, found } = await overAndBehind();
  world.feedDirectory = () => Promise.reject(new Error("it is away"));
  expect(await found()).toEqual(waiting);
  await world.time.pass(10 * 60_000);
  world.feedDirectory = async () => {
    await world.directory.follow({ ...aPage(), waiting });
    return false;
  };
  expect(await found()).toEqual(waiting);

  await world.time.pass(10 * 60_000);
  world.feedDirectory = async () => false;
  const exec = world.sql.exec.bind(world.sql);
  const full = vi.spyOn(world.sql, "exec").mockImplementation((query, ...values) => {
    if (query.startsWith("DELETE FROM ended_waiting")) throw new Error("database or disk is full");
    return exec(query, ...values);
  });
  expect(await found()).toEqual(waiting);
  full.mockRestore();
  expect(await found()).toEqual([]);
});

test("what waits of a conference that is over goes with the records of its time, unless this life has heard it", async () => {
  const { world, waiting, found } = await overAndBehind();
  world.feedDirectory = () => Promise.reject(new Error("it is away"));
  const left = async () => {
    await world.directory.alarm();
    return found();
  };
  await world.time.pass(300 * dayMs);
  world.start();
  expect(await left()).toEqual(waiting);
  await world.directory.follow({ ...aPage(), waiting });
  await world.time.pass(101 * dayMs);
  expect(await left()).toEqual(waiting);
  world.start();
  expect(await left()).toEqual([]);
  world.start();
  expect(await found()).toEqual([]);
});

test("to find a number costs as much to read what is typed, however many people and records there are", async () => {
  const world = new DirectoryWorld();
  const read = vi.spyOn(String.prototype, "normalize");
  onTestFinished(() => read.mockRestore());
  const find = async (number: string) => {
    const before = read.mock.calls.length;
    const { found } = await world.directory.list.running({ domain, after: null, limit: 200, named: true, number });
    const { records } = await world.directory.recordStore.records({
      domain,
      cursor: null,
      order: "newest",
      limit: 200,
      filter: { number },
    });
    const people = [...(found?.values() ?? [])].flat().length;
    return { read: read.mock.calls.length - before, people, records: records.length };
  };
  const numbers = ["15552345678", "15552345679"];
  const costs: number[] = [];
  for (const key of ["1", "2", "3"]) {
    const callers = numbers.map((number) => ({ number, attendeeId: "" }));
    await world.directory.follow(aPage({ key, running: { callers } }));
    const calls = numbers.map((number) => aCallRecord({ call: `${key} ${number}`, number }));
    await world.directory.follow(aPage({ key: `9${key}`, records: calls }));
    const cost = await find("+1 555 234 5678");
    expect(cost).toMatchObject({ people: Number(key), records: Number(key) });
    costs.push(cost.read);
  }
  expect(new Set(costs).size).toBe(1);
});
