import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { NotTestable } from "../player/outcome.ts";
import { MemoryPorts } from "../ports-memory.ts";
import { ReferenceAdapter } from "../reference/adapter.ts";
import type { DefectName } from "../reference/defects.ts";
import { run } from "../run.ts";
import { TelephonesByHand } from "../telephones/by-hand.ts";

/** A person who answers so, the first pattern that fits; Enter to everything else. What was asked stands in `asked`. */
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

async function played(id: string, telephones: TelephonesByHand, ...defects: DefectName[]) {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports, defects).start("adapter:80", "bridge:80");
  const options = { adapterUrl: `http://${adapter}/`, listen: ["webex1:80", "webex2:80"], atOnce: 1 };
  const times = { patienceMs: 20_000, quietMs: 300, muteKeys: "*6", mergeKeys: "*1" };
  const clauses = allClauses.filter((clause) => clause.id === id);
  const [result] = await ports.run(run(ports, telephones, clauses, { ...options, ...times }));
  if (!result) throw new Error(`there is no clause ${id}`);
  return result;
}

test("only numbers of the person are called, in turn", async () => {
  const { asked, telephones } = person(["1-408-5550123", "44-20-79460000"]);

  const { outcome, trace } = await played("4.3b", telephones);

  expect(outcome).toBe("passed");
  const callout = trace.find(({ title }) => title.startsWith("W2A_Callout"))?.body;
  expect(callout).toMatch(/<CountryCode>1<.*<AreaCode>408<.*<LocalNumber>5550123</s);
  expect(asked[0]).toContain("Press Enter, then telephone 1-408-5550123 rings: pick up.");
  expect(await telephones.number("busy", 50)).toEqual(["44", "20", "79460000"]);
  expect(await telephones.number("reject", 50)).toEqual(["1", "408", "5550123"]);
});

test("a number that nobody has is typed by the person, never made up", async () => {
  const { asked, telephones } = person(["1-408-5550123"], [/nobody has/, "5550199", "1-408-5550199", "s"]);

  expect(await telephones.number("invalid", 50)).toEqual(["1", "408", "5550199"]);
  expect(asked).toHaveLength(2);
  await expect(telephones.number("invalid", 50)).rejects.toThrow(NotTestable);
});

test("whether a cancelled call still rings is asked anew", async () => {
  const answers = [/^Did telephone/, "y"] as const;
  const silent = person(["1-408-5550123"], answers, [/^Does telephone/, "n"]);
  const ringing = person(["1-408-5550123"], answers, [/^Does telephone/, "y"]);

  expect(await played("4.5", silent.telephones)).toMatchObject({ outcome: "passed" });
  expect(await played("4.5", ringing.telephones)).toMatchObject({ why: expect.stringContaining("still rings") });
  expect(silent.asked.filter((question) => question.startsWith("Did"))).toHaveLength(1);
});

test("whether a repeated call-out rang again is asked", async () => {
  const answers = [/ring\? Wait/, "y"] as const;
  const once = person(["1-408-5550123"], answers, [/ring again/, "n"]);
  const twice = person(["1-408-5550123"], answers, [/ring again/, "y"]);

  expect(await played("T38b", once.telephones)).toMatchObject({ outcome: "passed" });
  expect(await played("T38b", twice.telephones)).toMatchObject({ why: expect.stringContaining("rang again") });
});

test("who has hung up is not asked to do so again", async () => {
  const { asked, telephones } = person([]);

  const call = await telephones.dialIn("", "987#44#");
  await telephones.hangUp(call);
  await telephones.hangUp(call);

  expect(asked).toEqual([
    "As caller A: dial in, and key 987# then 44# when you are asked. Then press Enter (s: cannot be done).",
    "As caller A: hang up, if the call is up. Then press Enter (s: cannot be done).",
  ]);
});

test("a person may say that it cannot be said", async () => {
  const { telephones } = person([], [/still up/, "y", "s"], [/hear/, "what?", "n", "o"]);

  expect(await telephones.isUp("caller A")).toBe(true);
  expect(await telephones.hears("caller A", "caller B")).toBe("silent");
  expect(await telephones.hears("caller A", "caller B")).toBe("over");
  await expect(telephones.isUp("caller A")).rejects.toThrow(NotTestable);
  expect(telephones.cannot("answer calls")).toContain("--callee");
  expect(telephones.cannot("many calls at once")).toContain("51");
});
