import { expect, test } from "vitest";
import { type EdgesFound, edgesText, hasAlerts, untilActs } from "../../cli/edge/edges.ts";
import type { OperatorClient } from "../../cli/operator/operator-client.ts";
import { plain } from "./view-examples.ts";

const one: EdgesFound["edges"][number] = {
  name: "one",
  url: "http://one",
  version: "1.0.0",
  acts: true,
  silentMs: 0,
  behind: 0,
  fault: null,
};
const other = { ...one, name: "other", acts: false, silentMs: 700 };
const acting = { name: "one", since: 1_000, why: "silent", epoch: 7 } as const;

function text(more: Partial<typeof other> = {}, found: Partial<EdgesFound> = {}): readonly string[] {
  return edgesText({ role: "active", acting, edges: [one, { ...other, ...more }], ...found }, 61_000, plain);
}

test("shows which edge is active, since when and why, and how the other one is", () => {
  expect(text()).toEqual([
    "one has been active for 1 min 0 s: the other one was silent (epoch 7).",
    "EDGE   STATE                ADDRESS     VERSION",
    "one    active               http://one  1.0.0",
    "other  standby, up to date  http://one  1.0.0",
  ]);
  expect(text({}, { acting: null })[0]).toBe("No edge is active.");
  expect(text({}, { edges: [one] }).at(-1)).toBe("There is no standby edge.");
  expect(text({}, { acting: null, edges: [] })).toEqual(["This edge shares its state with no other one."]);
});

test("a hand-over is over once the other edge acts, or the first one again", async () => {
  const answers = (...holders: readonly (readonly [name: string, epoch: number] | null)[]) => {
    const left = [...holders];
    const ask = async () => {
      const next = left.shift();
      if (next === undefined) throw new Error("nobody answers");
      const [name, epoch] = next ?? [];
      return { role: "active", acting: next && { ...acting, name, epoch }, edges: [] };
    };
    return { ask: ask as unknown as OperatorClient["ask"] };
  };
  await untilActs(answers(["one", 7], null, ["other", 8]), "other", 7);
  await expect(untilActs(answers(["one", 7], null, ["one", 8]), "other", 7)).rejects.toThrow(
    "other did not take over; one is active again",
  );
});

test("commands end with 1 where no edge acts or stands by soundly, asked of either", () => {
  const found = { role: "standby", acting, edges: [one, other] } as const;
  expect(hasAlerts(found)).toBe(false);
  expect(hasAlerts({ ...found, edges: [] })).toBe(false);
  expect(hasAlerts({ ...found, acting: null })).toBe(true);
  expect(hasAlerts({ ...found, edges: [one, { ...other, fault: "its state cannot be read" }] })).toBe(true);
});
