import { expect, test } from "vitest";
import type { BridgeName } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { troubleOf } from "../../../src/operators/trouble.ts";
import { DirectoryWorld, domain } from "./world.ts";

test.each([-365, 0, 365])(
  "a relay that falls silent once more is open trouble again, though objects are %i days ahead of the edge",
  async (days) => {
    const world = new DirectoryWorld();
    const edgeNow = () => world.time.now - days * dayMs;
    const shown = async (unreachableSince: number) => {
      const known = await world.directory.knownTrouble.trouble(domain);
      const relay = { domain, bridge: "b" as BridgeName, health: null, unreachableSince };
      const [one] = troubleOf([], [relay], { domain, known, mail: [], silent: [] }, edgeNow());
      return one ?? expect.unreachable();
    };
    const since = edgeNow() - minuteMs;
    const { id, latest } = await shown(since);
    const given = { id, since, upTo: latest ?? 0, place: null, by: "ann", at: edgeNow(), word: "" };
    await world.directory.knownTrouble.acknowledge(domain, given);
    expect((await shown(since)).acknowledged).not.toBeNull();

    await world.time.pass(5 * hourMs);
    expect((await shown(edgeNow() - minuteMs)).acknowledged).toBeNull();
  },
);
