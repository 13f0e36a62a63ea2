import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { postDocument } from "../simulators/webex/client.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import type { ExtConfId } from "../src/foundation/ids.ts";
import { type Conference, fillConferences } from "./conferences.ts";
import { createAtRate } from "./creates.ts";
import { startFloor } from "./floor/start.ts";
import { inTurns, median, paced, percentile, type Times, type Transaction } from "./load.ts";
import { cpuMs, mainThreadMs, rssMiB } from "./process-usage.ts";
import { statusOf } from "./processes.ts";
import { Receiver } from "./receiver.ts";
import { type Side, Sides, type Until } from "./sides.ts";

/** One line of the table. A ratio is the adapter's value by the floor's. */
export interface Line {
  readonly figure: string;
  readonly unit: "ms" | "/s" | "MiB" | "%";
  readonly floor?: number;
  readonly adapter: number;
  readonly goal?: Goal;
}

/** A limit of the ratio, or else of the adapter's value. */
type Goal = { readonly of: "ratio" | "value" } & ({ readonly atMost: number } | { readonly atLeast: number });

function ratioAtMost(atMost: number): Goal {
  return { of: "ratio", atMost };
}

function valueAtMost(atMost: number): Goal {
  return { of: "value", atMost };
}

function valueAtLeast(atLeast: number): Goal {
  return { of: "value", atLeast };
}

export type Runtime = "workers" | "node";

/** What an edge is to reach there. The floor is on workerd, wherever the edge is. */
const goals = {
  workers: {
    confirm: 1.25,
    whole: [1.3, 1.3],
    perSecond: 0.75,
    perSecondOfOne: 1.1,
    cpuMs: { edge: 1.5, agent: 0.25 },
    idle: 1_000,
    edgeMiB: 265,
    agentMiB: 120,
    overloadPerSecond: 100,
  },
  node: {
    confirm: 1,
    whole: [1.2, 1.2],
    perSecond: 3,
    perSecondOfOne: 2,
    cpuMs: { edge: 0.4, agent: 0.25 },
    idle: 10_000,
    edgeMiB: 400,
    agentMiB: null,
    overloadPerSecond: 300,
  },
} as const;

/** How much is measured; `--quick` for development. */
export interface Extent {
  readonly rounds: number;
  readonly pacedPosts: number;
  readonly loadPosts: number;
  readonly bigCallers: number;
  readonly failoverCallers: number;
  readonly creates: number;
  readonly createsOverMs: number;
  readonly overloadMs: number;
  /** Of the conferences of the goal for memory. */
  readonly idleShare: number;
  readonly idleMs: number;
}

export const full: Extent = {
  rounds: 3,
  pacedPosts: 400,
  loadPosts: 3_000,
  bigCallers: 1_000,
  failoverCallers: 500,
  creates: 3_000,
  createsOverMs: 60_000,
  overloadMs: 20_000,
  idleShare: 1,
  idleMs: 70_000,
};

export const quick: Extent = {
  rounds: 1,
  pacedPosts: 120,
  loadPosts: 600,
  bigCallers: 100,
  failoverCallers: 50,
  creates: 300,
  createsOverMs: 6_000,
  overloadMs: 10_000,
  idleShare: 0.02,
  idleMs: 2_000,
};

const pacedPerSecond = 40;
const callers = 32;
/** More than callers of the load: no two mutes under way concern the same caller. */
const hotCallers = 64;
const hundred = 100;
const minuteMs = 60_000;

/** The conferences of the comparisons, by what they serve. */
interface Meetings {
  readonly hundred: readonly Conference[];
  readonly hot: Conference;
  readonly big: Conference;
  readonly failover: Conference;
}

interface Comparison {
  readonly sides: Sides;
  readonly meetings: Meetings;
  readonly extent: Extent;
  readonly runtime: Runtime;
}

type Figure = { readonly name: string } & (
  | { readonly compare: (comparison: Comparison) => Promise<readonly Line[]> }
  | { readonly alone: (extent: Extent, runtime: Runtime) => Promise<readonly Line[]> }
);

