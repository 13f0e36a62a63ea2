import { expect, test } from "vitest";
import { FairTurns } from "../../../../durable-objects/home/http/fair-turns.ts";

/** An event loop whose time and turns the test makes. */
function loop() {
  let now = 0;
  let due: (() => void)[] = [];
  const after: (() => void)[] = [];
  const begun: string[] = [];
  const dropped: string[] = [];
  const turns = new FairTurns({
    now: () => now,
    afterwards: (call) => void after.push(call),
    nextTurn: (call) => void due.push(call),
  });
  return {
    begun,
    passes: (ms: number) => {
      now += ms;
    },
    noteKnown: (address: string) => turns.noteKnown(address),
    dropped,
    /** Its answer takes so long. */
    ask: (address: string, ms = 0, name = address) =>
      turns.ask(address, {
        begin: () => {
          begun.push(name);
          now += ms;
        },
        drop: () => dropped.push(name),
      }),
    /** Returns how many calls waited for this turn. */
    turn(): number {
      const calls = due;
      due = [];
      for (const call of calls) {
        call();
        for (let next = after.shift(); next; next = after.shift()) next();
      }
      return calls.length;
    },
  };
}

test("what is asked within a millisecond begins at once; the rest begins in later turns, in its order", () => {
  const { ask, passes, turn, begun } = loop();
  ask("a", 0, "first");
  passes(0.9);
  ask("a", 0, "second");
  expect(begun).toEqual(["first", "second"]);
  passes(0.1);
  ask("a", 1, "third");
  ask("a", 1, "fourth");
  expect(begun).toHaveLength(2);
  turn();
  expect(begun).toEqual(["first", "second", "third"]);
  // What comes now is behind what waits.
  ask("a", 1, "fifth");
  turn();
  turn();
  expect(begun).toEqual(["first", "second", "third", "fourth", "fifth"]);
});

test("a turn begins what fits in a millisecond", () => {
  const { ask, passes, turn, begun } = loop();
  ask("a", 0);
  passes(1);
  for (let count = 0; count < 10; count += 1) ask("a", 0.4);
  turn();
  expect(begun).toHaveLength(1 + 3);
  turn();
  expect(begun).toHaveLength(1 + 6);
});

test("whoever asks behind a crowd waits for one request of each other network, and not for the crowd", () => {
  const { ask, passes, turn, begun } = loop();
  ask("crowd");
  passes(1);
  for (let count = 0; count < 100; count += 1) ask(`2001:db8::${count}`, 1, "crowd");
  for (const address of ["webex", "operator", "webex"]) ask(address, 1);
  for (let count = 0; count < 6; count += 1) turn();
  expect(begun).toEqual(["crowd", "crowd", "webex", "operator", "crowd", "webex", "crowd"]);
});

test("where nothing waits no turn is asked for, and the next request begins at once", () => {
  const { ask, passes, turn, begun } = loop();
  ask("a");
  passes(5);
  ask("b");
  expect([turn(), turn(), turn()]).toEqual([1, 1, 0]);
  ask("c");
  expect(begun).toEqual(["a", "b", "c"]);
});

test("beside a thousand networks, one that has shown a secret has every second turn", () => {
  const { ask, noteKnown, passes, turn, begun } = loop();
  noteKnown("2001:db8:1::7");
  ask("a");
  passes(1);
  for (let count = 0; count < 1_000; count += 1) ask(`192.0.${count >> 8}.${count & 255}`, 1, "stranger");
  for (let count = 0; count < 3; count += 1) ask("2001:db8:1::8", 1, "webex");
  for (let count = 0; count < 7; count += 1) turn();
  const inTurns = ["webex", "stranger", "webex", "stranger", "webex", "stranger", "stranger"];
  expect(begun).toEqual(["a", ...inTurns]);
});

test("of too many that wait, the oldest one goes of the network that has the most; a known network's is the last", () => {
  const { ask, noteKnown, passes, turn, begun, dropped } = loop();
  noteKnown("webex");
  ask("a");
  passes(1);
  for (let count = 0; count < 1_996; count += 1) ask("webex");
  ask("few");
  for (const name of ["crowd's first", "crowd's second", "crowd's third"]) ask("crowd", 0, name);
  expect(dropped).toEqual([]);
  ask("few");
  expect(dropped).toEqual(["crowd's first"]);
  for (let count = 0; count < 4; count += 1) ask("webex");
  expect(dropped.slice(1).sort()).toEqual(["crowd's second", "crowd's third", "few", "few"]);
  ask("webex");
  expect(dropped.at(-1)).toBe("webex");
  passes(1);
  turn();
  expect(begun).toHaveLength(1 + 2_000);
  expect(begun.at(-1)).toBe("webex");
});

test("of networks that have shown a secret, the latest ten thousand are known", () => {
  const { ask, noteKnown, passes, turn, begun } = loop();
  for (const address of ["first", "second", "first"]) noteKnown(address);
  for (let count = 0; count < 9_999; count += 1) noteKnown(`network ${count}`);
  ask("a");
  passes(1);
  for (const address of ["stranger", "second", "first"]) ask(address, 1);
  for (let count = 0; count < 3; count += 1) turn();
  expect(begun).toEqual(["a", "first", "stranger", "second"]);
});

test("of many networks none loses a request to one that asks too much", () => {
  const { ask, passes, dropped } = loop();
  ask("a");
  passes(1);
  for (let count = 0; count < 200; count += 1) ask(`network ${count}`);
  for (let count = 0; count < 5_000; count += 1) ask("crowd");
  expect(dropped).toHaveLength(3_200);
  expect(new Set(dropped)).toEqual(new Set(["crowd"]));
});

test("what a network asked before it was known comes before what it asks then", () => {
  const { ask, noteKnown, passes, turn, begun } = loop();
  ask("a");
  passes(1);
  for (let count = 0; count < 9; count += 1) ask(`network ${count}`, 1, "stranger");
  for (const name of ["first", "second"]) ask("webex", 1, name);
  noteKnown("webex");
  ask("webex", 1, "third");
  for (let count = 0; count < 5; count += 1) turn();
  expect(begun).toEqual(["a", "first", "stranger", "second", "stranger", "third"]);
});

test("in Node's own turns each begins behind all that the one before it does at once, some in one turn", async () => {
  const turns = new FairTurns();
  const said: string[] = [];
  let turn = 0;
  const look = () => {
    turn += 1;
    if (said.length < 40) setImmediate(look);
  };
  setImmediate(look);
  const beganIn = new Set<number>();
  turns.ask("a", { begin: () => {}, drop: () => {} });
  const until = performance.now() + 1;
  while (performance.now() < until);
  for (let count = 0; count < 20; count += 1) {
    const begin = async () => {
      said.push(`begins ${count}`);
      beganIn.add(turn);
      for (let step = 0; step < 5; step += 1) await Promise.resolve();
      said.push(`ends ${count}`);
    };
    turns.ask("a", { begin: () => void begin(), drop: () => {} });
  }
  await expect.poll(() => said.length).toBe(40);
  expect(said).toEqual(Array.from({ length: 20 }, (_, count) => [`begins ${count}`, `ends ${count}`]).flat());
  expect(beganIn.size).toBeLessThan(20);
});
