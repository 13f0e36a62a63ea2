import { expect, test } from "vitest";
import { type OpenCommand, PendingCommands } from "../../bridge-agent/core/pending-commands.ts";
import { viewOf } from "../../src/bridge/state.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { openedJournal } from "./agent-world.ts";

test("what each doubt costs does not rise with the number of pending commands", () => {
  const costOf = (count: number): number => {
    const journal = openedJournal(":memory:");
    let reads = 0;
    const commands = Array.from({ length: count }, (_, index) => {
      const command = { type: "mute" as const, call: `c${index}` as CallId };
      const conference = `5550${index % 2}` as ConfKey;
      const pending: OpenCommand = { conference, id: `o${index}` as CommandId, origin: "edge", command };
      const counted = new Proxy(pending, {
        get(of, name, to) {
          reads += 1;
          return Reflect.get(of, name, to);
        },
      });
      return { pending: counted, phase: "begun" as const };
    });
    const pending = new PendingCommands(journal, { ...journal.load(), commands });
    reads = 0;
    pending.readDoubts(stateWith(count), 0, () => {
      throw new Error("none of them is settled: each is begun again");
    });
    expect(pending.inDoubt).toBe(0);
    return reads / count;
  };

  expect(costOf(400)).toBe(costOf(40));
});

test("a command that is given up behind one that runs does not come back, and keeps the order of those behind it", () => {
  const journal = openedJournal(":memory:");
  const pending = new PendingCommands(journal, journal.load());
  const conference = "55500" as ConfKey;
  const add = (id: string, type: "mute" | "unmute", mayHaveBegun = false) => {
    const command = { type, call: "c1" as CallId };
    const open: OpenCommand = { conference, id: id as CommandId, origin: "edge", command };
    pending.add(open, 0, mayHaveBegun);
    return open;
  };
  const running = add("o1", "mute");
  expect(pending.begin(0)).toEqual([running]);
  const [givenUp, next] = [add("o2", "unmute", true), add("o3", "mute")];

  pending.finish(givenUp, false);
  expect(pending.begin(0)).toEqual([]);
  pending.finish(running, false);
  expect(pending.inDoubt).toBe(0);
  expect(pending.begin(0)).toEqual([next]);
});

test("a command that is not to be begun again is not, whatever else is said of it, and is counted once", () => {
  const journal = openedJournal(":memory:");
  const pending = new PendingCommands(journal, journal.load());
  const open: OpenCommand = {
    ...{ conference: "55500" as ConfKey, id: "o1" as CommandId, origin: "edge" },
    command: { type: "mute", call: "c0" as CallId },
  };
  pending.add(open, 0);
  pending.begin(0);
  pending.setInDoubt(open, true);
  pending.setInDoubt(open, false);
  expect([pending.running, pending.inDoubt]).toEqual([0, 1]);

  const settled: unknown[] = [];
  pending.readDoubts(stateWith(2), 0, (_, result) => {
    settled.push(result);
    pending.finish(open, false);
  });
  expect(settled).toEqual([{ done: false, reason: "unreachable" }]);
  expect([pending.running, pending.inDoubt, pending.size]).toEqual([0, 0, 0]);
});

test("finished commands are deleted each ten minutes", () => {
  const journal = openedJournal(":memory:");
  const prunedAt: number[] = [];
  const pending = new PendingCommands({ ...journal, prune: (now) => prunedAt.push(now) }, journal.load());
  for (let minutes = 10; minutes <= 30; minutes += 1) pending.prune(minutes * 60_000);
  expect(prunedAt).toEqual([600_000, 1_200_000, 1_800_000]);
});

/** Callers who are not muted, in two conferences by turns. */
function stateWith(callers: number) {
  const keys = ["55500", "55501"] as ConfKey[];
  return viewOf({
    conferences: keys.map((conference) => ({
      ...{ conference, owner: "local/simulated", locked: false, reportsSpeakers: false, anonymousId: null },
      rooms: [{ id: MAIN_ROOM, kind: "main" as const }],
    })),
    calls: Array.from({ length: callers }, (_, index) => ({
      ...{ stage: "entered" as const, call: `c${index}` as CallId, direction: "in" as const, number: "1" },
      ...{ conference: keys[index % 2] as ConfKey, room: MAIN_ROOM, muted: false, joinTone: true },
      ...{ attendeeId: null, talking: false },
    })),
  });
}
