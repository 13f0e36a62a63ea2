import type { WebSocket } from "ws";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeAgentToBridge,
} from "../../src/bridge/protocol.ts";
import type { Machine } from "./machine.ts";

interface Agent {
  readonly socket: WebSocket;
  /** `null`: one that does not say who it is. */
  readonly name: string | null;
  /** Calls off the acts that have not begun, by the id of their question. */
  readonly held: Map<number, () => void>;
}

/** The connected agents. Each hears what happens, any may act; while the bridge is down none is answered. */
export class Agents {
  private readonly agents = new Set<Agent>();
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  join(socket: WebSocket, name: string | null): void {
    // Whoever connects anew has given its older connection up, even where the network has not told us so.
    for (const older of this.agents) if (name !== null && older.name === name) this.drop(older);
    const agent: Agent = { socket, name, held: new Map() };
    this.agents.add(agent);
    socket.on("close", () => this.leave(agent));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data) => {
      if (this.agents.has(agent) && !this.machine.faults.down) this.take(agent, String(data));
    });
    this.send(socket, {
      type: "hello",
      version: BRIDGE_PROTOCOL_VERSION,
      bootId: this.machine.bootId,
      abilities: { subConferences: true, talkDetection: true, joinTones: true },
      ports: null,
    });
  }

  tell(event: BridgeEvent): void {
    for (const { socket } of this.agents) this.send(socket, event);
  }

  /** After a time of silence each agent must begin anew, for it has missed what happened. */
  dropAll(): void {
    for (const agent of this.agents) this.drop(agent);
  }

  private drop(agent: Agent): void {
    this.leave(agent);
    agent.socket.terminate();
  }

  /** Whoever asked for it cannot hear of it any more, and will look at the state: an act that has not begun never begins. */
  private leave(agent: Agent): void {
    this.agents.delete(agent);
    for (const callOff of agent.held.values()) callOff();
    agent.held.clear();
  }

  private take(agent: Agent, text: string): void {
    const decoded = decodeAgentToBridge(text);
    if (decoded.ok) this.answer(agent, decoded.value);
    else agent.socket.close(1008, decoded.error.slice(0, 100));
  }

  private answer({ socket, held }: Agent, message: AgentToBridge): void {
    const { id } = message;
    switch (message.type) {
      case "command": {
        let over = false;
        const callOff = this.machine.execute(message.commandId, message.conference, message.command, (result) => {
          over = true;
          held.delete(id);
          this.send(socket, result.done ? { type: "done", id } : { type: "refused", id, reason: result.reason });
        });
        if (!over) held.set(id, callOff);
        break;
      }
      case "state":
        this.send(socket, { type: "state", id, state: this.machine.state() });
        break;
      case "ping":
        this.send(socket, { type: "pong", id });
        break;
    }
  }

  private send(socket: WebSocket, message: BridgeToAgent): void {
    if (this.machine.faults.down) return;
    socket.send(JSON.stringify(message), () => {}); // A socket that closes meanwhile says so by its own event.
  }
}
