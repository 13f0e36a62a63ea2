import type { WebSocket } from "ws";
import type { BridgeHappening } from "../../src/bridge/driving.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeAgentToBridge,
} from "../../src/bridge/generic-protocol.ts";
import type { Machine } from "./machine.ts";

/** The connected agents. Each hears what happens, any may act; while the bridge is down none is answered. */
export class Agents {
  private readonly sockets = new Set<WebSocket>();
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  join(socket: WebSocket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data) => {
      if (!this.machine.faults.down) this.take(socket, String(data));
    });
    this.send(socket, {
      type: "hello",
      version: BRIDGE_PROTOCOL_VERSION,
      bootId: this.machine.bootId,
      abilities: { subConferences: true, talkDetection: true, joinTones: true },
      ports: null,
    });
  }

  tell(happening: BridgeHappening): void {
    for (const socket of this.sockets) this.send(socket, happening);
  }

  /** After a time of silence each agent must begin anew, for it has missed what happened. */
  dropAll(): void {
    for (const socket of this.sockets) socket.terminate();
    this.sockets.clear();
  }

  private take(socket: WebSocket, text: string): void {
    const decoded = decodeAgentToBridge(text);
    if (decoded.ok) this.answer(socket, decoded.value);
    else socket.close(1008, decoded.error.slice(0, 100));
  }

  private answer(socket: WebSocket, message: AgentToBridge): void {
    const { id } = message;
    switch (message.type) {
      case "act":
        this.machine.act(message.commandId, message.conference, message.act, (outcome) =>
          this.send(socket, outcome.done ? { type: "done", id } : { type: "refused", id, reason: outcome.reason }),
        );
        break;
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
