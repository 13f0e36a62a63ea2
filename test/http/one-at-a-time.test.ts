import { expect, test } from "vitest";
import { OneAtATime } from "../../src/http/one-at-a-time.ts";

test("one person's questions wait for one another, a few of them; another's do not, and a failure ends no queue", async () => {
  const turns = new OneAtATime(2);
  const begun: string[] = [];
  const works = new Map<string, PromiseWithResolvers<string>>();
  const ask = (person: string, name: string) => {
    const work = Promise.withResolvers<string>();
    works.set(name, work);
    return turns
      .run(person, () => {
        begun.push(name);
        return work.promise;
      })
      .catch(() => "failed");
  };
  const soon = () => new Promise((next) => setImmediate(next));
  const [first, second, third] = ["a1", "a2", "a3"].map((name) => ask("anna", name));
  expect(await ask("anna", "a4")).toBeNull();
  void ask("boris", "b1");
  await soon();
  expect(begun).toEqual(["a1", "b1"]);

  works.get("a1")?.reject(new Error("it failed"));
  expect(await first).toBe("failed");
  await soon();
  expect(begun).toEqual(["a1", "b1", "a2"]);
  works.get("a2")?.resolve("answered");
  expect(await second).toBe("answered");
  works.get("a3")?.resolve("answered");
  expect(await third).toBe("answered");
  void ask("anna", "a5");
  await soon();
  expect(begun.slice(3)).toEqual(["a3", "a5"]);
});