export const figures: readonly Figure[] = [
  { name: "paced: confirm and whole way", compare: pacedFigures },
  { name: "load: 32 callers on 100 conferences", compare: loadFigures },
  { name: "hot: 32 callers on one conference", compare: hotFigure },
  { name: "size: a mute among 1,000 callers", compare: sizeFigure },
  { name: "failover of 500 callers", compare: failoverFigure },
  { name: "creates: 3,000 in a minute", alone: createFigures },
  { name: "overload: more than the edge can create", alone: overloadFigures },
  { name: "looks: polls of the overview", alone: looksFigures },
  { name: "idle: memory of conferences at rest, and a start with them", alone: idleFigures },
];

export async function withComparison<Value>(
  extent: Extent,
  runtime: Runtime,
  use: (given: Comparison) => Promise<Value>,
): Promise<Value> {
  const sizes = [...Array<number>(hundred).fill(10), hotCallers, extent.bigCallers, extent.failoverCallers];
  const sides = await Sides.start(sizes);
  try {
    const [hot, big, failover] = sides.conferences.slice(hundred) as [Conference, Conference, Conference];
    const given = {
      sides,
      extent,
      runtime,
      meetings: { hundred: sides.conferences.slice(0, hundred), hot, big, failover },
    };
    const warmUp = { ...given, extent: { ...extent, rounds: 1 } };
    await inRounds(warmUp, bothWays(given, given.meetings.hundred), (next) => inTurns(next, callers, 400));
    return await use(given);
  } finally {
    await sides.stop();
  }
}

interface Round {
  readonly times: Times;
  /** CPU of the whole process for each transaction. */
  readonly edgeMs: number;
  readonly agentMs: number;
}

interface Lane {
  readonly side: Side;
  readonly conferences: readonly Conference[];
  readonly until: Until;
}

function bothWays({ sides }: Comparison, conferences: readonly Conference[]) {
  const lane = (side: Side): Lane => ({ side, conferences, until: "answered" });
  return { floor: lane(sides.floor), adapter: lane(sides.adapter) };
}

/** All lanes in turn, so that none profits from a quiet moment of the machine. After each, every request was answered once. */
async function inRounds<Name extends string>(
  { sides, extent }: Comparison,
  lanes: Readonly<Record<Name, Lane>>,
  run: (next: () => Transaction) => Promise<Times>,
): Promise<Readonly<Record<Name, readonly Round[]>>> {
  const names = Object.keys(lanes) as Name[];
  const rounds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Round[]>;
  for (let round = 0; round < extent.rounds; round++) {
    for (const name of names) {
      const { side, conferences, until } = lanes[name];
      const { edge, agent } = side.pids;
      const before = { edge: cpuMs(edge), agent: cpuMs(agent) };
      const times = await run(side.mutes(conferences, until));
      await sides.webex.settle();
      await pause(side.restMs);
      const count = times.confirmMs.length;
      const [edgeMs, agentMs] = [(cpuMs(edge) - before.edge) / count, (cpuMs(agent) - before.agent) / count];
      rounds[name].push({ times, edgeMs, agentMs });
    }
  }
  return rounds;
}

const all = (rounds: readonly Round[], of: "confirmMs" | "wholeMs") => rounds.flatMap(({ times }) => times[of]);
const rate = (rounds: readonly Round[]) => median(rounds.map(({ times }) => times.perSecond));
const middle = (rounds: readonly Round[], of: "edgeMs" | "agentMs") => median(rounds.map((round) => round[of]));

