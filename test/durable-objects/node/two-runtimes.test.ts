import { expect, test } from "vitest";
import { type LifePlace, Runtime } from "../../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import { LeasedDisk, leaseMs } from "../../../durable-objects/node/shared/leased-disk.ts";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import type { Whole } from "../../../durable-objects/platform/object-kinds.ts";
import { hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { Clock } from "../../kit/clock.ts";
import { MemoryDatabase, type Way } from "../../kit/memory-database.ts";

/** What leaves the process of an edge. */
type Left = string[];

const counter = (
  { sql, outside, after, beginEpochAfter }: LifePlace,
  left: Left,
  { epochKnown, connected }: { epochKnown(): number; connected(): Promise<void> },
) => ({
  know: () => beginEpochAfter(epochKnown()),
  add: () => {
    sql.exec("CREATE TABLE IF NOT EXISTS w (id INTEGER PRIMARY KEY)");
    sql.exec("INSERT INTO w VALUES (NULL)");
    return sql.exec("SELECT count(*) AS n FROM w")[0]?.n;
  },
  addLater: () => after(20, () => sql.exec("INSERT INTO w VALUES (NULL)")),
  count: () => sql.exec("SELECT count(*) AS n FROM w")[0]?.n,
  post: () => outside(async () => void left.push("post")),
  postSlowly: () =>
    outside(async (mayLeave) => {
      await connected();
      await mayLeave();
      left.push("post");
    }),
  pings: { ping: "ping", pong: "pong" },
  connect: (_: Headers, accept: () => RuntimeSocket) => void accept(),
  received: (socket: RuntimeSocket, text: string) => socket.send(`${text} heard`),
});

/** Two edges over one database, by one clock. */
class Two {
  readonly clock = new Clock(1_800_000_000_000);
  readonly database = new MemoryDatabase(this.clock);
  readonly lines: (LogLine & { readonly of: string })[] = [];
  /** Of each edge, whether the database hears it, and is heard. */
  readonly ways: Record<string, Way> = {};
  /** How long all processes were stopped, of which their timers know nothing. */
  stoodStillMs = 0;
  /** Half of what an answer of the database takes. */
  latencyMs = 1;
  /** The same of single questions. */
  readonly latenciesMs: Record<string, number> = {};
  /** What an agent says. */
  epochKnown = 0;
  /** To the server to which an edge posts. */
  readonly connection = Promise.withResolvers<void>();
  /** What each edge has asked the database. */
  readonly asked: string[] = [];
  #ids = 0;

  /** `clockAheadMs`: of its machine. */
  async start(name: string, clockAheadMs = 0) {
    let aheadMs = clockAheadMs;
    const { clock, connection } = this;
    const world = { epochKnown: () => this.epochKnown, connected: () => connection.promise };
    const left: Left = [];
    let asked = "";
    const log = (line: LogLine) => void this.lines.push({ ...line, of: name });
    const disk = new LeasedDisk({
      database: this.database.connect(
        (what) => {
          asked = what;
          this.asked.push(`${name} ${what}`);
          return this.ways[`${name} ${what}`] ?? this.ways[name] ?? "well";
        },
        () => this.latenciesMs[asked] ?? this.latencyMs,
      ),
      timers: clock,
      passedMs: () => clock.now + this.stoodStillMs,
      now: () => clock.now,
      log,
      settings: () => "",
      self: { name, life: `${name} ${++this.#ids}`, url: `http://${name}`, version: "1" },
    });
    const starting = Runtime.start({
      disk,
      log,
      newId: () => `id${++this.#ids}`,
      clock: {
        now: () => clock.now + aheadMs,
        notBefore: (time) => {
          aheadMs = Math.max(aheadMs, time - clock.now);
        },
        after: (ms, run) => clock.after(ms, run),
      },
      make: (_kind, _name, place) => counter(place, left, world) as unknown as Whole,
    });
    await clock.pass(50);
    const runtime = await starting;
    return { runtime, disk, left, ask: (method: string) => this.#ask(runtime, method) };
  }

  /** The answer as WebEx would hear it; `null`: none yet. */
  #ask(runtime: Runtime, method: string): { readonly said: unknown } {
    const gate = runtime.gate();
    const asked = { said: null as unknown };
    runtime
      .call("sessions", "one", method, [])
      .then(async (value) => {
        await gate();
        asked.said = value;
      })
      .catch((error: unknown) => {
        asked.said = String(error);
      });
    return asked;
  }
}

test("an edge whose clock is hours ahead takes over in doubt, and its peer goes on without once that is ended", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other", 20 * hourMs);
  one.ask("add");
  await two.clock.pass(1_000);
  expect([one.runtime.doubtMs, other.runtime.doubtMs]).toEqual([0, 0]);
  two.ways.one = "lost";
  await two.clock.pass(4 * leaseMs);
  const { doubtMs } = other.runtime;
  expect(Math.abs(doubtMs - 20 * hourMs)).toBeLessThan(minuteMs);

  two.ways.one = "well";
  two.ways.other = "lost";
  await two.clock.pass(4 * leaseMs);
  expect(one.runtime.doubtMs).toBe(doubtMs);
  one.runtime.heardTime(two.clock.now);
  expect(one.runtime.doubtMs).toBe(doubtMs);
  one.runtime.heardTime(two.clock.now + 20 * hourMs);
  await two.clock.pass(1_000);
  expect([one.runtime.fault, one.runtime.doubtMs]).toEqual([null, 0]);
  two.ways.other = "well";
  await two.clock.pass(1_000);
  expect(other.runtime.doubtMs).toBe(doubtMs);
  two.ways.one = "lost";
  await two.clock.pass(4 * leaseMs);
  expect([other.runtime.fault, other.runtime.doubtMs]).toEqual([null, 0]);
});

