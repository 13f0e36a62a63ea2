import { expect, test } from "vitest";
import { NotTestable } from "../player/outcome.ts";
import { TelephonesByHand } from "../telephones/by-hand.ts";

/** A tester who answers by the first pattern that fits, and with Enter otherwise. */
function person(numbers: readonly string[], ...answers: readonly (readonly [RegExp, ...string[]])[]) {
  const asked: string[] = [];
  const left = answers.map(([question, ...said]) => ({ question, said }));
  const ask = async (question: string) => {
    asked.push(question);
    const fits = left.find((one) => one.question.test(question));
    return (fits && (fits.said.length > 1 ? fits.said.shift() : fits.said[0])) ?? "";
  };
  return { asked, telephones: new TelephonesByHand(ask, numbers, 20_000) };
}

test("calls only the tester's numbers, in turn", async () => {
  const { asked, telephones } = person(["1-408-5550123", "44-20-79460000"]);

  expect(await telephones.number("answer", 50)).toEqual(["1", "408", "5550123"]);
  expect(await telephones.number("busy", 50)).toEqual(["44", "20", "79460000"]);
  expect(await telephones.number("reject", 50)).toEqual(["1", "408", "5550123"]);
  expect(asked[0]).toContain("Press Enter. Then telephone 1-408-5550123 rings. Pick up.");
});

test("asks for an unassigned number", async () => {
  const { asked, telephones } = person(["1-408-5550123"], [/unassigned/, "5550199", "1-408-5550199", "s"]);

  expect(await telephones.number("invalid", 50)).toEqual(["1", "408", "5550199"]);
  expect(asked).toHaveLength(2);
  await expect(telephones.number("invalid", 50)).rejects.toThrow(NotTestable);
});

test("asks if a telephone still rings, and if it rang again", async () => {
  const said = [[/\? Wait/, "y"] as const, [/^Does telephone/, "n"] as const, [/ring again/, "y"] as const];
  const { telephones } = person(["1-408-5550123"], ...said);
  const number = await telephones.number("answer", 50);

  const call = (await telephones.called(number)) ?? "";
  expect(call).toBe("telephone 1-408-5550123");
  expect(await telephones.called(number)).toBe(null);
  expect(await telephones.calledAgain(number, call)).toBe(true);
});

test("asks a tester to hang up only once", async () => {
  const { asked, telephones } = person([]);

  const call = await telephones.dialIn("", "987#44#");
  await telephones.hangUp(call);
  await telephones.hangUp(call);

  expect(asked).toEqual([
    "As caller A: dial in, and enter 987# then 44# when asked. Then press Enter (s: not possible).",
    "As caller A: hang up, if the call is up. Then press Enter (s: not possible).",
  ]);
});

test("treats the answer s as not testable", async () => {
  const { telephones } = person([], [/still up/, "y", "s"], [/hear/, "what?", "n", "o"]);

  expect(await telephones.isUp("caller A")).toBe(true);
  expect(await telephones.hears("caller A", "caller B")).toBe("silent");
  expect(await telephones.hears("caller A", "caller B")).toBe("over");
  await expect(telephones.isUp("caller A")).rejects.toThrow(NotTestable);
  expect(telephones.cannot("be called")).toContain("--callee");
});
