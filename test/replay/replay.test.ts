import { expect, test, vi } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { type HistoryRow, transactionsIn } from "../../src/replay/history.ts";
import { Replay, type ReplayedStep } from "../../src/replay/replay.ts";
import {
  ConferenceWorld,
  callerEntered,
  confKey,
  createConference,
  host,
  muteCaller,
} from "../durable-objects/conference-world.ts";
import { testDomain } from "../local-domain.ts";
import { historyOf, replay } from "./simulated-journals.ts";

function stepsOf(world: ConferenceWorld, rows: readonly HistoryRow[] = [...historyOf(world.stored)]): ReplayedStep[] {
  return [...replay(rows, { confKey, domain: world.domain })];
}

function verdicts(steps: readonly ReplayedStep[]): string[] {
  return [...new Set(steps.map(({ verdict }) => (verdict.is === "may differ" ? verdict.why : verdict.is)))];
}

async function muted(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(1);
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  await world.time.pass(6_000);
  return world;
}

test("each row is stepped through with what it caused, and with today's decision", async () => {
  const world = await muted();
  const steps = stepsOf(world);

  expect(verdicts(steps)).toEqual(["same"]);
  expect(new Set(steps.map(({ version }) => version))).toEqual(new Set(["unbuilt (a checkout)"]));
  const [asked, done] = steps.filter(({ seq }) => seq >= (steps.at(-1)?.seq ?? 0) - 2).filter(({ input }) => input);
  expect(asked?.commands.map(({ command }) => command)).toEqual([{ type: "mute", call: "c0" }]);
  expect(done?.messages.map(({ message, transId }) => [message.type, transId !== null])).toEqual([
    ["caller-updated", true],
    ["caller-changed", true],
  ]);
  expect(steps.at(-1)?.documents.map(({ kind, messages }) => [kind, messages.length])).toEqual([["post-confirmed", 2]]);
});

test("where the journal says something else than today's code decides, the entry is named", async () => {
  const world = await muted();
  const rows = [...historyOf(world.stored)];
  const tampered = rows.map((row) => ({
    ...row,
    changes: row.changes?.map(([key, value]) => [key, otherwise(key, value)] as const) ?? null,
  }));
  const steps = stepsOf(world, tampered as HistoryRow[]);

  expect(verdicts(steps)).toContain("differs");
  expect(steps.find(({ verdict }) => verdict.is === "differs")?.verdict).toEqual({
    is: "differs",
    where: "caller/c0 muted",
  });
});

function otherwise(key: string, value: unknown): unknown {
  const isMuted = key.startsWith("caller/") && (value as { muted?: boolean } | null)?.muted === true;
  return isMuted ? { ...(value as object), muted: false } : value;
}

test("a message that today's code would not send, or one more, is a difference", async () => {
  const world = await muted();
  const rows = [...historyOf(world.stored)].map((row) => ({
    ...row,
    changes:
      row.changes?.map(([key, value]) => {
        const document = value as { messages?: readonly { type: string }[] } | null;
        if (!key.startsWith("outbox/") || !document?.messages) return [key, value] as const;
        return [
          key,
          { ...document, messages: document.messages.filter(({ type }) => type !== "caller-changed") },
        ] as const;
      }) ?? null,
  }));
  expect(verdicts(stepsOf(world, rows as HistoryRow[]))).toContain("differs");
});

test("after a change of the settings that decide, rows may differ, and say so; other settings change nothing", async () => {
  const world = await muted();
  world.domain = testDomain({ protocol: { silent: ["A2W_NotifyUserChange"] }, createTimeoutMs: 9_000 });
  expect(verdicts(stepsOf(world))).toContain("the settings of the domain have changed since");

  world.domain = testDomain({ logs: { personal: true }, rateLimitPerMinute: 5 });
  expect(verdicts(stepsOf(world))).toEqual(["same"]);
});

test("rows whose beginning is no longer kept say that they may differ", async () => {
  const world = await muted();
  const rows = [...historyOf(world.stored)].slice(3);
  expect(verdicts(stepsOf(world, rows))).toContain("the rows before are no longer kept");
});

test("several inputs of one transaction are steps of their own", async () => {
  const world = await ConferenceWorld.running(0);
  const both = [world.report(callerEntered(0)), world.report(callerEntered(1)), world.report(callerEntered(2))];
  await world.during(Promise.all(both));
  const steps = stepsOf(world);

  expect(verdicts(steps)).toEqual(["same"]);
  const entered = steps.filter(({ input }) => JSON.stringify(input)?.includes("caller-entered"));
  expect(entered.map(({ messages }) => messages.map(({ message }) => message.type))).toEqual([
    ["caller-entered"],
    ["caller-entered"],
    ["caller-entered"],
  ]);
  expect(new Set(entered.map(({ at }) => at)).size).toBeLessThan(3);
});

