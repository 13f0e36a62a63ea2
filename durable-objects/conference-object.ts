import { DurableObject } from "cloudflare:workers";
import type { OperatorRequest } from "../src/conference/requests.ts";
import { findDomain } from "../src/domain.ts";
import type { BridgeName, CommandId, ExtConfId } from "../src/foundation/ids.ts";
import type { AgentReports, ConferenceDocument, ConferenceRpc, OperatorResult } from "../src/rpc.ts";
import { Conference } from "./conference.ts";
import type { Env } from "./env.ts";
import { platformOf } from "./platform.ts";

/** A conference on the platform: the way to its storage, the network and the other objects. */
export class ConferenceObject extends DurableObject<Env> implements ConferenceRpc {
  /** `null` while nothing of the conference is on disk: whoever only asks about it leaves nothing there. */
  #conference: Conference | null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { length } = ctx.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'journal'").toArray();
    this.#conference = length > 0 ? this.#begin() : null;
  }

  receive(document: ConferenceDocument): Promise<boolean> {
    this.#conference ??= this.#begin();
    return this.#conference.receive(document);
  }

  report(reports: AgentReports): Promise<number> {
    this.#conference ??= this.#begin();
    return this.#conference.report(reports);
  }

  async ackCommands(bridge: BridgeName, ids: readonly CommandId[]): Promise<void> {
    this.#conference?.ackCommands(bridge, ids);
  }

  async matchesBridge(bridge: BridgeName, digest: string): Promise<boolean> {
    return this.#conference?.matchesBridge(bridge, digest) ?? false;
  }

  async hasHandle(extConfId: ExtConfId): Promise<boolean> {
    return this.#conference?.hasHandle(extConfId) ?? false;
  }

  async operate(request: OperatorRequest): Promise<OperatorResult> {
    return this.#conference?.operate(request) ?? "no-such-conference";
  }

  async sweep(): Promise<void> {
    await this.#conference?.sweep();
  }

  override async alarm(): Promise<void> {
    await this.#conference?.alarm();
  }

  #begin(): Conference {
    const { ctx, env } = this;
    return new Conference({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      relay: (domain, bridge) => env.RELAY.getByName(`${domain}/${bridge}`),
      allocateIds: (request) => env.ID_ALLOCATOR.getByName(request.domain).allocate(request),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      deleteAll: () => {
        this.#conference = null;
        return ctx.storage.deleteAll();
      },
    });
  }
}
