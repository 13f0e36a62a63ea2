import type { BridgeControl } from "../bridge-control.ts";
import type { FlowNames } from "./flow-names.ts";

const outcomes = {
  answers: "answer",
  "is busy": "busy",
  rejects: "reject",
  "is invalid": "invalid",
  "never answers": "no-answer",
} as const;

/** What is done on the telephone side of a flow. */
export class Telephones {
  private readonly bridge: BridgeControl;
  private readonly names: FlowNames;
  private readonly numbersSet = new Set<string>();
  private dialIns = 0;

  constructor(bridge: BridgeControl, names: FlowNames) {
    this.bridge = bridge;
    this.names = names;
  }

  /** `120 phones dial KEY#N#` */
  async dialInMany(count: number, keys: string): Promise<void> {
    for (let n = 1; n <= count; n++) await this.dialIn(keys.replace("N", String(n)));
  }

  /** `c1 dials KEY#444#` */
  async phone(name: string, does: string): Promise<void> {
    const [verb = "", ...rest] = does.split(" ");
    if (verb === "dials") return this.dialIn(rest.join(" "));
    const call = this.names.idOf(name);
    if (call === undefined) throw new Error(`there is no call ${name}`);
    if (verb === "keys") return this.bridge.press(call, this.keys(rest.join(" ")));
    if (verb === "hangs") return this.bridge.hangUp(call);
    return this.bridge.talk(call, verb === "talks");
  }

  host(does: string): Promise<void> {
    const { confKey } = this.names;
    return does === "ends" ? this.bridge.end(confKey) : this.bridge.lock(confKey, does === "locks");
  }

  /** `14085550123 is busy` */
  number(digits: string, how: string): Promise<void> {
    this.numbersSet.add(digits);
    return this.bridge.answersWith(digits, outcomes[how as keyof typeof outcomes]);
  }

  /** Everything works again. */
  async mend(): Promise<void> {
    await this.bridge.faults({});
    for (const digits of this.numbersSet) await this.bridge.answersWith(digits, "answer");
  }

  /** Who is where, a line for each. */
  async held(): Promise<string[]> {
    const { calls } = await this.bridge.state();
    const ours = calls.filter((call) => call.conference === this.names.confKey && call.state === "in-conference");
    const lines = ours.map(({ id, room, muted, joinTone }) => {
      const place = `${this.names.nameOf(id)} in ${this.names.nameOf(room ?? "")}`;
      return [place, muted && "muted", !joinTone && "no tone"].filter(Boolean).join(", ");
    });
    return lines.sort();
  }

  private async dialIn(keys: string): Promise<void> {
    this.dialIns += 1;
    const from = `140855501${String(this.dialIns).padStart(2, "0")}`;
    this.names.give(await this.bridge.callIn(from, this.keys(keys)), `c${this.dialIns}`);
  }

  private keys(text: string): string {
    return text.replace("KEY", this.names.confKey);
  }
}
