import type { Env } from "../../durable-objects/cloudflare/env.ts";
import type { BridgeName, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import product, { ConferenceObject as ProductObject } from "../../src/worker.ts";
import { aPage } from "../durable-objects/fact-page.ts";

export * from "../../src/worker.ts";

/** How many callers the directory was told of, by number. */
const told = new Map<number, number>();

/** Of the crowd no object knows anything: asked by its directory, as after a restart, it says what was told last, or that four are in. */
export class ConferenceObject extends ProductObject {
  async feedDirectory(isWatched: boolean): Promise<boolean> {
    const feed = Reflect.get(ProductObject.prototype, "feedDirectory") as typeof this.feedDirectory;
    const runs = await feed.call(this, isWatched);
    const [number] = /(?<=7)\d{8}$/.exec(this.ctx.id.name ?? "") ?? [];
    if (!runs && number !== undefined)
      await this.env.DIRECTORY.getByName(domain).follow(page(Number(number), told.get(Number(number)) ?? 4));
    return true;
  }
}

const domain = "local" as DomainName;
const TOLD_AT_ONCE = 1_000;
/** Each conference begins once, however often it is told; a Worker has no time before its first request. */
let startedAt = 0;

/** The edge as it is deployed. `POST /crowd` `{"from": 0, "to": 3000, "callers": 4}` has so many conferences told to its directory that nobody holds. */
export default {
  async fetch(request, env) {
    startedAt ||= Date.now();
    if (new URL(request.url, "http://edge").pathname !== "/crowd") return product.fetch(request, env);
    const { from, to, callers }: { from: number; to: number; callers: number } = await request.json();
    const directory = env.DIRECTORY.getByName(domain);
    for (let first = from; first < to; first += TOLD_AT_ONCE) {
      const some = Array.from({ length: Math.min(TOLD_AT_ONCE, to - first) }, (_, index) => first + index);
      for (const number of some) told.set(number, callers);
      await Promise.all(some.map((number) => directory.follow(page(number, callers))));
    }
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;

function page(number: number, callers: number) {
  const createdAt = startedAt - number * 7_000;
  const more = { locked: number % 7 === 0, callers, rooms: number % 3 };
  const [webexHost, bridge] = ["tsp.example.com" as WebexHost, "simulated" as BridgeName];
  return aPage({ key: String(700_000_000 + number), running: { createdAt, webexHost, bridge, ...more } });
}
