import { request } from "node:http";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { serverIds } from "../simulators/webex/client.ts";
import type { RunningPage } from "../src/rpc/directory.ts";
import { completeText, createCodec } from "../src/tsp/codec.ts";
import { type Conference, type Filled, fillConferences } from "./conferences.ts";
import { paced, type Transaction } from "./load.ts";
import { Receiver } from "./receiver.ts";

const warmLooks = 30;
const firstKey = 800_000_000;
const api = "/api/v1/domains/local";
const listPage = "/console/local/conferences";
const findPath = `${api}/find`;
/** What people have open. */
const pages = {
  overview: "/console/local",
  list: listPage,
  "a conference": `${listPage}/${firstKey}`,
  "TSP servers": "/console/local/servers",
  "find, by the API": findPath,
} as const;
const backAgain = { every: 5, within: 20_000 } as const;
/** So long may the list lack some after a start. */
const mostUnknownMs = 90_000;
/** The run ends by itself, whatever hangs. */
const mostMs = 8 * 60_000;
/** Mutes after a kill, of a conference each. */
const mutes = { perSecond: 40, count: 200 } as const;
const codec = createCodec({}, "webex");

/** Of an answer that may be a problem. */
type Listed = { readonly [Field in "total" | "unknown" | "stale"]?: RunningPage[Field] | undefined };

/** How long a browser waits for a page: for its first byte, and for all of it. */
export interface FirstBytes {
  readonly page: string;
  readonly warm: readonly Look[];
  /** The first request that the edge answers after a SIGKILL. */
  readonly cold: Look;
}

interface Look {
  readonly firstMs: number;
  readonly wholeMs: number;
}

interface Looks {
  readonly pages: readonly FirstBytes[];
  /** From posts to their Confirmations right after a SIGKILL, and the same while the list is open. */
  readonly confirms: { readonly alone: readonly number[]; readonly besideList: readonly number[] };
}

/** First bytes of the console's pages while so many real conferences run, each with a caller. */
export async function firstBytes(conferences: number): Promise<Looks> {
  const run = await LocalRun.start({ state: join(temporaryFolder("bench"), "first-byte") });
  const isOver = new AbortController();
  const tooLong = pause(mostMs, null, { signal: isOver.signal }).then(() => {
    throw new Error(`the run takes longer than ${mostMs / 60_000} minutes`);
  });
  try {
    return await Promise.race([tooLong, looksAt(run, conferences)]);
  } finally {
    isOver.abort();
    tooLong.catch(() => {});
    await run.stop();
  }
}

async function looksAt(run: LocalRun, conferences: number): Promise<Looks> {
  const filled = await fillConferences(run, Array<number>(conferences).fill(1), firstKey);
  await allKnown(run, conferences);
  const warm = new Map<string, readonly Look[]>();
  for (const [page, path] of Object.entries(pages)) warm.set(page, await warmLooksAt(run, path));
  const found: FirstBytes[] = [];
  for (const [page, path] of Object.entries(pages)) {
    const cold = await afterKill(run, () => lookAt(run, path));
    found.push({ page, warm: warm.get(page) ?? [], cold });
    await allKnown(run, conferences);
  }
  return { pages: found, confirms: await confirmsAfterKill(run, filled) };
}

async function warmLooksAt(run: LocalRun, path: string): Promise<readonly Look[]> {
  const looks: Look[] = [];
  await lookAt(run, path);
  for (let count = 0; count < warmLooks; count += 1) {
    looks.push(await lookAt(run, path));
    await pause(20);
  }
  return looks;
}

async function afterKill<Value>(run: LocalRun, look: () => Promise<Value>): Promise<Value> {
  process.kill(run.pids().edge, "SIGKILL");
  for (const deadline = Date.now() + backAgain.within; ; await pause(backAgain.every)) {
    try {
      return await look();
    } catch (error) {
      // Nobody listens yet.
      if (Date.now() > deadline) throw error;
    }
  }
}

/** The next page is measured when each conference has said how it is since the edge's start. */
async function allKnown(run: LocalRun, conferences: number): Promise<void> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  const deadline = Date.now() + mostUnknownMs;
  for (let list: Listed = {}; !isWhole(list, conferences); await pause(500)) {
    if (Date.now() > deadline) throw new Error(`the list is not whole in time: ${JSON.stringify(list)}`);
    const response = await fetch(`${run.edgeUrl}${api}/running-conferences?limit=1`, { headers });
    const { total, unknown, stale } = (await response.json()) as Listed;
    list = { total, unknown, stale };
  }
}

/** Whether it has so many, and none as it last reported before a restart. */
export function isWhole({ total, unknown, stale = 0 }: Listed, conferences: number): boolean {
  return total === conferences && unknown === 0 && stale === 0;
}

async function confirmsAfterKill(run: LocalRun, { conferences, port }: Filled): Promise<Looks["confirms"]> {
  await using webex = await Receiver.start({ port });
  const ids = serverIds(20, Date.now);
  let turn = 0;
  const mute = (): Transaction => {
    // Those of the first page are asked first.
    const { extConfId, callers } = conferences[conferences.length - 1 - turn] as Conference;
    turn += 1;
    const [extCallId] = callers as [Conference["callers"][number]];
    const about = { extConfId, extCallId, privilege: "listen", replyTo: webex.host } as const;
    const body = completeText(codec.encode(ids.transId(), [{ type: "update-caller", msgId: ids.msgId(), ...about }]));
    return { url: run.adapterUrl, body };
  };
  const confirms = async (path: string) => {
    await afterKill(run, () => lookAt(run, path));
    const count = Math.min(mutes.count, Math.floor(conferences.length / 2));
    const { confirmMs } = await paced(mute, mutes.perSecond, count);
    await allKnown(run, conferences.length);
    return confirmMs;
  };
  const alone = await confirms("/healthz");
  return { alone, besideList: await besideList(run, () => confirms("/healthz")) };
}

/** The list is opened as soon as the edge is back, and again when it was shown, as a browser does. */
async function besideList<Value>(run: LocalRun, work: () => Promise<Value>): Promise<Value> {
  const isOver = new AbortController();
  const looking = (async () => {
    while (!isOver.signal.aborted) await Promise.all([lookAt(run, listPage).catch(() => {}), pause(200)]);
  })();
  try {
    return await work();
  } finally {
    isOver.abort();
    await looking;
  }
}

function lookAt(run: LocalRun, path: string): Promise<Look> {
  const token = `Bearer ${run.operatorToken()}`;
  const headers = { authorization: token, accept: "text/html", "sec-fetch-dest": "document" };
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const method = path === findPath ? "POST" : "GET";
    const asked = request(`${run.edgeUrl}${path}`, { method, headers, agent: false, timeout: 60_000 }, (response) => {
      let firstMs = 0;
      response.once("data", () => {
        firstMs = performance.now() - startedAt;
      });
      response.once("end", () => resolve({ firstMs, wholeMs: performance.now() - startedAt }));
      response.once("error", reject);
      if (response.statusCode !== 200) reject(new Error(`${path} was answered with ${response.statusCode}`));
    });
    asked.once("timeout", () => asked.destroy(new Error(`${path} was not answered within a minute`)));
    asked.once("error", reject);
    asked.end(path === findPath ? '{"text":"14085550199"}' : undefined);
  });
}
