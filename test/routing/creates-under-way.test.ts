import { beforeEach, expect, test } from "vitest";
import type { ConfKey, DomainName, ExtConfId } from "../../src/foundation/ids.ts";
import { CreatesUnderWay, createsOf } from "../../src/routing/creates-under-way.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { fakeObjects } from "../fake-objects.ts";
import { Clock } from "../kit/clock.ts";

const domain = "local" as DomainName;
let clock: Clock;
let limit: CreatesUnderWay;
let running: ConfKey[] | null;

beforeEach(() => {
  clock = new Clock(1_000);
  limit = new CreatesUnderWay(2);
  running = [];
});

const of = (...keys: string[]) => ({ domain, keys: keys as ConfKey[], mayWait: true });

/** Becomes true or false once the create enters or is refused; `null`: it waits. */
function admit(creates = of("1")): { isIn: boolean | null } {
  const areRunning = async (keys: readonly ConfKey[]) => {
    if (running === null) throw new Error("the directory is broken");
    return keys.some((key) => running?.includes(key));
  };
  const objects = fakeObjects({ directory: () => ({ areRunning }) });
  const now = () => clock.now;
  const admitted: { isIn: boolean | null } = { isIn: null };
  void limit.admit(creates, { objects, now, passedMs: now, after: (ms, run) => clock.after(ms, run) }).then((isIn) => {
    admitted.isIn = isIn;
  });
  return admitted;
}

async function admitted(key: string, passMs = 0): Promise<boolean | null> {
  const one = admit(of(key));
  await clock.pass(passMs);
  return one.isIn;
}

async function fill(): Promise<void> {
  expect([await admitted("1"), await admitted("2")]).toEqual([true, true]);
}

test("a create beyond the limit enters when another one is over", async () => {
  await fill();
  const third = admit(of("3"));
  await clock.pass(1_000);
  expect(third.isIn).toBe(null);
  limit.note(domain, "1" as ConfKey, false);
  await clock.pass(25);
  expect(third.isIn).toBe(true);
});

test("refuses after 2 s, and counts what it refused until a minute later", async () => {
  await fill();
  expect([await admitted("3", 1_950), limit.overload(clock.now)]).toEqual([null, null]);
  expect(await admitted("4", 2_000)).toBe(false);
  expect(limit.overload(clock.now)).toMatchObject({ count: 2 });
  await clock.pass(60_000);
  expect(limit.overload(clock.now)).toBe(null);
});

test("refuses at once while 128 documents wait", async () => {
  await fill();
  for (let count = 0; count < 128; count++) admit(of(`9${count}`));
  await clock.pass(0);
  expect(await admitted("3")).toBe(false);
});

test("enters a repeat, also while the first post waits", async () => {
  await fill();
  const waits = admit(of("3"));
  expect(await admitted("2")).toBe(true);
  limit.delivered(of("1"));
  await clock.pass(25);
  expect([waits.isIn, await admitted("3")]).toEqual([true, true]);
});

test.each([
  ["runs", ["3"], true],
  ["does not run", ["4"], null],
  ["may run, but the directory fails", null, null],
])("limits a create by whether its conference %s", async (_what, keys, isIn) => {
  running = keys as ConfKey[] | null;
  await fill();
  expect(await admitted("3")).toBe(isIn);
});

test("a delivered create keeps its place only if its conference committed it", async () => {
  await fill();
  limit.note(domain, "1" as ConfKey, true);
  for (const key of ["1", "2"]) limit.delivered(of(key));
  expect([await admitted("3"), await admitted("4")]).toEqual([true, null]);
});

test("forgets a create after 20 s", async () => {
  await fill();
  await clock.pass(19_900);
  const third = admit(of("3"));
  await clock.pass(0);
  expect(third.isIn).toBe(null);
  await clock.pass(125);
  expect(third.isIn).toBe(true);
});

const create = { type: "create-conference", extConfId: "7" as ExtConfId, confKey: "1" } as FromWebex;
const lock = (extConfId: string) => ({ type: "lock-conference", extConfId }) as object as FromWebex;

test.each([
  ["a request for another conference", [create, lock("8")], false],
  ["a request for the new conference", [lock("7"), create], true],
  ["an answer without a handle", [create, { type: "caller-named" } as FromWebex], false],
])("a create together with %s may wait or not", (_what, messages, mayWait) => {
  expect(createsOf(domain, messages)).toEqual({ domain, keys: ["1"], mayWait });
});