async function pacedFigures(given: Comparison): Promise<readonly Line[]> {
  const { hundred } = given.meetings;
  const { confirm, whole } = goals[given.runtime];
  const confirmed = { side: given.sides.floor, conferences: hundred, until: "confirmed" } as const;
  const lanes = { confirmed, ...bothWays(given, hundred) };
  const rounds = await inRounds(given, lanes, (next) => paced(next, pacedPerSecond, given.extent.pacedPosts));
  const line = (figure: string, floor: readonly Round[], of: "confirmMs" | "wholeMs", percent: number): Line => ({
    figure: `${figure}, p${percent}`,
    unit: "ms",
    floor: percentile(all(floor, of), percent),
    adapter: percentile(all(rounds.adapter, of), percent),
  });
  return [
    {
      ...line("confirm, beside Worker → object → 3 rows", rounds.confirmed, "confirmMs", 50),
      goal: ratioAtMost(confirm),
    },
    line("confirm, beside the bare whole way", rounds.floor, "confirmMs", 50),
    { ...line("whole way of a mute", rounds.floor, "wholeMs", 50), goal: ratioAtMost(whole[0]) },
    { ...line("whole way of a mute", rounds.floor, "wholeMs", 99), goal: ratioAtMost(whole[1]) },
  ];
}

async function loadFigures(given: Comparison): Promise<readonly Line[]> {
  const { floor, adapter } = await inRounds(given, bothWays(given, given.meetings.hundred), (next) =>
    inTurns(next, callers, given.extent.loadPosts),
  );
  const cpu = (process: "edge" | "agent", of: "edgeMs" | "agentMs"): Line => ({
    figure: `CPU of the ${process} process for a mute`,
    unit: "ms",
    floor: middle(floor, of),
    adapter: middle(adapter, of),
    goal: { of: "value", atMost: goals[given.runtime].cpuMs[process] },
  });
  return [
    {
      figure: `whole transactions, ${callers} callers, 100 conferences`,
      unit: "/s",
      floor: rate(floor),
      adapter: rate(adapter),
      goal: { of: "ratio", atLeast: goals[given.runtime].perSecond },
    },
    cpu("edge", "edgeMs"),
    cpu("agent", "agentMs"),
  ];
}

async function hotFigure(given: Comparison): Promise<readonly Line[]> {
  const { floor, adapter } = await inRounds(given, bothWays(given, [given.meetings.hot]), (next) =>
    inTurns(next, callers, given.extent.loadPosts),
  );
  return [
    {
      figure: `whole transactions, ${callers} callers, one conference`,
      unit: "/s",
      floor: rate(floor),
      adapter: rate(adapter),
      goal: { of: "ratio", atLeast: goals[given.runtime].perSecondOfOne },
    },
  ];
}

async function sizeFigure(given: Comparison): Promise<readonly Line[]> {
  const lane = (conference: Conference): Lane => ({
    side: given.sides.adapter,
    conferences: [conference],
    until: "answered",
  });
  const [small] = given.meetings.hundred as [Conference];
  const lanes = { small: lane(small), big: lane(given.meetings.big) };
  const { pacedPosts, bigCallers } = given.extent;
  const rounds = await inRounds(given, lanes, (next) => paced(next, pacedPerSecond / 2, pacedPosts / 4));
  return [
    {
      figure: `mute among ${bigCallers} callers, beside 10, p50`,
      unit: "ms",
      floor: percentile(all(rounds.small, "wholeMs"), 50),
      adapter: percentile(all(rounds.big, "wholeMs"), 50),
      goal: ratioAtMost(1.1),
    },
  ];
}

/** From the post of the create to the last roster message; the floor posts the same bytes, one document after the other. */
async function failoverFigure({ sides, meetings, extent }: Comparison): Promise<readonly Line[]> {
  const { confKey, callers } = meetings.failover;
  const took = { floor: [] as number[], adapter: [] as number[] };
  let documents = 0;
  for (let round = 0; round < extent.rounds; round++) {
    await using server = await Receiver.start({ keeps: true });
    const create = sides.create(confKey, `F${confKey}${round}` as ExtConfId, server);
    const startedAt = performance.now();
    await confirmedPost(sides.adapterUrl, create.body);
    await create.answer;
    await server.settle();
    took.adapter.push(server.lastAt - startedAt);
    requireRoster(server.posts, callers);
    documents = server.posts.length;

    await using again = await Receiver.start({ keeps: true });
    const before = performance.now();
    await confirmedPost(`${sides.floorUrl}/posts/failover?replyTo=${again.host}`, JSON.stringify(server.posts));
    took.floor.push(again.lastAt - before);
    if (again.posts.join() !== server.posts.join()) throw new Error("the floor posted other bytes than the adapter");
  }
  return [
    {
      figure: `failover of ${callers.length} callers (${documents} posts), beside posting the same`,
      unit: "ms",
      floor: median(took.floor),
      adapter: median(took.adapter),
      goal: ratioAtMost(2),
    },
  ];
}

