import { Draws } from "../../../simulators/draws.ts";
import type { BridgeName } from "../../../src/foundation/ids.ts";
import type { ObjectName } from "../../../src/rpc/objects.ts";
import { Clock } from "../../kit/clock.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { AgentProcess } from "../agent-process.ts";
import { Bridge, Bridges } from "../bridge.ts";
import type { EdgeMachines, WorldContext } from "../context.ts";
import { Edge, type Shared } from "../edge.ts";
import { Faults } from "../faults.ts";
import { simulatedKey } from "../relay-host.ts";
import { WorkerProcess } from "../worker-process.ts";
import { ObjectCounts, type PhaseCounts } from "./object-counts.ts";
import { callers, ScaleConference } from "./scale-conference.ts";
import { TspServers } from "./tsp-servers.ts";

export interface EveningOptions {
  readonly seed: number;
  readonly conferences: number;
  readonly bridges: number;
  /** Worker processes that WebEx's posts come to: each remembers handles for itself. */
  readonly workers: number;
  /** How long the steady stretch is; what a second of it brings does not depend on that. */
  readonly steadyMs: number;
}

/** The parts of an evening, in order. */
export const phases = ["begin", "steady", "failover", "end"] as const;
export type Phase = (typeof phases)[number];

export interface Evening {
  readonly options: EveningOptions;
  readonly phases: Readonly<Record<Phase, PhaseCounts>>;
  /** How long the Confirmation of a document took at most. */
  readonly confirmMs: Readonly<Record<Phase, number>>;
  /** How long after the failover's first create the new servers were told the last caller, and the directory had the last new server. */
  readonly told: { readonly serversMs: number; readonly listMs: number };
  /** Calls of each kind of object, as the objects counted them. */
  readonly counted: ReadonlyMap<ObjectName, number>;
  /** The same calls as they left: `directory.publish` → how many. */
  readonly calls: ReadonlyMap<string, number>;
  /** What must not be: a request that failed, a rule of the simulation that was broken, a call that was not counted. */
  readonly violations: readonly string[];
}

/** Conferences begin, and end, evenly over this time. */
export const beginMs = 600_000;
export const endMs = 300_000;
/** Each meeting of an evening lasts so long, and a month has so many evenings: for the price. */
export const meetingMs = 3_600_000;
export const eveningsOfMonth = 22;
/** Another server has created all conferences within this time, evenly. */
export const failoverMs = 1_000;
/** How long an object is busy with a request. */
export const turnMs = { reading: 1, writing: 5 };
/** An event in each conference comes once in this time. */
export const eventEveryMs = 10_000;
/** By then all have been told of a failover. */
const toldWithinMs = 300_000;
/** Longer than anything goes on that a phase has begun. */
const quietMs = 30_000;
/** Far more than an evening of one conference has. */
const mostEventsOfConference = 100_000;

/**
 * Lives through an evening of a domain in virtual time, without faults. `sabotage` may break the edge or its counts: for the test
 * that finds it.
 */
export function liveThroughEvening(
  options: EveningOptions,
  sabotage: (edge: Edge) => void = () => {},
): Promise<Evening> {
  return new Promise((resolve, reject) => {
    // The clock runs from the event loop itself.
    setImmediate(() => {
      try {
        resolve(new World(options, sabotage).live());
      } catch (error) {
        reject(error);
      }
    });
  });
}

class World {
  readonly #options: EveningOptions;
  readonly #violations: string[] = [];
  readonly #context: WorldContext;
  readonly #edge: Edge;
  readonly #calls = new Map<string, number>();
  readonly #counts: ObjectCounts;
  readonly #servers: TspServers;
  readonly #conferences: readonly ScaleConference[];
  readonly #sabotage: (edge: Edge) => void;
  readonly #confirmMs: Partial<Record<Phase, number>> = {};

