import type { DriverPorts } from "../../bridge-agent/drivers/driver.ts";
import { abilities } from "../../src/bridge/commands.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeBridgeToAgent,
  MAX_BRIDGE_MESSAGE_LENGTH,
} from "../../src/bridge/protocol.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { type Checks, GiveUp } from "./checks.ts";

/** How long a bridge may take to let an agent in. */
export const GREETING_MS = 5_000;

/** Connects as a visitor would, and says hello by the letter of the protocol. */
export async function checkGreeting(url: string, ports: DriverPorts, checks: Checks): Promise<void> {
  const { socket, message, missing } = visitOf(url, ports);
  try {
    const hello = await message(() => true);
    const isHello = await checks.check(
      "the bridge accepts a connection, and says hello in version 3 first",
      async () => [
        { type: "hello", version: BRIDGE_PROTOCOL_VERSION },
        isMessage(hello, "hello") ? { type: hello.type, version: hello.version } : hello,
      ],
    );
    if (!isHello) throw new GiveUp("nothing else can be checked");
    await checks.check("`cannot` in the hello names only what this version knows", async () => [
      [],
      missing.filter((word) => !abilities.some((ability) => ability === word)),
    ]);
    await checks.check("a ping is answered by a pong of the same id; unknown fields are ignored", async () => {
      socket.send({ type: "ping", id: 71, unknown: "field" });
      return [{ type: "pong", id: 71 }, await message(({ type }) => type === "pong")];
    });
    await checks.check("a visitor, who gives no name, gets the state", async () => {
      socket.send({ type: "state", id: 72 });
      const state = await message(({ type }) => type === "state");
      return [72, isMessage(state, "state") ? state.id : state];
    });
  } finally {
    socket.close("orderly");
  }
}

/** A connection that names no agent; `missing`: what the hello says that the bridge cannot do. */
function visitOf(url: string, ports: DriverPorts) {
  const received: Result<BridgeToAgent, string>[] = [];
  let next = () => {};
  let lost = "";
  const missing: unknown[] = [];
  const decode = (text: string) => {
    missing.push(...saidMissing(text));
    return understood(text);
  };
  const codec = {
    decode,
    encode: (message: unknown) => [JSON.stringify(message)],
    maxBytes: MAX_BRIDGE_MESSAGE_LENGTH,
  };
  const socket = ports.openSocket<BridgeToAgent, AgentToBridge & { readonly unknown?: string }>(url, {}, codec, {
    message: (message) => {
      received.push(message);
      next();
    },
    closed: (code, why) => {
      lost = why || `closed with ${code}`;
      next();
    },
  });
  /** The next message that fits, or why there is none. Events of the bridge's own calls may come in between. */
  const message = async (fits: (one: BridgeToAgent) => boolean): Promise<unknown> => {
    for (let read = 0; ; read += 1) {
      if (received[read] === undefined && lost === "") {
        const more = Promise.withResolvers<void>();
        next = more.resolve;
        const isLate = await within(
          ports.timers,
          GREETING_MS,
          "",
          more.promise.then(() => false),
        ).catch(() => true);
        if (isLate) return `nothing within ${GREETING_MS / 1_000} s`;
      }
      const one = received[read];
      if (one === undefined) return lost;
      if (!one.ok) return `what is not of the protocol: ${one.error}`;
      if (fits(one.value)) return one.value;
    }
  };
  return { socket, message, missing };
}

function isMessage<Type extends BridgeToAgent["type"]>(
  seen: unknown,
  type: Type,
): seen is Extract<BridgeToAgent, { readonly type: Type }> {
  return typeof seen === "object" && seen !== null && "type" in seen && seen.type === type;
}

/** The words with which a hello says what its bridge cannot do, whatever they are. */
function saidMissing(text: string): readonly unknown[] {
  try {
    const { type, cannot } = JSON.parse(text);
    return type === "hello" && Array.isArray(cannot) ? cannot : [];
  } catch {
    return [];
  }
}

/** Here a state that is not understood is no message like others. */
function understood(text: string): Result<BridgeToAgent, string> {
  const message = decodeBridgeToAgent(text);
  if (!message.ok) return message;
  const { value } = message;
  return value.type === "bad-state" ? err(value.why) : ok(value);
}
