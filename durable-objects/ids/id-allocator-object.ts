import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { DomainIds } from "./domain-ids.ts";
import { IdAllocator } from "./id-allocator.ts";

export const IdAllocatorObject = objectClass(
  "idAllocator",
  DurableObject,
  (place, { ctx }) => new DomainIds({ ...place, kept: ctx.storage.kv }, new IdAllocator(place.sql)),
);
