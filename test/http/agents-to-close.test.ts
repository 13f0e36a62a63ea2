import { expect, test } from "vitest";
import { AgentsToClose } from "../../src/http/agents/agents-to-close.ts";
import { type Domains, loadDomains } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { Clock } from "../kit/clock.ts";

/** Domains with one bridge and these agents, by name the letter of their key; and two agents more, so that none is ever alone. */
function domains(agents: Readonly<Record<string, string>>): Domains {
  const all = Object.entries({ other: "Y", another: "Z", ...agents }).map(([name, key]) => ({
    name,
    publicKey: key.repeat(43),
  }));
  const loaded = loadDomains(JSON.stringify({ acme: localDomain({ agents: all }) }));
  if (!loaded.ok) throw new Error(loaded.error);
  return loaded.value;
}

class World {
  readonly clock = new Clock();
  readonly asked: string[] = [];
  readonly logged: unknown[] = [];
  /** What the relay makes of being asked. */
  relay: () => Promise<void> = async () => {};
  readonly toClose = new AgentsToClose({
    after: (ms, run) => this.clock.after(ms, run),
    closeAgents: (domain, bridge, agents) => {
      this.asked.push(`${domain}/${bridge} ${agents}`);
      return this.relay();
    },
    log: (event, facts) => this.logged.push([event, facts.error]),
  });

  async replace(before: Domains, after: Domains): Promise<void> {
    void this.toClose.replaced(before, after).then(() => this.toClose.retry());
    await this.clock.pass(5_000);
  }
}

const fails = () => Promise.reject(new Error("no disk"));
const hangs = () => new Promise<void>(() => {});

test.each([
  ["fails", fails, "no disk"],
  ["hangs", hangs, "the relay took longer than 2000 ms"],
])("a relay that %s is asked again each ten seconds until it has closed its agents", async (_, relay, error) => {
  const world = new World();
  world.relay = relay;
  await world.replace(domains({ one: "A", two: "A" }), domains({ two: "A" }));
  await world.clock.pass(10_000);
  const once = "acme/simulated one";
  expect(world.asked).toEqual([once, once]);
  expect(world.logged).toEqual([
    ["agents-not-closed", error],
    ["agents-not-closed", error],
  ]);

  world.relay = async () => {};
  await world.clock.pass(60_000);
  expect(world.asked).toEqual([once, once, once]);
  expect(world.clock.due()).toEqual([]);
});

test("a relay that closes its agents late is not asked again", async () => {
  const world = new World();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.relay = () => promise;
  await world.replace(domains({ one: "A", two: "A" }), domains({ two: "A" }));
  resolve();
  await world.clock.pass(60_000);
  expect(world.asked).toHaveLength(1);
});

test("an agent that the newest domains allow again, by the same key, is left alone", async () => {
  const world = new World();
  const [first, second] = [domains({ one: "A", two: "A" }), domains({})];
  world.relay = fails;
  await world.replace(first, second);
  world.relay = async () => {};
  await world.replace(second, domains({ one: "A", two: "B" }));
  await world.clock.pass(60_000);
  expect(world.asked).toEqual(["acme/simulated one,two", "acme/simulated two"]);
});

test("where all are allowed again, nobody is asked", async () => {
  const world = new World();
  const [first, second] = [domains({ one: "A" }), domains({})];
  world.relay = fails;
  await world.replace(first, second);
  await world.replace(second, first);
  await world.clock.pass(60_000);
  expect(world.asked).toEqual(["acme/simulated one"]);
  expect(world.clock.due()).toEqual([]);
});

test("of several bridges and domains, each relay closes the agents that it has lost, and no others", async () => {
  const agent = (name: string) => ({ name, publicKey: "A".repeat(43) });
  const all = (lost: readonly string[]) => {
    const bridge = (name: string, agents: readonly string[]) => ({
      name,
      agents: [...agents.filter((one) => !lost.includes(one)), "x", "y"].map(agent),
    });
    const bridges = (of: string) => [bridge("north", [`${of}n`]), bridge("south", [`${of}s`])];
    const settings = (of: string) => ({ ...localDomain({ agents: [] }), bridges: bridges(of) });
    const loaded = loadDomains(JSON.stringify({ acme: settings("a"), zeta: settings("z") }));
    if (!loaded.ok) throw new Error(loaded.error);
    return loaded.value;
  };
  const world = new World();
  await world.replace(all([]), all(["an", "as", "zn", "zs"]));
  expect(world.asked).toEqual(["acme/north an", "acme/south as", "zeta/north zn", "zeta/south zs"]);
});

test("a reload that comes while relays are left goes on with them", async () => {
  const world = new World();
  const [first, second] = [domains({ one: "A", two: "A" }), domains({ two: "A" })];
  world.relay = fails;
  await world.replace(first, second);
  await world.replace(second, second);
  await world.clock.pass(10_000);
  expect(world.asked).toHaveLength(3);
});
