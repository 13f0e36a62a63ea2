import { listen } from "../durable-objects/node/http/http-server.ts";
import { EdgeTime, nodeTimers } from "../durable-objects/node/node-clock.ts";
import { ownPlaceOf } from "../durable-objects/node/own-place.ts";
import type { Disk } from "../durable-objects/node/rows/disk.ts";
import type { EdgePorts, PostgresDisk } from "../durable-objects/node/rows/postgres-disk.ts";
import { sqliteDisk } from "../durable-objects/node/rows/sqlite-disk.ts";
import { type LifePlace, Runtime } from "../durable-objects/node/runtime.ts";
import { stubsBy } from "../durable-objects/node/stubs.ts";
import { Counting } from "../durable-objects/platform/counting.ts";
import { type Log, type LogLine, logOf } from "../durable-objects/platform/log.ts";
import { objectKinds, type Whole } from "../durable-objects/platform/object-kinds.ts";
import { placeOf } from "../durable-objects/platform/object-place.ts";
import { Edge } from "./edge.ts";
import { Networks } from "./foundation/guard/networks.ts";
import { reasonOf } from "./foundation/text/reason.ts";
import { Portions } from "./foundation/time/portions.ts";
import { wait, within } from "./foundation/time/timers.ts";
import { version } from "./foundation/version.ts";
import { standbyAnswer, type Waiting } from "./http/standby.ts";
import type { ObjectName } from "./rpc/objects.ts";
import { type EdgeVariables, showsPersonal } from "./settings/load.ts";

export interface NodeOptions {
  readonly variables: EdgeVariables;
  readonly state: NodeState;
  readonly host: string;
  readonly port: number;
  /** Addresses and networks of proxies in front of this edge. None by default. */
  readonly trustedProxies?: readonly string[];
  /** True if the edge must believe the machine's clock, even far ahead of the state. */
  readonly trustsClock?: boolean;
  write(level: LogLine["level"], text: string): void;
  /** Called at most once, if the edge cannot continue. The process must end. */
  ended(error: Error): void;
}

/** A file, or a database that two edges share. `name` and `url` (for users) identify this edge there. */
export type NodeState =
  | { readonly file: string }
  | { readonly database: string; readonly name: string; readonly url: string };

/** A running edge. */
export interface NodeEdge {
  /** Counts lines that `write` could not write. */
  countLostLines(lines: number): void;
  stop(): Promise<void>;
}

/** Time for the last counts when the edge stops. */
const countedWithinMs = 300;
const openAgainMs = 1_000;
/** More creates under way would only delay each other. */
const mostCreates = 64;

/** An active edge. */
interface Active {
  readonly runtime: Runtime;
  readonly edge: Edge;
  stop(): Promise<void>;
}

/**
 * Serves the edge on Node. Resolves when it listens. Rejects if it cannot listen, or with `NoState` if a user must
 * act.
 */
export async function serveNode(options: NodeOptions): Promise<NodeEdge> {
  const { variables, state, host, port, write } = options;
  const log = logOf(write, (domain) => showsPersonal(variables, domain), Date.now);
  const logged = new Set<string>();
  let active: Active | null = null;
  let isStopped = false;
  const name = "file" in state ? {} : { name: state.name };
  let waiting: Waiting = { ...name, why: "it is starting", activeUrl: null };
  let hasEnded = false;
  const ended = (error: unknown) => {
    if (!hasEnded) options.ended(error instanceof Error ? error : new Error(String(error)));
    hasEnded = true;
  };
  const close = await listen({
    ...{ host, port, proxies: new Networks(options.trustedProxies ?? []) },
    fetch: async (request, hooks) => active?.edge.fetch(request, hooks) ?? standbyAnswer(request, waiting),
    mayLeave: () => active?.runtime.mayLeave() ?? null,
    acceptedBy: (answer) => active?.runtime.acceptedBy(answer),
  });
  const waits = (why: string, activeUrl: string | null) => {
    waiting = { ...name, why, activeUrl };
    if (activeUrl !== null || logged.has(why)) return;
    logged.add(why);
    log({ level: "warn", event: "not-active", why });
  };
  const begin = async () => {
    const time = new EdgeTime();
    const passedMs = () => time.passedMs();
    const disk = "file" in state ? sqliteDisk(state.file) : await sharedDisk(state, { passedMs, waits, lost: ended });
    try {
      active = await activeOn(disk, time, log, { ...options, ended });
    } catch (error) {
      await disk.close().catch(() => {});
      throw error;
    }
    if (isStopped) await active.stop();
  };
  const waitFor = (error: unknown) => {
    if (error instanceof Error && error.name === "NoState") throw error;
    waits(`the state cannot be written (${reasonOf(error)})`, null);
  };
  // A full disk or an unreachable database must not keep the port closed.
  const beginAgain = async () => {
    while (!active && !isStopped) {
      await wait(nodeTimers, openAgainMs);
      await begin().catch(waitFor);
    }
  };
  if ("file" in state) {
    await begin()
      .catch(waitFor)
      .catch(async (error) => {
        await close();
        throw error;
      });
    void beginAgain().catch(ended);
  } else void begin().catch(ended);
  return {
    countLostLines: (lines) => active?.edge.countLostLines(lines),
    stop: async () => {
      isStopped = true;
      await close();
      await active?.stop();
    },
  };
}

async function activeOn(
  disk: Disk,
  time: EdgeTime,
  log: Log,
  { variables, state, trustsClock = false, ended }: NodeOptions,
): Promise<Active> {
  const { after } = nodeTimers;
  const machineNow = () => Date.now();
  const passedMs = () => time.passedMs();
  const portions = new Portions({ after, passedMs });
  const giveWay = () => portions.giveWay();
  const newId = () => crypto.randomUUID();
  const make = (kind: ObjectName, _name: string, life: LifePlace): Whole => {
    const own = ownPlaceOf(life, { log, newId, machineNow, measures: counting.measures, giveWay });
    return objectKinds[kind](placeOf(own, stubsBy({ ...life, connect: runtime.connect }), variables));
  };
  const runtime = await Runtime.start({
    ...{ disk, log, newId, make, time, trustsClock, timers: nodeTimers, soon: process.nextTick },
    fatal: (error) => ended(new Error(`the state cannot be written (${reasonOf(error)})`)),
  });
  const objects = stubsBy(runtime);
  const counting = new Counting({ objects, after, now: machineNow, newId, mostCreates });
  const edge = new Edge({
    ...{ variables, objects, counting, log, disk: null, after, newId, passedMs, giveWay },
    // The wall clock, as users see it.
    now: machineNow,
    fetch: (url, init) => fetch(url, init),
    waitUntil: (work) => void work.catch(() => {}),
    mayLeave: () => runtime.mayLeave(),
    clockAheadMs: () => runtime.clockAheadMs,
    ...("name" in state && { pair: { name: state.name, view: () => (disk as PostgresDisk).view() } }),
  });
  return {
    ...{ runtime, edge },
    stop: async () => {
      await within(nodeTimers, countedWithinMs, "the last counts", counting.flush()).catch(() => {});
      await runtime.stop();
    },
  };
}

/** Waits until this edge holds the database's lock. */
async function sharedDisk(
  { database, name, url }: Extract<NodeState, { readonly name: string }>,
  ports: Omit<EdgePorts, "timers">,
): Promise<Disk> {
  // An edge with a state file needs no PostgreSQL client.
  const { acquireDatabase } = await import("../durable-objects/node/rows/postgres-disk.ts");
  return acquireDatabase(database, { name, url, version }, { ...ports, timers: nodeTimers });
}
