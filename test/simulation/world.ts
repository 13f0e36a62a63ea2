import { Draws } from "../../simulators/draws.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { Clock, Endless } from "../kit/clock.ts";
import { conferenceOn, type Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { type Boost, boostFactor, type EdgeMachines, type WorldContext } from "./context.ts";
import { checkWaitsBegan } from "./counts-judge.ts";
import { disturb, disturbEdge, heal, healEdge } from "./disturb.ts";
import type { Shared } from "./edge.ts";
import { type FaultKind, Faults, faultKindsAt, type RuntimeName } from "./faults.ts";
import { Dead } from "./hosted.ts";
import { type LieName, lies } from "./lies.ts";
import { NodeRuntime } from "./node-runtime.ts";
import {
  checkAtRest,
  checkCallers,
  checkDigests,
  checkNothingPends,
  checkOrphansLock,
  differencesBeforeSweep,
  type Parts,
} from "./rest-checks.ts";
import type { Rule } from "./rules.ts";
import { judgeAgents, judgeDomain, judgeLists, judgeViews } from "./shown-judge.ts";
import { agentNames, newSite } from "./site.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface Violation {
  readonly rule: Rule;
  readonly how: string;
  /** Milliseconds since the world began. */
  readonly at: number;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Partial<Record<FaultKind, number>>>;
  /** Names of the faults and of the actions that happened: each can be spared in another run of the seed. */
  readonly faults: readonly string[];
  readonly actions: readonly string[];
  readonly story: readonly string[];
  readonly events: number;
}

export interface Options {
  readonly seed: number;
  /** Faults and actions that are not to happen. */
  readonly spared?: ReadonlySet<string>;
  /** Where the edge runs; absent: as the seed draws it. */
  readonly edge?: RuntimeName | undefined;
  /** A port that does not do what it says. */
  readonly lie?: LieName | undefined;
  readonly boosts?: readonly Boost[] | undefined;
  /** How long faults and actions happen; absent: twenty minutes. */
  readonly livelyMs?: number;
  /** Whether to write down what happens. */
  readonly withStory?: boolean;
  /** Looks into the world at its end, while the disks are still there. */
  readonly inspect?: (sites: readonly Parts[]) => void;
}

const usuallyLivelyMs = 20 * 60_000;
/** Number of checks while faults and actions happen. */
const looks = 12;
/** Enough for a call that rings, the longest deadline, three attempts of each transaction, a clock that was set back, and digests. */
const untilToldMs = 3 * 60_000;
/** Enough for a sweep and what it finds. */
const untilSweptMs = 7 * 60_000;
const untilQuietMs = 10 * 60_000;
const stillMs = 60_000;
/** As the platform evicts an object without work. */
const idleMs = 10_000;
/** A history is read in portions, and judges wait for answers. */
const readMs = 1_000;
/** By then another agent has taken over, and has told all that it knows. */
const takeoverMs = 30_000;

