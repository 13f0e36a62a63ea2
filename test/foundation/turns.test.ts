import { expect, test } from "vitest";
import { Turns } from "../../src/foundation/time/turns.ts";
import { Clock } from "../kit/clock.ts";

test("turns come in order, no more at once than allowed, and those that wait too long get none", async () => {
  const time = new Clock();
  let most = 1;
  const turns = new Turns(time, () => most);
  const begun: string[] = [];
  const ask = (name: string, withinMs: number) =>
    turns.begin(withinMs).then((came) => begun.push(came ? name : `not ${name}`));

  void ask("first", 100);
  void ask("second", 100);
  void ask("third", 500);
  void ask("fourth", 500);
  void ask("too late", 0);
  await time.pass(0);
  expect(begun).toEqual(["first", "not too late"]);

  await time.pass(100);
  expect(begun).toEqual(["first", "not too late", "not second"]);

  most = 2;
  turns.end();
  await time.pass(1_000);
  expect(begun.slice(3)).toEqual(["third", "fourth"]);
});
