import { expect, test } from "vitest";
import { type Attempt, Deliveries, type Delivery, heads } from "../../src/delivery/deliveries.ts";

/** Rows `a1`, `a2` … of receiver `a`, and what has become of them. */
class World {
  now = 1_000;
  rows: Delivery<string>[] = [];
  readonly begun: string[] = [];
  readonly broken: string[] = [];
  readonly attempts = new Map<string, Attempt & { end(error?: Error): void }>();
  readonly deliveries = new Deliveries<string>({
    now: () => this.now,
    attempt: (row, attempt) => {
      this.begun.push(row);
      return new Promise((resolve, reject) => {
        this.attempts.set(row, Object.assign(attempt, { end: (error?: Error) => (error ? reject(error) : resolve()) }));
      });
    },
    goOn: () => this.begin(),
    broke: (row, error) => this.broken.push(`${row} ${error}`),
  });

  constructor(...rows: readonly (string | Partial<Delivery<string>>)[]) {
    this.rows = rows.map((one) => aDelivery(typeof one === "string" ? { row: one } : one));
  }

  begin(): number | null {
    return this.deliveries.begin(this.rows);
  }

  async ends(row: string, error?: Error): Promise<void> {
    if (!error) this.rows = this.rows.filter((one) => one.row !== row);
    this.attempts.get(row)?.end(error);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

function aDelivery({ row = "a1", ...more }: Partial<Delivery<string>>): Delivery<string> {
  const [receiver = ""] = row;
  return { row, id: row, receiver, lane: receiver, dueAt: 0, ...more };
}

test("the rows of a receiver go in order, one at a time, and those of others beside them", async () => {
  const world = new World("a1", "a2", "b1");
  world.begin();
  world.begin();
  expect(world.begun).toEqual(["a1", "b1"]);
  await world.ends("a1");
  expect(world.begun).toEqual(["a1", "b1", "a2"]);
});

test("a row that is not due holds up those behind it, and it is said in how long it is", () => {
  const world = new World({ row: "a1", dueAt: 1_300 }, "a2", { row: "b1", dueAt: 1_200 });
  expect(world.begin()).toBe(200);
  expect(world.begun).toEqual([]);
  expect(world.deliveries.nextDue(world.rows)).toBe(1_200);
  world.now = 1_200;
  expect(world.begin()).toBe(100);
  expect(world.begun).toEqual(["b1"]);
});

test("where nothing waits for its time, nobody is to come back", () => {
  const world = new World();
  expect(world.begin()).toBeNull();
  expect(world.deliveries.nextDue(world.rows)).toBeNull();
  const due = new World("a1");
  expect(due.begin()).toBeNull();
  expect(due.begun).toEqual(["a1"]);
});

test("a pause that was over when the disk worked makes the next one no longer", async () => {
  const world = new World("a1");
  world.begin();
  await world.ends("a1", new Error("full"));
  world.now += 1_000;
  world.begin();
  world.deliveries.works();
  await world.ends("a1", new Error("full"));
  expect(world.begin()).toBe(1_000);
});

test("lanes of one receiver do not wait for each other, and a row that changes its lane waits for what is under way there", async () => {
  const world = new World("a1", { row: "a2", lane: "a, second" });
  world.begin();
  expect(world.begun).toEqual(["a1", "a2"]);
  world.rows = [aDelivery({ row: "a0", lane: "a, second" }), ...world.rows];
  world.begin();
  expect(world.begun).toEqual(["a1", "a2"]);
  await world.ends("a2");
  expect(world.begun).toEqual(["a1", "a2", "a0"]);
});

test("what is under way is due when its attempt is over at the latest", () => {
  const world = new World("a1");
  world.begin();
  const attempt = world.attempts.get("a1");
  expect(world.deliveries.nextDue(world.rows)).toBe(0);
  if (attempt) attempt.overAt = 9_000;
  expect(world.deliveries.nextDue(world.rows)).toBe(9_000);
});

test("a row that is withdrawn is told, and no other", () => {
  const world = new World("a1", "b1");
  world.begin();
  world.deliveries.keepOnly(new Set(["b1"]));
  expect(["a1", "b1"].map((row) => world.attempts.get(row)?.signal.aborted)).toEqual([true, false]);
});

test("an error of our own pauses its receiver, for longer and longer, until the disk works", async () => {
  const world = new World("a1", "b1");
  const waits: (number | null)[] = [];
  world.begin();
  for (let failure = 0; failure < 8; failure += 1) {
    await world.ends("a1", new Error("full"));
    const waitMs = world.begin();
    waits.push(waitMs);
    world.now += waitMs ?? 0;
    world.begin();
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(world.broken).toHaveLength(8);
  expect(world.broken[0]).toBe("a1 Error: full");
  expect(world.begun).toContain("b1");

  await world.ends("a1", new Error("full"));
  world.deliveries.works();
  expect(world.begin()).toBe(1_000);
  world.now += 1_000;
  world.begin();
  await world.ends("a1", new Error("full"));
  // The next error is the first one again.
  expect(world.begin()).toBe(1_000);
});

test("an attempt that asks for the next ones at once begins none twice", () => {
  const begun: string[] = [];
  const rows = [aDelivery({ row: "a1" }), aDelivery({ row: "b1" })];
  const deliveries: Deliveries<string> = new Deliveries<string>({
    now: () => 0,
    attempt: async (row) => {
      begun.push(row);
      deliveries.begin(rows);
      await new Promise(() => {});
    },
    goOn: () => {},
    broke: () => {},
  });
  deliveries.begin(rows);
  expect(begun).toEqual(["a1", "b1"]);
});

test("what breaks while the next ones are begun is said, and ends nothing else", async () => {
  const broken: unknown[] = [];
  const deliveries = new Deliveries<string>({
    now: () => 0,
    attempt: async () => {},
    goOn: () => {
      throw new Error("no rows");
    },
    broke: (_, error) => broken.push(String(error)),
  });
  deliveries.begin([aDelivery({})]);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  expect(broken).toEqual(["Error: no rows"]);
  expect(deliveries.isUnderWay("a1")).toBe(false);
});

test("the first of each lane is its head", () => {
  expect(heads(["b2", "a1", "b1"].map((row) => aDelivery({ row }))).map(({ row }) => row)).toEqual(["b2", "a1"]);
});
