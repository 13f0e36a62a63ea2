import type { BridgeEvent } from "../../src/bridge/events.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  REPLACED_CODE,
} from "../../src/bridge/protocol.ts";
import type { Result } from "../../src/foundation/result.ts";
import type { Machine } from "./machine.ts";

/** The bridge's end of a connection. */
interface AgentSocket {
  send(message: BridgeToAgent): void;
  close(code: number, why: string): void;
  terminate(): void;
}

/** Events of an agent's connection. */
export interface AgentConnection {
  message(message: Result<AgentToBridge, string>): void;
  closed(): void;
}

interface Agent {
  readonly socket: AgentSocket;
  /** `null`: the agent does not say who it is. */
  readonly name: string | null;
  /** For whom it acts, and since which epoch of the edge; `null`: it does not. */
  acts: { readonly owner: string; readonly epoch: number } | null;
  /** Calls off the commands that have not begun, by the id of their message. */
  readonly held: Map<number, () => void>;
}

/** The connected agents. All hear what happens, and one of each owner acts; while the bridge is down none is answered. */
export class Agents {
  readonly #agents = new Set<Agent>();
  readonly #machine: Pick<Machine, "bootId" | "cannot" | "faults" | "execute" | "announce" | "state" | "world">;

  constructor(machine: Pick<Machine, "bootId" | "cannot" | "faults" | "execute" | "announce" | "state" | "world">) {
    this.#machine = machine;
  }

  connect(socket: AgentSocket, name: string | null): AgentConnection {
    // An agent that connects anew has given its older connection up, even where the network has not said so.
    for (const older of this.#agents) if (name !== null && older.name === name) this.#drop(older);
    const agent: Agent = { socket, name, acts: null, held: new Map() };
    this.#agents.add(agent);
    const { bootId, cannot, world } = this.#machine;
    const { ports } = world;
    const hello = { type: "hello", version: BRIDGE_PROTOCOL_VERSION, bootId, ports, announces: true } as const;
    this.#send(socket, cannot.length > 0 ? { ...hello, cannot } : hello);
    return {
      message: (message) => {
        if (!this.#agents.has(agent) || this.#machine.faults.down) return;
        if (message.ok) this.#answer(agent, message.value);
        else socket.close(1008, message.error.slice(0, 100));
      },
      closed: () => this.#remove(agent),
    };
  }

  sendEvent(event: BridgeEvent): void {
    for (const { socket } of this.#agents) this.#send(socket, event);
  }

  /** After a time of silence each agent must begin anew, for it has missed what happened. */
  dropAll(): void {
    for (const agent of this.#agents) this.#drop(agent);
  }

  /** Of two agents of one owner the later one acts. What the other has asked for and was not begun, never begins. */
  #activate(agent: Agent, owner: string, epoch: number): void {
    agent.acts = { owner, epoch };
    const rivals = [...this.#agents].filter((other) => other !== agent && other.acts?.owner === owner);
    const isLate = rivals.some(({ acts }) => acts !== null && acts.epoch > epoch);
    for (const other of isLate ? [agent] : rivals) this.replace(other);
  }

  protected replace(other: Agent): void {
    this.#remove(other);
    other.socket.close(REPLACED_CODE, "another agent is active");
  }

  #drop(agent: Agent): void {
    this.#remove(agent);
    agent.socket.terminate();
  }

  /** The agent cannot hear a result any more, and will look at the state: a command that has not begun never begins. */
  #remove(agent: Agent): void {
    this.#agents.delete(agent);
    for (const callOff of agent.held.values()) callOff();
    agent.held.clear();
  }

  #answer(agent: Agent, message: AgentToBridge): void {
    if (message.type === "activate") return this.#activate(agent, message.owner, message.epoch);
    if (message.type === "announce") {
      return this.#machine.announce(agent.acts?.owner ?? null, message.call, message.announcement);
    }
    const { socket, held } = agent;
    const { id } = message;
    switch (message.type) {
      case "command": {
        let over = false;
        const { commandId, conference, command } = message;
        const callOff = this.#machine.execute(agent.acts?.owner ?? null, commandId, conference, command, (result) => {
          over = true;
          held.delete(id);
          this.#send(socket, result.done ? { type: "done", id } : { type: "refused", id, reason: result.reason });
        });
        if (!over) held.set(id, callOff);
        break;
      }
      case "state":
        this.#send(socket, { type: "state", id, state: this.#machine.state() });
        break;
      case "ping":
        this.#send(socket, { type: "pong", id });
        break;
    }
  }

  #send(socket: AgentSocket, message: BridgeToAgent): void {
    if (!this.#machine.faults.down) socket.send(message);
  }
}