test("a failover drops what waited for the server before, also where it shares its transaction", async () => {
  const world = await ConferenceWorld.running(0);
  world.answer = ({ url, transId }) =>
    url.includes("8801") ? { kind: "failed", reason: "TimeoutError" } : world.confirmed(transId);
  await world.reported(callerEntered(0));
  const next = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" } as never;
  await world.received("t-create", createConference(next));
  const steps = stepsOf(world);

  expect(verdicts(steps)).toEqual(["same"]);
  const documents = steps.flatMap((step) => step.documents);
  const dropped = documents.filter(({ kind }) => kind === "post-dropped");
  expect(dropped.map(({ host: to, messages }) => [to, messages])).toEqual([[host, ["caller-entered"]]]);
  expect(documents).toContainEqual(expect.objectContaining({ kind: "post-failed", why: "TimeoutError" }));
});

test("ids that today's code would not draw are a difference", async () => {
  const world = await muted();
  const rows = [...historyOf(world.stored)];
  const last = rows.findLastIndex(({ input }) => input !== null);
  const more = rows.map((row, index) =>
    index < last ? row : { ...row, progress: { ...row.progress, serial: row.progress.serial + 1 } },
  );
  expect(verdicts(stepsOf(world, more))).toEqual(["same", "differs"]);
});

test("which document a message joined is no difference", async () => {
  const world = await muted();
  const rows = [...historyOf(world.stored)].map((row) => ({
    ...row,
    facts: (row.facts ?? []).flatMap((fact): readonly Fact[] =>
      fact.kind === "post-queued" ? fact.messages.map((message) => ({ ...fact, messages: [message] })) : [fact],
    ),
  }));

  expect(rows.map(({ facts }) => facts.filter(({ kind }) => kind === "post-queued").length)).toContain(2);
  expect(verdicts(stepsOf(world, rows as HistoryRow[]))).toEqual(["same"]);
});

for (const answer of ["conference-created", "caller-updated"]) {
  test(`${answer} behind the notification that must follow it is a difference`, async () => {
    const world = await muted();
    const rows = reordered([...historyOf(world.stored)], answer);
    const steps = stepsOf(world, rows);

    expect(verdicts(steps)).toEqual(["same", "differs"]);
    expect(steps.find(({ verdict }) => verdict.is === "differs")?.messages[1]?.message.type).toBe(answer);
  });
}

test("an answer that joined an earlier one, past notifications, is no difference; the order of notifications is", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ protocol: { together: false } });
  await world.running(2);
  await world.received("t-mute", muteCaller("1001"), muteCaller("1002"));
  await world.allDone();
  const steps = stepsOf(world);
  const types = steps.map(({ messages }) => messages.map(({ message }) => message.type));

  expect(types).toContainEqual(["caller-updated", "caller-updated", "caller-changed", "caller-changed"]);
  expect(verdicts(steps)).toEqual(["same"]);
  expect(verdicts(stepsOf(world, reordered([...historyOf(world.stored)], "caller-changed")))).toEqual([
    "same",
    "differs",
  ]);
});

test("a step costs what it changed, however many callers there are", async () => {
  const costOf = async (callers: number) => {
    const world = await ConferenceWorld.running(callers);
    const before = world.stored.journal.lastSeq;
    await world.received("t-mute", muteCaller("1001"));
    await world.allDone();
    const replay = new Replay({ confKey, domain: world.domain });
    const [earlier, later] = [false, true].map((is) =>
      [...transactionsIn(historyOf(world.stored))].filter(([{ seq }]) => seq > before === is),
    );
    for (const rows of earlier ?? []) replay.skip(rows);
    const kept = vi.spyOn(Map.prototype, "set");
    try {
      for (const rows of later ?? []) expect(verdicts([...replay.steps(rows)])).toEqual(["same"]);
      return kept.mock.calls.length;
    } finally {
      kept.mockRestore();
    }
  };

  expect(await costOf(60)).toBe(await costOf(2));
});

/** Each document that has this message has its messages the other way round, in facts and on disk. */
function reordered(rows: readonly HistoryRow[], type: string): HistoryRow[] {
  const inOrder = <Document extends { readonly messages: readonly { readonly type: string }[] }>(document: Document) =>
    document.messages.some((message) => message.type === type)
      ? { ...document, messages: document.messages.toReversed() }
      : document;
  return rows.map((row) => ({
    ...row,
    facts: row.facts?.map((fact) => (fact.kind === "post-queued" ? inOrder(fact) : fact)) ?? null,
    changes:
      row.changes?.map(([key, value]) => [key, key.startsWith("outbox/") && value ? inOrder(value as never) : value]) ??
      null,
  })) as HistoryRow[];
}