let present: WorldContext | null = null;
process.on("unhandledRejection", (error) => {
  if (!(error instanceof Dead)) {
    present?.violated(
      "no rejection goes unhandled",
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
});

/** Lives through one world. Must be called from the event loop itself, not from a promise's reaction: see `Clock`. */
export function run({
  seed,
  spared = new Set(),
  edge,
  lie,
  boosts = [],
  livelyMs = usuallyLivelyMs,
  withStory = false,
  inspect,
}: Options): Outcome {
  const runtimeName = edge ?? runtimeOf(seed);
  const clock = new Clock();
  const story: string[] = [];
  const violations: Violation[] = [];
  const judges = new Set<{ readonly rule: Rule }>();
  let isOver = false;
  const tell = (line: () => string): void => {
    if (withStory) story.push(`${(clock.now / 1000).toFixed(3).padStart(9)} ${line()}`);
  };
  const draws = new Draws(seed, "world");
  const kinds: ReadonlySet<string> = new Set(faultKindsAt(runtimeName));
  const faults = new Faults({
    seed,
    strength: {
      ...withOutages(strengths(draws, faultKindsAt(runtimeName)), new Draws(seed, "outages")),
      ...Object.fromEntries(boosts.filter((boost) => kinds.has(boost)).map((boost) => [boost, boostFactor])),
    },
    spared,
    now: () => clock.now,
    tell: (line) => tell(() => line),
  });
  const edgeMachines: EdgeMachines = {
    skewMs: 0,
    clockSetAt: -1,
    isDiskFull: false,
    idleMs: draws.chance(0.3) ? idleMs : null,
  };
  const context: WorldContext = {
    seed,
    site: "",
    clock,
    faults,
    edgeMachines,
    lie: lie ? lies[lie] : {},
    boosts: new Set(boosts),
    tell,
    violated(rule, how) {
      if (isOver) return; // What waits for a turn of the real event loop finds the disks of other worlds.
      violations.push({ rule, how, at: clock.now });
      tell(() => `** ${rule}: ${how}`);
    },
    judging(rule, judge) {
      const one = { rule };
      judges.add(one);
      judge().then(
        () => judges.delete(one),
        (error) => context.violated(rule, `its judge was not answered: ${error}`),
      );
    },
    edgeNow: () => Math.floor(worldBegins + clock.now + edgeMachines.skewMs),
  };
  present = context;
  const actions: string[] = [];
  const edges: Shared["edges"] = new Map();
  const runtime = runtimeName === "workers" ? null : new NodeRuntime(context, edges);
  const shared: Shared = { edges, worker: new WorkerProcess(edges), runtime };
  const sites = (draws.chance(0.06) ? ["", "other domain, "] : [""]).map((site) =>
    newSite({ ...context, site, tell: (line) => tell(() => `${site}${line()}`) }, shared, { spared, done: actions }),
  );
  disturbEdge(context, runtime);
  sites.forEach(disturb);

  try {
    for (let look = 1; look <= looks; look += 1) {
      clock.runUntil((livelyMs * look) / looks);
      sites.forEach(checkWaitsBegan);
      sites.forEach(checkOrphansLock);
    }
    // Something waits then, and agents that have not begun anew have counted.
    for (const { edge, agents } of sites) {
      judgeLists(context.violated, edge);
      judgeAgents(context.violated, agents);
    }
    tell(() => "== all faults are over");
    healEdge(context, runtime);
    sites.forEach(heal);
    clock.runUntil(livelyMs + untilToldMs);
    const unfound = new Map(sites.map((site) => [site, differencesBeforeSweep(site)]));
    for (const site of sites) {
      checkNothingPends(site);
      checkCallers(site);
      for (const meeting of site.meetings) meeting.closeAgain();
    }
    clock.runUntil(livelyMs + untilSweptMs);
    sites.forEach(checkAtRest);
    for (const [site, differences] of unfound) checkDigests(site, differences);
    letEachAgentAct(context, sites);
    clock.runUntil(livelyMs + untilQuietMs);
    sites.forEach(checkAtRest);
    clock.runUntil(clock.now + readMs);
    checkStillness(context, sites, runtime);
    sites.forEach(checkShown);
    clock.runUntil(clock.now + readMs);
  } catch (error) {
    const rule = error instanceof Endless ? "a world comes to its end" : "nothing is thrown";
    context.violated(rule, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const { rule } of judges) context.violated(rule, "its judge did not come to his end");
  isOver = true;
  inspect?.(sites);
  for (const { edge, agents } of sites) {
    for (const { disk } of edge.objects()) disk.close();
    for (const { journal } of agents) journal.close();
  }
  return { seed, violations, counts: faults.counts, faults: faults.happened, actions, story, events: clock.events };
}

function runtimeOf(seed: number): RuntimeName {
  return new Draws(seed, "runtime").chance(0.5) ? "node" : "workers";
}

/** A keyed attendee ID that never reached the edge is told when its agent is the active one again: before all must be quiet. */
function letEachAgentAct({ clock }: WorldContext, sites: readonly Parts[]): void {
  const agents = sites.flatMap(({ agents }) => agents);
  for (const turn of agentNames) {
    for (const agent of agents) if (!agent.name.endsWith(turn)) agent.die();
    clock.runUntil(clock.now + takeoverMs);
  }
}

/** Once all is quiet it stays so, whoever is started anew. */
function checkStillness(context: WorldContext, sites: readonly Parts[], runtime: NodeRuntime | null): void {
  const { clock, violated, edgeNow } = context;
  const told = () => sites.reduce((sum, { webex }) => sum + webex.told, 0);
  const acts = () => sites.flatMap(({ bridges }) => bridges.acts);
  const ending = sites
    .flatMap(({ edge }) => [...edge.conferences])
    .filter(([, { disk }]) => endsAHold(disk, edgeNow()));
  const isEnding = (key: ConfKey | null) => ending.some(([confKey]) => confKey === key);
  const toldBefore = told();
  const actsBefore = new Set(acts());
  runtime?.machine.kill("all is started anew");
  for (const { edge, agents } of sites) {
    if (!runtime) for (const object of edge.objects()) object.die("all is started anew");
    if (!runtime) for (const relay of edge.relays) relay.die();
    for (const agent of agents) agent.die();
  }
  clock.runUntil(clock.now + stillMs);
  if (told() > toldBefore && ending.length === 0)
    violated("what is quiet stays quiet", `${told() - toldBefore} new posts`);
  const fresh = acts().filter((act) => !actsBefore.has(act) && !isEnding(act.conference));
  if (fresh.length > 0) violated("what is quiet stays quiet", `new acts: ${JSON.stringify(fresh)}`);
  sites.forEach(checkAtRest);
}

/** What anybody may read of this world; of one conference, since to read its history costs as much as to live it. */
function checkShown({ context: { violated, seed }, edge, switches }: Parts): void {
  const conferences = [...edge.conferences.values()];
  const hosted = conferences[seed % conferences.length];
  hosted?.deliver((one) => void judgeViews(violated, one, { disk: hosted.disk, ...switches }));
  judgeDomain(violated, edge);
  judgeLists(violated, edge);
}

/** A private call is held for an hour, which an edge's clock that was set may bring to its end in the minute of stillness. */
function endsAHold(disk: Database, now: number): boolean {
  const { state, progress } = conferenceOn(disk);
  const conferenceNow = now + (progress.aheadMs ?? 0);
  return [...state.callOuts.values()].some(
    ({ stage, answerBy }) =>
      stage === "waiting" && answerBy !== null && answerBy > conferenceNow && answerBy <= conferenceNow + stillMs,
  );
}

const outage: FaultKind = "WebEx server out";

/** Of a stream of their own: without them a seed means the same. */
function withOutages(
  strengths: Readonly<Partial<Record<FaultKind, number>>>,
  draws: Draws,
): Partial<Record<FaultKind, number>> {
  const sort = draws.weighted({ none: 4, some: 5, alone: 1 });
  if (sort === "none" || Object.keys(strengths).length === 0) return strengths;
  return { ...(sort === "some" && strengths), [outage]: 0.4 + 2 * draws.next() };
}

/** Some worlds have no faults, some one kind of them, most have many. */
function strengths(draws: Draws, all: readonly FaultKind[]): Partial<Record<FaultKind, number>> {
  const kinds = all.filter((kind) => kind !== outage);
  const sort = draws.weighted({ none: 1, one: 3, some: 3, all: 3 });
  if (sort === "none") return {};
  if (sort === "one") {
    const kind = draws.pick(kinds);
    return kind ? { [kind]: 4 } : {};
  }
  const chosen = kinds.filter(() => sort === "all" || draws.chance(0.3));
  const strength = 0.4 + draws.next();
  return Object.fromEntries(chosen.map((kind) => [kind, strength]));
}
