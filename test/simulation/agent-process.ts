import { Agent, type AgentInput } from "../../bridge-agent/agent.ts";
import { backoffMs } from "../../bridge-agent/backoff.ts";
import type { Execution } from "../../bridge-agent/bridge-side.ts";
import { openJournal } from "../../bridge-agent/journal.ts";
import type { ExecutionResult } from "../../src/bridge/commands.ts";
import type { CommandId } from "../../src/foundation/ids.ts";
import { encodeHello, helloText, LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import type { Bridge } from "./bridge.ts";
import { Draws } from "./draws.ts";
import { WireDriver } from "./driver.ts";
import type { FaultSource } from "./faults.ts";
import { type AgentWire, type RelayHost, simulatedBridge, simulatedKey } from "./relay-host.ts";
import { type Surroundings, worldBegins } from "./surroundings.ts";
import { Wire } from "./wire.ts";

const tickMs = 200;
/** With nothing under way a tick finds nothing to do: fewer of them make a faster world. */
const idleTickMs = 2_500;
const pongMs = 5_000;

/** One agent: its journal outlives the process, which may die at any step or stand still for a while. */
export class AgentProcess {
  readonly name: string;
  readonly journal = openJournal(":memory:");
  /** What this machine's clock is ahead of the true time. */
  skewMs = 0;
  readonly faults: FaultSource;
  readonly #around: Surroundings;
  readonly #relay: RelayHost;
  readonly #bridge: Bridge;
  readonly #draws: Draws;
  #lives = 0;
  #agent: Agent | null = null;
  #driver: WireDriver | null = null;
  #wire: AgentWire | null = null;
  #inputs: AgentInput[] = [];
  #frozen: (() => void)[] | null = null;
  #welcomed = false;
  #failures = 0;
  #pings = 0;
  #heartbeatMs = pongMs;
  #awaited = "";
  #cancelWatch: () => void = () => {};

  constructor(name: string, around: Surroundings, relay: RelayHost, bridge: Bridge) {
    this.name = name;
    this.#around = around;
    this.#relay = relay;
    this.#bridge = bridge;
    this.#draws = new Draws(around.seed, `agent ${name}`);
    this.faults = around.faults.source(name);
    this.#start();
  }

  get agent(): Agent | null {
    return this.#agent;
  }

  get driver(): WireDriver | null {
    return this.#driver;
  }

  get wire(): AgentWire | null {
    return this.#wire;
  }

  now(): number {
    return Math.floor(worldBegins + this.#around.clock.now + this.skewMs);
  }

  die(): void {
    if (!this.#agent) return;
    this.#lives += 1;
    this.#agent = null;
    this.#frozen = null;
    this.#inputs = [];
    this.#cancelWatch();
    this.#wire?.close("near", 1006);
    this.#wire = null;
    void this.#driver?.stop();
    this.#driver = null;
    this.#around.clock.after(this.#draws.between(50, 8_000), () => this.#start());
  }

  /** Nothing happens in the process; what comes for it waits in its sockets. */
  freeze(ms: number): void {
    if (!this.#agent || this.#frozen) return;
    this.#frozen = [];
    const life = this.#lives;
    this.#around.clock.after(ms, () => {
      if (life === this.#lives) this.thaw();
    });
  }

  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = null;
    // One after the other, each with all that follows from it, as the event loop would do it.
    for (const run of waiting) this.#around.clock.after(0, run);
  }

  #start(): void {
    const life = ++this.#lives;
    let count = 0;
    this.#inputs = [];
    this.#welcomed = false;
    this.#failures = 0;
    this.#agent = new Agent(this.journal, () => `keypad-${this.name}-${life}-${++count}` as CommandId);
    this.#driver = new WireDriver(this.#around, this.#draws, this.#bridge, (run) => this.#within(life, run));
    this.#driver.start((report) => this.#put({ type: "bridge", report }));
    this.#connect();
    this.#tickLater(life);
  }

  /** Runs it in this life of the process, or when it goes on, or never. */
  #within(life: number, run: () => void): void {
    const guarded = () => {
      if (life === this.#lives) run();
    };
    if (life === this.#lives && this.#frozen) this.#frozen.push(guarded);
    else guarded();
  }

  #later(ms: number, run: () => void): () => void {
    const life = this.#lives;
    return this.#around.clock.after(ms, () => this.#within(life, run));
  }

  #tickLater(life: number): void {
    const { status } = this.#agent ?? {};
    const pauseMs = !status || status.running + status.untold > 0 ? tickMs : idleTickMs;
    this.#later(pauseMs, () => {
      this.#inputs.push({ type: "time" });
      if (this.#inputs.length === 1) this.#turn();
      if (life === this.#lives) this.#tickLater(life);
    });
  }

  #put(input: AgentInput): void {
    this.#inputs.push(input);
    if (this.#inputs.length === 1) this.#later(0, () => this.#turn());
  }

  #turn(): void {
    const agent = this.#agent;
    const inputs = this.#inputs;
    if (!agent) return;
    this.#inputs = [];
    const idle = inputs.length === 1 && inputs[0]?.type === "time";
    if (!idle && this.faults.hits("agent dies before a write")) return this.die();
    const { messages, commands, askState, reconnect } = this.journal.transaction(() => agent.turn(inputs, this.now()));
    if (!idle && this.faults.hits("agent dies after a write")) return this.die();
    if (reconnect && this.#wire) this.#terminate(this.#wire);
    for (const message of messages) this.#say(message);
    if (commands.length > 0) {
      const { whoActs, alone } = this.#relay;
      whoActs.begins(this.name, { linked: this.#welcomed, alone });
    }
    const life = this.#lives;
    for (const command of commands) {
      if (this.faults.hits("agent dies after a write")) return this.die();
      void this.#driver
        ?.execute(command.id, command.conference, command.command)
        .then((result) => this.#learn(life, command, result));
    }
    if (askState) {
      void this.#driver?.state().then((state) => this.#within(life, () => this.#put({ type: "state", state })));
    }
  }

  #learn(life: number, command: Execution, result: ExecutionResult): void {
    if (life === this.#lives) this.#put({ type: "result", command, result });
  }

  #connect(): void {
    const life = this.#lives;
    const wire: AgentWire = new Wire(
      this.#around,
      this.#draws,
      {
        heard: (message: EdgeToAgent) => this.#within(life, () => this.#hear(wire, message)),
        closed: (code: number) => this.#within(life, () => this.#closed(wire, code)),
      },
      { heard: () => {}, closed: () => {} },
    );
    this.#wire = wire;
    this.#cancelWatch = this.#later(8_000, () => this.#terminate(wire));
    this.#around.clock.after(this.#draws.between(1, 24), () => {
      if (wire.near && !wire.silent) void this.#prove(wire, "");
    });
  }

  async #prove(wire: AgentWire, challenge: string): Promise<void> {
    const { publicKey, sign } = simulatedKey(this.name);
    const place = { domain: "local", bridge: simulatedBridge };
    const facts = { version: LINK_PROTOCOL_VERSION, agent: this.name, ...place, at: this.now(), challenge };
    const header = encodeHello({ ...facts, key: publicKey, signature: sign(helloText(facts)) });
    const refused = await this.#relay.connect(header, wire);
    const [code, asked = ""] = refused?.split(" ") ?? [];
    if (code === "4402" && challenge === "") await this.#prove(wire, asked);
    else if (refused !== null) this.#within(this.#lives, () => this.#terminate(wire));
  }

  #say(message: AgentToEdge): void {
    if (this.#welcomed) this.#wire?.toFar(message);
  }

  #hear(wire: AgentWire, message: EdgeToAgent): void {
    if (wire !== this.#wire) return;
    switch (message.type) {
      case "pong":
        if (message.nonce !== this.#awaited) return;
        this.#cancelWatch();
        return this.#pingLater(wire);
      case "welcome":
        this.#cancelWatch();
        this.#welcomed = true;
        this.#failures = 0;
        this.#heartbeatMs = message.heartbeatMs;
        this.#put({ type: "edge", message });
        return this.#pingLater(wire);
      default:
        if (this.#welcomed) this.#put({ type: "edge", message });
    }
  }

  #pingLater(wire: AgentWire): void {
    this.#cancelWatch = this.#later(Math.min(this.#heartbeatMs, pongMs), () => {
      this.#awaited = `ping-${++this.#pings}`;
      this.#say({ type: "ping", nonce: this.#awaited });
      this.#cancelWatch = this.#later(pongMs, () => this.#terminate(wire));
    });
  }

  #terminate(wire: AgentWire): void {
    wire.close("near", 1006);
    this.#closed(wire, 1006);
  }

  #closed(wire: AgentWire, code: number): void {
    if (wire !== this.#wire) return;
    this.#wire = null;
    this.#cancelWatch();
    this.#around.tell(() => `${this.name} lost the edge: ${code}`);
    if (this.#welcomed) this.#put({ type: "edge-gone" });
    this.#welcomed = false;
    this.#failures += 1;
    this.#later(backoffMs(this.#failures, 5_000, this.#draws.next()), () => this.#connect());
  }
}