function requireRoster(posts: readonly string[], callers: readonly string[]): void {
  const told = posts.flatMap((text) => [...text.matchAll(/<A2W_NotifyUserEnter [^>]*ExtCallID="(\d+)"/g)]);
  const names = new Set(told.map(([, extCallId]) => extCallId));
  if (told.length !== callers.length || callers.some((caller) => !names.has(caller))) {
    throw new Error(`the new server was told ${told.length} callers, not the ${callers.length} there are`);
  }
}

async function confirmedPost(url: string, body: string): Promise<void> {
  const { status, body: confirmation } = await postDocument(url, body, undefined, 60_000);
  if (status !== 200 || !confirmation.includes('Result="0"')) throw new Error(`a post was answered with ${status}`);
}

/** Begun so that the agent's digests, once a minute, fall into its end, when most conferences are there. */
async function createFigures({ creates, createsOverMs }: Extent): Promise<readonly Line[]> {
  return withWebex(async (run, webex, connectedAt) => {
    // A started edge needs 50% more CPU for a create until its code is compiled.
    await createAtRate(webex, run.pids().edge, creates / 5, createsOverMs / 2);
    const digestsAt =
      connectedAt + minuteMs * Math.ceil((performance.now() + 0.8 * createsOverMs - connectedAt) / minuteMs);
    await pause(digestsAt - 0.8 * createsOverMs - performance.now());
    const { answerMs, confirmMs, cpuMs } = await createAtRate(webex, run.pids().edge, creates, createsOverMs);
    const [first = 0, last = 0] = [cpuMs[0], cpuMs.at(-1)].map((ms = 0) => (ms * 10) / creates);
    const inTime = (100 * answerMs.filter((ms) => ms <= 2_000).length) / creates;
    const figure = `${creates} creates in ${createsOverMs / 1000} s`;
    const cpu = `${figure}, CPU of the edge for one, last tenth beside first`;
    return [
      { figure: `${figure}, answered within 2 s`, unit: "%", adapter: inTime, goal: valueAtLeast(100) },
      {
        figure: `${figure}, Confirmation, p99`,
        unit: "ms",
        adapter: percentile(confirmMs, 99),
        goal: valueAtMost(100),
      },
      { figure: cpu, unit: "ms", floor: first, adapter: last, goal: ratioAtMost(1.1) },
    ];
  });
}

/** Posts more creates than the edge can do. Repeats refused creates after 2 s. */
async function overloadFigures({ overloadMs }: Extent, runtime: Runtime): Promise<readonly Line[]> {
  const { overloadPerSecond } = goals[runtime];
  return withWebex(async (run, webex) => {
    const { edge } = run.pids();
    const count = (overloadPerSecond * overloadMs) / 1_000;
    const { answerMs, confirmMs, answersPerSecond } = await createAtRate(webex, edge, count, overloadMs);
    const answered = (100 * answerMs.filter(Number.isFinite).length) / confirmMs.length;
    const [best, worst] = [Math.max(...answersPerSecond), Math.min(...answersPerSecond)];
    const [next = Number.NaN] = (await createAtRate(webex, edge, 1, 0)).answerMs;
    const figure = `${overloadPerSecond} creates a second`;
    const rates = `${figure}, answers in the worst 5 s beside the best`;
    return [
      { figure: rates, unit: "/s", floor: best, adapter: worst, goal: { of: "ratio", atLeast: 0.8 } },
      { figure: `${figure}, answered of the confirmed`, unit: "%", adapter: answered, goal: valueAtLeast(100) },
      { figure: `${figure}, answer to the next create`, unit: "ms", adapter: next, goal: valueAtMost(1_000) },
    ];
  });
}

