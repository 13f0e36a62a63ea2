import { beforeAll, expect, test } from "vitest";
import { transactionsFrom } from "../../durable-objects/conference/conference-reader.ts";
import { masked } from "../../src/foundation/shown.ts";
import { type HistoryRow, transactionsIn } from "../../src/timeline/history.ts";
import { wirePage } from "../../src/timeline/wire.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, confKey, extConfId, host, muteCaller } from "../durable-objects/conference-world.ts";

const asIs = (text: string) => text;

/** A conference of many callers, each of whom is muted again and again. */
let world: ConferenceWorld;
let rows: readonly HistoryRow[];

beforeAll(async () => {
  world = new ConferenceWorld();
  await world.running(60);
  for (let mute = 0; mute < 120; mute += 1) {
    const to = { extConfId, replyTo: host, extCallId: `${1001 + (mute % 60)}` };
    const privilege = mute % 120 < 60 ? "listen" : "speak";
    await world.received(`t${mute}`, { type: "update-caller", msgId: `m${mute}`, privilege, ...to } as FromWebex);
    await world.allDone();
  }
  rows = [...world.stored.journal.history()];
});

/** What the wire had with these rows. `read`: rows are read from behind this one on. */
function wireOf(of: readonly HistoryRow[], wanted: readonly number[], person = asIs, read = (_after: number) => {}) {
  const after = (_: number, run: () => void) => {
    queueMicrotask(run);
    return () => {};
  };
  const transactions = (row: number) => {
    read(row - 1);
    return transactionsFrom(
      { after },
      of.filter(({ seq }) => seq >= row),
    );
  };
  return wirePage(transactions, world.domain, person, wanted);
}

async function wireOfWorld(played: ConferenceWorld, person = asIs) {
  const history = [...played.stored.journal.history()];
  const wanted = history.map(({ seq }) => seq);
  return wireOf(history, wanted, person);
}

test("shows a row's input and its effects as texts on the wire", async () => {
  const played = await ConferenceWorld.running(1);
  await played.received("t-mute", muteCaller("1001"));
  await played.allDone();
  const wire = await wireOfWorld(played);
  const asked = wire.findIndex(({ inputText }) => inputText?.includes("W2A_UpdateUser"));

  expect(wire[asked]?.inputText).toContain('<W2A_UpdateUser MsgID="m-mute-1001"');
  expect(wire[asked]?.commands.map(({ command }) => command.type)).toEqual(["mute"]);
  expect(wire[asked + 1]?.messages.map(({ text }) => /<(A2W_\w+)/.exec(text ?? "")?.[1])).toEqual([
    "A2W_RspUpdateUser",
    "A2W_NotifyUserChange",
  ]);
});

test("masks numbers alike in messages and texts", async () => {
  const played = await ConferenceWorld.running(1);
  const phone = { country: "1", area: "408", local: "7770123", extension: "" };
  const callOut = { type: "call-out", msgId: "m1", replyTo: host, extConfId, extCallId: "2001", privilege: "speak" };
  await played.received("t-dial", { ...callOut, phone } as object as FromWebex);
  const [shown, hidden] = await Promise.all([asIs, masked].map((person) => wireOfWorld(played, person)));

  for (const number of ["14085551234", "7770123"]) {
    expect(JSON.stringify(shown)).toContain(number);
    expect(JSON.stringify(hidden)).not.toContain(number);
  }
  expect(JSON.stringify(hidden)).toContain("W2A_Callout");
});

test("hides conference codes even from users who may read numbers", async () => {
  const played = new ConferenceWorld();
  const create = {
    type: "create-conference",
    msgId: "m0",
    replyTo: host,
    extConfId,
    confKey,
    anonymousId: "161803",
    subscriberCode: "314159",
    participantCode: "271828",
    hybridToken: "sdk-token",
  };
  await played.received("t0", create as object as FromWebex);
  await played.allDone();
  const shown = JSON.stringify(await wireOfWorld(played));

  expect(shown).toContain('AnonymousID=\\"(secret)\\"');
  expect(shown).toContain('"subscriber":"(secret)"');
  expect(shown).not.toMatch(/161803|314159|271828|sdk-token/);
});

test("reads only the wanted rows, not the whole journal", async () => {
  const places: number[] = [];
  const wire = await wireOf(rows, [rows.length, 200, 201], asIs, (after) => places.push(after));

  expect(wire.map(({ seq }) => seq)).toEqual([200, 201, rows.length]);
  expect(places).toEqual([199, rows.length - 1]);
});

test("limits the wire of many rows to 200 kB", async () => {
  const again = (by: number) => rows.map((row) => ({ ...row, seq: row.seq + by, at: row.at + by }));
  const many = [0, 1, 2].flatMap((time) => again(time * rows.length));
  const wanted = many.map(({ seq }) => seq);
  const wire = await wireOf(many, wanted);

  expect(new TextEncoder().encode(JSON.stringify(wire)).length).toBeLessThan(201_000);
  expect(wire.length).toBeLessThan(wanted.length);
  expect(wire.map(({ seq }) => seq)).toEqual(wanted.slice(0, wire.length));
});

test("adds overflowing facts to their transaction", () => {
  const row = (seq: number, more: Partial<HistoryRow>): HistoryRow => ({
    seq,
    at: 1,
    input: { type: "time", at: 1 },
    changes: null,
    facts: [],
    progress: { bridge: null, serial: 1 },
    ...more,
  });
  const journal = [
    row(1, {}),
    row(2, { changes: [] }),
    row(3, { input: null }),
    row(4, { input: null, changes: [] }),
    row(5, { at: 2 }),
    row(6, { at: 3, changes: [] }),
  ];

  expect([...transactionsIn(journal)].map((all) => all.map(({ seq }) => seq))).toEqual([[1, 2, 3], [4], [5], [6]]);
});
