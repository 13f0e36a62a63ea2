import { setTimeout as pause } from "node:timers/promises";
import { Draws } from "../../simulators/draws.ts";
import { type Faults, isFaulty, judge, type PostedRequest } from "./judge.ts";
import { type KillCounts, killParts } from "./killer.ts";
import { Meeting } from "./meeting.ts";
import { KillWorld } from "./world.ts";

interface Verdict extends Faults {
  readonly kills: Readonly<KillCounts>;
  readonly requests: readonly PostedRequest[];
  /** Kind of request and its result → how often. */
  readonly results: ReadonlyMap<string, number>;
}

const meetingsAtOnce = 12;
/** Each of its callers sends and receives 50 packets a second. */
const meetingsOnTelephones = 6;

/**
 * Kills parts under traffic, no more after an interruption, waits until all is at rest, and judges by what was seen from outside.
 * `sipp`: on a real Asterisk, with this program's telephones; absent: on the simulated bridge.
 */
export async function proveKills(
  kills: number,
  seed: number,
  interruption?: AbortSignal,
  sipp?: string,
): Promise<Verdict> {
  const world = await KillWorld.start(sipp);
  try {
    let over = false;
    const traffic = Array.from({ length: sipp ? meetingsOnTelephones : meetingsAtOnce }, async (_, index) => {
      const draws = new Draws(seed, `meeting ${index}`);
      while (!over) await new Meeting(world, draws).play(() => over);
    });
    const watching = (async () => {
      while (!over) {
        await world.noteDialled();
        await pause(1_000);
      }
    })();
    const counts = await killParts(world, new Draws(seed, "kills"), kills, interruption);
    over = true;
    await Promise.all([...traffic, watching]);
    const faults = await judgeAtRest(world);
    if (isFaulty(faults)) console.error(world.logTails());
    return { ...faults, kills: counts, requests: world.requests, results: countResults(world) };
  } catch (error) {
    console.error(world.logTails());
    throw error;
  } finally {
    await world.stop();
  }
}

/** A caller who keys nothing, or in vain, is let go after 30 s, and a busy machine is late. */
const REST_WITHIN_MS = 60_000;

/** Judges again until nothing diverges: what is only late gets time, a fault stays one. */
async function judgeAtRest(world: KillWorld): Promise<Faults> {
  await Promise.all(world.requests.filter(({ excused }) => !excused).map((request) => world.answerTo(request)));
  const deadline = Date.now() + REST_WITHIN_MS;
  for (;;) {
    await pause(1_000);
    await world.noteDialled();
    const faults = judge({
      requests: world.requests,
      answers: (host, msgId) => world.answers(host, msgId),
      rosters: world.rosters,
      everyRoster: world.everyRoster,
      acts: await world.bridge.acts(),
      dialled: world.dialled,
      bridge: await (world.bridge.stateAtRest?.() ?? world.bridge.state()),
      telephones: world.bridge.telephones ?? [],
    });
    if (faults.diverged.length === 0 || Date.now() > deadline) return faults;
  }
}

function countResults(world: KillWorld): Map<string, number> {
  const counts = new Map<string, number>();
  const entered = world.callers.filter((number) => world.enteredNumbers.has(number)).length;
  counts.set("call-in: entered", entered);
  counts.set("call-in: nobody entered", world.callers.length - entered);
  for (const { type, replyTo, msgId, extCallId, excused } of world.requests) {
    const result = world.answers(replyTo, msgId)[0]?.result ?? (excused ? "replaced server" : "no answer");
    const missing = extCallId !== null && result === "ok" && !world.enteredCalls.has(extCallId);
    const name = `${type}: ${result}${missing ? ", and nobody entered" : ""}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
