import { setTimeout as pause } from "node:timers/promises";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { FigureName } from "../../src/operators/figures.ts";

/** What was counted outside the edge, by the name of the figure that must say the same. */
type Counted = Readonly<Partial<Record<FigureName, number>>>;

interface Sample {
  /** By a clock that nobody sets. */
  readonly at: number;
  readonly counted: Counted;
}

/** A figure as people are shown it; `null`: not known, or not whole. */
interface Shown {
  readonly where: string;
  readonly name: FigureName;
  readonly value: number | null;
}

export interface FigureVerdict {
  readonly compared: number;
  /** A sentence for each figure that says something else than was counted. */
  readonly wrong: readonly string[];
}

const sampleEveryMs = 100;
const pollEveryMs = 20_000;
/** Under traffic a figure may be so far behind; at rest it has so long to come right. */
const behindMs = 3_000;
const restMs = 5_000;

/** What WebEx's servers alone can count: it is so whatever bridges and agents do. */
const ofTheWire: readonly FigureName[] = ["requestsConfirmed", "postsConfirmed"];

interface FigureWorld {
  readonly run: LocalRun;
  readonly servers: readonly WebexServer[];
  readonly bridge: { state(): Promise<{ readonly conferences: readonly unknown[]; readonly calls: readonly Call[] }> };
}
interface Call {
  readonly state: string;
}

/** Compares what people are shown with a count of the wire and the bridge: each 20 s under traffic, and at rest. */
export class FigureJudge {
  readonly #world: FigureWorld;
  readonly #samples: Sample[] = [];
  readonly #wrong: string[] = [];
  #compared = 0;

  constructor(world: FigureWorld) {
    this.#world = world;
  }

  /** Until it is over. */
  async watch(isOver: () => boolean): Promise<void> {
    let polledAt = performance.now();
    while (!isOver()) {
      this.#samples.push({ at: performance.now(), counted: this.#counted() });
      await pause(sampleEveryMs);
      if (performance.now() - polledAt < pollEveryMs) continue;
      polledAt = performance.now();
      await this.#poll();
    }
  }

  /** Five seconds after the last event no figure may be wrong. */
  async atRest(): Promise<FigureVerdict> {
    await pause(restMs);
    const { conferences, calls } = await this.#world.bridge.state();
    const inside = calls.filter(({ state }) => state === "in-conference").length;
    const counted: Counted = {
      ...this.#counted(),
      ...{ running: conferences.length, conferences: conferences.length, callers: inside },
    };
    for (const { where, name, value } of await shownIn(this.#world.run)) {
      const expected = counted[name];
      if (expected === undefined) continue;
      this.#compared += 1;
      if (value !== expected) this.#wrong.push(`at rest, ${where}: ${name} is ${value}, counted were ${expected}`);
    }
    return { compared: this.#compared, wrong: this.#wrong };
  }

  #counted(): Counted {
    const { servers } = this.#world;
    const requests = servers.flatMap(({ client }) => [...client.confirmed.values()].filter((result) => result === 0));
    const posts = servers.map(({ received }) => new Set(received.map(({ transId }) => transId)).size);
    return { requestsConfirmed: requests.length, postsConfirmed: posts.reduce((sum, count) => sum + count, 0) };
  }

  async #poll(): Promise<void> {
    const begunAt = performance.now();
    // An edge that was just killed shows nothing, which is not wrong.
    const shown = await shownIn(this.#world.run).catch(() => []);
    this.#samples.push({ at: performance.now(), counted: this.#counted() });
    const recent = this.#samples.filter(({ at }) => at >= begunAt - behindMs);
    this.#samples.splice(0, this.#samples.length - recent.length);
    for (const { where, name, value } of shown) {
      if (!ofTheWire.includes(name) || value === null) continue;
      const counts = recent.map(({ counted }) => counted[name] ?? 0);
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      this.#compared += 1;
      if (value < least || value > most)
        this.#wrong.push(`under traffic, ${where}: ${name} is ${value}, counted were ${least} to ${most}`);
    }
  }
}

const gauges: Readonly<Record<string, FigureName>> = {
  'bridgehead_conferences{domain="local",phase="running"}': "running",
  'bridgehead_callers{domain="local"}': "callers",
};

/** The same moment in all places where people and programs read figures. */
async function shownIn(run: LocalRun): Promise<readonly Shown[]> {
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${run.operatorToken()}` };
    const answer = await fetch(`${run.edgeUrl}${path}`, { headers, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer;
  };
  const [api, metrics] = await Promise.all([ask("/api/v1/domains/local/figures"), ask("/metrics")]);
  const { figures } = (await api.json()) as {
    readonly figures: readonly { name: FigureName; value: unknown; missing: readonly string[] }[];
  };
  const lines = (await metrics.text()).split("\n").map((line) => line.split(" "));
  return [
    ...figures.map(({ name, value, missing }) => {
      const isWhole = typeof value === "number" && missing.length === 0;
      return { where: "API", name, value: isWhole ? value : null };
    }),
    ...lines.flatMap(([series = "", value]) => {
      const name = gauges[series];
      return name === undefined ? [] : [{ where: "metrics", name, value: Number(value) }];
    }),
  ];
}
