import { afterEach, expect, test } from "vitest";
import { isAgreed } from "../../cli/operator/agreement.ts";

const question = "Mute 301 callers?";

afterEach(() => {
  process.exitCode = undefined;
});

test.each<[typed: string, agreed: boolean]>([
  ...(["y", "Y", "yes", " Yes "] as const).map((typed): [string, boolean] => [typed, true]),
  ...(["", "n", "no", "yy", "mara"] as const).map((typed): [string, boolean] => [typed, false]),
])("who answers %j at a terminal has agreed: %s", async (typed, agreed) => {
  const [asked, notes]: [string[], string[]] = [[], []];
  const ask = async (text: string) => {
    asked.push(text);
    return typed;
  };

  expect(await isAgreed(question, { ask, note: (line) => notes.push(line) })).toBe(agreed);
  expect(asked).toEqual(["Mute 301 callers? [y/N] "]);
  expect([notes, process.exitCode]).toEqual(agreed ? [[], undefined] : [["Nothing was done."], 1]);
});

test("asks nothing without a terminal", async () => {
  const note = () => expect.unreachable();
  expect(await isAgreed(question, { ask: null, note })).toBe(true);
});

test("what touches one caller asks nobody", async () => {
  const unasked = async () => Promise.reject(new Error("asked"));
  expect(await isAgreed(null, { ask: unasked, note: unasked })).toBe(true);
});
