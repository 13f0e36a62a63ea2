import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { serverIds } from "../simulators/webex/client.ts";
import type { ConfKey, ExtConfId } from "../src/foundation/ids.ts";
import { completeText, createCodec } from "../src/tsp/codec.ts";
import { paced, type Times } from "./load.ts";
import { cpuMs } from "./process-usage.ts";
import { Receiver } from "./receiver.ts";

/** Some creates in a row, on one of two edges. */
export interface CreatesRound {
  readonly times: Times;
  /** CPU of the whole edge process for each create and all that follows from it. */
  readonly edgeMs: number;
}

/** Until the directory has been told of the last create, and confirmed answers are deleted. */
const restMs = 6_000;
const edges = { untold: "bench/untold.ts", told: "src/worker.ts" } as const;
const codec = createCodec({}, "webex");

/**
 * Creates at an even rate, in turns on an edge that tells its directory of them and on one that tells nobody. A mute would not do: the
 * directory is told nothing of it.
 */
export async function createsToldAndUntold(
  rounds: number,
  creates: number,
  perSecond: number,
): Promise<Readonly<Record<keyof typeof edges, readonly CreatesRound[]>>> {
  const folder = temporaryFolder("bench");
  const start = (name: keyof typeof edges) => LocalRun.start({ state: join(folder, name), countedEdge: edges[name] });
  const runs = { untold: await start("untold"), told: await start("told") };
  const webex = await Receiver.start();
  const ids = serverIds(20, Date.now);
  let key = 600_000_000;
  const next = (url: string) => () => {
    const confKey = String(key++) as ConfKey;
    const handles = { confKey, extConfId: `T${confKey}` as ExtConfId, replyTo: webex.host };
    const create = { type: "create-conference", msgId: ids.msgId(), ...handles } as const;
    const body = completeText(codec.encode(ids.transId(), [create]));
    return { url, body, answer: webex.answerTo(create.msgId) };
  };
  const play = async (run: LocalRun, count: number): Promise<CreatesRound> => {
    const { edge } = run.pids();
    const before = cpuMs(edge);
    const times = await paced(next(run.adapterUrl), perSecond, count);
    await webex.settle();
    await pause(restMs);
    return { times, edgeMs: (cpuMs(edge) - before) / count };
  };
  try {
    const [untold, told]: [CreatesRound[], CreatesRound[]] = [[], []];
    for (const run of [runs.untold, runs.told]) await play(run, 50);
    for (let round = 0; round < rounds; round++) {
      untold.push(await play(runs.untold, creates));
      told.push(await play(runs.told, creates));
    }
    return { untold, told };
  } finally {
    await runs.untold.stop();
    await runs.told.stop();
    await webex[Symbol.asyncDispose]();
  }
}
