import { DurableObject } from "cloudflare:workers";
import { nextDeadline } from "../../src/conference/deadlines.ts";
import { decide } from "../../src/conference/decide.ts";
import type { OperatorRequest } from "../../src/conference/input.ts";
import type { BridgeName, CommandId, ExtConfId } from "../../src/foundation/ids.ts";
import { domainOf } from "../domain-of.ts";
import type { Env } from "../env.ts";
import { logOf } from "../log.ts";
import { fetchPost } from "../post.ts";
import type { BridgeHealth, ConferenceIdentity, ConferenceRpc, Delivered, ReportsOfAgent } from "../rpc.ts";
import { storageSql } from "../sql.ts";
import { ConferenceActor } from "./actor.ts";

/** A conference on the platform. All it adds to the actor is the way to storage, network and the other objects. */
export class ConferenceObject extends DurableObject<Env> implements ConferenceRpc {
  readonly #actor: ConferenceActor;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#actor = new ConferenceActor({
      sql: storageSql(ctx.storage),
      log: logOf(env),
      rules: { decide, nextDeadline },
      now: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      post: fetchPost,
      domain: ({ domain }) => domainOf(env, domain),
      chooseBridge: (identity) => freestBridge(env, identity),
      tell: ({ domain, confKey: conference }, bridge, orders) =>
        env.RELAY.getByName(`${domain}/${bridge}`).tell({ domain, bridge, conference, orders }),
      takeNumbers: ({ domain, confKey }, count) => env.NUMBER_POOL.getByName(domain).take({ holder: confKey, count }),
      setAlarm: (at) => {
        ctx.storage.setAlarm(at);
      },
    });
  }

  receive(delivered: Delivered): Promise<boolean> {
    return this.#actor.receive(delivered);
  }

  report(reports: ReportsOfAgent): Promise<number> {
    return this.#actor.report(reports);
  }

  async ordersTaken(ids: readonly CommandId[]): Promise<void> {
    this.#actor.ordersTaken(ids);
  }

  async matchesBridge(digest: string): Promise<boolean> {
    return this.#actor.matchesBridge(digest);
  }

  async holds(extConfId: ExtConfId): Promise<boolean> {
    return this.#actor.holds(extConfId);
  }

  operate(request: OperatorRequest) {
    return this.#actor.operate(request);
  }

  override alarm(): Promise<void> {
    return this.#actor.alarm();
  }
}

/** The bridge with the most free ports among those that answer; the first one where none does. */
async function freestBridge(env: Env, { domain }: ConferenceIdentity): Promise<BridgeName> {
  const names = domainOf(env, domain).settings.bridges.map(({ name }) => name as BridgeName);
  const found = await Promise.all(
    names.map(async (name) => ({ name, free: freePorts(await env.RELAY.getByName(`${domain}/${name}`).health()) })),
  );
  const best = found.reduce((freest, one) => (one.free > freest.free ? one : freest));
  return best.name;
}

function freePorts({ agentConnected, bridgeUp, ports, portsInUse }: BridgeHealth): number {
  if (!agentConnected || !bridgeUp) return -1;
  return ports === null ? Number.MAX_SAFE_INTEGER : ports - portsInUse;
}
