import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Ability } from "../../src/bridge/commands.ts";
import { decodeAgentToBridge, MAX_BRIDGE_MESSAGE_LENGTH } from "../../src/bridge/protocol.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { bodyOf, type ControlAnswer, problem, send } from "../control-requests.ts";
import { Agents } from "./agents.ts";
import { control } from "./control.ts";
import { Machine } from "./machine.ts";

const MAX_BODY_BYTES = 64 * 1024;

export interface SimulatedBridge {
  readonly port: number;
  readonly machine: Machine;
  /** Breaks the connection of every agent. */
  dropAgents(): void;
  close(): Promise<void>;
}

/** Starts a bridge on 127.0.0.1: agents connect to `/bridge`, everything else is the control interface. */
export async function startSimulatedBridge(
  port: number,
  bootId: string,
  timers: Timers,
  cannot: readonly Ability[] = [],
): Promise<SimulatedBridge> {
  const machine: Machine = new Machine(
    bootId,
    timers,
    (event) => agents.sendEvent(event),
    () => agents.dropAll(),
  );
  machine.cannot = cannot;
  const agents = new Agents(machine);

  const server = createServer((request, response) => {
    answer(machine, request).then(
      (answered) => send(response, answered),
      () => response.destroy(), // The request broke off.
    );
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const sockets = new WebSocketServer({ server, path: "/bridge", maxPayload: MAX_BRIDGE_MESSAGE_LENGTH });
  sockets.on("connection", (socket, { url = "" }) =>
    connect(agents, socket, new URL(url, "http://bridge").searchParams.get("agent")),
  );
  return {
    port: (server.address() as AddressInfo).port,
    machine,
    dropAgents: () => agents.dropAll(),
    close: () =>
      new Promise((resolve) => {
        agents.dropAll();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function connect(agents: Agents, socket: WebSocket, name: string | null): void {
  const connection = agents.connect(
    {
      send: (message) => socket.send(JSON.stringify(message), () => {}), // A failure comes as an event, too.
      close: (code, why) => socket.close(code, why),
      terminate: () => socket.terminate(),
    },
    name,
  );
  socket.on("message", (data) => connection.message(decodeAgentToBridge(String(data))));
  socket.on("close", () => connection.closed());
  socket.on("error", () => socket.terminate());
}

async function answer(machine: Machine, request: IncomingMessage): Promise<ControlAnswer> {
  const body = await bodyOf(request, MAX_BODY_BYTES);
  if (body === null) return problem(400, `the body is longer than ${MAX_BODY_BYTES} bytes`);
  const [path = "/"] = (request.url ?? "/").split("?");
  return control(machine, request.method ?? "", path, body.toString("utf8"));
}
