import { beforeAll, expect, test } from "vitest";
import { transactionsFrom } from "../../durable-objects/conference/conference-reader.ts";
import { type HistoryRow, transactionsIn } from "../../src/timeline/history.ts";
import { wirePage } from "../../src/timeline/wire.ts";
import { ConferenceWorld, muteCaller } from "../durable-objects/conference-world.ts";

let world: ConferenceWorld;
/** A conference in which a caller is muted. */
let rows: readonly HistoryRow[];
/** The same again and again. */
let many: readonly HistoryRow[];

beforeAll(async () => {
  world = await ConferenceWorld.running(1);
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  rows = [...world.stored.journal.history()];
  const again = (by: number) => rows.map((row) => ({ ...row, seq: row.seq + by, at: row.at + by }));
  many = Array.from({ length: 100 }, (_, round) => again(round * rows.length)).flat();
});

/** What the wire had with these rows. `read`: rows are read from behind this one on. */
function wireOf(of: readonly HistoryRow[], wanted: readonly number[], read = (_after: number) => {}) {
  const after = (_: number, run: () => void) => {
    queueMicrotask(run);
    return () => {};
  };
  const transactions = (row: number) => {
    read(row - 1);
    return transactionsFrom({ after }, of.slice(row - 1));
  };
  return wirePage(transactions, world.domain, (text) => text, wanted);
}

test("shows a row's input and its effects as texts on the wire", async () => {
  const wire = await wireOf(
    rows,
    rows.map(({ seq }) => seq),
  );
  const asked = wire.findIndex(({ inputText }) => inputText?.includes("W2A_UpdateUser"));

  expect(wire[asked]?.inputText).toContain('<W2A_UpdateUser MsgID="m-mute-1001"');
  expect(wire[asked]?.commands.map(({ command }) => command.type)).toEqual(["mute"]);
  expect(wire[asked + 1]?.messages.map(({ text }) => /<(A2W_\w+)/.exec(text ?? "")?.[1])).toEqual([
    "A2W_RspUpdateUser",
    "A2W_NotifyUserChange",
  ]);
});

test("reads only the wanted rows, not the whole journal", async () => {
  const places: number[] = [];
  const wire = await wireOf(many, [many.length, 200, 201], (after) => places.push(after));

  expect(wire.map(({ seq }) => seq)).toEqual([200, 201, many.length]);
  expect(places).toEqual([199, many.length - 1]);
});

test("limits the wire of many rows to 200 kB", async () => {
  const wanted = many.map(({ seq }) => seq);
  const wire = await wireOf(many, wanted);

  expect(new TextEncoder().encode(JSON.stringify(wire)).length).toBeLessThan(201_000);
  expect(wire.length).toBeLessThan(wanted.length);
  expect(wire.map(({ seq }) => seq)).toEqual(wanted.slice(0, wire.length));
});

test("adds overflowing facts to their transaction", () => {
  const row = (seq: number, at: number, more: Partial<HistoryRow> = {}): HistoryRow => {
    return {
      seq,
      at,
      input: { type: "time", at },
      changes: null,
      facts: [],
      progress: { bridge: null, serial: 1 },
      ...more,
    };
  };
  const journal = [
    row(1, 1),
    row(2, 1, { changes: [] }),
    row(3, 1, { input: null }),
    row(4, 1, { input: null, changes: [] }),
    row(5, 2),
    row(6, 3, { changes: [] }),
  ];
  expect([...transactionsIn(journal)].map((all) => all.map(({ seq }) => seq))).toEqual([[1, 2, 3], [4], [5], [6]]);
});
