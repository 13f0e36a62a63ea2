import { expect, test, vi } from "vitest";
import type { PromptCall } from "../../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId, ConfKey } from "../../../src/foundation/ids.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import type { DroppedPromptCalls } from "../../../src/link/messages.ts";
import { entered } from "../../builders.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aCallRecord, aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { callerLeft, confKey } from "../conference-world.ts";
import { DirectoryWorld, domain } from "./world.ts";

const bridge = "main" as BridgeName;
const ada = "15552345678";
const wrongKey = (at: number, digits = 9) => ({ type: "wrong-key", at: worldBegins + at, digits }) as const;
const end = (at: number, why: NonNullable<PromptCall["end"]>["why"] = "unknown-keys") => ({
  at: worldBegins + at,
  why,
});

function aCall(name: string, { at = 0, ...more }: Partial<PromptCall> = {}): PromptCall {
  const who = { call: name as CallId, number: ada, dialled: "18005551234" };
  return { ...who, at: worldBegins + at, steps: [], end: null, ...more };
}

const entersAs = (call: string, at: number, number = ada) => ({ call, number, enteredAt: worldBegins + at });

class PromptWorld extends DirectoryWorld {
  keep(calls: readonly PromptCall[], dropped?: DroppedPromptCalls): Promise<void> {
    return this.keepOf(bridge, calls, dropped);
  }

  keepOf(of: string, calls: readonly PromptCall[], dropped?: DroppedPromptCalls): Promise<void> {
    const said = { bridge: of as BridgeName, calls, ...(dropped && { dropped }) };
    return this.directory.promptStore.keepPromptCalls(domain, said);
  }

  page(more: object = {}) {
    return this.directory.promptStore.promptCalls({ before: null, limit: 100, ...more });
  }

  async refused() {
    return (await this.directory.promptStore.refusedCallers()).map(({ number, calls }) => [number, calls]);
  }
}

test("a call is kept once, with the latest of its story, also in the next life", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  const whole = aCall("c1", { steps: [wrongKey(5), wrongKey(5, 4)], end: end(9) });
  await world.keep([whole]);
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);

  world.start();
  expect(await world.page()).toEqual({ calls: [{ id: world.time.now + 1, bridge, ...whole }], next: null, notKept: 0 });
});

test("what two agents saw of one call is one story; a later call of the same id is another one", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(5)], end: end(20, "lost") })]);
  await world.keep([aCall("c1", { at: 12, steps: [wrongKey(15)], end: end(30, "hung-up") })]);
  await world.keep([aCall("c1", { at: 40, steps: [wrongKey(50)] })]);

  const { calls } = await world.page();
  expect(calls.map(({ at, steps, end }) => [at - worldBegins, steps.length, end?.why])).toEqual([
    [40, 1, undefined],
    [0, 2, "hung-up"],
  ]);
});

test("calls are found by number, with or without the country, and by time, page by page", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2, 3].map((n) => aCall(`c${n}`, { at: n * 1_000, end: end(n * 1_000, "hung-up") })));
  await world.keep([aCall("c4", { number: "442012345678" }), aCall("c5", { number: "" })]);

  const found = async (more: object) => (await world.page(more)).calls.map(({ call }) => call);
  expect(await found({})).toEqual(["c3", "c2", "c1", "c5", "c4"]);
  expect(await found({ number: ada })).toEqual(["c3", "c2", "c1"]);
  expect(await found({ number: "5552345678" })).toEqual(["c3", "c2", "c1"]);
  expect(await found({ number: "345678" })).toEqual([]);
  expect(await found({ since: worldBegins + 2_000 })).toEqual(["c3", "c2"]);
  const { calls, next } = await world.page({ limit: 2 });
  expect([calls.map(({ call }) => call), next]).toEqual([["c3", "c2"], { at: worldBegins + 2_000, id: calls[1]?.id }]);
  expect(await found({ before: next, limit: 2 })).toEqual(["c1", "c5"]);
});