test("what the clock of an edge has skipped while it stood by is not in the state that it takes over", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  other.runtime.skipped(hourMs);
  two.ways.one = "lost";
  await two.clock.pass(4 * leaseMs);
  expect([other.runtime.fault, other.runtime.doubtMs, one.runtime.fault === null]).toEqual([null, 0, false]);
  other.runtime.skipped(minuteMs);
  expect(other.runtime.doubtMs).toBe(minuteMs);
});

test("an edge that takes over goes on with what the other one has skipped, also where it heard no answer to that", async () => {
  for (const way of ["well", "unheard"] as const) {
    const two = new Two();
    const one = await two.start("one");
    const other = await two.start("other");
    two.ways.one = "lost";
    await two.clock.pass(4 * leaseMs);
    other.runtime.skipped(hourMs);
    await two.clock.pass(1_000);
    Object.assign(two.ways, { one: "well", other: "lost", "one acquire": way });
    await two.clock.pass(4 * leaseMs);
    two.ways["one acquire"] = "well";
    await two.clock.pass(2 * leaseMs);
    expect([one.runtime.fault, one.runtime.doubtMs]).toEqual([null, hourMs]);
  }
});

test("an edge that had no database for minutes, and alone acts before and behind that, is in no doubt for it", async () => {
  const two = new Two();
  const one = await two.start("one");
  one.ask("add");
  await two.clock.pass(1_000);
  two.ways.one = "lost";
  await two.clock.pass(10 * minuteMs);
  expect(one.runtime.fault).not.toBeNull();
  two.ways.one = "well";
  await two.clock.pass(4 * leaseMs);
  expect([one.runtime.fault, one.runtime.doubtMs]).toEqual([null, 0]);
});

async function socketOf(runtime: Runtime, left: Left): Promise<RuntimeSocket> {
  const socket = runtime.acceptedBy(await runtime.connect("sessions", "one", new Headers()));
  if (!socket) throw new Error("there is no socket");
  socket.attach({ send: (text) => left.push(text), close: (code) => left.push(`closed ${code}`) });
  return socket;
}

