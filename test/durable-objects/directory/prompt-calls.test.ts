import { expect, test } from "vitest";
import type { PromptCall } from "../../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId, ConfKey } from "../../../src/foundation/ids.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { confKey } from "../conference-world.ts";
import { alertsIn, DirectoryWorld, domain } from "./world.ts";

const bridge = "main" as BridgeName;
const ada = "15552345678";
const halfHour = 30 * 60_000;
const wrongKey = (at: number, digits = 9) => ({ type: "wrong-key", at: worldBegins + at, digits }) as const;
const end = (at: number, why: NonNullable<PromptCall["end"]>["why"] = "unknown-keys") => ({
  at: worldBegins + at,
  why,
});

function aCall(name: string, { at = 0, ...more }: Partial<PromptCall> = {}): PromptCall {
  const who = { call: name as CallId, number: ada, dialled: "18005551234" };
  return { ...who, at: worldBegins + at, steps: [], end: null, ...more };
}

/** Tries of one number that did not get in. */
const tries = (from: number, more: Partial<PromptCall> = {}) =>
  [1, 2, 3].map((n) => aCall(`c${from + n}`, { at: from + n, end: end(from + n), ...more }));

class PromptWorld extends DirectoryWorld {
  keep(calls: readonly PromptCall[], more: { readonly bridge?: string; readonly aheadMs?: number } = {}) {
    const said = { bridge, calls, ...more } as Parameters<typeof this.directory.promptStore.keepPromptCalls>[1];
    return this.directory.promptStore.keepPromptCalls(domain, said);
  }

  /** Somebody enters a conference. */
  enters(call: string, at: number, more: { readonly number?: string; readonly bridge?: string } = {}) {
    const people = [{ call, number: more.number ?? ada, enteredAt: worldBegins + at }];
    const running = { people, bridge: (more.bridge ?? bridge) as BridgeName };
    return this.directory.publish(aBatch({ running }));
  }

  page(more: object = {}) {
    return this.directory.promptStore.promptCalls({ before: null, limit: 100, ...more });
  }

  /** In the order of the page: id of the call, and how it ended. */
  async ends(more: object = {}) {
    return (await this.page(more)).calls.map(({ call, end }) => [call, end?.why ?? null]);
  }

  refused() {
    return this.directory.promptStore.refusedCallers().map(({ number, calls }) => [number, calls]);
  }
}

test("keeps one row for a call, with the latest of its story, and never changes one that has ended", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  const whole = aCall("c1", { steps: [wrongKey(5), wrongKey(5, 4)], end: end(9) });
  await world.keep([whole]);
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  world.start();
  expect(await world.page()).toEqual({ calls: [{ kind: "prompt", bridge, ...whole }], next: null });
});

test("joins what two agents saw of one call, and keeps a later call of the same ID apart", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(5)], end: end(20, "lost") })]);
  await world.keep([aCall("c1", { at: 12, steps: [wrongKey(15)], end: end(30, "hung-up") })]);
  await world.keep([aCall("c1", { at: 40, steps: [wrongKey(50)] })]);
  await world.keep([aCall("c1", { steps: [wrongKey(1)] })], { bridge: "east" });
  const { calls } = await world.page();
  expect(calls.map(({ bridge, at, steps, end }) => [bridge, at - worldBegins, steps.length, end?.why])).toEqual([
    ["main", 40, 1, undefined],
    ["east", 0, 1, undefined],
    ["main", 0, 2, "hung-up"],
  ]);
});

