import { DurableObject } from "cloudflare:workers";
import type { Comparison } from "../src/conference/reconcile.ts";
import type { OperatorRequest } from "../src/conference/requests.ts";
import type { BridgeName, CommandId, ExtConfId, TransId } from "../src/foundation/ids.ts";
import type {
  AgentReports,
  ConferenceDocument,
  ConferenceRpc,
  ConferenceView,
  OperatorResult,
  StoryLine,
} from "../src/rpc.ts";
import { findDomain } from "../src/settings/load.ts";
import { Conference } from "./conference.ts";
import { type Env, platformOf } from "./platform.ts";

/** A conference on the platform: the way to its storage, the network and the other objects. */
export class ConferenceObject extends DurableObject<Env> implements ConferenceRpc {
  /** `null` before the first call, and after everything was deleted. */
  #conference: Conference | null = null;

  receive(document: ConferenceDocument): Promise<boolean> {
    return this.#current.receive(document);
  }

  report(reports: AgentReports): Promise<number> {
    return this.#current.report(reports);
  }

  async ackCommands(bridge: BridgeName, ids: readonly CommandId[]): Promise<void> {
    this.#current.ackCommands(bridge, ids);
  }

  async compareDigest(bridge: BridgeName, digest: string): Promise<Comparison> {
    return this.#current.compareDigest(bridge, digest);
  }

  async hasHandle(extConfId: ExtConfId, claimedBy: TransId | null): Promise<boolean> {
    return this.#current.hasHandle(extConfId, claimedBy);
  }

  async view(): Promise<ConferenceView | null> {
    return this.#current.view();
  }

  async story(): Promise<readonly StoryLine[]> {
    return this.#current.story();
  }

  operate(request: OperatorRequest): Promise<OperatorResult> {
    return this.#current.operate(request);
  }

  sweep(): Promise<boolean> {
    return this.#current.sweep();
  }

  override alarm(): Promise<void> {
    return this.#current.alarm();
  }

  get #current(): Conference {
    const { ctx, env } = this;
    this.#conference ??= new Conference({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      relay: (domain, bridge) => env.RELAY.getByName(`${domain}/${bridge}`),
      allocateIds: (request) => env.ID_ALLOCATOR.getByName(request.domain).allocate(request),
      share: (answers) => env.MAILBOX.getByName(answers.domain).share(answers),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      deleteAll: () => {
        this.#conference = null;
        return ctx.storage.deleteAll();
      },
    });
    return this.#conference;
  }
}
