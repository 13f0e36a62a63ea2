import type { Timers } from "../../src/foundation/time/timers.ts";
import { type EdgeObjects, type ObjectName, type ObjectRpcs, objectsBy } from "../../src/rpc/objects.ts";
import { type EdgeVariables, showsPersonal } from "../../src/settings/load.ts";
import { Counting } from "../platform/counting.ts";
import { type Log, logOf } from "../platform/log.ts";
import { askedAgain, type Stub } from "./standing-clock.ts";

type Objects<Name extends ObjectName> = DurableObjectNamespace<ObjectRpcs[Name] & Rpc.DurableObjectBranded>;

/** The objects, and the settings that the edge is given at its start. */
export interface Env extends EdgeVariables {
  readonly CONFERENCE: Objects<"conference">;
  readonly DIRECTORY: Objects<"directory">;
  readonly HANDLE_INDEX: Objects<"handles">;
  readonly ID_ALLOCATOR: Objects<"idAllocator">;
  readonly MAILBOX: Objects<"mailbox">;
  readonly RELAY: Objects<"relay">;
  readonly SESSIONS: Objects<"sessions">;
  /** The folder of the objects; only on plain workerd. */
  readonly STATE_DISK?: Pick<Fetcher, "fetch">;
}

const bindings = {
  ...{ conference: "CONFERENCE", directory: "DIRECTORY", handles: "HANDLE_INDEX" },
  ...{ idAllocator: "ID_ALLOCATOR", mailbox: "MAILBOX", relay: "RELAY", sessions: "SESSIONS" },
} as const satisfies Readonly<Record<ObjectName, keyof Env>>;

/** A stub is made for each call. */
export function objectsOf(env: Env): EdgeObjects {
  return objectsBy((kind, name) => askedAgain(() => env[bindings[kind]].getByName(name) as unknown as Stub));
}

/** The platform's clock, which stands still between events. */
export const now = (): number => Date.now();

export const timers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** More creates overload workerd on one machine, because each takes about 17 flushes of its one thread. */
const mostCreates = 8;

let counting: Counting | undefined;

/** What this isolate counts, in its objects and in its Worker. */
export function countingOf(env: Env): Counting {
  counting ??= new Counting({
    ...timers,
    objects: objectsOf(env),
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    mostCreates: env.STATE_DISK && mostCreates,
  });
  return counting;
}

/** The edge's log, on the platform's console. */
export function logAt(env: Env): Log {
  return logOf(
    (level, text) => console[level](text),
    (domain) => showsPersonal(env, domain),
    now,
  );
}
