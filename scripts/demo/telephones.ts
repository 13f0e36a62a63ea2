import type { BridgeControl } from "../bridge-control.ts";
import type { ShortNames } from "./short-names.ts";

const outcomes = {
  answers: "answer",
  "is busy": "busy",
  rejects: "reject",
  "is invalid": "invalid",
  "never answers": "no-answer",
} as const;

/** The telephone side of a flow. */
export class Telephones {
  readonly #bridge: BridgeControl;
  readonly #names: ShortNames;
  readonly #confKey: string;
  readonly #numbersSet = new Set<string>();
  #dialIns = 0;

  constructor(bridge: BridgeControl, names: ShortNames, confKey: string) {
    this.#bridge = bridge;
    this.#names = names;
    this.#confKey = confKey;
  }

  /** `120 phones dial KEY#N#` */
  async dialInMany(count: number, keys: string): Promise<void> {
    for (let n = 1; n <= count; n++) await this.#dialIn(keys.replace("N", String(n)));
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
    return does === "ends" ? this.#bridge.end(key) : this.#bridge.lock(key, does === "locks");
  }

  /** `14085550123 is busy` */
  number(digits: string, how: string): Promise<void> {
    this.#numbersSet.add(digits);
    return this.#bridge.answersWith(digits, outcomes[how as keyof typeof outcomes]);
  }

  /** Everything works again. */
  async mend(): Promise<void> {
    await this.#bridge.faults({});
    for (const digits of this.#numbersSet) await this.#bridge.answersWith(digits, "answer");
  }

  /** Where each caller is, one line each. */
  async held(): Promise<string[]> {
    const { calls } = await this.#bridge.state();
    const ours = calls.filter((call) => call.conference === this.#confKey && call.state === "in-conference");
    const lines = ours.map(({ id, room, muted, joinTone }) => {
      const place = `${this.#names.nameOf(id)} in ${this.#names.nameOf(room ?? "")}`;
      return [place, muted && "muted", !joinTone && "no tone"].filter(Boolean).join(", ");
    });
    return lines.sort();
  }

  async #dialIn(keys: string): Promise<void> {
    this.#dialIns += 1;
    const from = `140855501${String(this.#dialIns).padStart(2, "0")}`;
    this.#names.give(await this.#bridge.callIn(from, this.#keys(keys)), `c${this.#dialIns}`);
  }

  #keys(text: string): string {
    return text.replace("KEY", this.#confKey);
  }
}
