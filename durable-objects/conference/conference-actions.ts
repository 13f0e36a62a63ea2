import type { OperatorRefusal } from "../../src/conference/action-row.ts";
import { type OperatorAction, operatorRefusal } from "../../src/conference/operator-actions.ts";
import type { ActionId, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import { isRecord } from "../../src/foundation/record.ts";
import { withoutQuery } from "../../src/foundation/shown.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import type { OperatorResult } from "../../src/rpc/conference.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { isBridgeGone } from "./progress.ts";

interface ActionPorts {
  now(): EpochMs;
  domain(): Domain | null;
  submit(action: OperatorAction): Promise<void>;
  /** Asks a server that is behind whether it is back. */
  probe(host: WebexHost, person: string): Promise<void>;
}

/** What operators do to a conference. */
export class ConferenceActions {
  readonly #ports: ActionPorts;
  readonly #store: ConferenceStore;
  /** A repeat waits for them, and fails with them: of two, one is done. */
  readonly #underWay = new Map<ActionId, Promise<void>>();

  constructor(ports: ActionPorts, store: ConferenceStore) {
    this.#ports = ports;
    this.#store = store;
  }

  async operate(action: OperatorAction): Promise<OperatorResult> {
    const { id } = action;
    for (let before = this.#underWay.get(id); before; before = this.#underWay.get(id)) await before;
    const known = this.#known(action) ?? this.#refusal(action);
    if (known !== null) return known === "done" ? "done-before" : known;
    const submitted = this.#ports.submit(action);
    this.#underWay.set(id, submitted);
    await submitted.finally(() => this.#underWay.delete(id));
    // What came before it in the same commit may have changed everything.
    return this.#known(action) ?? this.#refusal(action) ?? "no-such-conference";
  }

  /** The directory knows servers without their scheme and query. */
  async resync(server: string, person: string): Promise<void> {
    const { outages } = this.#store.state;
    const host = [...outages.keys()].find((one) => bareHost(withoutQuery(one)) === bareHost(server));
    if (host !== undefined) await this.#ports.probe(host, person);
  }

  /** What is answered to an action whose id is on disk; `null`: it is not. */
  #known({ id, request }: OperatorAction): OperatorResult | null {
    if (!this.#store.hasAction(id, this.#ports.now())) return null;
    const before = this.#store.journal.requestOf(id);
    return before === null || inOrder(before) === inOrder(request) ? "done" : "other-action";
  }

  #refusal({ request }: OperatorAction): OperatorRefusal | null {
    const { identity, state, progress } = this.#store;
    const settings = identity && this.#ports.domain()?.settings;
    if (!settings) return "no-such-conference";
    if (isBridgeGone(state, progress, settings)) return request.type === "end" ? null : "bridge-gone";
    return operatorRefusal(state, request, { settings, cannot: progress.cannot ?? [] });
  }
}

/** The same text for the same data, in whatever order its fields are. */
function inOrder(data: unknown): string {
  return JSON.stringify(data, (_, value) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}
