import { expect, test } from "vitest";
import type { CallId, CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";
import { AgentBudget, type AgentToEdge, MAX_MESSAGE_LENGTH } from "../../src/link/messages.ts";

const conference = "555111222" as ConfKey;
const maxDigests = 500;
const event = { type: "event", event: { type: "conference-ended" } } as const;
const digests = (count: number): AgentToEdge => {
  return { type: "digests", epoch: 1, digests: Array.from({ length: count }, () => ({ conference, digest: "d" })) };
};

test("allows the failover of 3,000 conferences and 5,000 digests a minute", () => {
  const budget = new AgentBudget();
  const reports = { type: "reports", epoch: 1, conference, stream: "s" as StreamId } as const;
  for (let count = 0; count < 3_000; count += 1) {
    expect(budget.judgeText(2_000, 0)).toBe("allowed");
    expect(budget.judgeMessage({ ...reports, reports: [{ number: 1, report: event }] }, 0)).toBe("allowed");
    expect(budget.judgeText(200, 0)).toBe("allowed");
  }
  expect(budget.judgeText(MAX_MESSAGE_LENGTH, 0)).toBe("allowed");
  for (let minute = 1; minute < 60; minute += 1) {
    for (let sent = 0; sent < 5_000; sent += maxDigests)
      expect(budget.judgeMessage(digests(maxDigests), minute * 60_000)).toBe("allowed");
  }
});

test("refuses too many messages and ignores too many characters", () => {
  const judged = (length: number, count: number) => {
    const budget = new AgentBudget();
    return Array.from({ length: count }, () => budget.judgeText(length, 0));
  };

  expect(judged(100, 10_001).indexOf("refused")).toBe(10_000);
  expect(judged(MAX_MESSAGE_LENGTH, 9)).toEqual([...Array.from({ length: 8 }, () => "allowed"), "ignored"]);
  expect(judged(MAX_MESSAGE_LENGTH + 1, 1)).toEqual(["refused"]);
});

test("a message with more in it than any agent's is refused", () => {
  const budget = new AgentBudget();
  const number = 1;
  const reports = Array.from({ length: 1_001 }, () => ({ number, report: event }));
  const ids = Array.from({ length: 20_001 }, () => "o1" as CommandId);
  const messages: AgentToEdge[] = [
    digests(maxDigests + 1),
    { type: "reports", epoch: 1, conference, stream: "s" as StreamId, reports },
    { type: "commands-ack", conference, ids },
  ];

  expect(messages.map((message) => budget.judgeMessage(message, 0))).toEqual(["refused", "refused", "refused"]);
});

test("ignores calls in the prompt beyond a rate", () => {
  const story = { call: "c1" as CallId, number: "", dialled: "", at: 0, steps: [], end: null };
  const said = (count: number): AgentToEdge => {
    return { type: "prompt-calls", upTo: 1, at: 1, calls: Array(count).fill(story) };
  };
  const budget = new AgentBudget();
  const answers = Array.from({ length: 12 }, () => budget.judgeMessage(said(100), 0));
  expect(answers.indexOf("ignored")).toBe(10);
  expect(budget.judgeMessage(said(100), 2_000)).toBe("allowed");
  expect(budget.judgeMessage(said(101), 9_000)).toBe("refused");
});

test("ignores digests beyond a rate", () => {
  const budget = new AgentBudget();
  const answers = Array.from({ length: 30 }, () => budget.judgeMessage(digests(maxDigests), 0));

  expect(answers.indexOf("ignored")).toBe(20);
  expect(budget.judgeMessage(digests(maxDigests), 1_000)).toBe("allowed");
});

test("allows a message up to its limits", () => {
  const reports = Array.from({ length: 1_000 }, () => ({ number: 1, report: event }));
  const ids = (length: number) => Array.from({ length }, () => "o1" as CommandId);
  const judged = (message: AgentToEdge) => new AgentBudget().judgeMessage(message, 0);

  expect(judged({ type: "reports", epoch: 1, conference, stream: "s" as StreamId, reports })).toBe("allowed");
  expect(judged({ type: "commands-ack", conference, ids: ids(20_000) })).toBe("allowed");
  expect(judged({ type: "commands-ack", conference, ids: [], waiting: ids(20_000) })).toBe("allowed");
  expect(judged({ type: "commands-ack", conference, ids: [], waiting: ids(20_001) })).toBe("refused");
  expect(judged({ type: "ping" })).toBe("allowed");
});

test("counts each message of a frame", () => {
  const judged = (isFirst?: boolean) => {
    const budget = new AgentBudget();
    return Array.from({ length: 10_001 }, () => budget.judgeMessage({ type: "ping" }, 0, isFirst));
  };
  expect(judged().includes("refused")).toBe(false);
  expect(judged(true).includes("refused")).toBe(false);
  expect(judged(false).indexOf("refused")).toBe(10_000);
});

test("allows 200 sockets at once, then two a second", () => {
  const budget = new AgentBudget();
  const opened = (at: number) => Array.from({ length: 201 }, () => budget.allowsSocket(at)).filter(Boolean).length;
  expect([opened(0), opened(1_000)]).toEqual([200, 2]);
});