test("of calls at the prompt the one that was over last is the first, also where it came before others", async () => {
  const world = new PromptWorld();
  const at = (came: number, over: number) => aCall(`c${came}`, { at: came, end: end(over) });
  await world.keep([at(1, 90), at(2, 10), aCall("c50", { at: 50 }), at(3, 40)]);
  expect((await world.page()).calls.map(({ call }) => call)).toEqual(["c1", "c50", "c3", "c2"]);
  const { next } = await world.page({ limit: 1 });
  expect((await world.page({ before: next })).calls.map(({ call }) => call)).toEqual(["c50", "c3", "c2"]);
});

test("a caller who could not get in three times is refused until it enters, on whatever way", async () => {
  const world = new PromptWorld();
  const tries = [1, 2, 3].map((n) => aCall(`c${n}`, { at: n, end: end(n, n === 3 ? "locked" : "unknown-keys") }));
  await world.keep(tries.slice(0, 2));
  expect(await world.refused()).toEqual([]);
  await world.keep(tries.slice(2));
  expect(await world.refused()).toEqual([[ada, 3]]);

  await world.keep([
    aCall("c4", { at: 10, steps: [wrongKey(10)], end: { ...end(11, "entered"), conference: "7" as ConfKey } }),
  ]);
  expect(await world.refused()).toEqual([]);
  await world.keep(tries);
  expect(await world.refused()).toEqual([]);
});

test("a caller who got in by its conference is refused no longer", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2, 3].map((n) => aCall(`c${n}`, { end: end(n) })));
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(entered({ call: "c9", number: ada }));
  await conference.time.pass(5_000);
  expect(await world.refused()).toEqual([]);
  expect((await world.page()).calls).toHaveLength(3);
});

test("whoever could not get in before a call that is over now got in by that call, though its entry was never heard here", async () => {
  const world = new PromptWorld();
  await world.keep(["c1", "c2", "c3"].map((name, at) => aCall(name, { at, end: end(at + 1) })));
  expect(await world.refused()).toEqual([[ada, 3]]);
  const over = aCallRecord({ call: "c9", number: ada, enteredAt: worldBegins + 9, endedAt: worldBegins + 20 });
  await world.directory.publish(aBatch({ records: [over] }));
  expect(await world.refused()).toEqual([]);
});

test("a call whose agent died is no longer at the prompt once its conference says that it entered", async () => {
  const world = new PromptWorld();
  await world.keepOf("simulated", [aCall("c1", { number: "", steps: [wrongKey(5)] }), aCall("c2", { number: "" })]);
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(entered({ call: "c1", number: "" }));
  await conference.time.pass(5_000);
  expect((await world.page()).calls.map(({ call, end }) => [call, end?.why, end?.conference])).toEqual([
    ["c1", "entered", confKey],
    ["c2", undefined, undefined],
  ]);
});

test("a caller who enters under an id that the bridge gave to another one before changes nothing of the call of that one", async () => {
  const world = new PromptWorld();
  const [soon, late] = [10, dayMs / 24];
  await world.keep([
    aCall("over", { steps: [wrongKey(1)], end: end(5) }),
    aCall("silent", { steps: [wrongKey(1)] }),
    aCall("here", { at: late - 5, steps: [wrongKey(late - 4)] }),
  ]);
  const place = { conference: confKey as ConfKey, bridge: bridge as BridgeName };
  const number = "15550000001";
  world.directory.promptStore.entered(domain, place, { call: "over", number }, worldBegins + soon);
  for (const call of ["silent", "here"])
    world.directory.promptStore.entered(domain, place, { call, number }, worldBegins + late);
  const whys = (await world.page()).calls.map((one) => [one.call, one.end?.why]);
  expect(new Map(whys as [string, string][])).toEqual(
    new Map([
      ["over", "unknown-keys"],
      ["silent", undefined],
      ["here", "entered"],
    ]),
  );
});

