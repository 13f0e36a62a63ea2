import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import { digestOf } from "../../src/bridge/state.ts";
import { type BridgeName, type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { ConferenceWorld, muteCaller } from "./conference-world.ts";

const held = (muted: boolean) =>
  ["c0", "c1", "c2"].map((call, index) => ({
    ...{ call: call as CallId, number: "14085551234", attendeeId: null },
    ...{ muted: muted && index === 1, silent: false, room: MAIN_ROOM },
  }));

function snapshot(muted: boolean): Report {
  const rooms = [{ id: MAIN_ROOM, kind: "main" as const }];
  const conference = { locked: false, speaking: null, rooms, callers: held(muted), dialled: [] };
  return { type: "event", event: { type: "snapshot", conference } };
}

const bridge = "simulated" as BridgeName;

test("a digest that fits writes nothing; one that differs leads to repairs, which are counted by kind", async () => {
  const world = new ConferenceWorld();
  await world.running(3);
  const rows = world.journalRows;
  const [same, other] = [held(false), held(true)].map((callers) =>
    digestOf({ locked: false, callers, dialled: [], rooms: [], speaking: null }),
  );
  if (same === undefined || other === undefined) throw new Error("two digests are needed");

  expect(world.conference.compareDigest(bridge, same)).toBe("same");
  expect(world.conference.compareDigest(bridge, other)).toBe("differs");
  expect(world.journalRows).toBe(rows);

  await world.during(world.report(snapshot(true)));
  expect(world.conference.compareDigest(bridge, other)).toBe("same");
  expect(world.lines.filter(({ event }) => event === "repair")).toMatchObject([{ muted: 1 }]);
});

test("while a command is pending, no digest differs or is confirmed", async () => {
  const world = new ConferenceWorld();
  await world.running(3);
  await world.during(world.receive("mute", muteCaller("1001")));

  expect(world.conference.compareDigest(bridge, "anything")).toBe("undecided");
});

test("of a conference that is not there, each digest differs, so that the bridge's is ended", () => {
  expect(
    new ConferenceWorld().conference.compareDigest(
      bridge,
      digestOf({ locked: false, callers: [], dialled: [], rooms: [], speaking: null }),
    ),
  ).toBe("differs");
});
