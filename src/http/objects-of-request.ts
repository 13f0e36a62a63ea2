import type { ConfKey } from "../foundation/ids.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import { type EdgeObjects, type ObjectName, objectMethods, type Platformed, requestMs } from "../rpc/objects.ts";

/** As log and failures name them. */
const called: Readonly<Record<ObjectName, string>> = {
  ...{ conference: "a conference", handles: "the handle index", idAllocator: "the id allocator" },
  ...{ mailbox: "the mailbox", directory: "the directory", relay: "the relay", counts: "the object of counts" },
  ...{ sessions: "the object of sessions", webexSite: "the object of the WebEx site" },
};

/** What a log line says of a failure: the error, and of an object which one it was. */
interface Failure {
  readonly error: string;
  readonly object?: string;
  readonly objectId?: string | undefined;
  readonly conference?: ConfKey | undefined;
}

/** A call of an object that failed. What the platform says of it names neither the object nor its database. */
class ObjectFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.error);
    this.failure = failure;
  }
}

export function failureOf(error: unknown): Failure {
  return error instanceof ObjectFailure ? error.failure : { error: String(error) };
}

/**
 * What is wrong if an object's storage failed; `null`: it was something else, such as a bridge that is too far behind. A disk that is full
 * concerns all objects; all else may be the damaged database of this one. The platform marks neither, and says it in words alone.
 */
export function storageFault(error: unknown): { readonly of: "disk" | "object"; readonly why: string } | null {
  const why = error instanceof ObjectFailure ? error.failure.error : "";
  if (/SQLITE_FULL|disk is full/.test(why)) return { of: "disk", why };
  return /SQLITE|internal error/.test(why) ? { of: "object", why } : null;
}

interface Ports extends Timers {
  readonly objects: EdgeObjects;
  now(): number;
}

type Method = (...asked: readonly unknown[]) => Promise<unknown>;

/**
 * The objects for one request, whose calls reject when their time is over, since one that hangs would hold the request for ever. Each
 * failure says which object it was.
 */
export function forOneRequest<Edge extends Ports>(edge: Edge): Edge {
  const before = edge.now() + requestMs;
  const limited = (name: ObjectName) => (domain?: string, of?: string) => {
    const get = edge.objects[name] as (domain?: string, of?: string) => Platformed;
    const object = get(domain, of) as Platformed & { readonly [method: string]: Method };
    const calls = Object.entries({ fetch: "request", ...objectMethods[name] }).map(([method, limit]) => {
      const call: Method = (...asked) => {
        // A clock that is set meanwhile must not make it longer.
        const ms = typeof limit === "number" ? limit : Math.min(before - edge.now(), requestMs);
        const answer = object[method]?.(...asked) ?? Promise.reject(new Error(`there is no ${method}`));
        return within(edge, ms, called[name], answer).catch((cause: unknown) => {
          const error = String(cause);
          const conference = name === "conference" ? (of as ConfKey) : undefined;
          throw new ObjectFailure({
            object: called[name],
            objectId: object.id && String(object.id),
            conference,
            error,
          });
        });
      };
      return [method, call] as const;
    });
    return Object.fromEntries(calls);
  };
  const objects = Object.keys(objectMethods).map((name) => [name, limited(name as ObjectName)]);
  return { ...edge, objects: Object.fromEntries(objects) };
}
