import { setTimeout as pause } from "node:timers/promises";
import type { Draws } from "../../simulators/draws.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { PostgresOnTest } from "../../test/kit/postgres-on-test.ts";
import { timeOfDay } from "./judge.ts";
import type { Way, Wire } from "./wire.ts";
import type { AgentUnderTest, KillWorld } from "./world.ts";

const kinds = {
  edge: 3,
  agent: 4,
  "agent stands still": 2,
  "edge's link": 3,
  "edge's link ends at the edge alone": 2,
  "edge's link falls silent": 2,
  "bridge's link": 2,
  "bridge is slow": 2,
  bridge: 1,
  "WebEx host": 2,
  "WebEx host refuses": 2,
} as const;
/** Of two edges, besides. */
const kindsOfPair = {
  edge: 4,
  "both edges": 1,
  "an edge stands still": 3,
  "an edge's way to the database": 3,
  "an edge's way to the database falls silent": 3,
  database: 3,
  "hand over": 3,
} as const;
type KillKind = keyof typeof kinds | keyof typeof kindsOfPair;
export type KillCounts = Partial<Record<KillKind, number>>;

/** The longest absence, then a takeover. */
const actsAgainWithinMs = 30_000;

const silences: readonly Way[][] = [["forth"], ["back"], ["forth", "back"]];

type Away = WebexServer | "an agent" | "an edge" | "the bridge" | "the database";

/** Kills one part after the other, often before the last one is back; returns how often each kind. */
export async function killParts(
  world: KillWorld,
  draws: Draws,
  kills: number,
  interruption?: AbortSignal,
): Promise<KillCounts> {
  const counts: KillCounts = {};
  const { pair } = world;
  const drawn: Readonly<Partial<Record<KillKind, number>>> = pair ? { ...kinds, ...kindsOfPair } : kinds;
  for (const kind of Object.keys(drawn) as KillKind[]) counts[kind] = 0;
  const comingBack: Promise<void>[] = [];
  const away = new Set<Away>();
  const forAWhile = (who: Away, absence: Promise<void>) => {
    away.add(who);
    comingBack.push(absence.then(() => void away.delete(who)));
  };
  for (let left = kills; left > 0 && !interruption?.aborted; ) {
    await pause(draws.between(300, 1_200));
    const kind = draws.weighted(drawn as Readonly<Record<KillKind, number>>);
    if (pair && kind in kindsOfPair) await actsAgain(world);
    const server = draws.pick(world.servers.filter((one) => !away.has(one)));
    const agent = draws.pick(world.agents) as AgentUnderTest;
    switch (kind) {
      case "edge":
      case "agent":
        // A part that is dead already is about to be started again.
        if (!signalled(kind === "edge" ? anEdge(world, draws).pid() : agent.pid(), "SIGKILL")) continue;
        break;
      case "both edges":
        for (const { pid } of edges(world)) signalled(pid(), "SIGKILL");
        break;
      case "an edge stands still":
        if (away.has("an edge")) continue;
        forAWhile("an edge", standStill(anEdge(world, draws), draws.between(1_000, 12_000)));
        break;
      case "an edge's way to the database":
        draws.pick(pair?.edges ?? [])?.toDatabase.cut();
        break;
      case "an edge's way to the database falls silent": {
        const one = draws.pick(pair?.edges ?? []);
        if (away.has("an edge") || !one) continue;
        one.toDatabase.fallSilent(...(draws.pick(silences) ?? []));
        forAWhile("an edge", openAgain(one.toDatabase, draws.between(1_000, 10_000)));
        break;
      }
      case "database":
        if (away.has("the database") || !pair) continue;
        forAWhile("the database", restart(world, pair.postgres, draws.between(100, 4_000)));
        break;
      case "hand over":
        if (!(await handOver(world))) continue;
        break;
      case "bridge":
        if (!world.bridge.kill) continue;
        await world.noteDialled();
        if (!(await world.bridge.kill())) continue;
        break;
      case "agent stands still":
        if (away.has("an agent")) continue; // One agent at a time, so that the other one can take over.
        forAWhile("an agent", standStill(agent, draws.between(1_000, 15_000)));
        break;
      case "edge's link":
        agent.toEdge.cut();
        break;
      case "edge's link ends at the edge alone":
        if (away.has("an agent")) continue;
        agent.toEdge.cutFarSide();
        forAWhile("an agent", speakAgain(agent, draws.between(1_000, 10_000)));
        break;
      case "edge's link falls silent":
        if (away.has("an agent")) continue;
        agent.toEdge.fallSilent(...(draws.pick(silences) ?? []));
        forAWhile("an agent", speakAgain(agent, draws.between(5_000, 15_000)));
        break;
      case "bridge's link":
        agent.toBridge.cut();
        break;
      case "bridge is slow":
        if (away.has("the bridge")) continue;
        await world.bridge.faults({ delayMs: draws.between(200, world.bridge.slowAtMostMs ?? 1_500) });
        forAWhile("the bridge", hurry(world, draws.between(3_000, 12_000)));
        break;
      case "WebEx host":
        if (!server) continue;
        forAWhile(server, breakOff(server, draws.between(50, 1_000)));
        break;
      case "WebEx host refuses":
        if (!server) continue;
        forAWhile(server, refuse(server, draws.between(500, 4_000)));
        break;
    }
    world.timeline.push(`${timeOfDay(Date.now())} ${kind}`);
    counts[kind] = (counts[kind] ?? 0) + 1;
    left -= 1;
  }
  await Promise.all(comingBack);
  return counts;
}

