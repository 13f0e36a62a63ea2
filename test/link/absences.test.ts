import { expect, test } from "vitest";
import { type Absences, AWAY_AFTER_MS, lookForAbsences, type Presence } from "../../src/link/absences.ts";

/** Looks at these times, each with how the agents are then; the events as `time type agent why since`, and when to look again. */
function story(...looks: readonly (readonly [at: number, Readonly<Record<string, Presence>>])[]) {
  let known: Absences = {};
  const told: string[] = [];
  let next: number | null = null;
  for (const [at, agents] of looks) {
    const { after, events, nextAt } = lookForAbsences(known, new Map(Object.entries(agents)), at);
    told.push(...events.map((event) => [event.at, event.type, event.agent, event.why, event.since].join(" ")));
    known = after;
    next = nextAt;
  }
  return { told, next, known };
}

test("an agent is away after ten seconds, once, and back once", () => {
  const away = [
    [0, { a: "here", b: "here" }],
    [1_000, { a: "link", b: "here" }],
    [5_000, { a: "link", b: "bridge" }],
  ] as const;
  expect(story(...away)).toMatchObject({ told: [], next: 1_000 + AWAY_AFTER_MS });
  const told = ["11000 agent.away a link 1000", "15000 agent.away b bridge 5000"];
  const long = [...away, [11_000, { a: "link", b: "bridge" }], [15_000, { a: "link", b: "bridge" }]] as const;
  expect(story(...long)).toMatchObject({ told, next: null });
  const back = [...long, [60_000, { a: "here", b: "bridge" }], [70_000, { a: "here", b: "bridge" }]] as const;
  expect(story(...back)).toMatchObject({ told: [...told, "60000 agent.back a link 1000"], next: null });
});

test("forgets a removed agent and restarts the time after a clock jump", () => {
  expect(story([0, { a: "link" }], [10_000, { a: "link" }], [11_000, {}]).known).toEqual({});
  expect(story([50_000, { a: "link" }], [20_000, { a: "link" }])).toMatchObject({ told: [], next: 30_000 });
});