test("the edge that stands by takes nothing, and goes on with all that was confirmed once the other one is dead", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  const first = one.ask("add");
  await two.clock.pass(10);
  expect([first.said, one.runtime.fault, other.runtime.fault]).toMatchObject([
    1,
    null,
    { standsBy: true, why: "one acts" },
  ]);
  const refused = other.ask("add");
  await two.clock.pass(10);
  expect(refused.said).toBe("Error: this edge stands by: one acts");
  // Its refusals leave at once, and ask nobody.
  for (let more = 0; more < 10; more += 1) await other.runtime.gate()();
  two.asked.length = 0;
  await two.clock.pass(1_000);
  const looks = two.asked.filter((what) => what === "other holding").length;
  expect([looks, two.asked.includes("other flush")]).toEqual([5, false]);

  two.ways.one = "lost"; // As a process that is dead.
  await two.clock.pass(leaseMs + 1_000);
  expect(other.runtime.fault).toBe(null);
  const second = other.ask("add");
  await two.clock.pass(10);
  expect(second.said).toBe(2);
  const events = two.lines.filter(({ of }) => of === "other");
  expect(events.map(({ event, why }) => [event, why])).toEqual([
    ["edge-stands-by", "one acts"],
    ["edge-acts", "silent"],
  ]);
});

/** What an edge is asked, and has to say, amid whatever there is. */
function busy({ runtime, ask }: Awaited<ReturnType<Two["start"]>>, socket: RuntimeSocket) {
  const asked = ask("count");
  void runtime.call("sessions", "one", "post", []).catch(() => {});
  socket.received("ping");
  socket.received("x");
  return asked;
}

test("an edge that stood still says nothing before it knows that it still acts", async () => {
  const two = new Two();
  const one = await two.start("one");
  const socket = await socketOf(one.runtime, one.left);
  one.ask("add");
  await two.clock.pass(10);
  two.stoodStillMs = leaseMs;
  const asked = busy(one, socket);
  await two.clock.pass(0);
  expect([asked.said, one.left]).toEqual([null, []]);
  await two.clock.pass(10);
  expect([asked.said, one.left.toSorted()]).toEqual([1, ["post", "x heard"]]);
});

test("an edge that stood still amid a flush says nothing of it before the next one", async () => {
  const two = new Two();
  const one = await two.start("one");
  const asked = one.ask("add");
  await two.clock.pass(0);
  two.stoodStillMs = leaseMs - 50; // The answer waits for the process.
  await two.clock.pass(2);
  expect([asked.said, two.database.holding.position]).toEqual([null, 1]);
  await two.clock.pass(5);
  expect(asked.said).toBe(1);
});

test("an edge that stood still while it connected posts once it knows that it still acts, and never where it was replaced", async () => {
  for (const isReplaced of [false, true]) {
    const two = new Two();
    const one = await two.start("one");
    const other = await two.start("other");
    one.ask("postSlowly");
    await two.clock.pass(10);
    two.stoodStillMs = leaseMs;
    if (isReplaced) two.database.holding = { ...two.database.holding, epoch: 9, holder: "other", life: "other 9" };
    two.connection.resolve();
    await two.clock.pass(0);
    expect(one.left).toEqual([]);
    await two.clock.pass(20);
    expect([one.left, other.runtime.fault?.why]).toEqual(isReplaced ? [[], "one acts"] : [["post"], "one acts"]);
  }
});

test("after both machines have slept, whoever acted goes on; one that is gone is replaced as soon as usual", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  for (const latencyMs of [1, 150]) {
    two.latencyMs = latencyMs;
    await two.clock.pass(1_000);
    two.stoodStillMs += hourMs;
    await two.clock.pass(2_000);
    expect([one.runtime.fault, other.runtime.fault?.why]).toEqual([null, "one acts"]);
  }
  two.ways.one = "lost";
  // Looks are at their slowest.
  two.latencyMs = 480;
  await two.clock.pass(leaseMs + 9_000);
  expect(other.runtime.fault).toBeNull();
});

test("what an edge has to say that was replaced never leaves", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  const socket = await socketOf(one.runtime, one.left);
  one.ask("add");
  await two.clock.pass(10);
  two.ways.one = "lost";
  await two.clock.pass(leaseMs - 50);
  const asked = busy(one, socket);
  await two.clock.pass(500);
  expect([asked.said, one.left, other.runtime.fault]).toEqual([null, [], null]);
  two.ways.one = "well";
  await two.clock.pass(3_000);
  expect(asked.said).toMatch(/^Error: /);
  expect(one.left).toEqual(["closed 1012"]);
  expect(one.runtime.fault).toMatchObject({ standsBy: true, why: "other acts" });
});