test("calls that an agent says late, after their caller has got in, are mended; those after that are not", async () => {
  const refusedAt = (...all: readonly number[]) => all.map((at) => aCall(`c${at}`, { at, end: end(at) }));
  const world = new PromptWorld();
  await world.directory.publish(aBatch({ running: { people: [entersAs("x", 60_000)] } }));
  await world.keep(refusedAt(1, 2, 3));
  expect(await world.refused()).toEqual([]);
  await world.keep(refusedAt(60_001, 60_002, 60_003));
  expect(await world.refused()).toEqual([[ada, 3]]);
});

test("once a number is erased, nobody knows that its caller got in; of others it is known as before", async () => {
  const world = new PromptWorld();
  const other = "15550000009";
  const place = { conference: "7" as ConfKey, bridge };
  for (const number of [ada, other])
    world.directory.promptStore.entered(domain, place, { call: "x", number }, worldBegins + 60_000);
  world.directory.promptStore.eraseNumber((number) => number === ada);
  const refusedAt = (number: string) =>
    [1, 2, 3].map((at) => aCall(`${number} ${at}`, { number, at, end: end(at), steps: [wrongKey(at)] }));
  await world.keep([...refusedAt(ada), ...refusedAt(other)]);
  expect(await world.refused()).toEqual([[ada, 3]]);
});

test.each([
  ["ahead", 120_000],
  ["behind", -120_000],
])("an agent's clock that is %s does not change whether a caller got in since", async (_, aheadMs) => {
  const refusedAt = (...all: readonly number[]) => {
    const calls = all.map((at) => aCall(`c${at}`, { at: at + aheadMs, end: end(at + aheadMs) }));
    return { bridge, calls, aheadMs: aheadMs + 40 };
  };
  const world = new PromptWorld();
  const { promptStore } = world.directory;
  await promptStore.keepPromptCalls(domain, refusedAt(1, 2, 3));
  await world.directory.publish(aBatch({ running: { people: [entersAs("x", 60_000)] } }));
  expect(await world.refused()).toEqual([]);
  await promptStore.keepPromptCalls(domain, refusedAt(4, 5, 6, 90_001, 90_002, 90_003));
  expect(await world.refused()).toEqual([[ada, 3]]);
  world.start();
  expect(await world.refused()).toEqual([[ada, 3]]);
});

/** A caller who tried in vain, and got in. */
async function gotIn() {
  const world = new PromptWorld();
  const conference = world.conference();
  await conference.running(0);
  const tries = (from: number) => [1, 2, 3].map((n) => aCall(`c${from + n}`, { at: from + n, end: end(from + n) }));
  const before = tries(conference.time.now - worldBegins);
  await conference.time.pass(10_000);
  await conference.reported(entered({ call: "c9", number: ada }));
  await conference.time.pass(5_000);
  world.time.now = conference.time.now;
  return { world, conference, before, after: tries(conference.time.now - worldBegins) };
}

test("a directory that begins anew knows from its disk who is inside, and who was: earlier tries that an agent says late are mended", async () => {
  const { world, conference, before, after } = await gotIn();
  world.start();
  await world.keep(before);
  expect(await world.refused()).toEqual([]);
  await world.keep(after);
  expect(await world.refused()).toEqual([[ada, 3]]);

  const other = await gotIn();
  await other.conference.reported(callerLeft(9));
  await other.conference.time.pass(5_000);
  other.world.time.now = conference.time.now + 60_000;
  other.world.start();
  await other.world.keep(other.before);
  expect(await other.world.refused()).toEqual([]);
});

