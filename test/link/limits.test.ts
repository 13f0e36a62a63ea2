import { expect, test } from "vitest";
import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";
import { AgentBudget, MAX_DIGESTS } from "../../src/link/limits.ts";
import { type AgentToEdge, MAX_MESSAGE_LENGTH } from "../../src/link/messages.ts";

const conference = "555111222" as ConfKey;
const ping = { type: "ping", nonce: "n" } as const;
const event = { type: "event", event: { type: "conference-ended" } } as const;
const digests = (count: number): AgentToEdge => {
  return { type: "digests", epoch: 1, digests: Array.from({ length: count }, () => ({ conference, digest: "d" })) };
};

test("an agent may ping for ever, and not flood", () => {
  const budget = new AgentBudget(0);
  for (let at = 0; at < 3_600_000; at += 1_000) expect(budget.allowsMessage(ping, at)).toBe(true);

  const flood = Array.from({ length: 100 }, () => budget.allowsMessage(ping, 3_600_000));
  expect(flood.filter((allowed) => allowed)).toHaveLength(20);
});

test("a failover of 3,000 conferences, a snapshot of 20,000 callers and the digests of 5,000 conferences are allowed", () => {
  const budget = new AgentBudget(0);
  const reports = { type: "reports", epoch: 1, conference, stream: "s" as StreamId } as const;
  for (let count = 0; count < 3_000; count += 1) {
    expect(budget.allowsText(2_000, 0)).toBe(true);
    expect(budget.allowsMessage({ ...reports, reports: [{ number: 1, report: event }] }, 0)).toBe(true);
    expect(budget.allowsText(200, 0)).toBe(true);
  }
  expect(budget.allowsText(MAX_MESSAGE_LENGTH, 0)).toBe(true);
  for (let minute = 1; minute < 60; minute += 1) {
    for (let sent = 0; sent < 5_000; sent += MAX_DIGESTS)
      expect(budget.allowsMessage(digests(MAX_DIGESTS), minute * 60_000)).toBe(true);
  }
});

test("more messages, or longer ones, than honest agents send are refused", () => {
  const refusedAfter = (length: number) => {
    const budget = new AgentBudget(0);
    for (let count = 0; count < 100_000; count += 1) if (!budget.allowsText(length, 0)) return count;
    return null;
  };

  expect(refusedAfter(100)).toBe(10_000);
  expect(refusedAfter(MAX_MESSAGE_LENGTH)).toBe(8);
});

test("a message with more in it than any agent's is refused", () => {
  const budget = new AgentBudget(0);
  const number = 1;
  const reports = Array.from({ length: 1_001 }, () => ({ number, report: event }));
  const ids = Array.from({ length: 20_001 }, () => "o1" as CommandId);

  expect(budget.allowsMessage(digests(MAX_DIGESTS + 1), 0)).toBe(false);
  expect(budget.allowsMessage({ type: "reports", epoch: 1, conference, stream: "s" as StreamId, reports }, 0)).toBe(
    false,
  );
  expect(budget.allowsMessage({ type: "commands-ack", conference, ids }, 0)).toBe(false);
});

test("digests that come again and again are refused: each wakes an object", () => {
  const budget = new AgentBudget(0);
  const answers = Array.from({ length: 30 }, () => budget.allowsMessage(digests(MAX_DIGESTS), 0));

  expect(answers.lastIndexOf(true)).toBe(19);
});
