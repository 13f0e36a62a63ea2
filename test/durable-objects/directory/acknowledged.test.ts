import { expect, test } from "vitest";
import type { BridgeName } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { troubleOf } from "../../../src/operators/trouble.ts";
import { DirectoryWorld, domain } from "./world.ts";

const ofRelay = (since: number) => [{ domain, bridge: "b" as BridgeName, health: null, unreachableSince: since }];
const ofMailbox = (since: number) => [{ kind: "mailbox-unreachable", since } as const];

test.each(["relay", "mailbox"].flatMap((what) => [-365, 0, 365].map((days) => [what, days] as const)))(
  "a %s that falls silent once more is open trouble again, though objects are %i days ahead of the edge",
  async (what, days) => {
    const world = new DirectoryWorld();
    const edgeNow = () => world.time.now - days * dayMs;
    const shown = async (since: number) => {
      const known = await world.directory.knownTrouble.trouble(domain);
      const [relays, silent] = what === "relay" ? [ofRelay(since), []] : [[], ofMailbox(since)];
      const [one] = troubleOf([], relays, { domain, known, mail: [], silent }, edgeNow());
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

test("a time in doubt that was acknowledged stays so, though objects are a year ahead of the edge", async () => {
  const world = new DirectoryWorld();
  const edgeNow = () => world.time.now - 365 * dayMs;
  const shown = async () => {
    const known = await world.directory.knownTrouble.trouble(domain);
    const ofEdge = [{ kind: "time-in-doubt", since: null, why: "" } as const];
    const [one] = troubleOf(ofEdge, [], { domain, known, mail: [], silent: [] }, edgeNow());
    return one ?? expect.unreachable();
  };
  const { id, latest } = await shown();
  const given = { id, since: null, upTo: latest ?? 0, place: null, by: "ann", at: edgeNow(), word: "" };
  await world.directory.knownTrouble.acknowledge(domain, given);
  expect((await shown()).acknowledged).not.toBeNull();
});
