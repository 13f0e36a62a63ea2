import type { ConfKey } from "../foundation/ids.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import { type EdgeObjects, type ObjectName, objectMethods, type Platformed, requestMs } from "../rpc/objects.ts";

const called: Readonly<Record<ObjectName, string>> = {
  ...{ conference: "a conference", handles: "the handle index", idAllocator: "the id allocator" },
  ...{ mailbox: "the mailbox", directory: "the directory", relay: "the relay" },
  ...{ sessions: "the object of sessions" },
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

/** An answer that can be missing still says the rest; without its relay a bridge holds no conference. */
const levels = { "view-failed": "warn", "relay-unreachable": "error" } as const;
type Missing = keyof typeof levels;

/** What an object answers; `null` where it fails, which the log says. */
export async function answerOrNull<Value>(
  asked: Promise<Value>,
  edge: { log(event: Missing, facts: LogFacts, level: "warn" | "error"): void },
  facts: LogFacts,
  event: Missing = "view-failed",
): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    edge.log(event, { ...facts, ...failureOf(error) }, levels[event]);
    return null;
  }
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
  /** See `EdgePorts`. */
  passedMs(): number;
}

type Method = (...asked: readonly unknown[]) => Promise<unknown>;
type Asked = Platformed & { readonly [method: string]: Method };
type Key = readonly [domain?: string, of?: string];

/** One request, and when its time is over. */
interface OneRequest {
  readonly edge: Ports;
  readonly before: number;
}

/** An object as one request reaches it. */
class LimitedObject {
  readonly #request: OneRequest;
  readonly #name: ObjectName;
  readonly #key: Key;

  constructor(request: OneRequest, name: ObjectName, key: Key) {
    this.#request = request;
    this.#name = name;
    this.#key = key;
  }

  /** `limit`: for how many milliseconds it waits; a word: as long as the request lasts. */
  call(method: string, limit: number | string, asked: readonly unknown[]): Promise<unknown> {
    const { edge, before } = this.#request;
    const object = (edge.objects[this.#name] as object as (...key: Key) => Asked)(...this.#key);
    // A clock that is set back meanwhile must not make it longer.
    const ms = typeof limit === "number" ? limit : Math.max(0, Math.min(before - edge.passedMs(), requestMs));
    const answer = object[method]?.(...asked) ?? Promise.reject(new Error(`there is no ${method}`));
    return within(edge, ms, called[this.#name], answer).catch((cause: unknown) => {
      throw new ObjectFailure({
        object: called[this.#name],
        objectId: object.id && String(object.id),
        conference: this.#name === "conference" ? (this.#key[1] as ConfKey) : undefined,
        error: String(cause),
      });
    });
  }
}

/** The objects of one request, by their names. */
class LimitedObjects {
  readonly request: OneRequest;

  constructor(request: OneRequest) {
    this.request = request;
  }
}

for (const [name, methods] of Object.entries(objectMethods) as [
  ObjectName,
  Readonly<Record<string, number | string>>,
][]) {
  class OfKind extends LimitedObject {}
  for (const [method, limit] of Object.entries({ fetch: "request", ...methods }))
    Object.defineProperty(OfKind.prototype, method, {
      value(this: OfKind, ...asked: readonly unknown[]) {
        return this.call(method, limit, asked);
      },
    });
  Object.defineProperty(LimitedObjects.prototype, name, {
    get(this: LimitedObjects) {
      return (...key: Key) => new OfKind(this.request, name, key);
    },
  });
}

/** The objects for one request. Calls reject when its time is over, since one that hangs would hold it for ever; failures name the object. */
export function forOneRequest<Edge extends Ports>(edge: Edge): Edge {
  const objects = new LimitedObjects({ edge, before: edge.passedMs() + requestMs });
  // A copy would ask for each of its parts.
  return Object.create(edge, { objects: { value: objects } });
}
