import { setTimeout as pause } from "node:timers/promises";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { ActEntry } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import { BridgeControl } from "../../test/kit/bridge-control.ts";
import type { BridgeUnderTest } from "./world.ts";

/** `npm start` starts a bridge that died within 2 s; a busy machine is slower. */
const BACK_WITHIN_MS = 15_000;
const ASK_AGAIN_MS = 50;

/** The simulated bridge under kills. It keeps everything in memory, so what it had done is read before it dies. */
export class SimulatedUnderTest implements BridgeUnderTest {
  readonly #control: BridgeControl;
  readonly #run: LocalRun;
  /** What each life before has carried out. */
  readonly earlierActs: (readonly ActEntry[])[] = [];

  constructor(run: LocalRun) {
    this.#run = run;
    this.#control = new BridgeControl(run.bridgeUrl);
  }

  /** False: it is dead already. */
  async kill(): Promise<boolean> {
    const pid = this.#run.pids().bridge ?? 0;
    const acts = await this.#control.acts().catch(() => null);
    if (acts === null || pid === 0) return false;
    this.earlierActs.push(acts);
    process.kill(pid, "SIGKILL");
    return true;
  }

  callIn(from: string, keys: string): Promise<string> {
    return this.#onceBack(() => this.#control.callIn(from, keys));
  }

  press(call: string, keys: string): Promise<void> {
    return this.#ofCall(() => this.#control.press(call, keys));
  }

  hangUp(call: string): Promise<void> {
    return this.#ofCall(() => this.#control.hangUp(call));
  }

  answersWith(digits: string, outcome: "answer" | "busy" | "no-answer", afterMs: number): Promise<void> {
    return this.#onceBack(() => this.#control.answersWith(digits, outcome, afterMs));
  }

  faults(faults: { readonly delayMs: number }): Promise<void> {
    return this.#onceBack(() => this.#control.faults(faults));
  }

  state(): Promise<VisibleState> {
    return this.#onceBack(() => this.#control.state());
  }

  acts(): Promise<readonly ActEntry[]> {
    return this.#onceBack(() => this.#control.acts());
  }

  /** A bridge that was started anew does not know what was before. */
  async #ofCall(ask: () => Promise<void>): Promise<void> {
    try {
      await this.#onceBack(ask);
    } catch (error) {
      if (this.earlierActs.length === 0 || !/→ 404 /.test(String(error))) throw error;
    }
  }

  async #onceBack<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (const deadline = Date.now() + BACK_WITHIN_MS; ; await pause(ASK_AGAIN_MS)) {
      try {
        return await ask();
      } catch (error) {
        // Nobody listens: not an answer that says why.
        if (!(error instanceof TypeError) || Date.now() > deadline) throw error;
      }
    }
  }
}
