import { expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { FactFold } from "./fact-fold.ts";

const by = [{ type: "action", action: "a1", person: "Ann" }];

function judged(...facts: readonly object[]): () => void {
  const fold = new FactFold();
  fold.ask("a1", "mute");
  return () => {
    for (const fact of facts) fold.add(fact as Fact);
  };
}

test("a command or message may name an action that can lead to it, and no other", () => {
  const issued = (type: string) => ({ kind: "command-issued", command: "1", type, by });
  const queued = (type: string) => ({
    kind: "post-queued",
    transId: "t1",
    host: "tsp1",
    messages: [
      { type: "caller-entered", msgId: "n1" },
      { type, msgId: "n2", actions: ["a1"] },
    ],
  });

  expect(judged(issued("mute"), queued("caller-changed"))).not.toThrow();
  expect(judged(issued("close-room"))).toThrow("mute a1 has not led to");
  expect(judged(queued("caller-entered"))).toThrow("mute a1 has not led to");
  expect(judged({ ...issued("mute"), by: [] })).toThrow("nothing led to");
});
