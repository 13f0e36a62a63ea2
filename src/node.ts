import { createHash } from "node:crypto";
import { listen } from "../durable-objects/node/http/http-server.ts";
import { SqliteDisk } from "../durable-objects/node/log/sqlite-disk.ts";
import { isAnotherMachine, NodeClock } from "../durable-objects/node/node-clock.ts";
import { ownPlaceOf } from "../durable-objects/node/own-place.ts";
import { type LifePlace, Runtime } from "../durable-objects/node/runtime.ts";
import { LeasedDisk, type LeasedDiskPorts } from "../durable-objects/node/shared/leased-disk.ts";
import { pairOf } from "../durable-objects/node/shared/pair.ts";
import { stubsBy } from "../durable-objects/node/stubs.ts";
import { Counting } from "../durable-objects/platform/counting.ts";
import { type LogLine, logOf } from "../durable-objects/platform/log.ts";
import { objectKinds, type Whole } from "../durable-objects/platform/object-kinds.ts";
import { placeOf } from "../durable-objects/platform/object-place.ts";
import { Edge } from "./edge.ts";
import { Networks } from "./foundation/guard/networks.ts";
import { Portions } from "./foundation/time/portions.ts";
import { within } from "./foundation/time/timers.ts";
import { version } from "./foundation/version.ts";
import type { ObjectName } from "./rpc/objects.ts";
import { type EdgeVariables, showsPersonal } from "./settings/load.ts";

export interface NodeOptions {
  readonly variables: EdgeVariables;
  readonly state: NodeState;
  readonly host: string;
  readonly port: number;
  /** Addresses and networks of proxies in front of this edge; absent: there are none. */
  readonly trustedProxies?: readonly string[];
  write(level: LogLine["level"], text: string): void;
}

/**
 * A file of this edge alone, or a database that it shares with another one: who it is there, and where
 * people find it.
 */
export type NodeState =
  | { readonly file: string }
  | { readonly database: string; readonly name: string; readonly url: string };

/** An edge that serves. */
export interface NodeEdge {
  /** So many lines were handed to `write`, and could not be written. */
  countLostLines(lines: number): void;
  stop(): Promise<void>;
}

/** How long a stop waits until what was counted has come. */
const countedWithinMs = 300;

/** Serves the edge on plain Node. Rejects where the state cannot be read, or nothing can listen. */
export async function serveNode({ variables, state, host, port, write, ...options }: NodeOptions): Promise<NodeEdge> {
  // Until the state is read, its last time says what is in doubt.
  let begun: Runtime | null = null;
  const clock = new NodeClock((byMs) => begun?.skipped(byMs));
  const machineNow = () => Date.now();
  const log = logOf(
    write,
    (domain) => showsPersonal(variables, domain),
    () => clock.now(),
  );
  const after = (ms: number, run: () => void) => clock.after(ms, run);
  const portions = new Portions({ after, passedMs: clock.passedMs });
  const giveWay = () => portions.giveWay();
  const newId = () => crypto.randomUUID();
  const heardTime = (at: number, address: string) => {
    if (runtime.doubtMs > 0 && isAnotherMachine(address)) runtime.heardTime(at);
  };
  const make = (kind: ObjectName, _name: string, life: LifePlace): Whole => {
    const own = ownPlaceOf(life, { log, newId, machineNow, measures: counting.measures, heardTime, giveWay });
    return objectKinds[kind](placeOf(own, stubsBy({ ...life, connect: runtime.connect }), variables));
  };
  const settings = () => digestOf([variables.DOMAINS, variables.OPERATORS ?? "", variables.OPERATOR_TOKEN]);
  const disk = "file" in state ? new SqliteDisk(state.file) : await sharedDisk(state, { clock, log, settings });
  const runtime = await Runtime.start({ disk, clock, log, newId, make });
  begun = runtime;
  const pair = "file" in state ? null : pairOf(state.name, runtime, disk as LeasedDisk);
  const objects = stubsBy(runtime);
  const counting = new Counting({ objects, after, now: machineNow, newId });
  const edge = new Edge({
    ...{
      variables,
      objects,
      counting,
      log,
      disk: () => (runtime.fault?.standsBy ? null : runtime.fault),
      after,
      newId,
    },
    // As people have it.
    now: machineNow,
    passedMs: clock.passedMs,
    fetch: (url, init) => fetch(url, init),
    waitUntil: (work) => void work.catch(() => {}),
    gate: () => runtime.gate(),
    giveWay,
    doubt: { ms: () => runtime.doubtMs, heardTime },
    ...(pair && { pair }),
  });
  const close = await listen({
    ...{ host, port, runtime, proxies: new Networks(options.trustedProxies ?? []) },
    fetch: (request, hooks) => edge.fetch(request, hooks),
  });
  return {
    countLostLines: (lines) => edge.countLostLines(lines),
    stop: async () => {
      await close();
      await within(clock, countedWithinMs, "the last counts", counting.flush()).catch(() => {});
      await runtime.stop();
    },
  };
}

async function sharedDisk(
  { database, name, url }: Extract<NodeState, { readonly name: string }>,
  { clock, log, settings }: Pick<LeasedDiskPorts, "log" | "settings"> & { readonly clock: NodeClock },
): Promise<LeasedDisk> {
  // Who has one machine needs no client of PostgreSQL.
  const { PostgresDatabase } = await import("../durable-objects/node/shared/postgres-database.ts");
  return new LeasedDisk({
    ...{ database: new PostgresDatabase(database), timers: clock, log, settings },
    passedMs: clock.passedMs,
    now: () => clock.now(),
    self: { name, life: crypto.randomUUID(), url, version },
  });
}

function digestOf(settings: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}