  constructor(options: EveningOptions, sabotage: (edge: Edge) => void) {
    this.#options = options;
    this.#sabotage = sabotage;
    const context = newContext(options, this.#violations);
    this.#context = context;
    const names = Array.from({ length: options.bridges }, (_, index) => index + 1);
    const domain = testDomain({
      bridges: names.map((index) => ({
        name: `bridge-${index}`,
        agents: [{ name: `agent-${index}`, publicKey: simulatedKey(`agent-${index}`).publicKey }],
      })),
    });
    const draws = new Draws(options.seed, "evening");
    const edges: Shared["edges"] = new Map();
    const workers = Array.from({ length: options.workers }, () => new WorkerProcess(edges));
    const shared = {
      edges,
      get worker() {
        return draws.pick(workers) ?? new WorkerProcess(edges);
      },
      runtime: null,
    };
    const edge: Edge = new Edge(context, shared, domain, (_origin, _life, request) => servers.receive(request));
    this.#edge = edge;
    edge.onCall = (kind: ObjectName, method: string) => {
      const call = `${kind}.${method}`;
      this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
    };
    const bridges = new Bridges(
      domain.settings.bridges.map(({ name, agents }) => {
        const own = { name: name as BridgeName, owner: `${domain.name}/${name}` };
        // Where there are several, conferences spread by what is free.
        const bridge = new Bridge(context, own, options.bridges > 1 ? callers * options.conferences : null, false);
        for (const agent of agents) new AgentProcess(agent.name, context, edge.relayOf(bridge.name), bridge);
        return bridge;
      }),
    );
    const failed = (how: string) => this.#violations.push(how);
    const servers = new TspServers(context.clock, edge, options.conferences, failed);
    this.#servers = servers;
    const world = { clock: context.clock, draws, servers, bridges, failed };
    const { conferences: count } = options;
    this.#conferences = Array.from({ length: count }, (_, index) => new ScaleConference(index, world));
    this.#counts = new ObjectCounts(context.clock, edge);
  }

  live(): Evening {
    const { conferences: count, steadyMs } = this.#options;
    const pause = (index: number, ms: number) => (index * ms) / count;
    this.#run(60_000);
    this.#sabotage(this.#edge);
    const begin = this.#phase("begin", beginMs + quietMs, (conference, index) =>
      this.#after(pause(index, beginMs), () => conference.begin()),
    );
    const steady = this.#phase("steady", steadyMs, (conference, index) => {
      const firstMs = pause((index * 7919) % count, eventEveryMs);
      for (let ms = firstMs; ms < steadyMs; ms += eventEveryMs) this.#after(ms, () => conference.act());
    });
    this.#run(quietMs);
    const failoverAt = this.#context.clock.now;
    let listedAt = 0;
    const listed = () => {
      const isThere = this.#listedServers.every((server) => this.#servers.isSecond(server));
      if (isThere) listedAt = this.#context.clock.now;
      else this.#after(1_000, listed);
    };
    this.#after(failoverMs, listed);
    const failover = this.#phase("failover", toldWithinMs, (conference, index) =>
      this.#after(pause(index, failoverMs), () => conference.failOver()),
    );
    for (const conference of this.#conferences) conference.checkTold();
    if (listedAt === 0) this.#violations.push("the directory's list lacks servers that took over");
    const toldAt = Math.max(...this.#conferences.map((conference) => conference.toldAt));
    const end = this.#phase("end", endMs + quietMs, (conference, index) =>
      this.#after(pause(index, endMs), () => conference.end()),
    );
    for (const conference of this.#conferences) conference.checkEnded();
    for (const what of this.#servers.open) this.#violations.push(`${what} got no answer`);
    this.#checkCounts();
    return {
      options: this.#options,
      phases: { begin, steady, failover, end },
      confirmMs: this.#confirmMs as Record<Phase, number>,
      told: { serversMs: toldAt - failoverAt, listMs: listedAt - failoverAt },
      counted: this.#counts.calls,
      calls: this.#calls,
      violations: this.#violations,
    };
  }

  /** The servers that the directory lists, one for each conference that runs. */
  get #listedServers(): readonly string[] {
    const rows = this.#edge.directory.disk.exec(
      "SELECT json_extract(data, '$.webexHosts[#-1]') AS server FROM conference WHERE arrival IS NULL",
    );
    return rows.map(({ server }) => String(server));
  }

  /** What was counted of the objects is what was asked of them. */
  #checkCounts(): void {
    const asked = new Map<string, number>();
    for (const [call, count] of this.#calls) {
      const [kind = ""] = call.split(".");
      asked.set(kind, (asked.get(kind) ?? 0) + count);
    }
    for (const [kind, counted] of this.#counts.calls)
      if (counted !== (asked.get(kind) ?? 0))
        this.#violations.push(`${asked.get(kind) ?? 0} calls of ${kind} left, and ${counted} were counted`);
  }

  #phase(phase: Phase, ms: number, begin: (conference: ScaleConference, index: number) => void): PhaseCounts {
    for (const [index, conference] of this.#conferences.entries()) begin(conference, index);
    this.#counts.begin();
    this.#servers.longestConfirmMs = 0;
    this.#run(ms);
    this.#confirmMs[phase] = this.#servers.longestConfirmMs;
    return this.#counts.phase();
  }

  #after(ms: number, run: () => void): void {
    this.#context.clock.after(ms, run);
  }

  #run(ms: number): void {
    const { clock } = this.#context;
    clock.runUntil(clock.now + ms);
  }
}

function newContext({ seed, conferences }: EveningOptions, violations: string[]): WorldContext {
  const clock = new Clock(0, (conferences + 10) * mostEventsOfConference);
  const tell = () => {};
  // As the platform evicts an object without work.
  const edgeMachines: EdgeMachines = {
    skewMs: 0,
    clockSetAt: -1,
    isDiskFull: false,
    idleMs: 10_000,
    turnMs,
  };
  return {
    seed,
    site: "",
    clock,
    edgeMachines,
    lie: {},
    boosts: new Set(),
    tell,
    faults: new Faults({ seed, strength: {}, spared: new Set(), now: () => clock.now, tell }),
    judging: (_, judge) => void judge(),
    violated: (rule, how) => violations.push(`${rule}: ${how}`),
    edgeNow: () => Math.floor(worldBegins + clock.now),
  };
}
