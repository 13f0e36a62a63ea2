import type { ActEntry } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { BridgeControl } from "../../test/kit/bridge-control.ts";
import type { ShortNames } from "../../test/transcripts/short-names.ts";

/** One thing that a bridge did for the adapter; `n` rises by one. */
export type Act = Pick<ActEntry, "n" | "act" | "conference" | "room" | "call"> & { readonly outcome: string };

/** A call in a conference. */
export type HeldCall = Pick<VisibleState["calls"][number], "id" | "room" | "muted" | "joinTone">;

/** The bridge and the telephones of a flow. What may be absent, only the simulated bridge can. */
export interface FlowBridge
  extends Pick<BridgeControl, "callIn" | "press" | "hangUp" | "talk" | "answersWith">,
    Partial<Pick<BridgeControl, "lock" | "end" | "faults">> {
  /** True if it does several things at once, and is done with them in any order. */
  readonly sideBySide?: boolean;
  held(confKey: string): Promise<readonly HeldCall[]>;
  acts(): Promise<readonly Act[]>;
  /** What real telephones need when a flow is over, and when the last one is. */
  hangUpAll?(): Promise<void>;
  stop?(): Promise<void>;
}

const outcomes = {
  answers: "answer",
  "is busy": "busy",
  rejects: "reject",
  "is invalid": "invalid",
  "never answers": "no-answer",
} as const;

/** The telephone side of a flow. */
export class Telephones {
  readonly #bridge: FlowBridge;
  readonly #names: ShortNames;
  readonly #confKey: string;
  readonly #numbersSet = new Set<string>();
  #dialIns = 0;

  constructor(bridge: FlowBridge, names: ShortNames, confKey: string) {
    this.#bridge = bridge;
    this.#names = names;
    this.#confKey = confKey;
  }

  /** `120 phones dial KEY#N#` */
  async dialInMany(count: number, keys: string): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => `${index + 1}`);
    await Promise.all(numbers.map((number) => this.#dialIn(keys.replace("N", number))));
  }

  /** `c1 dials KEY#444#` */
  async phone(name: string, does: string): Promise<void> {
    const [verb = "", ...rest] = does.split(" ");
    if (verb === "dials") return this.#dialIn(rest.join(" "));
    const call = this.#names.idOf(name);
    if (call === undefined) throw new Error(`there is no call ${name}`);
    if (verb === "keys") return this.#bridge.press(call, this.#keys(rest.join(" ")));
    if (verb === "hangs") return this.#bridge.hangUp(call);
    return this.#bridge.talk(call, verb === "talks");
  }

  host(does: string): Promise<void> {
    const key = this.#confKey;
    const done = does === "ends" ? this.#bridge.end?.(key) : this.#bridge.lock?.(key, does === "locks");
    return done ?? Promise.reject(new Error(`no host can do so by telephone here: ${does}`));
  }

  /** `14085550123 is busy` */
  number(digits: string, how: string): Promise<void> {
    this.#numbersSet.add(digits);
    return this.#bridge.answersWith(digits, outcomes[how as keyof typeof outcomes]);
  }

  /** Everything works again. */
  async mend(): Promise<void> {
    await this.#bridge.faults?.({});
    for (const digits of this.#numbersSet) await this.#bridge.answersWith(digits, "answer");
  }

  /** Where each caller is, one line each. */
  async held(): Promise<string[]> {
    const lines = (await this.#bridge.held(this.#confKey)).map(({ id, room, muted, joinTone }) => {
      const place = `${this.#names.nameOf(id)} in ${this.#names.nameOf(room ?? "")}`;
      return [place, muted && "muted", !joinTone && "no tone"].filter(Boolean).join(", ");
    });
    return lines.sort();
  }

  async #dialIn(keys: string): Promise<void> {
    this.#dialIns += 1;
    const from = `140855501${String(this.#dialIns).padStart(2, "0")}`;
    const name = `c${this.#dialIns}`;
    const call = await this.#bridge.callIn(from, "");
    this.#names.give(call, name);
    await this.#bridge.press(call, this.#keys(keys));
  }

  #keys(text: string): string {
    return text.replace("KEY", this.#confKey);
  }
}
