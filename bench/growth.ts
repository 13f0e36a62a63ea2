import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { postDocument } from "../simulators/webex/client.ts";
import type { ExtConfId } from "../src/foundation/ids.ts";
import { paced, percentile } from "./load.ts";
import { cpuMs, rssMiB } from "./process-usage.ts";
import { Receiver } from "./receiver.ts";
import { Sides } from "./sides.ts";

/** An edge with so many conferences of ten in use. */
export interface Grown {
  /** CPU of the edge while each conference has a mute every ten seconds, in percent of a core. */
  readonly edgePercent: number;
  readonly confirmP99Ms: number;
  readonly edgeMiB: number;
  /** Another server creates all conferences within one second: until its last Confirmation, and the last of its answers and notifications. */
  readonly takenOver: { readonly confirmedMs: number; readonly toldMs: number; readonly refused: number };
}

const callers = 10;
const muteEveryS = 10;
const steadyS = 30;
const createsWithinMs = 1_000;
const againAfterMs = 2_000;
const mostSockets = 256;

export async function grown(conferences: number): Promise<Grown> {
  const sides = await Sides.start(Array<number>(conferences).fill(callers));
  try {
    const { edge } = sides.adapter.pids;
    const next = sides.adapter.mutes(sides.conferences, "answered");
    const perSecond = conferences / muteEveryS;
    const before = { cpu: cpuMs(edge), at: performance.now() };
    const { confirmMs } = await paced(next, perSecond, perSecond * steadyS);
    const edgePercent = (100 * (cpuMs(edge) - before.cpu)) / (performance.now() - before.at);
    await sides.webex.settle();
    const edgeMiB = rssMiB(edge);
    return { edgePercent, confirmP99Ms: percentile(confirmMs, 99), edgeMiB, takenOver: await takeOver(sides) };
  } finally {
    await sides.stop();
  }
}

async function takeOver(sides: Sides): Promise<Grown["takenOver"]> {
  await using server = await Receiver.start({ keeps: true });
  const agent = new Agent({ keepAlive: true, maxSockets: mostSockets });
  let refused = 0;
  const begunAt = performance.now();
  const confirmed = sides.conferences.map(async ({ confKey }, index) => {
    const { body } = sides.create(confKey, `G${confKey}` as ExtConfId, server);
    await pause((index * createsWithinMs) / sides.conferences.length);
    // As WebEx does with what is not confirmed.
    while ((await postDocument(sides.adapterUrl, body, agent, 60_000)).status !== 200) {
      refused += 1;
      await pause(againAfterMs);
    }
    return performance.now() - begunAt;
  });
  const confirmedMs = Math.max(...(await Promise.all(confirmed)));
  agent.destroy();
  await server.settle();
  const toldMs = server.lastAt - begunAt;
  const told = server.posts.join("").match(/<A2W_NotifyUserEnter /g)?.length ?? 0;
  const wanted = sides.conferences.length * callers;
  if (told !== wanted) throw new Error(`the new server was told ${told} callers, not the ${wanted} there are`);
  return { confirmedMs, toldMs, refused };
}
