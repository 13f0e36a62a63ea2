import { expect, test } from "vitest";
import type { ConfKey, DomainName, ExtConfId } from "../../src/foundation/ids.ts";
import { HandleCache } from "../../src/routing/handles.ts";

const domain = "local" as DomainName;
const handle = (name: string) => name as ExtConfId;
const key = (name: string) => name as ConfKey;

test("a handle is known in its domain only, until its time is up", () => {
  const cache = new HandleCache({ entries: 10, ageMs: 1_000 });
  cache.set(domain, handle("1"), key("A"), 5_000);

  expect(cache.get(domain, handle("1"), 5_999)).toBe("A");
  expect(cache.get(domain, handle("1"), 6_000)).toBeUndefined();
  expect(cache.get("other" as DomainName, handle("1"), 5_000)).toBeUndefined();
});

test("a full cache drops what was set longest ago", () => {
  const cache = new HandleCache({ entries: 2, ageMs: 1_000 });
  cache.set(domain, handle("1"), key("A"), 0);
  cache.set(domain, handle("2"), key("B"), 0);
  cache.set(domain, handle("1"), key("C"), 0);
  cache.set(domain, handle("3"), key("D"), 0);

  expect(["1", "2", "3"].map((name) => cache.get(domain, handle(name), 0))).toEqual(["C", undefined, "D"]);
});
