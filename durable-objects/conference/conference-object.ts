import { DurableObject } from "cloudflare:workers";
import { nextDeadline } from "../../src/conference/deadlines.ts";
import { decide } from "../../src/conference/decide.ts";
import type { OperatorRequest } from "../../src/conference/requests.ts";
import { domainOf } from "../../src/domain.ts";
import type { BridgeName, CommandId, ExtConfId } from "../../src/foundation/ids.ts";
import type {
  AgentReports,
  BridgeHealth,
  ConferenceDocument,
  ConferenceIdentity,
  ConferenceRpc,
  OperatorResult,
} from "../../src/rpc.ts";
import type { Env } from "../env.ts";
import { platformOf } from "../platform.ts";
import { ConferenceActor } from "./actor.ts";

/** A conference on the platform. All it adds to the actor is the way to storage, network and the other objects. */
export class ConferenceObject extends DurableObject<Env> implements ConferenceRpc {
  /** `null` while nothing of the conference is on disk: whoever only asks about it leaves nothing there. */
  #actor: ConferenceActor | null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { length } = ctx.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'journal'").toArray();
    this.#actor = length > 0 ? this.#begin() : null;
  }

  receive(delivered: ConferenceDocument): Promise<boolean> {
    this.#actor ??= this.#begin();
    return this.#actor.receive(delivered);
  }

  report(reports: AgentReports): Promise<number> {
    this.#actor ??= this.#begin();
    return this.#actor.report(reports);
  }

  async ackCommands(bridge: BridgeName, ids: readonly CommandId[]): Promise<void> {
    this.#actor?.ackCommands(bridge, ids);
  }

  async matchesBridge(bridge: BridgeName, digest: string): Promise<boolean> {
    return this.#actor?.matchesBridge(bridge, digest) ?? false;
  }

  async hasHandle(extConfId: ExtConfId): Promise<boolean> {
    return this.#actor?.hasHandle(extConfId) ?? false;
  }

  async operate(request: OperatorRequest): Promise<OperatorResult> {
    return this.#actor?.operate(request) ?? "no-such-conference";
  }

  async sweep(): Promise<void> {
    await this.#actor?.sweep();
  }

  override async alarm(): Promise<void> {
    await this.#actor?.alarm();
  }

  #begin(): ConferenceActor {
    const { ctx, env } = this;
    return new ConferenceActor({
      ...platformOf(ctx, env),
      rules: { decide, nextDeadline },
      domain: ({ domain }) => domainOf(env, domain),
      chooseBridge: (identity) => freestBridge(env, identity),
      tell: ({ domain, confKey: conference }, bridge, commands) =>
        env.RELAY.getByName(`${domain}/${bridge}`).sendCommands({ domain, bridge, conference, commands }),
      askForSnapshot: ({ domain, confKey }, bridge) =>
        env.RELAY.getByName(`${domain}/${bridge}`).askForSnapshot(confKey),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      takeNumbers: ({ domain, confKey }, wanted) =>
        env.ID_ALLOCATOR.getByName(domain).allocate({ domain, holder: confKey, ...wanted }),
      forget: () => {
        this.#actor = null;
        return ctx.storage.deleteAll();
      },
    });
  }
}

/** The bridge with the most free ports among those that answer; the first one where none does. */
async function freestBridge(env: Env, { domain }: ConferenceIdentity): Promise<BridgeName> {
  const names = domainOf(env, domain).settings.bridges.map(({ name }) => name as BridgeName);
  const found = await Promise.all(
    names.map(async (name) => {
      const health = env.RELAY.getByName(`${domain}/${name}`).health();
      return { name, free: await health.then(freePorts, () => -1) };
    }),
  );
  const best = found.reduce((freest, one) => (one.free > freest.free ? one : freest));
  return best.name;
}

function freePorts({ agentConnected, bridgeUp, ports, portsInUse }: BridgeHealth): number {
  if (!agentConnected || !bridgeUp) return -1;
  return ports === null ? Number.MAX_SAFE_INTEGER : ports - portsInUse;
}