test("a call of which its agent says no more is at the prompt for half an hour, and then nobody knows", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(20_000)] })]);
  const found = async () => [
    (await world.page()).calls[0]?.end,
    (await world.directory.promptStore.promptCallsOfNumber({ number: ada, from: null, limit: 9 }))[0]?.end,
  ];
  world.time.now = worldBegins + 20_000 + 30 * 60_000;
  expect(await found()).toEqual([null, null]);
  world.time.now += 1;
  const lost = { at: world.time.now - 1, why: "lost" };
  expect(await found()).toEqual([lost, lost]);
  expect(await world.refused()).toEqual([]);
  // The agent was only away.
  await world.keep([aCall("c1", { steps: [wrongKey(20_000)], end: end(25_000, "hung-up") })]);
  expect(await found()).toEqual([end(25_000, "hung-up"), end(25_000, "hung-up")]);
});

test("what stands at the prompt without a # is shown until more is known; who was led in at once then leaves no row", async () => {
  const world = new PromptWorld();
  const unfinished = { at: worldBegins + 5_000, digits: 9 };
  const found = async () => (await world.page()).calls.map(({ call, unfinished, end }) => [call, unfinished, end?.why]);
  await world.keep([aCall("c1", { unfinished }), aCall("c2", { unfinished })]);
  expect(await found()).toEqual([
    ["c2", unfinished, undefined],
    ["c1", unfinished, undefined],
  ]);
  const later = { ...unfinished, at: worldBegins + 9_000, conference: "7" as ConfKey };
  await world.keep([aCall("c1", { unfinished: later })]);
  await world.keep([aCall("c2", { steps: [wrongKey(8_000)] })]);
  expect(await found()).toEqual([
    ["c2", undefined, undefined],
    ["c1", later, undefined],
  ]);

  for (let times = 0; times < 2; times++) await world.keep([aCall("c1", { end: end(9_500, "entered") })]);
  world.directory.promptStore.entered(
    ...([domain, { conference: "7" as ConfKey, bridge }, { call: "c2", number: "" }, worldBegins + 9_600] as const),
  );
  expect(await found()).toEqual([["c2", undefined, "entered"]]);
  world.start();
  expect(await found()).toEqual([["c2", undefined, "entered"]]);
});

test("a call on another bridge that has the same id is another call", async () => {
  const world = new PromptWorld();
  await world.keepOf("west", [aCall("c7", { steps: [wrongKey(1)], number: "14085551234" })]);
  await world.keepOf("east", [aCall("c7", { steps: [wrongKey(1)] })]);
  const people = [entersAs("c7", 5, "441234567890")];
  await world.directory.publish(aBatch({ running: { bridge: "west" as BridgeName, people } }));
  expect((await world.page()).calls.map(({ bridge, end }) => [bridge, end?.why])).toEqual([
    ["west", "entered"],
    ["east", undefined],
  ]);
});

test("who only calls and hangs up is no refused caller; without a number it takes three calls, too", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2, 3].map((n) => aCall(`c${n}`, { end: end(n, n === 1 ? "keyed-nothing" : "hung-up") })));
  const keyed = { steps: [wrongKey(7), wrongKey(8), wrongKey(9)], end: end(9) };
  await world.keep([4, 5].map((n) => aCall(`c${n}`, { at: n, number: "", ...keyed })));
  expect(await world.refused()).toEqual([]);
  await world.keep([aCall("c6", { at: 6, number: "", ...keyed })]);
  expect(await world.refused()).toEqual([["", 3]]);
});

test("calls without a whole number count for a day, as nobody knows whether their callers got in", async () => {
  const world = new PromptWorld();
  world.domain = testDomain({ recordsPersonal: "masked" });
  const callers = ["15552345602", "14085557702"];
  await world.keep(callers.map((number, n) => aCall(`c${n}`, { number, at: n, end: end(n) })));
  expect(await world.refused()).toEqual([]);
  await world.keep([aCall("c2", { number: "14085557702", at: 2, end: end(2) })]);
  expect(await world.refused()).toEqual([["*********02", 3]]);

  world.time.now = worldBegins + dayMs;
  expect(await world.refused()).toEqual([["*********02", 3]]);
  world.time.now += 1;
  expect(await world.refused()).toEqual([]);
});

