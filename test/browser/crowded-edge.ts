import type { Env } from "../../durable-objects/cloudflare/env.ts";
import type { BridgeName, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import product, { ConferenceObject as ProductObject } from "../../src/worker.ts";
import { aBatch } from "../durable-objects/a-batch.ts";

export * from "../../src/worker.ts";

/** Of the crowd no object knows anything, but each says that it runs. */
export class ConferenceObject extends ProductObject {
  async publish(isWhole: boolean): Promise<boolean> {
    const publish = Reflect.get(ProductObject.prototype, "publish") as typeof this.publish;
    return (await publish.call(this, isWhole)) || /7\d{8}$/.test(this.ctx.id.name ?? "");
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
      await Promise.all(some.map((number) => directory.publish(rows(number, callers))));
    }
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;

function rows(number: number, callers: number) {
  const createdAt = startedAt - number * 7_000;
  const more = { locked: number % 7 === 0, callers, rooms: number % 3 };
  const [webexHost, bridge] = ["tsp.example.com" as WebexHost, "simulated" as BridgeName];
  return aBatch({ key: String(700_000_000 + number), running: { createdAt, webexHost, bridge, ...more } });
}
