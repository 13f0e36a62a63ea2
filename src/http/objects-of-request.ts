import * as v from "valibot";
import type { ConfKey } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import type { Filling } from "../rpc/directory.ts";
import { type EdgeObjects, type ObjectName, objectMethods, type Platformed, requestMs } from "../rpc/objects.ts";

const called: Readonly<Record<ObjectName, string>> = {
  conference: "a conference",
  handles: "the handle index",
  idAllocator: "the id allocator",
  mailbox: "the mailbox",
  directory: "the directory",
  relay: "the relay",
  sessions: "the object of sessions",
};

/** Log facts of a failure: the error and the object. */
interface Failure {
  readonly error: string;
  readonly object?: string;
  readonly objectId?: string | undefined;
  readonly conference?: ConfKey | undefined;
}

/** A failed call of an object. The platform's error names neither the object nor its database. */
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

/** A missing answer only makes the rest incomplete. Without its relay, a bridge holds no conference. */
const levels = { "view-failed": "warn", "relay-unreachable": "error" } as const;
type Missing = keyof typeof levels;

/** The parts that an answer lacks. */
export const incomplete = v.array(
  v.object({
    what: v.pipe(v.string(), v.description("A part of the answer, such as `conference 5551`.")),
    why: v.pipe(v.string(), v.description("Why it is not there, or not all of it.")),
  }),
);
export type Incomplete = Checked<typeof incomplete>;

/** An edge for one request, which gathers what its answer lacks. */
export interface Lacking {
  readonly incomplete?: Incomplete[number][];
}

/** Notes, once, that the answer to this request lacks something. */
export function lacks({ incomplete }: Lacking, what: string, why: string): void {
  if (!incomplete?.some((one) => one.what === what)) incomplete?.push({ what, why });
}

/** Returns the answer of an object, or `null` if it fails. The log has the reason, and the request's answer names the object. */
export async function answerOrNull<Value>(
  asked: Promise<Value>,
  edge: Lacking & { log(event: Missing, facts: LogFacts, level: "warn" | "error"): void },
  facts: LogFacts,
  event: Missing = "view-failed",
): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    const failure = failureOf(error);
    edge.log(event, { ...facts, ...failure }, levels[event]);
    const { bridge, conference } = facts;
    const what = conference ? `conference ${conference}` : bridge ? `bridge ${bridge}` : (failure.object ?? "a part");
    lacks(edge, what, "did not answer; the edge's log says more");
    return null;
  }
}

/**
 * Returns the fault if an object's storage failed; `null`: another error, such as a bridge that is too far behind. A full disk
 * affects all objects; anything else may be this object's damaged database. The platform shows both only in the error's text.
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

const stillFilling = "still collects the rows of its conferences";

type Method = (...asked: readonly unknown[]) => Promise<unknown>;
type Methods = Platformed & { readonly [method: string]: Method };

const limits: Readonly<Record<string, Readonly<Record<string, number | null>>>> = objectMethods;

const sharedMs = 1_000;

/** Answers that open pages share for a second. Workers cannot share a promise, because it belongs to its request. */
export type SharedLooks = Map<string, { readonly at: number; readonly said: unknown }>;

/**
 * Returns the edge with objects for one request: calls have time limits, and failures name the object. `isRead`: true if
 * the request changes nothing. Then a repeated call gets the first answer. `looks`: shared answers, except of conferences.
 */
export function forOneRequest<Edge extends Ports>(edge: Edge, isRead = false, looks?: SharedLooks): Edge {
  const answers = new Map<string, Promise<unknown>>();
  const incomplete: Incomplete[number][] = [];
  const endMs = edge.passedMs() + requestMs;
  const limited = (kind: ObjectName, key: readonly string[]) => {
    const shared = kind === "conference" ? undefined : looks;
    const call = (method: string, limit: number | null, asked: readonly unknown[], id = "") => {
      const at = edge.passedMs();
      for (const [old, look] of shared ?? []) if (Math.abs(at - look.at) >= sharedMs) shared?.delete(old);
      const look = shared?.get(id);
      const object = (edge.objects[kind] as unknown as (...key: readonly string[]) => Methods)(...key);
      // A clock that is set back must not extend the limit.
      const ms = limit ?? Math.max(0, Math.min(endMs - at, requestMs));
      const ask = () => object[method]?.(...asked) ?? Promise.reject(new Error(`there is no ${method}`));
      const answer = look ? Promise.resolve(look.said) : ask();
      const note = (said: unknown) => {
        if (!look) shared?.set(id, { at, said });
        if (!(said as Filling | null | undefined)?.isFilling) return said;
        const { isFilling: _, ...complete } = said as Filling;
        lacks({ incomplete }, called[kind], stillFilling);
        return complete;
      };
      const inTime = within(edge, ms, called[kind], answer);
      return inTime.then(note, (cause: unknown) => {
        const conference = kind === "conference" ? (key[1] as ConfKey) : undefined;
        const objectId = object.id && String(object.id);
        throw new ObjectFailure({ object: called[kind], objectId, conference, error: String(cause) });
      });
    };
    const get = (_: object, method: string) => {
      const limit = method === "fetch" ? null : limits[kind]?.[method];
      if (limit === undefined) return undefined;
      return (...asked: readonly unknown[]) => {
        if (!isRead) return call(method, limit, asked);
        const id = JSON.stringify([kind, key, method, asked]);
        const answer = answers.get(id) ?? call(method, limit, asked, id);
        answers.set(id, answer);
        return answer;
      };
    };
    return new Proxy({}, { get });
  };
  const get =
    (_: object, kind: ObjectName) =>
    (...key: readonly string[]) =>
      limited(kind, key);
  // A copy would read every property.
  return Object.create(edge, {
    objects: { value: new Proxy(edge.objects, { get }) },
    incomplete: { value: incomplete },
  });
}
