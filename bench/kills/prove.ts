import { setTimeout as pause } from "node:timers/promises";
import { Draws } from "../../simulators/draws.ts";
import type { Turn } from "../../test/kit/balancer.ts";
import { type Faults, isFaulty, judge, type PostedRequest } from "./judge.ts";
import { type KillCounts, killParts } from "./killer.ts";
import { Meeting } from "./meeting.ts";
import { judgeRecords, type RecordVerdict, recordsOnDisk } from "./records.ts";
import { KillWorld } from "./world.ts";

export interface Verdict extends Faults {
  readonly kills: Readonly<KillCounts>;
  readonly requests: readonly PostedRequest[];
  /** Kind of request and its result → how often. */
  readonly results: ReadonlyMap<string, number>;
  readonly records: RecordVerdict;
  /** Of two edges: who acted, and from when on. */
  readonly turns: readonly Turn[];
  /** When it answered again. */
  readonly databaseBackAt: readonly number[];
}

const meetingsAtOnce = 12;
/** Each of its callers sends and receives 50 packets a second. */
const meetingsOnTelephones = 6;
/** Long enough for callers to enter each meeting. */
const trafficBeforeKillsMs = 5_000;

/**
 * Kills parts under traffic, no more after an interruption, waits until all is at rest, and judges by what was seen from outside.
 * `sipp`: on a real Asterisk, with this program's telephones; absent: on the simulated bridge.
 */
export async function proveKills(
  kills: number,
  seed: number,
  interruption?: AbortSignal,
  { sipp, edges }: { readonly sipp?: string | undefined; readonly edges?: number } = {},
): Promise<Verdict> {
  const world = await KillWorld.start({ sipp, ...(edges !== undefined && { edges }) });
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
    await pause(trafficBeforeKillsMs);
    const counts = await killParts(world, new Draws(seed, "kills"), kills, interruption);
    over = true;
    await Promise.all([...traffic, watching]);
    const faults = await judgeAtRest(world);
    if (isFaulty(faults)) console.error(`The logs and the times of the kills are in ${world.keepLogs()}.`);
    return {
      ...faults,
      kills: counts,
      turns: world.run.balancer?.turns ?? [],
      databaseBackAt: world.databaseBackAt,
      requests: world.requests,
      results: countResults(world),
    };
  } catch (error) {
    console.error(`The logs and the times of the kills are in ${world.keepLogs()}.`);
    throw error;
  } finally {
    await world.stop();
  }
}

/** A caller who keys nothing, or in vain, is let go after 30 s, and a busy machine is late. */
const REST_WITHIN_MS = 60_000;

/** Judges again until nothing diverges: what is only late gets time, a fault stays one. */
async function judgeAtRest(world: KillWorld): Promise<Faults & Pick<Verdict, "records">> {
  await Promise.all(world.requests.filter(({ excused }) => !excused).map((request) => world.answerTo(request)));
  await world.bridge.callersGaveUp?.();
  const keptOut = await callersKeptOut(world);
  const deadline = Date.now() + REST_WITHIN_MS;
  for (;;) {
    await pause(1_000);
    await world.noteDialled();
    const bridge = await (world.bridge.stateAtRest?.() ?? world.bridge.state());
    const { rosters, enteredNumbers, callers } = world;
    const records = judgeRecords({
      ...(await recordsOnDisk({ state: world.run.state, database: world.pair?.postgres.url ?? null })),
      ...{ bridge, rosters, enteredNumbers, callers, dialledNumbers: [...world.dialled.values()] },
      ...(world.bridge.earlierActs?.length && { askedNumbers: world.askedNumbers }),
    });
    const faults = judge({
      requests: world.requests,
      answers: (host, msgId) => world.answers(host, msgId),
      rosters: world.rosters,
      everyRoster: world.everyRoster,
      acts: await world.bridge.acts(),
      earlierActs: world.bridge.earlierActs ?? [],
      dialled: world.dialled,
      bridge,
      telephones: world.bridge.telephones ?? [],
    });
    const { missing, twice, wrong } = records;
    const all = {
      lost: [...faults.lost, ...keptOut, ...missing.map((what) => `record: ${what}`)],
      doubled: [...faults.doubled, ...twice.map((what) => `record: ${what}`)],
      diverged: [...faults.diverged, ...wrong.map((what) => `record: ${what}`)],
      records,
    };
    if (all.diverged.length + missing.length === 0 || Date.now() > deadline) return all;
  }
}

/** After the last kill one more caller dials in to each conference that runs and that nobody has asked to close, and must enter. */
async function callersKeptOut(world: KillWorld): Promise<string[]> {
  const closing = new Set(
    world.requests.flatMap(({ type, confKey }) => (type === "close-conference" ? [confKey] : [])),
  );
  const running = [...world.rosters].filter(([key, { state }]) => state === "running" && !closing.has(key));
  const callers = await Promise.all(
    running.map(async ([confKey]) => ({ confKey, number: (await world.callIn(confKey)).number })),
  );
  await world.bridge.callersGaveUp?.();
  const isOut = () => callers.filter(({ number }) => !world.enteredNumbers.has(number));
  for (let left = REST_WITHIN_MS / 100; left > 0 && isOut().length > 0; left--) await pause(100);
  return isOut().map(({ confKey, number }) => `the caller ${number} of ${confKey}, after the last kill, did not enter`);
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