test.each([
  ["masked", "*********78"],
  ["none", ""],
] as const)("the number is kept as recordsPersonal has it: %s", async (recordsPersonal, number) => {
  const world = new PromptWorld();
  world.domain = testDomain({ recordsPersonal });
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  expect((await world.page({ number: ada })).calls).toHaveLength(number === "" ? 0 : 1);
  expect((await world.page()).calls).toMatchObject([{ call: "c1", number, steps: [wrongKey(5)] }]);
  expect(JSON.stringify(world.sql.exec("SELECT * FROM prompt_call"))).not.toContain(ada);
});

test("an erased number is taken out, and does not come back with a repeat", async () => {
  const world = new PromptWorld();
  await world.keep([aCall("c1", { steps: [wrongKey(5)] })]);
  await world.directory.recordStore.erase(domain, ada);
  await world.keep([aCall("c1", { steps: [wrongKey(5)], end: end(9) })]);
  expect((await world.page()).calls).toMatchObject([{ number: "", end: { why: "unknown-keys" } }]);
  expect(JSON.stringify(world.sql.exec("SELECT * FROM prompt_call"))).not.toContain(ada);
});

test("whose number was erased is no refused caller any more, also by what an agent says again", async () => {
  const world = new PromptWorld();
  const keys = [wrongKey(1), wrongKey(2), wrongKey(3)];
  const calls = ["c1", "c2", "c3"].map((name) => aCall(name, { steps: keys, end: end(9) }));
  await world.keep([...calls, aCall("c4", { steps: keys })]);
  expect(await world.refused()).toEqual([[ada, 3]]);
  await world.directory.recordStore.erase(domain, ada);
  expect(await world.refused()).toEqual([]);
  await world.keep([...calls, aCall("c4", { steps: keys, end: end(9) })]);
  expect(await world.refused()).toEqual([]);
  expect((await world.page()).calls.map(({ number }) => number)).toEqual(["", "", "", ""]);
});

test("a number that a bridge keeps with signs is erased by its digits, and calls at the prompt count as records do", async () => {
  const world = new PromptWorld();
  const signs = "+1 (408) 555-0123";
  const keys = { steps: [wrongKey(1)], end: end(9) };
  await world.keep(["c1", "c2", "c3"].map((name) => aCall(name, { number: signs, ...keys })));
  await world.keep([aCall("c4", { number: "408-555-0123", ...keys }), aCall("c5", keys)]);
  expect((await world.directory.knownTrouble.trouble(domain)).refused).toMatchObject([{ about: signs }]);
  const erased = await world.directory.recordStore.erase(domain, "14085550123");
  expect(erased).toEqual({ erased: 3, alike: ["408-555-0123"], inside: [] });
  expect((await world.page()).calls.map(({ number }) => number)).toEqual([ada, "408-555-0123", "", "", ""]);
  const disk = ["prompt_call", "caller_key"].map((table) => world.sql.exec(`SELECT * FROM ${table}`));
  expect(JSON.stringify(disk)).not.toContain(signs);
});

test("no flood fills the disk, calls go with the records, and what was not kept is said", async () => {
  const world = new PromptWorld();
  const calls = Array.from({ length: 5_010 }, (_, n) => aCall(`c${n}`, { end: end(n, "hung-up") }));
  await world.keep(calls, { journal: "j0", count: 30 });
  await world.keep([], { journal: "j1", count: 7 });
  expect(world.sql.exec("SELECT count(*) AS rows FROM prompt_call")).toEqual([{ rows: 5_000 }]);
  expect((await world.page()).notKept).toBe(37);

  world.time.now += 401 * dayMs;
  await world.directory.alarm();
  expect(await world.page()).toEqual({ calls: [], next: null, notKept: 0 });
});