test("an edge that hands over has said all that it had confirmed, and the other one acts at once", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  const socket = await socketOf(one.runtime, one.left);
  await two.clock.pass(10);
  two.latencyMs = 30;
  await one.runtime.handOver(() => one.disk.handOver());
  await two.clock.pass(90);
  const asked = one.ask("add");
  socket.received("x");
  await two.clock.pass(20);
  const late = one.ask("add");
  await two.clock.pass(800);
  expect([asked.said, one.left]).toEqual([1, ["x heard", "closed 1012"]]);
  expect(late.said).toBe("Error: the edge hands over");
  two.latencyMs = 1;
  expect([one.runtime.fault, other.runtime.fault]).toMatchObject([{ standsBy: true }, null]);
  const later = other.ask("add");
  const refused = one.ask("add");
  await two.clock.pass(10);
  expect([later.said, refused.said]).toEqual([2, expect.stringContaining("this edge stands by")]);
  expect(two.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("a hand-over that the database does not hear is none, and the edge goes on", async () => {
  const two = new Two();
  const one = await two.start("one");
  await two.start("other");
  two.database.isAway = true;
  await one.runtime.handOver(() => one.disk.handOver());
  await two.clock.pass(500);
  two.database.isAway = false;
  await two.clock.pass(15_000);
  const asked = one.ask("add");
  await two.clock.pass(10);
  expect([two.database.holding.holder, asked.said]).toEqual(["one", 1]);
});

test("an agent that knows a later epoch has all begin anew in one behind it", async () => {
  const two = new Two();
  const one = await two.start("one");
  one.ask("add");
  await two.clock.pass(10);
  one.disk.beginAfter(41);
  const lost = one.ask("add");
  await two.clock.pass(1_000);
  expect([String(lost.said), one.disk.epoch, one.runtime.fault]).toEqual([
    expect.stringContaining("agents know the epoch 41"),
    42,
    null,
  ]);
  const again = one.ask("add");
  await two.clock.pass(10);
  expect(again.said).toBe(2);
  expect(two.lines.map(({ event }) => event)).toEqual(["edge-acts", "edge-acts"]);
});

test("an edge without anything to write stays the one that acts, and one that stops leaves at once", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  await two.clock.pass(60_000);
  expect([one.runtime.fault, other.runtime.fault]).toMatchObject([null, { standsBy: true }]);
  expect(two.database.holding).toMatchObject({ epoch: 1, holder: "one" });
  void one.runtime.stop();
  await two.clock.pass(500);
  expect([two.database.holding.holder, other.runtime.fault]).toEqual(["other", null]);
});

test.each([4, 10, 16])(
  "what is written %d ms into a hand-over makes no second probe: whoever acts again acts once",
  async (ms) => {
    const two = new Two();
    const one = await two.start("one");
    await two.start("other");
    Object.assign(two.latenciesMs, { load: 60, giveBack: 60 });
    one.ask("add");
    await two.clock.pass(500);
    await one.runtime.handOver(() => one.disk.handOver());
    await two.clock.pass(78 + ms);
    one.ask("addLater");
    await two.clock.pass(10_000);
    const { length } = two.lines;
    two.asked.length = 0;
    await two.clock.pass(2_000);
    expect(two.asked.filter((what) => what === "one holding").length).toBeLessThanOrEqual(10);

    two.ways.other = "lost";
    for (let passed = 0; one.runtime.fault && passed < 5_000; passed += 10) await two.clock.pass(10);
    const connecting = socketOf(one.runtime, one.left);
    await two.clock.pass(3_000);
    const socket = await connecting;
    socket.received("x");
    await two.clock.pass(100);
    expect(one.left.at(-1)).toBe("x heard");
    const acts = two.lines.slice(length).filter(({ event, of }) => event === "edge-acts" && of === "one");
    expect(acts).toMatchObject([{ why: "silent" }]);
  },
);

test("an edge that cannot read its state leaves the lease to the other one", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  one.ask("add");
  await two.clock.pass(1_000);
  two.ways["one load"] = "refused";
  one.disk.beginAfter(5);
  await two.clock.pass(5_000);
  expect([one.runtime.fault?.standsBy, other.runtime.fault]).toEqual([true, null]);
});

