import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { DomainIds } from "./domain-ids.ts";

/** The ids of one domain, on the platform. */
export const IdAllocatorObject = objectClass(
  "idAllocator",
  DurableObject,
  (place, { ctx }) => new DomainIds({ ...place, kept: ctx.storage.kv }),
);
