import { stubsBy } from "../../durable-objects/home/stubs.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { HandleCache, withHandlesTogether } from "../../src/routing/handles.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";

/** One Worker process at Cloudflare: what it keeps for all requests that come to it. */
export class WorkerProcess {
  readonly cache = new HandleCache();
  /** As its requests reach them. */
  readonly objects: AllObjects;

  constructor({ clock, edgeNow: now }: Pick<WorldContext, "clock" | "edgeNow">, edges: ReadonlyMap<DomainName, Edge>) {
    const objects = stubsBy({
      call: async (kind, place, ...asked) => {
        const edge = edges.get(place.split("/")[0] as DomainName);
        if (!edge) throw new Error(`there is no domain for ${place}`);
        return edge.reach(kind, place, ...asked);
      },
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
    this.objects = withHandlesTogether(objects, {
      now,
      after: (ms, run) => clock.after(ms, run),
      waitUntil: (work) => void work.catch(() => {}),
    });
  }
}
