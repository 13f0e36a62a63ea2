import { expect, test } from "vitest";
import { masked } from "../../src/foundation/shown.ts";
import { Replay } from "../../src/replay/replay.ts";
import { replayPage, wirePage } from "../../src/replay/replay-page.ts";
import type { ReplayPage } from "../../src/rpc/replay.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, confKey, extConfId, host, muteCaller } from "../durable-objects/conference-world.ts";
import { historyOf, readersOf } from "./simulated-journals.ts";

async function played(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(1);
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  const phone = { country: "1", area: "408", local: "7770123", extension: "" };
  const callOut = {
    type: "call-out",
    msgId: "m1",
    replyTo: host,
    extConfId,
    extCallId: "2001",
    privilege: "speak",
    phone,
  };
  await world.received("t-dial", callOut as object as FromWebex);
  await world.time.pass(6_000);
  return world;
}

function pageOf(world: ConferenceWorld, from: number, limit = 100, person = (text: string) => text) {
  const replay = new Replay({ confKey, domain: world.domain });
  return replayPage(readersOf([...historyOf(world.stored)]).transactions(1), replay, person, { from, limit });
}

test("a step has the state before and after, and what it caused with its text on the wire", async () => {
  const { steps, next } = await pageOf(await played(), 0);
  expect(next).toBeNull();
  const asked = steps.find(({ inputText }) => inputText?.includes("W2A_UpdateUser"));
  expect(asked?.inputText).toContain('<W2A_UpdateUser MsgID="m-mute-1001"');
  expect(asked?.commands.map(({ command }) => command.type)).toEqual(["mute"]);
  const done = steps[steps.indexOf(asked as never) + 1];
  expect([done?.before.callers[0]?.muted, done?.after.callers[0]?.muted]).toEqual([false, true]);
  expect(done?.messages.map(({ text }) => /<(A2W_\w+)/.exec(text ?? "")?.[1])).toEqual([
    "A2W_RspUpdateUser",
    "A2W_NotifyUserChange",
  ]);
  for (const [index, step] of steps.entries()) {
    expect(step.before).toEqual(
      steps[index - 1]?.after ?? {
        head: { phase: "absent" },
        callers: [],
        callOuts: [],
        commands: [],
        rooms: [],
        outages: [],
        debts: [],
      },
    );
  }
});

test("pages go on where the one before ended", async () => {
  const world = await played();
  const { steps: all } = await pageOf(world, 0);
  const seqs: number[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page: ReplayPage = await pageOf(world, from, 2);
    expect(page.steps.length).toBeLessThanOrEqual(2);
    seqs.push(...page.steps.map(({ seq }) => seq));
    from = page.next;
  }
  expect(seqs).toEqual(all.map(({ seq }) => seq));
});

test("a page says which row came before it", async () => {
  const world = await played();
  const [first, second] = (await pageOf(world, 0)).steps.map(({ seq }) => seq);
  expect((await pageOf(world, 0)).previous).toBeNull();
  expect((await pageOf(world, second ?? 0)).previous).toBe(first);
});

test("what went over the wire is had by row, without the states, and with numbers as is wanted", async () => {
  const world = await played();
  const { steps } = await pageOf(world, 0, 100, masked);
  const wanted = [steps[1], steps.at(-1)].flatMap((step) => step?.seq ?? []);
  const readers = readersOf([...historyOf(world.stored)]);
  const rows = await wirePage((row) => readers.transactions(row), world.domain, masked, wanted);
  const partOf = ({ seq, input, inputText, commands, messages }: (typeof steps)[number]) => ({
    ...{ seq, input, inputText, commands, messages },
  });
  expect(rows).toEqual(steps.filter(({ seq }) => wanted.includes(seq)).map(partOf));
});

test("numbers of people are shown as is wanted, in states, messages and texts alike", async () => {
  const world = await played();
  const shown = JSON.stringify(await pageOf(world, 0));
  expect([shown.includes("14085551234"), shown.includes("7770123")]).toEqual([true, true]);
  const hidden = JSON.stringify(await pageOf(world, 0, 100, masked));
  expect([hidden.includes("14085551234"), hidden.includes("7770123")]).toEqual([false, false]);
  expect(hidden).toContain("W2A_Callout");
});

test("codes of a conference are in no step, whoever may read numbers", async () => {
  const world = new ConferenceWorld();
  const create = {
    ...{ type: "create-conference", msgId: "m0", replyTo: host, extConfId, confKey, anonymousId: "161803" },
    ...{ subscriberCode: "314159", participantCode: "271828", hybridToken: "sdk-token" },
  };
  await world.received("t0", create as object as FromWebex);
  await world.allDone();
  const shown = JSON.stringify(await pageOf(world, 0));
  expect(shown).toContain('AnonymousID=\\"(secret)\\"');
  expect(shown).toContain('"subscriber":"(secret)"');
  expect(shown).not.toMatch(/161803|314159|271828|sdk-token/);
});
