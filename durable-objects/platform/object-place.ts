import type { DomainName } from "../../src/foundation/ids.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import { type EdgeVariables, findDomain } from "../../src/settings/load.ts";
import { secretIn } from "../../src/settings/values.ts";
import type { ObjectSockets } from "./object-sockets.ts";
import type { DomainPorts, Platform } from "./platform.ts";

/** Values on disk by name. */
export interface KeptValues {
  get<Value>(name: string): Value | undefined;
  put(name: string, value: unknown): void;
}

/** What one life of an object has of the machine on which it runs. */
export interface OwnPlace extends Platform {
  readonly kept: KeptValues;
  readonly sockets: ObjectSockets;
  /** Deletes everything, and ends the life of the object: the next call begins anew. */
  deleteAll(): Promise<void>;
  newId(): string;
  fetch: (address: string, init: RequestInit) => Promise<Response>;
}

/** Where an object runs: at Cloudflare or on plain Node. Each kind asks for its part. */
export interface ObjectPlace extends OwnPlace, DomainPorts, EdgeObjects {
  secret(name: string): string | undefined;
}

/** Drawn many at a time: one costs as much. */
const numbers = new BigUint64Array(128);
let drawn = numbers.length;

function nonce(): string {
  if (drawn === numbers.length) {
    crypto.getRandomValues(numbers);
    drawn = 0;
  }
  drawn += 1;
  return String(numbers[drawn - 1]);
}

export function placeOf(own: OwnPlace, objects: EdgeObjects, variables: EdgeVariables): ObjectPlace {
  return {
    ...own,
    ...objects,
    allocateIds: (request) => objects.idAllocator(request.domain).allocate(request),
    domain: (name: DomainName) => findDomain(variables, name),
    nonce,
    secret: (name) => secretIn(variables, name),
  };
}
