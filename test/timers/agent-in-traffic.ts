import type { SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { RunningAgent } from "../../bridge-agent/run.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { AgentToBridge, BridgeToAgent } from "../../src/bridge/protocol.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import type { AgentToEdge, AgentTurn, EdgeToAgent } from "../../src/link/messages.ts";
import { agentSettings, KEY, OWNER, openedJournal, welcome } from "../agent/agent-world.ts";
import { Clock } from "../simulation/clock.ts";

const networkMs = 10;

/** A whole agent with its real driver, between a simulated bridge and an edge that acknowledges what is reported, in virtual time. */
export class AgentInTraffic {
  readonly time = new Clock(1_000_000);
  /** All that reached the edge, and when. */
  readonly heard: (readonly [at: number, message: AgentToEdge])[] = [];
  readonly machine: Machine;
  readonly journal = openedJournal(":memory:");
  /** The edge acknowledges reports. */
  isAcknowledging = true;
  /** The edge answers pings. */
  isAnsweringPings = true;
  /** How often the agent has connected to the edge. */
  links = 0;
  #edge: SocketEvents<EdgeToAgent> | null = null;
  #bridge: SocketEvents<BridgeToAgent> | null = null;

  constructor() {
    const { time } = this;
    let ids = 0;
    const toAgent = (message: BridgeToAgent) => time.after(networkMs, () => this.#bridge?.message(ok(message)));
    this.machine = new Machine("boot1", time, toAgent, () => {});
    const agent = new RunningAgent(agentSettings, {
      openSocket: (url, _headers, _codec, events) => {
        const isBridge = url.startsWith(agentSettings.driver.url);
        if (isBridge) {
          this.#bridge = events as unknown as SocketEvents<BridgeToAgent>;
          toAgent({ type: "hello", version: 3, bootId: "boot1", ports: 1_000 });
        } else {
          this.links += 1;
          this.#edge = events as unknown as SocketEvents<EdgeToAgent>;
          this.fromEdge(welcome);
        }
        return {
          send: (message) =>
            void time.after(networkMs, () => {
              if (isBridge) this.#bridgeHears(message as AgentToBridge, toAgent);
              else this.#edgeHears(message as AgentToEdge | AgentTurn);
            }),
          close: () => {},
        };
      },
      timers: time,
      random: () => 0,
      journal: this.journal,
      key: { publicKey: "", sign: () => "" },
      now: () => time.now,
      monotonicMs: () => time.now,
      passedMs: () => time.now,
      soon: (run) => time.after(0, run),
      newId: () => `keypad-${++ids}` as CommandId,
      log: () => {},
      journalFailed: ({ sentence }) => {
        throw new Error(sentence);
      },
    });
    agent.start();
  }

  fromEdge(message: EdgeToAgent): void {
    this.time.after(networkMs, () => this.#edge?.message(ok(message)));
  }

  /** With the conference that callers dial in to. */
  async begun(): Promise<this> {
    await this.time.pass(3_000);
    this.create(KEY);
    await this.time.pass(3_000);
    return this;
  }

  create(key: string): void {
    const command = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
    const commands = [{ id: key as CommandId, command }];
    this.fromEdge({ type: "commands", epoch: 1, conference: key as ConfKey, commands });
  }

  welcome(): void {
    this.fromEdge(welcome);
  }

  /** A caller enters each `everyMs`; `entered` is called behind each. */
  async callsEach(everyMs: number, ms: number, entered: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += everyMs) {
      this.machine.dialIn("14085550100", `${KEY}##`);
      await this.time.pass(everyMs);
      entered();
    }
  }

  /** Another owner of the bridge has a conference with a call. */
  callOfOthers(): void {
    const [conference, call] = ["555999888" as ConfKey, "o1" as CallId];
    const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
    const number = { country: "1", area: "408", local: "5550100", extension: "" };
    const dial = { type: "dial", call, number, waitMs: 60_000 } as const;
    for (const command of [create, dial])
      this.machine.execute("other/owner", command.type as CommandId, conference, command, () => {});
  }

  hangUpAll(): void {
    for (const call of this.#up) this.machine.hangUp(call);
  }

  get callsUp(): number {
    return this.#up.length;
  }

  get #up() {
    return [...this.machine.world.calls.values()].filter(({ stage }) => stage !== "ended");
  }

  /** When the edge was first told of such a number of ports in use. */
  toldOfPorts(is: (portsInUse: number) => boolean, since = 0): number {
    const told = this.heard.find(([at, message]) => at >= since && message.type === "health" && is(message.portsInUse));
    return told?.[0] ?? Number.POSITIVE_INFINITY;
  }

  #bridgeHears(message: AgentToBridge, answer: (message: BridgeToAgent) => void): void {
    switch (message.type) {
      case "ping":
        return answer({ type: "pong", id: message.id });
      case "state":
        return answer({ type: "state", id: message.id, state: this.machine.state() });
      case "command": {
        const { id, commandId, conference, command } = message;
        this.machine.execute(OWNER, commandId, conference, command, (result) =>
          answer(result.done ? { type: "done", id } : { type: "refused", id, reason: result.reason }),
        );
        return;
      }
    }
  }

  #edgeHears(message: AgentToEdge | AgentTurn): void {
    if (message.type === "turn") {
      for (const one of message.messages) this.#edgeHears(one);
      return;
    }
    this.heard.push([this.time.now, message]);
    if (message.type === "ping" && this.isAnsweringPings) this.fromEdge({ type: "pong" });
    if (message.type !== "reports" || !this.isAcknowledging) return;
    const { conference, stream, reports } = message;
    this.fromEdge({ type: "reports-ack", conference, stream, upTo: reports.at(-1)?.number ?? 0 });
  }
}