test("however many could not get in, who is at the prompt now is listed; the oldest of those go first", async () => {
  const world = new PromptWorld();
  await world.keep(Array.from({ length: 5_000 }, (_, n) => aCall(`c${n}`, { number: "", end: end(n) })));
  await world.keep([aCall("open", { at: 9_000, steps: [wrongKey(9_000)] })]);
  const { calls } = await world.page({ limit: 1_000 });
  expect([calls[0]?.call, calls[0]?.end]).toEqual(["open", null]);
  const [{ count, oldest } = {}] = world.sql.exec(
    "SELECT count(*) AS count, min(json_extract(data, '$.end.at')) AS oldest FROM prompt_call WHERE state = 'refused'",
  );
  expect([count, oldest]).toEqual([4_000, worldBegins + 1_000]);
});

test("a call that was at the prompt while others were acknowledged has a place behind them once it did not get in", async () => {
  const world = new PromptWorld();
  const waits = aCall("a", { number: "", steps: [wrongKey(1)] });
  const refused = async () => (await world.directory.knownTrouble.trouble(domain)).refused;
  const tries = (from: number) => [1, 2, 3].map((n) => aCall(`c${from + n}`, { number: "", end: end(from + n) }));
  await world.keep([waits, ...tries(10)]);
  const [seen] = await refused();
  const known = { since: null, upTo: world.time.now, by: "ann", at: world.time.now, word: "known" };
  const acknowledged = { id: "caller-refused", place: seen?.place ?? null, ...known };
  await world.directory.knownTrouble.acknowledge(domain, acknowledged);
  await world.keep([{ ...waits, end: end(90, "locked") }, ...tries(20).slice(1)]);
  await world.keep([{ ...waits, end: end(90, "locked") }]);
  expect(await refused()).toMatchObject([{ count: 3 }]);
  world.start();
  expect(await refused()).toMatchObject([{ count: 3 }]);

  // No place comes twice, also where no call is left.
  world.time.now += 401 * dayMs;
  await world.directory.alarm();
  await world.keep([aCall("x", { at: 401 * dayMs, number: "", end: end(401 * dayMs) })]);
  expect((await world.page()).calls[0]?.id).toBeGreaterThan(Number(seen?.place));
});

test("an edge whose clock is behind the directory's time acknowledges all the same, for as long as others do", async () => {
  const world = new PromptWorld();
  const behind = world.time.now - 500 * dayMs;
  const known = { since: behind, upTo: behind, at: behind, place: null, by: "ann", word: "known" };
  await world.directory.knownTrouble.acknowledge(domain, { id: "posts-wait:host", ...known });
  await world.directory.alarm();
  const { acknowledged } = await world.directory.knownTrouble.trouble(domain);
  expect(acknowledged).toMatchObject([{ at: world.time.now, upTo: world.time.now, since: behind }]);
});

test("rows are read once: what is in memory is what another life reads from the disk, whatever was kept", async () => {
  const world = new PromptWorld();
  const refusedAt = (name: string, at: number, more: object = {}) =>
    aCall(name, { at, steps: [wrongKey(at)], end: end(at), ...more });
  await world.keep([1, 2, 3].map((n) => refusedAt(`a${n}`, n, { number: "15550000001" })));
  await world.refused();
  const exec = vi.spyOn(world.sql, "exec");
  const conference = { conference: "7" as ConfKey, bridge };
  const bob = (number: string, call: string) => ({ number, call: call as CallId });
  await world.keep([1, 2, 3, 4].map((n) => refusedAt(`b${n}`, 10 + n)));
  await world.keep([aCall("open", { at: 20, number: "15550000002" }), refusedAt("again", 21)]);
  world.directory.promptStore.entered(domain, conference, bob("15550000001", "x"), worldBegins + 30);
  world.directory.promptStore.entered(domain, conference, bob("15550000002", "open"), worldBegins + 30);
  await world.keep([refusedAt("a3", 3, { number: "15550000001", steps: [wrongKey(3), wrongKey(4)] })]);
  const before = await world.directory.promptStore.refusedCallers();
  expect(exec.mock.calls.filter(([query]) => query.includes("state = 'open'"))).toEqual([]);
  expect(before.map(({ number, calls, latest }) => [number, calls, latest.call])).toEqual([[ada, 5, "again"]]);
  world.start();
  expect(await world.directory.promptStore.refusedCallers()).toEqual(before);

  await world.keep(Array.from({ length: 4_998 }, (_, n) => aCall(`c${n}`, { number: "", end: end(n, "hung-up") })));
  const flooded = await world.directory.promptStore.refusedCallers();
  world.start();
  expect(await world.directory.promptStore.refusedCallers()).toEqual(flooded);
  // A flood of calls that are only over leaves who could not get in.
  expect(flooded).toEqual(before);
});

