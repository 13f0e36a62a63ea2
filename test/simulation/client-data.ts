import type { Draws } from "../../simulators/draws.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { ActionId, ConfKey, MsgId } from "../../src/foundation/ids.ts";
import type { Association } from "./association.ts";
import { boostFactor, draws, type WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import { settingBegin } from "./shown-judge.ts";
import type { Webex } from "./webex.ts";

const pauseMs = 90_000;

/** What clients of one meeting and the partner's back end send each other: nobody else may read it. */
export class ClientData {
  readonly #index: number;
  readonly #name: string;
  readonly #meeting: { readonly key: ConfKey; readonly quiet: boolean; readonly association: Association | null };
  readonly #context: WorldContext;
  readonly #edge: Edge;
  readonly #webex: Webex;
  readonly #spared: ReadonlySet<string>;
  readonly #done: string[];
  readonly #draws: Draws;
  readonly #pauseMs: number;
  #number = 0;

  constructor(
    index: number,
    meeting: { readonly key: ConfKey; readonly quiet: boolean; readonly association: Association | null },
    world: {
      readonly context: WorldContext;
      readonly edge: Edge;
      readonly webex: Webex;
      readonly spared: ReadonlySet<string>;
      readonly done: string[];
    },
  ) {
    this.#index = index;
    this.#name = `client data of meeting ${index + 1}`;
    this.#meeting = meeting;
    this.#context = world.context;
    this.#edge = world.edge;
    this.#webex = world.webex;
    this.#spared = world.spared;
    this.#done = world.done;
    this.#draws = draws(world.context, this.#name);
    this.#pauseMs = pauseMs / (world.context.boosts.has("client data") ? boostFactor : 1);
  }

  begin(): void {
    this.#context.clock.after(-Math.log(1 - this.#draws.next()) * this.#pauseMs, () => {
      if (this.#meeting.quiet) return;
      this.#number += 1;
      const kind = this.#draws.pick(["from WebEx", "from the back end", "connect data"] as const) ?? "connect data";
      const data = `${settingBegin}${this.#draws.between(200, 999)}`;
      const name = `${this.#name}, ${this.#number}: ${kind}`;
      if (!this.#spared.has(name) && this.#send(kind, name, data)) {
        this.#context.tell(() => `== ${name}`);
        this.#done.push(name);
      }
      this.begin();
    });
  }

  /** `false`: there is no occasion for it. */
  #send(kind: "from WebEx" | "from the back end" | "connect data", name: string, data: string): boolean {
    const { association } = this.#meeting;
    if (kind === "connect data") return this.#operate(name, { type: "hybrid-data", connectData: data });
    const extCallId = this.#draws.pick([...(association?.named.keys() ?? [])]);
    if (!association || extCallId === undefined) return false;
    if (kind === "from the back end") return this.#operate(name, { type: "passthrough", extCallId, data });
    const server = this.#webex.servers.find(({ host }) => host === association.host);
    if (!server?.up) return false;
    const { extConfId, host: replyTo } = association;
    const msgId = `data-${this.#index}-${this.#number}` as MsgId;
    void this.#webex.post(server, [{ type: "passthrough", msgId, replyTo, extConfId, extCallId, data }]);
    return true;
  }

  #operate(name: string, request: OperatorRequest): boolean {
    const { key } = this.#meeting;
    if (!this.#edge.conferences.has(key)) return false;
    const action = { id: name.replaceAll(/\W+/g, "-") as ActionId, person: "Ann", request };
    const sent = this.#edge.conference(key).call((conference) => Promise.resolve(conference.operate(action)));
    // An edge that fails leaves it undone, as the back end sees.
    sent.catch(() => {});
    return true;
  }
}
