import { expect, test } from "vitest";
import type { CallId } from "../../src/foundation/ids.ts";
import { AgentWorld, admitting, anyNumber, create } from "./agent-world.ts";

/** An active agent that lets three callers into the prompt. */
function world(): AgentWorld {
  const world = new AgentWorld({ ...anyNumber, promptCalls: 3 });
  world.react = admitting;
  world.connect();
  world.command("create", create);
  world.settle();
  return world;
}

/** Callers who arrive in turn and enter these digits. */
function arrive(world: AgentWorld, digits: readonly string[]): readonly CallId[] {
  return digits.map((keys, place) => {
    const call = world.machine.dialIn(`1408555000${place}`, keys);
    world.pass(1_000);
    return call;
  });
}

test.each([
  ["the longest waiting one", ["", "", "", ""], 0],
  ["the longest waiting one without a digit", ["9", "", "", ""], 1],
])("disconnects the caller beyond the limit: %s", (_, digits, place) => {
  const own = world();
  const calls = arrive(own, digits);

  const left = calls.filter((call) => own.machine.world.calls.get(call)?.stage === "prompted");

  expect(left).toEqual(calls.filter((_, other) => other !== place));
  expect(own.policyActs).toEqual(["prompt-calls"]);
  const gone = calls[place] as CallId;
  expect(own.promptCalls.get(gone)?.end?.why).toBe("crowded");
  expect(own.announced).not.toContain(`${gone} goodbye`);
  expect(own.notes.filter((note) => note.includes("`policy.promptCalls`"))).toHaveLength(1);
});

test("disconnects no caller who has entered a digit", () => {
  const own = world();
  const calls = arrive(own, ["9", "9", "9", "9"]);

  expect(calls.map((call) => own.machine.world.calls.get(call)?.stage)).toEqual(Array(4).fill("prompted"));
});

test("counts callers whom a takeover finds in the prompt", () => {
  const own = world();
  own.loseBridge();
  const calls = [1, 2, 3, 4].map((place) => own.machine.dialIn(`1408555000${place}`, ""));
  own.connectBridge();
  own.settle();

  expect(calls.filter((call) => own.machine.world.calls.get(call)?.stage === "prompted")).toHaveLength(3);
});