test("a caller who gets in again changes no row of earlier tries, which are mended", async () => {
  const world = new PromptWorld();
  const enters = (at: number) => {
    const changes = () => Number(world.sql.exec("SELECT total_changes() AS changes")[0]?.changes);
    const before = changes();
    const place = { conference: "7" as ConfKey, bridge };
    world.directory.promptStore.entered(domain, place, { call: "x", number: ada }, worldBegins + at);
    return changes() - before;
  };
  await world.keep([1, 2, 3].map((n) => aCall(`c${n}`, { at: n, end: end(n) })));
  expect(enters(10)).toBe(3);
  await world.keep([aCall("c4", { at: 20, end: end(20) })]);
  expect(enters(30)).toBe(1);
});

test("who becomes a refused caller while keys are made is trouble from the next look on, and no number is an id", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2].map((n) => aCall(`c${n}`, { at: n, end: end(n) })));
  const store = world.directory.promptStore;
  const refusedBefore = await store.refusedCallers();
  vi.spyOn(store, "refusedCallers").mockImplementationOnce(async () => {
    await world.keep([aCall("c3", { at: 3, end: end(3) })]);
    return refusedBefore;
  });
  const keys = async () => (await world.directory.knownTrouble.trouble(domain)).refused.map(({ key }) => key);
  expect(await keys()).toEqual([]);
  expect(await keys()).toEqual([expect.stringMatching(/^[\w-]{8}$/)]);
});

test("a change that fails leaves nothing in memory that is not on disk", async () => {
  const world = new PromptWorld();
  await world.keep([1, 2].map((n) => aCall(`c${n}`, { end: end(n) })));
  await world.refused();
  const noJson = aCall("c4", { steps: [{ type: "wrong-key", at: worldBegins, digits: 1n as never }] });
  await expect(world.keep([aCall("c3", { end: end(3) }), noJson])).rejects.toThrow("BigInt");
  expect(await world.refused()).toEqual([]);
  await world.keep([aCall("c3", { end: end(3) })]);
  expect(await world.refused()).toEqual([[ada, 3]]);
});

test("what an agent had no room for counts once, though its ack was lost and more was dropped meanwhile", async () => {
  const world = new PromptWorld();
  const dropped = (count: number, journal = "j1") => world.keep([], { journal, count });
  const notKept = async () => (await world.page()).notKept;
  await dropped(7);
  await dropped(7);
  expect(await notKept()).toBe(7);
  world.start();
  await dropped(9);
  await dropped(10);
  expect(await notKept()).toBe(10);
  await dropped(2, "begun anew");
  await dropped(11);
  expect(await notKept()).toBe(13);
  await world.keepOf("other", [], { journal: "j1", count: 5 });
  expect(await notKept()).toBe(18);

  world.directory.promptStore.deleteBefore(Number.MAX_SAFE_INTEGER);
  expect(await notKept()).toBe(0);
  await dropped(12);
  expect(await notKept()).toBe(1);

  for (let journal = 0; journal < 300; journal++) await dropped(1, `j${journal + 2}`);
  const [{ rows } = { rows: 0 }] = world.sql.exec("SELECT count(*) AS rows FROM prompt_drops");
  expect(rows).toBe(200);
});

