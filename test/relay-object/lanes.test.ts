import { expect, test } from "vitest";
import { type Batch, Lanes } from "../../durable-objects/relay/lanes.ts";
import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";

const [a, b] = ["a" as ConfKey, "b" as ConfKey];

function batch(first: number, last = first, id = "link-1", stream = "s1"): Batch {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const reports = numbers.map((number) => {
    return { number, report: { type: "event", event: { type: "conference-ended" } } } as const;
  });
  return { id, stream: stream as StreamId, reports };
}

/** Conferences that answer when they are let; `told` has a line for each thing that was told. */
class Conferences {
  readonly told: string[] = [];
  readonly lanes: Lanes;
  readonly #hanging = new Map<ConfKey, () => void>();

  constructor(...hanging: ConfKey[]) {
    const tell = async (conference: ConfKey, line: string) => {
      this.told.push(`${conference}: ${line}`);
      if (hanging.includes(conference)) await new Promise<void>((go) => this.#hanging.set(conference, go));
    };
    this.lanes = new Lanes({
      ackCommands: (conference, ids) => tell(conference, `took ${ids.join()}`),
      report: (conference, { id, stream, reports }) =>
        tell(conference, `${reports[0]?.number}-${reports.at(-1)?.number} of ${stream} by ${id}`),
      compare: (conference, { id, digest }) => tell(conference, `holds ${digest} by ${id}`),
    });
  }

  /** The conference answers what it was told last. */
  async answer(conference: ConfKey): Promise<void> {
    await this.settle();
    this.#hanging.get(conference)?.();
    this.#hanging.delete(conference);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }
}

test("what one conference is told waits for its turn, and another one is told meanwhile", async () => {
  const conferences = new Conferences(a);
  conferences.lanes.report(a, batch(1));
  await conferences.settle();
  conferences.lanes.report(a, batch(2));
  conferences.lanes.report(b, batch(1));
  await conferences.settle();
  expect(conferences.told).toEqual(["a: 1-1 of s1 by link-1", "b: 1-1 of s1 by link-1"]);

  await conferences.answer(a);
  expect(conferences.told.at(-1)).toBe("a: 2-2 of s1 by link-1");
});

test("what the bridge holds is told behind the reports that came before it, and the newest alone", async () => {
  const conferences = new Conferences();
  conferences.lanes.report(a, batch(1));
  conferences.lanes.compare(a, { id: "link-1", digest: "d1" });
  conferences.lanes.report(a, batch(2));
  conferences.lanes.compare(a, { id: "link-1", digest: "d2" });
  await conferences.settle();
  expect(conferences.told.slice(1)).toEqual(["a: 2-2 of s1 by link-1", "a: holds d2 by link-1"]);
  expect(conferences.lanes.size).toBe(0);
});

test("of an agent that repeats for ever to a conference that hangs, only the newest waits, and nothing once it has answered", async () => {
  const conferences = new Conferences(a);
  conferences.lanes.report(a, batch(1, 3));
  await conferences.settle();
  for (let second = 0; second < 1_000; second += 1) {
    conferences.lanes.report(a, batch(1, 3 + second));
    conferences.lanes.ackCommands(a, ["o1", "o2"] as CommandId[]);
  }

  await conferences.answer(a);
  await conferences.answer(a);
  await conferences.answer(a);
  expect(conferences.told).toEqual(["a: 1-3 of s1 by link-1", "a: took o1,o2", "a: 1-1002 of s1 by link-1"]);
  expect(conferences.lanes.size).toBe(0);
});

test("batches that follow one another all wait, in order, but not without bound", async () => {
  const conferences = new Conferences(a);
  conferences.lanes.report(a, batch(1));
  await conferences.settle();
  for (let number = 2; number <= 100; number += 1) conferences.lanes.report(a, batch(number));

  for (let answers = 0; answers < 100; answers += 1) await conferences.answer(a);
  const expected = Array.from({ length: 17 }, (_, index) => `a: ${index + 1}-${index + 1} of s1 by link-1`);
  expect(conferences.told).toEqual(expected);
});

test.each([
  ["another link", batch(3, 3, "link-2")],
  ["another stream", batch(3, 3, "link-1", "s2")],
  ["an earlier place", batch(1, 4)],
])("what comes from %s takes the place of what waits", async (_from, instead) => {
  const conferences = new Conferences(a);
  conferences.lanes.report(a, batch(1));
  await conferences.settle();
  conferences.lanes.report(a, batch(2));
  conferences.lanes.report(a, instead);

  await conferences.answer(a);
  await conferences.answer(a);
  expect(conferences.told).toHaveLength(2);
  expect(conferences.told[1]).toContain(`${instead.reports[0]?.number}-`);
});
