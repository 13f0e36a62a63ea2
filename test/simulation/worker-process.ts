import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { HandleCache } from "../../src/routing/handles.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Edge } from "./edge.ts";

/** One Worker process at Cloudflare: what it keeps for all requests that come to it. */
export class WorkerProcess {
  readonly cache = new HandleCache();
  readonly objects: EdgeObjects;

  constructor(edges: ReadonlyMap<DomainName, Edge>) {
    this.objects = stubsBy({
      call: async (kind, place, ...asked) => {
        const edge = edges.get(place.split("/")[0] as DomainName);
        if (!edge) throw new Error(`there is no domain for ${place}`);
        return edge.reach(kind, place, ...asked);
      },
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
  }
}