test("who got in is refused no longer for what came until then, and for what came later is", async () => {
  const world = new PromptWorld();
  const refusedAt = (name: string, at: number) => aCall(name, { at, steps: [wrongKey(at)], end: end(at) });
  await world.keep([
    refusedAt("a", 10),
    refusedAt("b", 20),
    refusedAt("c", 30),
    refusedAt("d", 31),
    refusedAt("e", 32),
  ]);
  // Another agent's report comes late.
  await world.keep([aCall("z", { at: 0, steps: [wrongKey(1)], end: end(20, "entered") })]);
  const found = async () => (await world.directory.promptStore.refusedCallers())[0];
  expect(await found()).toMatchObject({ calls: 3, since: worldBegins + 30, latest: { at: worldBegins + 32 } });
  await world.keep([aCall("y", { at: 30, steps: [wrongKey(30)], end: end(30, "entered") })]);
  expect(await found()).toBeUndefined();
});

test("a call that was refused keeps the name of its conference, also once that is over", async () => {
  const world = new PromptWorld();
  const conference = confKey as ConfKey;
  await world.directory.publish(aBatch({ key: confKey, running: { topic: "Berths" } }));
  await world.keep([aCall("c1", { unfinished: { at: worldBegins + 4, digits: 3, conference } })]);
  await world.directory.publish(
    aBatch({ key: confKey, records: [aConferenceRecord({ conference: confKey, createdAt: worldBegins })] }),
  );
  await world.keep([aCall("c1", { end: { ...end(9, "locked"), conference } }), aCall("c2", { end: end(9) })]);
  expect((await world.page()).calls.map(({ call, topic }) => [call, topic])).toEqual([
    ["c2", undefined],
    ["c1", "Berths"],
  ]);
});

test("a call has the name of the conference that it keyed last, not of an earlier or a later one, and none that is not to be kept", async () => {
  const world = new PromptWorld();
  const [board, sales] = ["111", "222"] as [ConfKey, ConfKey];
  const keyed = { at: worldBegins + 4, digits: 3, conference: board };
  const locked = (conference: ConfKey) => ({ ...end(9, "locked"), conference });
  const topics = async () => (await world.page()).calls.map(({ call, topic }) => [call, topic]).sort();
  await world.directory.publish(aBatch({ key: board, running: { topic: "Board" } }));
  await world.directory.publish(aBatch({ key: sales, running: { topic: "Sales" } }));
  await world.keep(["c1", "c2", "c3"].map((name) => aCall(name, { unfinished: keyed })));
  await world.keep([aCall("c1", { end: locked(sales) }), aCall("c2", { end: end(9) })]);
  expect(await topics()).toEqual([
    ["c1", "Sales"],
    ["c2", undefined],
    ["c3", "Board"],
  ]);

  await world.time.pass(dayMs / 24);
  await world.directory.publish(
    aBatch({ key: board, records: [aConferenceRecord({ conference: board, createdAt: worldBegins })] }),
  );
  await world.directory.publish(aBatch({ key: board, running: { topic: "Another", createdAt: world.time.now } }));
  const ahead = { at: worldBegins + dayMs / 20 };
  const calls = [aCall("c4", { ...ahead, at: dayMs / 20, end: { ...locked(board), at: ahead.at + 9 } })];
  await world.directory.promptStore.keepPromptCalls(domain, {
    bridge: bridge as BridgeName,
    calls,
    aheadMs: dayMs / 20,
  });
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.keep([aCall("c5", { end: locked(sales) })]);
  expect((await topics()).slice(3)).toEqual([
    ["c4", undefined],
    ["c5", undefined],
  ]);
});