/** One console page that polls at its own interval. */
async function looksFigures({ creates, createsOverMs }: Extent): Promise<readonly Line[]> {
  return withWebex(async (run, webex) => {
    const { edge } = run.pids();
    const headers = { authorization: `Bearer ${run.operatorToken()}` };
    const pollMs = async (share: number) => {
      await createAtRate(webex, edge, creates * share, createsOverMs * share);
      const took: number[] = [];
      while (took.length < 15) {
        await pause(2_000);
        const before = mainThreadMs(edge);
        await (await fetch(`${run.edgeUrl}/console/local`, { headers })).text();
        took.push(mainThreadMs(edge) - before);
      }
      return median(took);
    };
    const [few, many] = [await pollMs(0.1), await pollMs(0.9)];
    const figure = `CPU of a poll of the overview at ${creates} conferences, beside ${creates / 10}`;
    return [{ figure, unit: "ms", floor: few, adapter: many, goal: ratioAtMost(1.3) }];
  });
}

async function withWebex<Value>(
  use: (run: LocalRun, webex: WebexServer, connectedAt: number) => Promise<Value>,
): Promise<Value> {
  return withAdapter(async (run, connectedAt) => {
    const webex = new WebexServer({ adapterUrl: run.adapterUrl, attempts: 30, retryMs: 2_000 });
    await webex.start();
    try {
      return await use(run, webex, connectedAt);
    } finally {
      await webex.stop();
    }
  });
}

async function idleFigures({ idleShare, idleMs }: Extent, runtime: Runtime): Promise<readonly Line[]> {
  const { idle, edgeMiB, agentMiB } = goals[runtime];
  const count = idle * idleShare;
  return withAdapter(async (run, _, folder) => {
    const bare = await startFloor(join(folder, "floor"));
    try {
      for (let index = 0; index < count; index++) await confirmedPost(`${bare.url}/confirm/${index}`, "x");
      await fillConferences(run, Array<number>(count).fill(10), 400_000_000);
      await pause(idleMs);
      const { edge, agent } = run.pids();
      const line = (
        figure: string,
        unit: Line["unit"],
        adapter: number,
        atMost: number | null,
        floor?: number,
      ): Line => ({
        ...{ figure, unit, adapter },
        ...(atMost !== null && { goal: valueAtMost(atMost) }),
        ...(floor !== undefined && { floor }),
      });
      const memory = (process: string) => `memory of the ${process}, ${count} idle conferences of 10`;
      return [
        line(memory("edge"), "MiB", rssMiB(edge), edgeMiB, rssMiB(bare.pids.edge)),
        line(memory("agent"), "MiB", rssMiB(agent), agentMiB, rssMiB(bare.pids.agent)),
        line(`from a SIGKILL to the first answer, ${count} conferences`, "ms", await killedMs(run), 2_000),
      ];
    } finally {
      await bare.stop();
    }
  });
}

/** Its supervisor starts it again at once. */
async function killedMs(run: LocalRun): Promise<number> {
  const killedAt = performance.now();
  process.kill(run.pids().edge, "SIGKILL");
  while ((await statusOf(`${run.edgeUrl}/healthz`)) !== 200) await pause(5);
  return performance.now() - killedAt;
}

/** A new adapter that has had nothing to do, and the time when its agent connected. */
async function withAdapter<Value>(
  use: (run: LocalRun, connectedAt: number, folder: string) => Promise<Value>,
): Promise<Value> {
  const folder = temporaryFolder("bench");
  const run = await LocalRun.start({ state: join(folder, "adapter") });
  try {
    return await use(run, performance.now(), folder);
  } finally {
    await run.stop();
  }
}
