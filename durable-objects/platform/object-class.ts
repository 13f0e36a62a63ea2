import type { DurableObject } from "cloudflare:workers";
import type { DomainName } from "../../src/foundation/ids.ts";
import type { IdRequest } from "../../src/rpc/id-allocator.ts";
import { type Answering, type ObjectName, type ObjectRpcs, objectMethods } from "../../src/rpc/objects.ts";
import { findDomain } from "../../src/settings/load.ts";
import { objectsOf } from "./objects.ts";
import { type Env, platformOf } from "./platform.ts";
import { deleteObject } from "./retention.ts";

/** What a class needs of the place where its object runs. */
export type Place = ReturnType<typeof placeOf>;

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
  make: (place: Place, object: Base & Own) => Whole | Promise<Whole>,
) {
  class ObjectOnPlatform extends (Shell as object as typeof DurableObject<Env>) {
    #made: Whole | Promise<Whole> | null = null;

    /** No method of the prototype, so that nobody calls it from outside. */
    readonly whole = async (): Promise<Whole> => {
      const { ctx, env } = this;
      const place = placeOf(ctx, env, () => {
        this.#made = null;
      });
      this.#made ??= make(place, this as object as Base & Own);
      return this.#made;
    };

    override alarm(): Promise<void> {
      return call(this, "alarm", []) as Promise<void>;
    }
  }
  const call = async (object: ObjectOnPlatform, method: string, asked: readonly unknown[]): Promise<unknown> => {
    const whole = (await object.whole()) as object as Readonly<Record<string, Method>>;
    return whole[method]?.(...asked);
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
