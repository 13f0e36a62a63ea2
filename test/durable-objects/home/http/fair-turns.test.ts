import { expect, test } from "vitest";
import { FairTurns } from "../../../../durable-objects/home/http/fair-turns.ts";

/** An event loop whose time and turns the test makes. */
function loop() {
  let now = 0;
  let calls: (() => void)[] = [];
  const begun: string[] = [];
  const turns = new FairTurns({ now: () => now, nextTurn: (call) => void calls.push(call) });
  return {
    begun,
    passes: (ms: number) => {
      now += ms;
    },
    /** Returns how its connection closes. */
    ask(address: string, name = address): () => void {
      let close = () => {};
      const turn = turns.turn(address, (left) => {
        close = left;
      });
      if (turn) void turn.then(() => begun.push(name));
      else begun.push(name);
      return () => close();
    },
    /** How many calls waited for this turn. */
    async turn(): Promise<number> {
      const due = calls;
      calls = [];
      for (const call of due) call();
      await Promise.resolve();
      return due.length;
    },
  };
}

test("what is asked within a millisecond begins at once; what comes later begins in turns of its own, in its order", async () => {
  const { ask, passes, turn, begun } = loop();
  ask("a", "first");
  passes(0.9);
  ask("a", "second");
  expect(begun).toEqual(["first", "second"]);
  passes(0.1);
  ask("a", "third");
  ask("a", "fourth");
  expect(begun).toHaveLength(2);
  await turn();
  expect(begun).toEqual(["first", "second", "third"]);
  // What comes now is behind what waits.
  ask("a", "fifth");
  await turn();
  await turn();
  expect(begun).toEqual(["first", "second", "third", "fourth", "fifth"]);
});

test("whoever asks behind a crowd waits for one request of each other address, and not for the crowd", async () => {
  const { ask, passes, turn, begun } = loop();
  ask("crowd");
  passes(1);
  for (let count = 0; count < 100; count += 1) ask(`2001:db8::${count}`, "crowd");
  ask("webex");
  ask("operator");
  ask("webex");
  for (let count = 0; count < 6; count += 1) await turn();
  expect(begun).toEqual(["crowd", "crowd", "webex", "operator", "crowd", "webex", "crowd"]);
});

test("where nothing waits no turn is asked for, and the next request begins at once", async () => {
  const { ask, passes, turn, begun } = loop();
  ask("a");
  passes(5);
  ask("b");
  expect(await turn()).toBe(1);
  expect(await turn()).toBe(1);
  expect(await turn()).toBe(0);
  ask("c");
  expect(begun).toEqual(["a", "b", "c"]);
});

test("what waited over a connection that closes does not begin, and takes nobody's turn", async () => {
  const { ask, passes, turn, begun } = loop();
  ask("a");
  passes(1);
  const first = ask("crowd", "first of the crowd");
  const second = ask("crowd", "second of the crowd");
  ask("b");
  first();
  second();
  await turn();
  expect(begun).toEqual(["a", "b"]);
  second();
  await turn();
  expect(await turn()).toBe(0);
  const begins = ask("c");
  begins();
  expect(begun).toEqual(["a", "b", "c"]);
});