test("a state that takes longer than a lease to load is loaded once", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  one.ask("add");
  await two.clock.pass(100);
  two.latenciesMs.load = leaseMs;
  for (const name of ["one", "other"]) two.ways[name] = "refused";
  await two.clock.pass(3 * leaseMs);
  for (const name of ["one", "other"]) two.ways[name] = "well";
  const before = two.database.holding.epoch;
  await two.clock.pass(60_000);
  const acting = [one, other].filter(({ runtime }) => runtime.fault === null);
  expect([acting.length, two.database.holding.epoch - before]).toEqual([1, 1]);
});

test("a look at the state that the database never answers holds up no takeover", async () => {
  const two = new Two();
  const one = await two.start("one");
  one.ask("add");
  await two.clock.pass(100);
  two.ways["other check"] = "lost";
  const other = await two.start("other");
  two.ways.one = "lost";
  await two.clock.pass(5_000);
  expect(other.runtime.fault).toBe(null);
});

test("an edge that starts while the database is away begins once that is there", async () => {
  const two = new Two();
  two.database.isAway = true;
  const one = await two.start("one");
  expect(one.runtime.fault).toMatchObject({ standsBy: false, why: "the database is away" });
  two.database.isAway = false;
  await two.clock.pass(1_000);
  expect(one.runtime.fault).toBe(null);
});

test("a second hand-over amid the first one is refused, and the first one goes on", async () => {
  const two = new Two();
  const one = await two.start("one");
  const other = await two.start("other");
  two.latencyMs = 200;
  const handOver = () => one.runtime.handOver(() => one.disk.handOver());
  await handOver();
  await two.clock.pass(150);
  await expect(handOver()).rejects.toThrow("the edge hands over");
  await two.clock.pass(3_000);
  expect([one.runtime.fault?.standsBy, other.runtime.fault]).toEqual([true, null]);
});

test("a stop does not wait for a state that is being loaded", async () => {
  const two = new Two();
  const one = await two.start("one");
  two.latenciesMs.load = 20_000;
  one.disk.beginAfter(5);
  await two.clock.pass(1_000);
  expect(one.runtime.fault).not.toBe(null);
  let stopped = false;
  one.runtime.stop().then(() => {
    stopped = true;
  });
  await two.clock.pass(3_000);
  expect(stopped).toBe(true);
});

test("frames that come amid a hand-over are no error", async () => {
  const two = new Two();
  const one = await two.start("one");
  await two.start("other");
  const socket = await socketOf(one.runtime, one.left);
  two.latencyMs = 20;
  await one.runtime.handOver(() => one.disk.handOver());
  await two.clock.pass(105);
  socket.received("x");
  await two.clock.pass(300);
  expect(two.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("an agent raises the epoch ten times in a life, each time by four thousand million at most", async () => {
  const two = new Two();
  const one = await two.start("one");
  const know = async (epoch: number) => {
    two.epochKnown = epoch;
    one.ask("know");
    await two.clock.pass(1_000);
    return one.disk.epoch;
  };
  const most = 2 ** 32;
  // Whoever tells the truth is reached in steps.
  expect(await know(most + 100)).toBe(most + 2);
  expect(await know(most + 100)).toBe(most + 101);
  expect(await know(Number.MAX_SAFE_INTEGER)).toBe(2 * most + 102);
  for (let times = 4; times <= 10; times += 1) {
    const known = 2 * most + 200 + 2 * times;
    // Agents that come back together know the same one.
    for (let agent = 0; agent < 12; agent += 1) expect(await know(known)).toBe(known + 1);
  }
  expect(two.lines.filter(({ event }) => event === "epoch-refused")).toEqual([]);
  expect(await know(2 * most + 300)).toBe(2 * most + 221);
  expect(two.lines.filter(({ event }) => event === "epoch-refused")).toHaveLength(1);
});
