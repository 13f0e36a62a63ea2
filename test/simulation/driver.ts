import type { BridgeDriver, DriverReport } from "../../bridge-agent/drivers/driver.ts";
import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Bridge, BridgeWire, FromBridge } from "./bridge.ts";
import type { Draws } from "./draws.ts";
import type { Surroundings } from "./surroundings.ts";
import { Wire } from "./wire.ts";

/** How long a silent bridge goes unnoticed: a ping each second, which is answered within two. */
const silenceMs = [2_000, 3_000] as const;

/** The generic driver with wires for sockets. */
export class WireDriver implements BridgeDriver {
  /** The present connection, for those who break it. */
  wire: BridgeWire | null = null;
  readonly #around: Surroundings;
  readonly #draws: Draws;
  readonly #bridge: Bridge;
  readonly #waiting = new Map<number, (message: FromBridge | null) => void>();
  /** Everything that is heard goes through the process, which may be frozen or dead. */
  readonly #inProcess: (run: () => void) => void;
  #report: (report: DriverReport) => void = () => {};
  #connected = false;
  #lastId = 0;

  constructor(around: Surroundings, draws: Draws, bridge: Bridge, inProcess: (run: () => void) => void) {
    this.#around = around;
    this.#draws = draws;
    this.#bridge = bridge;
    this.#inProcess = inProcess;
  }

  start(report: (report: DriverReport) => void): void {
    this.#report = report;
    this.#connect();
  }

  async execute(commandId: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult> {
    if (!this.#connected) return { done: false, reason: "unreachable" };
    const id = ++this.#lastId;
    this.wire?.toFar({ type: "act", id, commandId, conference, command });
    const answer = await this.#answer(id);
    return answer?.type === "result" ? answer.result : { done: "unknown" };
  }

  async state(): Promise<BridgeState | null> {
    if (!this.#connected) return null;
    const id = ++this.#lastId;
    this.wire?.toFar({ type: "state", id });
    const answer = await this.#answer(id);
    return answer?.type === "state" ? answer.state : null;
  }

  /** The process is gone, and its socket with it. */
  async stop(): Promise<void> {
    this.#report = () => {};
    this.#connected = false;
    this.wire?.close("near", 1006);
    this.wire = null;
  }

  /** The network in between falls silent; both ends find out by themselves. */
  fallSilent(): void {
    const { wire } = this;
    if (!wire) return;
    wire.silent = "both";
    this.#around.clock.after(this.#draws.between(...silenceMs), () => {
      for (const end of ["near", "far"] as const) {
        const owner = wire[end];
        wire[end] = null;
        owner?.closed(1006);
      }
    });
  }

  #answer(id: number): Promise<FromBridge | null> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #connect(): void {
    const wire: BridgeWire = new Wire(
      this.#around,
      this.#draws,
      {
        heard: (message: FromBridge) => this.#inProcess(() => this.#hear(message)),
        closed: () => this.#inProcess(() => this.#lost(wire)),
      },
      { heard: () => {}, closed: () => {} },
    );
    this.wire = wire;
    if (!this.#bridge.connect(wire)) this.#lost(wire);
  }

  #hear(message: FromBridge): void {
    switch (message.type) {
      case "hello": {
        this.#connected = true;
        const abilities = { subConferences: true, talkDetection: true, joinTones: true };
        return this.#report({ type: "connected", bootId: message.bootId, abilities, ports: null });
      }
      case "happening":
        return this.#report(message.event);
      default:
        this.#waiting.get(message.id)?.(message);
        this.#waiting.delete(message.id);
    }
  }

  #lost(wire: BridgeWire): void {
    if (this.wire !== wire) return;
    this.wire = null;
    if (this.#connected) this.#report({ type: "disconnected", why: "the link broke" });
    this.#connected = false;
    for (const resolve of this.#waiting.values()) resolve(null);
    this.#waiting.clear();
    this.#around.clock.after(this.#draws.between(100, 1_000), () => this.#inProcess(() => this.#connect()));
  }
}
