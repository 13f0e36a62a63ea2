import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { CommandId } from "../src/foundation/ids.ts";
import type { Timers } from "../src/foundation/timers.ts";
import { REFUSAL_HEADER } from "../src/link/hello.ts";
import type { OpenSocket } from "./reconnecting-socket.ts";

export const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** An attempt that the other end refused with a code and a reason is over with those. */
export const openSocket: OpenSocket = (url, headers, codec, events) => {
  const socket = new WebSocket(url, {
    // One message for each turn of the event loop: what awaited an answer runs before the next message is read.
    allowSynchronousEvents: false,
    maxPayload: codec.maxBytes,
    perMessageDeflate: false,
    headers,
  });
  let over = false;
  const closed = (code: number, why: string) => {
    if (over) return;
    over = true;
    events.closed(code, why);
  };
  socket.on("message", (data) => {
    if (!over) events.message(codec.decode(String(data)));
  });
  socket.on("unexpected-response", (_request, { statusCode, headers }) => {
    const [, code, why] = /^(\d{4}) (.*)$/.exec(String(headers[REFUSAL_HEADER])) ?? [];
    closed(Number(code ?? 1006), why ?? `it answered with status ${statusCode}`);
    socket.terminate();
  });
  let trouble = "";
  socket.on("error", (error: NodeJS.ErrnoException) => {
    trouble = error.message || String(error.code);
  });
  socket.on("close", (code, reason) => closed(code, trouble || String(reason)));
  return {
    send: (message) => socket.send(codec.encode(message), () => {}), // A failure comes as an event, too.
    close(how) {
      over = true;
      if (how === "orderly" && socket.readyState === WebSocket.OPEN) socket.close(1000);
      else socket.terminate();
    },
  };
};

export const driverPorts = { openSocket, timers, random: Math.random };

/** Ids for the agent's own commands: unlike those of any other life of any agent. */
export function newCommandIds(): () => CommandId {
  const life = randomUUID().slice(0, 13);
  let count = 0;
  return () => `keypad-${life}-${++count}` as CommandId;
}
