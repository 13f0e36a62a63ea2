import { setTimeout as pause } from "node:timers/promises";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { Draws } from "../../test/simulation/draws.ts";
import type { KillWorld } from "./world.ts";

const kinds = { edge: 3, agent: 3, "bridge's link": 2, "WebEx host": 2 } as const;
export type KillKind = keyof typeof kinds;

/** Kills one part after the other, often before the one before is back; says how often each. */
export async function killParts(world: KillWorld, draws: Draws, kills: number): Promise<Record<KillKind, number>> {
  const counts: Record<KillKind, number> = { edge: 0, agent: 0, "bridge's link": 0, "WebEx host": 0 };
  const comingBack: Promise<void>[] = [];
  const away = new Set<WebexServer>();
  for (let left = kills; left > 0; ) {
    await pause(draws.between(300, 1_200));
    const kind = draws.weighted(kinds);
    const server = draws.pick(world.servers.filter((one) => !away.has(one)));
    if (kind === "edge" || kind === "agent") {
      if (!killed(world.run.pids()[kind])) continue; // It is dead, and about to be started again.
    } else if (kind === "bridge's link") world.wire.cut();
    else if (server) comingBack.push(closeForAWhile(server, draws.between(50, 1_000), away));
    counts[kind] += 1;
    left -= 1;
  }
  await Promise.all(comingBack);
  return counts;
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

async function closeForAWhile(server: WebexServer, forMs: number, away: Set<WebexServer>): Promise<void> {
  away.add(server);
  await server.stop();
  await pause(forMs);
  await server.comeBack();
  away.delete(server);
}
