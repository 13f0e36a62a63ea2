import { type HttpAnswer, send } from "../http.ts";
import { NotTestable } from "../player/outcome.ts";
import type { Ability, CallId, Heard, HostAct, Outcome, PhoneNumber, Telephones } from "./telephones.ts";

interface State {
  readonly calls: readonly CallState[];
}

interface CallState {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly number: string;
  readonly conference: string | null;
  readonly state: "ringing" | "prompted" | "in-conference" | "ended";
  readonly room: string | null;
  readonly muted: boolean;
  readonly joinTone: boolean;
}

/** Limit for the bridge's state, which may list all calls since its start. */
const MOST_BYTES = 16_777_216;

/** Telephones of a bridge with a control interface (docs/conformance.md). */
export class ControlledTelephones implements Telephones {
  readonly isPerson = false;
  readonly settleMs = 500;
  readonly #url: string;
  readonly #numbers: string;
  /** Counter that picks numbers; starts differently in each run. */
  #called = Math.floor(Date.now() / 1000);
  /** Calls to a number before the last call-out to it. */
  readonly #before = new Map<string, readonly CallState[]>();

  /** `numbers`: the pattern of numbers to call, each x any digit. */
  constructor(url: string, numbers: string) {
    this.#url = url.replace(/\/$/, "");
    this.#numbers = numbers;
  }

  cannot(_: Ability): string | null {
    return null;
  }

  async dialIn(from: string, keys: string): Promise<CallId> {
    return (await this.#ask<{ id: string }>("POST", "/calls", { from, keys })).id;
  }

  async press(call: CallId, keys: string): Promise<void> {
    await this.#ask("POST", `/calls/${call}/keys`, { keys });
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    await this.#ask("POST", `/calls/${call}/talking`, { talking });
  }

  async hangUp(call: CallId): Promise<void> {
    await this.#ask("POST", `/calls/${call}/hang-up`);
  }

  async number(outcome: Outcome, afterMs: number): Promise<PhoneNumber> {
    const number = this.#next();
    const digits = number.join("");
    this.#before.set(digits, await this.#callsTo(number));
    await this.#ask("PUT", `/numbers/${digits}`, { outcome, afterMs });
    return number;
  }

  #next(): PhoneNumber {
    this.#called += 1;
    const digits = [...String(this.#called)].reverse();
    const filled = [...this.#numbers].reverse().map((one) => (one === "x" ? (digits.shift() ?? "0") : one));
    const [country = "", area = "", local = ""] = filled.reverse().join("").split("-");
    return [country, area, local];
  }

  async called(number: PhoneNumber): Promise<CallId | null> {
    return (await this.#callsTo(number)).findLast(({ state }) => state !== "ended")?.id ?? null;
  }

  async calledAgain(number: PhoneNumber, call: CallId): Promise<boolean> {
    const known = [call, ...(this.#before.get(number.join("")) ?? []).map(({ id }) => id)];
    return (await this.#callsTo(number)).some(({ id }) => !known.includes(id));
  }

  async pickUp(call: CallId): Promise<void> {
    const { status, body } = await this.#send("POST", `/calls/${call}/answer`);
    if (status === 404 || status === 405) throw new NotTestable("the control interface has no POST /calls/{id}/answer");
    if (status >= 300) throw new Error(`the bridge answered ${status} to POST /calls/${call}/answer: ${shown(body)}`);
  }

  async isUp(call: CallId): Promise<boolean> {
    const { calls } = await this.state();
    const { state } = calls.find(({ id }) => id === call) ?? {};
    return state === "in-conference" || state === "prompted";
  }

  async hears(listener: CallId, talker: CallId): Promise<Heard> {
    const { calls } = await this.state();
    const [one, other] = [listener, talker].map((id) => calls.find((call) => call.id === id));
    if (one?.state !== "in-conference" || other?.state !== "in-conference") return "over";
    return one.conference === other.conference && one.room === other.room && !other.muted ? "heard" : "silent";
  }

  async hadTone(call: CallId): Promise<boolean> {
    const { calls } = await this.state();
    const found = calls.find(({ id }) => id === call);
    if (!found) throw new Error(`the bridge has no call ${call}`);
    return found.joinTone;
  }

  async hostEnters(confKey: string, act: HostAct): Promise<void> {
    if (act === "end") await this.#ask("POST", `/conferences/${confKey}/end`);
    else await this.#ask("POST", `/conferences/${confKey}/lock`, { locked: act === "lock" });
  }

  async delayBridge(delayMs: number): Promise<void> {
    await this.#ask("PUT", "/faults", delayMs > 0 ? { delayMs } : {});
  }

  /** Returns the bridge's state. Throws if there is no control interface. */
  async state(): Promise<State> {
    const state = await this.#ask<Partial<State> | null>("GET", "/state");
    if (!Array.isArray(state?.calls)) throw new Error("GET /state returned no calls");
    return { calls: state.calls };
  }

  /** Returns all calls to a number, ended ones included. */
  async #callsTo(to: PhoneNumber): Promise<CallState[]> {
    const { calls } = await this.state();
    return calls.filter(({ direction, number }) => direction === "out" && number === to.join(""));
  }

  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.#send(method, path, body);
    if (answer.status >= 300)
      throw new Error(`the bridge answered ${answer.status} to ${method} ${path}: ${shown(answer.body)}`);
    try {
      return (answer.body === "" ? {} : JSON.parse(answer.body)) as Answer;
    } catch {
      throw new Error(`the bridge answered ${method} ${path} without JSON: ${shown(answer.body)}`);
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const asked = { method, url: `${this.#url}${path}`, body: body === undefined ? "" : JSON.stringify(body) };
    try {
      return await send({ ...asked, contentType: "application/json", mostBytes: MOST_BYTES });
    } catch (error) {
      throw new Error(`${method} ${path} of the bridge: ${(error as Error).message}`);
    }
  }
}

/** Returns the text in one line, cut for a message. */
function shown(body: string): string {
  const line = body.replace(/\s+/g, " ").trim();
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
