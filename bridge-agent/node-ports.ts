import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ClientOptions, WebSocket } from "ws";
import type { CommandId } from "../src/foundation/ids.ts";
import { reasonOf } from "../src/foundation/text/reason.ts";
import type { Timers } from "../src/foundation/time/timers.ts";
import { REFUSAL_HEADER } from "../src/link/hello.ts";
import type { OpenSocket, Socket, SocketCodec, SocketEvents } from "./link/reconnecting-socket.ts";

export const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Begins connections directly. An attempt that the other end refused with a code and a reason is over with those. */
export const openSocket: OpenSocket = (url, headers, codec, events) => open({}, url, headers, codec, events);

/** The same, as the route to an address says; what `routeTo` throws is why an attempt failed. */
export function openBy(routeTo: (url: string) => ClientOptions): OpenSocket {
  return (url, headers, codec, events) => {
    try {
      return open(routeTo(url), url, headers, codec, events);
    } catch (error) {
      const cancel = timers.after(0, () => events.closed(1006, reasonOf(error)));
      return { send() {}, close: cancel };
    }
  };
}

/** A proxy that does not answer is let go of, too. No attempt may last so long. */
const HANDSHAKE_AT_MOST_MS = 15_000;

function open<In, Out>(
  route: ClientOptions,
  url: string,
  headers: Readonly<Record<string, string>>,
  codec: SocketCodec<In, Out>,
  events: SocketEvents<In>,
): Socket<Out> {
  const socket = new WebSocket(url, {
    handshakeTimeout: HANDSHAKE_AT_MOST_MS,
    ...route,
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
  const messages: string[] = [];
  const pass = () => {
    if (!over) events.message(codec.decode(messages[0] ?? ""));
    // All that came at once is passed on in one turn of the event loop: so it belongs to one transaction of the agent. A tick that
    // a microtask begins comes after all other microtasks: what awaited an answer has run before the next message is passed on.
    queueMicrotask(() =>
      process.nextTick(() => {
        messages.shift();
        if (messages.length > 0) pass();
      }),
    );
  };
  socket.on("message", (data) => {
    messages.push(String(data));
    if (messages.length === 1) pass();
  });
  socket.on("unexpected-response", (_request, { statusCode, headers }) => {
    const [, code, why] = /^(\d{4}) (.*)$/.exec(String(headers[REFUSAL_HEADER])) ?? [];
    closed(Number(code ?? 1006), why ?? `it answered with status ${statusCode}`);
    socket.terminate();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    closed(1006, error.message || String(error.code));
    // Who sends too much may never close it, and would be read on and on.
    socket.terminate();
  });
  socket.on("close", (code, reason) => closed(code, String(reason)));
  return {
    send(message) {
      for (const frame of codec.encode(message)) socket.send(frame, () => {}); // A failure comes as an event, too.
    },
    close(how) {
      over = true;
      if (how === "orderly" && socket.readyState === WebSocket.OPEN) socket.close(1000);
      else socket.terminate();
    },
  };
}

export const driverPorts = { openSocket, timers, random: Math.random, monotonicMs: () => performance.now() };

/** See `Boot`. A container may count an uptime of its own, which ends sooner. */
export function bootIdOf(uptimeMs: number): string | null {
  if (uptimeMs < Number(process.hrtime.bigint() / 1_000_000n) - 1_000) return null;
  try {
    return /^[\da-f-]{36}$/m.exec(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))?.[0] ?? null;
  } catch {
    return null;
  }
}

/** Ids for the agent's own commands: unlike those of any other life of any agent. */
export function newCommandIds(): () => CommandId {
  const life = randomUUID().slice(0, 13);
  let count = 0;
  return () => `keypad-${life}-${++count}` as CommandId;
}