test("lists callers in the prompt first, then the latest, by number and time, page by page", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2, 3].map((n) => aCall(`c${n}`, { at: n * 1_000, end: end(n * 1_000, "hung-up") })));
  await world.keep([aCall("c4", { number: "442012345678" }), aCall("c5", { at: -1, number: "" })]);
  const found = async (more: object = {}) => (await world.page(more)).calls.map(({ call }) => call);
  expect(await found()).toEqual(["c4", "c5", "c3", "c2", "c1"]);
  expect(await found({ isOpen: true })).toEqual(["c4", "c5"]);
  for (const number of [ada, "5552345678"]) expect(await found({ number })).toEqual(["c3", "c2", "c1"]);
  expect(await found({ number: "345678" })).toEqual([]);
  expect(await found({ since: worldBegins + 2_000 })).toEqual(["c3", "c2"]);
  const { next } = await world.page({ limit: 3 });
  expect(await found({ before: next })).toEqual(["c2", "c1"]);
  await world.keep([aCall("c6", { at: 9_000 })]);
  const first = await world.page({ limit: 1 });
  expect(first.calls).toMatchObject([{ call: "c6" }]);
  expect((await found({ before: first.next })).slice(0, 2)).toEqual(["c4", "c5"]);
});

test.each([0, 120_000, -120_000])(
  "dates tries by the edge's clock when the agent's is ahead by %d ms",
  async (aheadMs) => {
    const world = new PromptWorld();
    await world.keep(tries(aheadMs), { aheadMs: aheadMs + 40 });
    await world.enters("x", 60_000);
    expect(world.refused()).toEqual([]);
    await world.keep(tries(90_000 + aheadMs), { aheadMs: aheadMs + 40 });
    expect(world.refused()).toEqual([[ada, 3]]);
    expect((await world.page()).calls[0]?.at).toBe(worldBegins + (aheadMs === 0 ? 90_003 : 89_963));
  },
);

test("counts no caller who only hangs up; three tries without a number are one", async () => {
  const world = new PromptWorld();
  await world.keep(tries(0, { end: end(9, "hung-up") }));
  const withheld = tries(10, { number: "", steps: [wrongKey(7)] });
  await world.keep(withheld.slice(0, 2));
  expect(world.refused()).toEqual([]);
  await world.keep(withheld);
  expect(world.refused()).toEqual([["", 3]]);
});

test("counts tries without a whole number for a day, as nobody knows whether their callers got in", async () => {
  const world = new PromptWorld();
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.keep(tries(0, { number: "14085557702" }));
  await world.enters("x", 60_000, { number: "14085557702" });
  expect(world.refused()).toEqual([["*********02", 3]]);
  world.time.now = worldBegins + dayMs + 4;
  expect(world.refused()).toEqual([]);
});

test("keeps no row of a caller who got in, whether its agent or its conference says so", async () => {
  const world = new PromptWorld();
  const unfinished = { at: worldBegins + 5_000, digits: 9 };
  await world.keep(["c1", "c2", "c3"].map((name) => aCall(name, { unfinished })));
  expect((await world.page()).calls[0]?.unfinished).toEqual(unfinished);
  for (let times = 0; times < 2; times++) await world.keep([aCall("c1", { end: end(9_500, "entered") })]);
  await world.enters("c2", 9_600);
  await world.enters("c3", 9_600, { bridge: "east" });
  expect(await world.ends()).toEqual([["c3", null]]);
});

test("leaves the call of another caller who had the same ID half an hour before", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("over", { steps: [wrongKey(1)], end: end(5) }), aCall("silent")]);
  await world.enters("over", 10);
  await world.enters("silent", halfHour + 1);
  expect(await world.ends()).toEqual([
    ["silent", null],
    ["over", "unknown-keys"],
  ]);
});

test("shows a call as lost after half an hour without news, until its agent says more", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(20_000)] })]);
  world.time.now = worldBegins + 20_000 + halfHour;
  expect(await world.ends()).toEqual([["c1", null]]);
  world.time.now += 1;
  expect(await world.ends()).toEqual([["c1", "lost"]]);
  expect(world.refused()).toEqual([]);
  await world.keep([aCall("c1", { steps: [wrongKey(20_000)], end: end(25_000, "hung-up") })]);
  expect(await world.ends()).toEqual([["c1", "hung-up"]]);
});

test.each([
  ["masked", "*********78"],
  ["none", ""],
] as const)("keeps the number as recordsPersonal has it: %s", async (recordsPersonal, number) => {
  const world = new PromptWorld();
  world.domain = testDomain({ recordsPersonal });
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  expect((await world.page({ number: ada })).calls).toHaveLength(number === "" ? 0 : 1);
  expect((await world.page()).calls).toMatchObject([{ call: "c1", number }]);
  expect(JSON.stringify(world.sql.exec("SELECT * FROM call"))).not.toContain(ada);
});

