import type { OperatorAction } from "../../src/conference/operator-actions.ts";
import type { Comparison } from "../../src/conference/reconcile.ts";
import type { ActionId, BridgeName, CallId, CommandId, EpochMs, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import type {
  AgentReports,
  ConferenceDocument,
  ConferenceRpc,
  GivenUpContent,
  ItemPage,
  OperatorResult,
} from "../../src/rpc/conference.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { Explanation, StoryLine } from "../../src/rpc/story.ts";
import { findDomain } from "../../src/settings/load.ts";
import { platformOf } from "../platform/platform.ts";
import { deleteObject } from "../platform/retention.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Conference } from "./conference.ts";

/** A conference on the platform: the way to its storage, the network and the other objects. */
export class ConferenceObject extends WatchedObject implements ConferenceRpc {
  /** `null` before the first call, and after everything was deleted. */
  #conference: Conference | null = null;

  receive(document: ConferenceDocument): Promise<boolean> {
    return this.#current.receive(document);
  }

  report(reports: AgentReports): Promise<number> {
    return this.#current.report(reports);
  }

  async ackCommands(bridge: BridgeName, ids: readonly CommandId[], waiting?: readonly CommandId[]): Promise<void> {
    this.#current.ackCommands(bridge, ids, waiting);
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

  async entered(): Promise<ReadonlyMap<CallId, EpochMs>> {
    return this.#current.entered();
  }

  story(from: number): Promise<ItemPage<StoryLine>> {
    return this.#current.story(from);
  }

  operate(action: OperatorAction): Promise<OperatorResult> {
    return this.#current.operate(action);
  }

  async givenUp(row: number): Promise<GivenUpContent | null> {
    return this.#current.givenUp(row);
  }

  sendAgain(row: number, person: string): Promise<OperatorResult> {
    return this.#current.sendAgain(row, person);
  }

  action(id: ActionId): Promise<ActionStages | null> {
    return this.#current.action(id);
  }

  explain(call: string | undefined, from: number): Promise<ItemPage<Explanation>> {
    return this.#current.explain(call, from);
  }

  async replay(from: number, limit: number): Promise<string> {
    return JSON.stringify(await this.#current.replay(from, limit));
  }

  async wire(rows: readonly number[]): Promise<string> {
    return JSON.stringify(await this.#current.wire(rows));
  }

  async testRows(from: number): Promise<string | null> {
    const page = await this.#current.testRows(from);
    return page && JSON.stringify(page);
  }

  sweep(): Promise<boolean> {
    return this.#current.sweep();
  }

  feedDirectory(isWatched: boolean): Promise<boolean> {
    return this.#current.feedDirectory(isWatched);
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
      directory: (domain) => env.DIRECTORY.getByName(domain),
      webexSite: (domain) => env.WEBEX_SITE.getByName(domain),
      share: (answers) => env.MAILBOX.getByName(answers.domain).share(answers),
      changed: () => this.changed(),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      deleteAll: () => {
        this.#conference = null;
        return deleteObject(ctx.storage);
      },
    });
    return this.#conference;
  }
}
