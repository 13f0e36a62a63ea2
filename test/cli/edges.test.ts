import { expect, test } from "vitest";
import { type EdgesFound, edgesText } from "../../cli/edge/edges.ts";
import { painted, plain } from "./view-examples.ts";

const one: EdgesFound["edges"][number] = {
  ...{ name: "one", url: "http://one", version: "1.0.0" },
  ...{ acts: true, silentMs: 0, behind: 0, fault: null },
};
const other = { ...one, name: "other", acts: false, silentMs: 700 };
const acting = { name: "one", since: 1_000, why: "silent", epoch: 7 } as const;

function text(more: Partial<typeof other> = {}, found: Partial<EdgesFound> = {}): readonly string[] {
  return edgesText({ role: "active", acting, edges: [one, { ...other, ...more }], ...found }, 61_000, plain);
}

test("who acts is said with since when and why, and how the other one is", () => {
  expect(text()).toEqual([
    "one has acted for 1 min 0 s, as the other one was silent (epoch 7)",
    "  one  http://one  1.0.0  acts",
    "  other  http://one  1.0.0  stands by, and has seen all",
  ]);
  expect(text({ behind: 1 }).at(-1)).toMatch(/stands by, 1 row behind$/);
  expect(text({ silentMs: 5_000 }).at(-1)).toMatch(/silent for 5\.0 s$/);
  expect(text({ fault: "its state cannot be read" }).at(-1)).toMatch(/stands by, but its state cannot be read$/);
});

test("that no edge acts, and that there is no other one, is said", () => {
  expect(text({}, { acting: null })[0]).toBe("no edge acts");
  expect(text({}, { edges: [one] }).at(-1)).toBe("  no other edge stands by");
  expect(text({}, { acting: null, edges: [] })).toEqual(["this edge shares its state with no other one"]);
});

test("what is wrong is red", () => {
  const [, acts, silent] = edgesText(
    { role: "active", acting, edges: [one, { ...other, silentMs: 9_000 }] },
    61_000,
    painted,
  );
  expect([acts, silent]).toEqual([expect.stringContaining("<green>acts</>"), expect.stringContaining("<red>silent")]);
});