test("takes an erased number out, also from what agents repeat, and its caller is refused no more", async () => {
  const world = new PromptWorld();
  const signs = "+1 (408) 555-0123";
  const calls = tries(0, { number: signs, steps: [wrongKey(1)] });
  const open = aCall("open", { number: signs, steps: [wrongKey(1)] });
  await world.keep([...calls, open, aCall("other", { number: "408-555-0123", end: end(9) })]);
  expect(await alertsIn(world.directory, world.time.now)).toMatchObject([{ kind: "caller-refused", about: signs }]);
  const erased = await world.directory.recordStore.erase(domain, "14085550123");
  expect(erased).toEqual({ erased: 4, alike: ["408-555-0123"] });
  await world.keep([...calls, { ...open, end: end(9) }]);
  expect(world.refused()).toEqual([]);
  expect((await world.page()).calls.map(({ number }) => number)).toEqual(["", "408-555-0123", "", "", ""]);
  const tables = world.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
  const disk = tables.map(({ name }) => world.sql.exec(`SELECT * FROM ${name}`));
  expect(JSON.stringify(disk)).not.toContain(signs);
});

test("limits the rows, deletes the oldest that are over first, and all with the records", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("open", { steps: [wrongKey(1)] })]);
  await world.keep(Array.from({ length: 5_010 }, (_, n) => aCall(`c${n}`, { end: end(n, "hung-up") })));
  expect(world.sql.exec("SELECT count(*) AS rows FROM call")).toEqual([{ rows: 5_000 }]);
  const { calls } = await world.page({ limit: 1_000 });
  expect([calls[0]?.call, calls[1]?.call]).toEqual(["open", "c5009"]);
  world.time.now += 401 * dayMs;
  for (let times = 0; times < 6; times++) {
    await world.directory.alarm();
    world.time.now += dayMs;
  }
  expect(await world.page()).toEqual({ calls: [], next: null });
});

test("shows three new tries of a caller whose earlier ones were acknowledged", async () => {
  const world = new PromptWorld();
  const waits = aCall("a", { number: "", steps: [wrongKey(1)] });
  const refused = () => alertsIn(world.directory, world.time.now, "caller-refused");
  await world.keep([waits, ...tries(10, { number: "" })]);
  const [seen] = await refused();
  const { id = "", sequence } = seen ?? {};
  await world.directory.alertStore.acknowledge(domain, { id, upTo: sequence ?? 0, by: "ann", note: "known" });
  expect(await refused()).toEqual([]);
  await world.keep([{ ...waits, end: end(90, "locked") }, ...tries(20, { number: "" }).slice(1)]);
  world.start();
  expect(await refused()).toMatchObject([{ count: 3 }]);
});

test("names the conference that a call keyed last, also once that is over, where names may be kept", async () => {
  const world = new PromptWorld();
  const [board, sales] = [confKey, "222" as ConfKey];
  const keyed = { at: worldBegins + 4, digits: 3, conference: board };
  const locked = (conference: ConfKey) => ({ ...end(9, "locked"), conference });
  await world.directory.publish(aBatch({ key: board, running: { topic: "Board" } }));
  await world.directory.publish(aBatch({ key: sales, running: { topic: "Sales" } }));
  await world.keep(["c1", "c2", "c3"].map((name) => aCall(name, { unfinished: keyed })));
  const over = aConferenceRecord({ conference: board, createdAt: worldBegins });
  await world.directory.publish(aBatch({ key: board, records: [over] }));
  await world.keep([aCall("c1", { end: locked(board) }), aCall("c2", { end: locked(sales) })]);
  await world.keep([aCall("c3", { end: end(9) })]);
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.keep([aCall("c4", { end: locked(sales) })]);
  expect((await world.page()).calls.map(({ call, topic }) => [call, topic]).sort()).toEqual([
    ["c1", "Board"],
    ["c2", "Sales"],
    ["c3", undefined],
    ["c4", undefined],
  ]);
});
