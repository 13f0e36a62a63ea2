import { expect, test } from "vitest";
import { digestOf } from "../../src/bridge/state.ts";
import type { BridgeName } from "../../src/foundation/ids.ts";
import { aCaller, held, snapshot } from "../builders.ts";
import { ConferenceWorld, muteCaller } from "./conference-world.ts";

const three = (muted: boolean) =>
  ["c0", "c1", "c2"].map((call, index) => aCaller({ call, muted: muted && index === 1 }));

const bridge = "simulated" as BridgeName;

test("a digest that fits writes nothing; one that differs leads to repairs, which are counted by kind", async () => {
  const world = await ConferenceWorld.running(3);
  const rows = world.journalRows;
  const [same, other] = [three(false), three(true)].map((callers) => digestOf(held({ callers })));
  if (same === undefined || other === undefined) throw new Error("two digests are needed");

  expect(world.conference.compareDigest(bridge, same)).toBe("same");
  expect(world.conference.compareDigest(bridge, other)).toBe("differs");
  expect(world.journalRows).toBe(rows);

  await world.reported(snapshot(three(true)));
  expect(world.conference.compareDigest(bridge, other)).toBe("same");
  expect(world.lines.filter(({ event }) => event === "repair")).toMatchObject([{ muted: 1 }]);
});

test("while a command is pending, no digest differs or is confirmed", async () => {
  const world = await ConferenceWorld.running(3);
  await world.received("mute", muteCaller("1001"));

  expect(world.conference.compareDigest(bridge, "anything")).toBe("undecided");
});

test("of a conference that is not there, each digest differs, so that the bridge's is ended", () => {
  expect(new ConferenceWorld().conference.compareDigest(bridge, digestOf(held()))).toBe("differs");
});
