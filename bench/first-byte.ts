import { request } from "node:http";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { fillConferences } from "./conferences.ts";

const warmLooks = 30;
const firstKey = 800_000_000;
/** The pages that people have open, behind `/console/local`. */
const pages = {
  overview: "",
  list: "/conferences",
  "a conference": `/conferences/${firstKey}`,
  "TSP servers": "/servers",
} as const;
const back = { every: 5, within: 20_000 } as const;

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

/** First bytes of the console's pages while so many real conferences run, each with a caller. */
export async function firstBytes(conferences: number): Promise<readonly FirstBytes[]> {
  const run = await LocalRun.start({ state: join(temporaryFolder("bench"), "first-byte") });
  try {
    await fillConferences(run, Array<number>(conferences).fill(1), firstKey);
    const looks = Object.entries(pages).map(([page, path]) => {
      return { page, look: () => lookAt(run, `/console/local${path}`) };
    });
    const warm = new Map<string, Look[]>();
    for (const { page, look } of looks) {
      await look();
      const some: Look[] = [];
      for (let count = 0; count < warmLooks; count += 1) {
        some.push(await look());
        await pause(20);
      }
      warm.set(page, some);
    }
    const found: FirstBytes[] = [];
    for (const { page, look } of looks) {
      found.push({ page, warm: warm.get(page) ?? [], cold: await afterKill(run, look) });
      await allKnown(run, conferences);
    }
    return found;
  } finally {
    await run.stop();
  }
}

async function afterKill(run: LocalRun, look: () => Promise<Look>): Promise<Look> {
  process.kill(run.pids().edge, "SIGKILL");
  for (const deadline = Date.now() + back.within; ; await pause(back.every)) {
    try {
      return await look();
    } catch (error) {
      // Nobody listens yet.
      if (Date.now() > deadline) throw error;
    }
  }
}

/** The next page is measured when the list is whole again, or after a minute. */
async function allKnown(run: LocalRun, conferences: number): Promise<void> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(500)) {
    const response = await fetch(`${run.edgeUrl}/api/v1/domains/local/running-conferences?limit=1`, { headers });
    const { total, unknown } = (await response.json()) as { readonly total?: number; readonly unknown?: number };
    if (total === conferences && unknown === 0) return;
  }
}

function lookAt(run: LocalRun, path: string): Promise<Look> {
  const token = `Bearer ${run.operatorToken()}`;
  const headers = { authorization: token, accept: "text/html", "sec-fetch-dest": "document" };
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(`${run.edgeUrl}${path}`, { headers, agent: false }, (response) => {
      let firstMs = 0;
      response.once("data", () => {
        firstMs = performance.now() - startedAt;
      });
      response.once("end", () => resolve({ firstMs, wholeMs: performance.now() - startedAt }));
      response.once("error", reject);
      if (response.statusCode !== 200) reject(new Error(`${path} was answered with ${response.statusCode}`));
    });
    asked.once("error", reject);
    asked.end();
  });
}
