import type { DurableObject } from "cloudflare:workers";
import type { BridgeName, ConfKey, DomainName } from "../../src/foundation/ids.ts";
import type { IdRequest } from "../../src/rpc/id-allocator.ts";
import {
  type Answering,
  type EdgeObjects,
  type ObjectName,
  type ObjectRpcs,
  objectMethods,
} from "../../src/rpc/objects.ts";
import { findDomain } from "../../src/settings/load.ts";
import { type Env, platformOf } from "./platform.ts";
import { deleteObject } from "./retention.ts";

/** All objects by their names. A stub is made for each call: one whose object has ended once stays broken. */
export function objectsOf(env: Env) {
  return {
    conference: (domain: DomainName, confKey: ConfKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
    handles: (domain: DomainName) => env.HANDLE_INDEX.getByName(domain),
    idAllocator: (domain: DomainName) => env.ID_ALLOCATOR.getByName(domain),
    mailbox: (domain: DomainName) => env.MAILBOX.getByName(domain),
    directory: (domain: DomainName) => env.DIRECTORY.getByName(domain),
    relay: (domain: DomainName, bridge: BridgeName) => env.RELAY.getByName(`${domain}/${bridge}`),
    counts: () => env.COUNTS.getByName("all"),
    sessions: () => env.SESSIONS.getByName("all"),
    webexSite: (domain: DomainName) => env.WEBEX_SITE.getByName(domain),
  } satisfies EdgeObjects;
}

/** What a class needs of the place where its object runs. */
type ObjectPlace = ReturnType<typeof placeOf>;

function placeOf(ctx: DurableObjectState, env: Env, deleted: () => void) {
  const objects = objectsOf(env);
  return {
    ...platformOf(ctx, env),
    ...objects,
    allocateIds: (request: IdRequest) => objects.idAllocator(request.domain).allocate(request),
    domain: (name: DomainName) => findDomain(env, name),
    nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
    /** Deletes everything: the next call begins anew. */
    async deleteAll(): Promise<void> {
      deleted();
      await deleteObject(ctx.storage);
    },
  };
}

interface Base {
  readonly ctx: DurableObjectState;
  readonly env: Env;
}

/**
 * The class of an object on the platform, which calls methods of a prototype alone: each method of the list, and the alarm, goes to the
 * whole that is made with the first call.
 */
export function objectClass<Name extends ObjectName, Own extends object, Whole extends Answering<ObjectRpcs[Name]>>(
  name: Name,
  Shell: abstract new (ctx: DurableObjectState, env: Env) => DurableObject<Env> & Own,
  make: (place: ObjectPlace, object: Base & Own) => Whole | Promise<Whole>,
) {
  class ObjectOnPlatform extends (Shell as object as typeof DurableObject<Env>) {
    #made: Whole | Promise<Whole> | null = null;

    /** No method of the prototype, so that nobody calls it from outside. */
    readonly whole = async (): Promise<Whole> => {
      try {
        this.#made ??= make(this.#place(), this as object as Base & Own);
        return await this.#made;
      } catch (error) {
        this.#made = null;
        throw error;
      }
    };

    override async alarm(): Promise<void> {
      const whole = (await this.whole()) as { alarm?(): Promise<void> | void };
      await whole.alarm?.();
    }

    #place(): ObjectPlace {
      return placeOf(this.ctx, this.env, () => {
        this.#made = null;
      });
    }
  }
  const call = async (object: ObjectOnPlatform, method: string, asked: readonly unknown[]): Promise<unknown> => {
    const whole = (await object.whole()) as object as Readonly<Record<string, Method>>;
    return (whole[method] as Method).call(whole, ...asked);
  };
  for (const method of Object.keys(objectMethods[name])) {
    Object.defineProperty(ObjectOnPlatform.prototype, method, {
      value(this: ObjectOnPlatform, ...asked: readonly unknown[]) {
        return call(this, method, asked);
      },
    });
  }
  return ObjectOnPlatform;
}

type Method = (...asked: readonly unknown[]) => unknown;

type Joined<Parts> = Parts extends readonly [infer First, ...infer Rest] ? First & Joined<Rest> : unknown;

/** One object with the methods of all parts. Where several parts have a method, the first one's counts. */
export function joined<Parts extends readonly [object, ...object[]]>(...parts: Parts): Joined<Parts> {
  const [first] = parts;
  return new Proxy(first, {
    get: (_, name) => {
      const part = parts.find((one) => name in one) ?? first;
      const value: unknown = Reflect.get(part, name);
      return typeof value === "function" ? value.bind(part) : value;
    },
  }) as Joined<Parts>;
}