function signalled(pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
  try {
    return pid !== 0 && process.kill(pid, signal); // 0 is our own process group.
  } catch {
    return false;
  }
}

function edges({ pair, run }: KillWorld): readonly { pid(): number }[] {
  return pair?.edges ?? [{ pid: () => run.pids().edge }];
}

function anEdge(world: KillWorld, draws: Draws): { pid(): number } {
  return draws.pick(edges(world)) as { pid(): number };
}

/** One takeover is over before the next one begins; agents, links, bridge and hosts go on dying meanwhile. */
async function actsAgain({ run }: KillWorld): Promise<void> {
  for (const until = Date.now() + actsAgainWithinMs; Date.now() < until; await pause(100)) {
    const url = `${run.balancer?.acting}/readyz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
  }
  throw new Error(`no edge acted with an agent for ${actsAgainWithinMs / 1_000} s`);
}

/** False: none acts, or no other one could. */
async function handOver({ run }: KillWorld): Promise<boolean> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  const url = `${run.balancer?.acting}/api/v1/edges/hand-over`;
  const answer = await fetch(url, { method: "POST", headers, signal: AbortSignal.timeout(2_000) }).catch(() => null);
  return answer?.status === 202;
}

async function openAgain(wire: Wire, afterMs: number): Promise<void> {
  await pause(afterMs);
  wire.fallSilent();
}

async function restart(world: KillWorld, postgres: PostgresOnTest, afterMs: number): Promise<void> {
  await postgres.kill();
  await pause(afterMs);
  await postgres.begin();
  world.databaseBackAt.push(Date.now());
}

async function standStill(agent: { pid(): number }, forMs: number): Promise<void> {
  const pid = agent.pid();
  signalled(pid, "SIGSTOP");
  await pause(forMs);
  if (agent.pid() === pid) signalled(pid, "SIGCONT"); // Another pid: the agent was killed meanwhile.
}

async function speakAgain(agent: AgentUnderTest, afterMs: number): Promise<void> {
  await pause(afterMs);
  agent.toEdge.fallSilent();
}

async function hurry({ bridge }: KillWorld, afterMs: number): Promise<void> {
  await pause(afterMs);
  await bridge.faults({ delayMs: 0 });
}

/** No document is lost to the count: each is read before its connection ends. */
async function breakOff(server: WebexServer, forMs: number): Promise<void> {
  server.answerMode = { type: "break-off" };
  server.client.close();
  await pause(forMs);
  server.answerMode = { type: "confirm" };
}

async function refuse(server: WebexServer, forMs: number): Promise<void> {
  server.answerMode = { type: "status", status: 500 };
  await pause(forMs);
  server.answerMode = { type: "confirm" };
}
