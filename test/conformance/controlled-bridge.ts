import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { GenericDriver } from "../../bridge-agent/drivers/generic.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import type { BridgeOnTest } from "./bridge-on-test.ts";

/** A bridge program that runs. */
export interface RunningBridge {
  /** Ends it, with all its calls. */
  stop(): Promise<void>;
}

/** How long a telephone rings that is then answered: far longer than a command and a look at the state take. */
const ANSWERED_AFTER_MS = 300;
const ANSWERED_LATE_AFTER_MS = 500;
/** Of telephones that decline: the suite lets them ring for 100 ms at most. */
const DECLINED_AFTER_MS = 20;
/** Often, so that a bridge without `pong` is found soon. */
const PING_EVERY_MS = 100;
const STARTS_WITHIN_MS = 10_000;

/** Agents of the generic driver for a bridge program at this address, for a `BridgeOnTest`. */
export function agentsOf(url: string): Pick<BridgeOnTest, "driver" | "other" | "stranger" | "dialIns" | "stop"> {
  const dialIns = { own: "18005551234", strangers: "18005559999" };
  const driverOf = (agent: string, owner: string, dialIn: string) =>
    new GenericDriver(
      { url },
      { ...driverPorts, random: () => 0, pingEveryMs: PING_EVERY_MS },
      { agent, owner, dialIn: [dialIn] },
    );
  const driver = driverOf("agent-1", "local/simulated", dialIns.own);
  const other = driverOf("agent-2", "local/simulated", dialIns.own);
  const stranger = driverOf("agent-1", "elsewhere/bridge", dialIns.strangers);
  return {
    driver,
    other,
    stranger,
    dialIns,
    stop: async () => {
      for (const each of [driver, other, stranger]) await each.stop();
    },
  };
}

/**
 * A bridge program behind the generic driver, whose telephones are moved by the control requests of docs/bridge-protocol.md: `POST /calls`,
 * `/calls/{id}/keys`, `talking` and `hang-up`, `GET /calls/{id}/heard`, `POST /conferences/{key}/lock` and `end`, `PUT /numbers/{digits}`, and `PUT /faults` with
 * `hold` and `down`. `start` starts it on this port, and anew after its end; agents connect to `/bridge`.
 */
export async function controlledBridge(start: (port: number) => Promise<RunningBridge>): Promise<BridgeOnTest> {
  const [port = 0] = await freePorts(1);
  let program = await start(port);
  let hold = false;
  const way = await lossyWay(() => port);
  const agents = agentsOf(`ws://127.0.0.1:${way.port}/bridge`);
  const ask = async (method: string, path: string, body: unknown = {}): Promise<Readonly<Record<string, unknown>>> => {
    const asked = `${method} ${path}`;
    const sent = method === "GET" ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`the bridge program answers ${asked} with ${response.status} ${text}`);
    return JSON.parse(text);
  };

  return {
    ...agents,
    dialIn: async (from, to = agents.dialIns.own) => (await ask("POST", "/calls", { from, to })).id as CallId,
    press: async (call, keys) => void (await ask("POST", `/calls/${call}/keys`, { keys })),
    talk: async (call, talking) => void (await ask("POST", `/calls/${call}/talking`, { talking })),
    heard: async (call) => {
      // A bridge with a voice of its own does not know this request.
      const answer = await ask("GET", `/calls/${call}/heard`).catch(() => null);
      return answer && (answer.heard as readonly string[]);
    },
    hangUp: async (call) => void (await ask("POST", `/calls/${call}/hang-up`)),
    lockByTelephone: async (key, locked) => void (await ask("POST", `/conferences/${key}/lock`, { locked })),
    endByTelephone: async (key) => void (await ask("POST", `/conferences/${key}/end`)),
    plan: async (digits, outcome) => {
      await ask("PUT", `/numbers/${digits}`, {
        outcome: outcome === "answer-late" ? "answer" : outcome,
        afterMs:
          { answer: ANSWERED_AFTER_MS, "answer-late": ANSWERED_LATE_AFTER_MS }[outcome as string] ?? DECLINED_AFTER_MS,
      });
    },
    passTime: (ms) => pause(ms + ANSWERED_AFTER_MS),
    holdActs: async () => {
      hold = true;
      await ask("PUT", "/faults", { hold });
      return async () => {
        hold = false;
        await ask("PUT", "/faults", { hold });
      };
    },
    loseAnswers: async () => way.lose(),
    truth: (call) => truthOf(`ws://127.0.0.1:${port}/bridge`, call),
    // Back from `down`, a bridge lets its agents connect anew.
    cutLink: async () => {
      await ask("PUT", "/faults", { hold, down: true });
      await ask("PUT", "/faults", { hold });
    },
    restart: async () => {
      await program.stop();
      program = await start(port);
    },
    stop: async () => {
      await agents.stop();
      way.stop();
      await program.stop();
    },
  };
}

