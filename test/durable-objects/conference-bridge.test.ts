import { expect, test } from "vitest";
import type { BridgeName } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, createConference, extConfId, host, lock } from "./conference-world.ts";

/** A second bridge comes into the settings. */
function addBridge(world: ConferenceWorld): void {
  const { bridges } = world.domain.settings;
  const second = bridges.map((bridge) => ({ ...bridge, name: "second" }));
  world.domain = { ...world.domain, settings: { ...world.domain.settings, bridges: [...bridges, ...second] } };
}

test("a conference stays on its bridge when the settings get another one, and the first one costs no row", async () => {
  const world = new ConferenceWorld();
  const before = world.sql.rowsWritten;
  await world.during(world.receive("create", createConference()));
  // Journal, identity, head, order.
  expect(world.sql.rowsWritten - before).toBe(4);
  await world.allDone();
  addBridge(world);
  world.chooseBridge = async () => "second" as BridgeName;
  world.start();

  await world.during(world.receive("t1", lock("m1")));

  expect(new Set(world.toldTo)).toEqual(new Set(["simulated"]));
});

test("of several bridges the chosen one is kept, also by an object that comes back", async () => {
  const world = new ConferenceWorld();
  addBridge(world);
  world.chooseBridge = async () => "second" as BridgeName;
  await world.running(0);
  world.chooseBridge = async () => "simulated" as BridgeName;
  world.start();

  await world.during(world.receive("t1", lock("m1")));

  expect(new Set(world.toldTo)).toEqual(new Set(["second"]));
});

test("a conference that is over and begins anew may be held by another bridge", async () => {
  const world = new ConferenceWorld();
  await world.running(0);
  await world.during(
    world.receive("t1", { type: "close-conference", msgId: "m", replyTo: host, extConfId } as FromWebex),
  );
  await world.allDone();
  addBridge(world);
  world.chooseBridge = async () => "second" as BridgeName;

  await world.during(world.receive("t2", createConference()));

  expect(world.toldTo.at(-1)).toBe("second");
});