/** A way to the bridge that is on this port of 127.0.0.1 now. `lose`: from now on nothing comes back on the connections that there are, until they end. */
export async function lossyWay(portNow: () => number): Promise<{ readonly port: number; lose(): void; stop(): void }> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  const server = createServer((near) => {
    const pair = { near, far: connect(portNow(), "127.0.0.1") };
    pairs.add(pair);
    near.pipe(pair.far).pipe(near);
    for (const socket of [near, pair.far]) {
      socket.on("error", () => {}); // `close` follows.
      socket.on("close", () => {
        near.destroy();
        pair.far.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server.address()),
    lose() {
      for (const { near, far } of pairs) far.unpipe(near).resume();
    },
    stop() {
      server.close();
      for (const { near } of pairs) near.destroy();
    },
  };
}

/** What a bridge says of this call to one who only looks; `null`: it has none. */
export async function truthOf(
  url: string,
  call: CallId,
): Promise<{ readonly muted: boolean; readonly room: string | null } | null> {
  const socket = new WebSocket(url);
  const answered = new Promise<string>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error(`no connection to ${url}`)));
    socket.addEventListener("message", ({ data }) => {
      if (JSON.parse(data).type === "state") resolve(data);
    });
  });
  socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "state", id: 1 })));
  try {
    const { state } = JSON.parse(await answered);
    const found = state.calls.find(
      (each: { readonly call: string; readonly stage: string }) => each.call === call && each.stage !== "ended",
    );
    return found ? { muted: found.muted === true, room: found.room ?? null } : null;
  } finally {
    socket.close();
  }
}

/** The same for a program that this command starts: each `{port}` in it becomes the port on which it is to listen, on 127.0.0.1. */
export function programOnTest(command: string, ...args: readonly string[]): Promise<BridgeOnTest> {
  return controlledBridge((port) => startProgram(port, command, args));
}

export async function startProgram(port: number, command: string, args: readonly string[]): Promise<RunningBridge> {
  const filledIn = args.map((arg) => arg.replaceAll("{port}", String(port)));
  const program = spawn(command, filledIn, { stdio: ["ignore", "ignore", "inherit"] });
  const over = ended(program);
  const stop = async () => {
    program.kill("SIGKILL");
    await over;
  };
  const listening = listens(port, AbortSignal.timeout(STARTS_WITHIN_MS));
  const fault = await Promise.race([listening, over.then((how) => `it has ended (${how})`)]);
  if (fault === null) return { stop };
  await stop();
  throw new Error(`the bridge program ${[command, ...filledIn].join(" ")} does not run: ${fault}`);
}

async function ended(program: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(program, "exit");
    return signal ?? `code ${code}`;
  } catch (error) {
    return String(error);
  }
}

/** `null` once it takes connections. */
async function listens(port: number, signal: AbortSignal): Promise<string | null> {
  while (!signal.aborted) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { signal }).catch(() => null);
    if (answer) return null;
    await pause(10);
  }
  return `it does not listen on port ${port} of 127.0.0.1 after ${STARTS_WITHIN_MS / 1_000} s`;
}

function portOf(address: string | { readonly port: number } | null): number {
  return typeof address === "object" && address ? address.port : 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
