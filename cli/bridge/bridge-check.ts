import { isDeepStrictEqual } from "node:util";
import type {
  BridgeDriver,
  DriverIdentity,
  DriverPorts,
  DriverReport,
  DriverState,
} from "../../bridge-agent/drivers/driver.ts";
import { createDriver } from "../../bridge-agent/drivers/registry.ts";
import { type Ability, abilities } from "../../src/bridge/abilities.ts";
import { needsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand, Command, ExecutionResult } from "../../src/bridge/commands.ts";
import {
  type AgentToBridge,
  BRIDGE_PROTOCOL_VERSION,
  type BridgeToAgent,
  decodeBridgeToAgent,
  MAX_BRIDGE_MESSAGE_LENGTH,
} from "../../src/bridge/protocol.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { wait, within } from "../../src/foundation/time/timers.ts";

/** Whose the conference of a check is. */
const OWNER = "bridgehead-check/bridge";
const STRANGER = "bridgehead-check/other-bridge";
/** How long a bridge may take to let an agent in. */
const GREETING_MS = 5_000;

export interface BridgeCheckOptions {
  readonly url: string;
  /** Of a conference that is made and ended. */
  readonly key: string;
  readonly ports: DriverPorts;
  /** How long is waited for what a bridge might still begin of commands that it must not carry out. */
  readonly settleMs: number;
  print(line: string): void;
}

/** Whether a bridge program does what docs/bridge-protocol.md says, as far as that shows without a telephone. */
export async function checkBridge(options: BridgeCheckOptions): Promise<boolean> {
  return new BridgeCheck(options).run();
}

/** Nothing further can be checked. */
class GiveUp extends Error {}

type Expectation = readonly [expected: unknown, seen: unknown];

class BridgeCheck {
  readonly #options: BridgeCheckOptions;
  readonly #key: ConfKey;
  readonly #drivers = new Set<BridgeDriver>();
  #cannot: readonly Ability[] = [];
  #commands = 0;
  #failed = 0;
  /** Why the latest connection that was lost was. */
  #lost = "it gave none";
  #passed = 0;

  constructor(options: BridgeCheckOptions) {
    this.#options = { ...options, print: (line) => options.print(printable(line)) };
    this.#key = options.key as ConfKey;
  }

  async run(): Promise<boolean> {
    const { print } = this.#options;
    try {
      await this.#checkAll();
    } catch (error) {
      if (!(error instanceof GiveUp)) throw error;
      print(error.message);
      this.#failed ||= 1;
    } finally {
      await this.#leaveNothing();
    }
    print(`${this.#passed} ok, ${this.#failed} failed; what needs a telephone was not checked`);
    return this.#failed === 0;
  }

  async #checkAll(): Promise<void> {
    await this.#checkGreeting();
    const agent = await this.#connect("agent-1", OWNER);
    await this.#check("a command before `activate` is refused", async () => [
      { done: false, reason: "refused" },
      await this.#execute(agent.driver, create),
    ]);
    agent.driver.activate(1);
    await this.#makeRoom(agent.driver);
    await this.#checkConference(agent);
    await this.#checkRooms(agent.driver);
    await this.#checkRefusals(agent.driver);
    await this.#checkStranger(agent.driver);
    await this.#check("nothing that a command did is reported by an event as well", async () => [
      [],
      agent.reports.filter(({ type }) => type !== "connected"),
    ]);
    await this.#checkConnections(agent);
    const last = await this.#connect("agent-1", OWNER);
    last.driver.activate(3);
    await this.#checkEnd(last.driver);
  }

  async #checkGreeting(): Promise<void> {
    const { url, ports } = this.#options;
    const received: Result<BridgeToAgent, string>[] = [];
    let next = () => {};
    let lost = "";
    const missing: unknown[] = [];
    const decode = (text: string) => {
      missing.push(...saidMissing(text));
      return understood(text);
    };
    const codec = { decode, encode: JSON.stringify, maxBytes: MAX_BRIDGE_MESSAGE_LENGTH };
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
          const more = new Promise<void>((resolve) => {
            next = resolve;
          });
          const isLate = await within(ports.timers, GREETING_MS, "", more).then(
            () => false,
            () => true,
          );
          if (isLate) return `nothing within ${GREETING_MS / 1_000} s`;
        }
        const one = received[read];
        if (one === undefined) return lost;
        if (!one.ok) return `what is not of the protocol: ${one.error}`;
        if (fits(one.value)) return one.value;
      }
    };
    try {
      const hello = await message(() => true);
      const isHello = await this.#check(
        "the bridge accepts a connection, and says hello in version 3 first",
        async () => [
          { type: "hello", version: BRIDGE_PROTOCOL_VERSION },
          isMessage(hello, "hello") ? { type: hello.type, version: hello.version } : hello,
        ],
      );
      if (!isHello) throw new GiveUp("nothing else can be checked");
      await this.#check("`cannot` in the hello names only what this version knows", async () => [
        [],
        missing.filter((word) => !abilities.some((ability) => ability === word)),
      ]);
      await this.#check("a ping is answered by a pong of the same id; unknown fields are ignored", async () => {
        socket.send({ type: "ping", id: 71, unknown: "field" });
        return [{ type: "pong", id: 71 }, await message(({ type }) => type === "pong")];
      });
      await this.#check("a visitor, who gives no name, is told the state", async () => {
        socket.send({ type: "state", id: 72 });
        const state = await message(({ type }) => type === "state");
        return [72, isMessage(state, "state") ? state.id : state];
      });
    } finally {
      socket.close("orderly");
    }
  }

  /** What an earlier check may have left is ended. */
  async #makeRoom(driver: BridgeDriver): Promise<void> {
    if (await this.#held(driver)) await this.#execute(driver, { type: "end-conference" });
  }

  async #checkConference({ driver }: Agent): Promise<void> {
    /** `maxCallers` and `accessCodes` may be left out of the state. */
    const heldBy = async ({ anonymousId, maxCallers, accessCodes }: typeof create): Promise<Expectation> => {
      const seen = await this.#held(driver);
      const held = {
        ...{ conference: this.#key, owner: OWNER, locked: false, reportsSpeakers: false, anonymousId },
        rooms: [{ id: MAIN_ROOM, kind: "main" }],
        ...(seen?.maxCallers !== undefined && { maxCallers }),
        ...(seen?.accessCodes && { accessCodes }),
      };
      return [held, seen];
    };
    const isMade = await this.#check("create-conference makes a conference with its owner and one room", async () => {
      const result = await this.#execute(driver, create);
      if (result.done !== true) return [{ done: true }, result];
      return heldBy(create);
    });
    if (!isMade && (await this.#held(driver)) === undefined) {
      throw new GiveUp(`nothing else can be checked; if ${this.#key} is somebody's conference, name another by --key`);
    }
    await this.#check("create-conference of one that is there changes what it says alone", async () => {
      const accessCodes = { subscriber: "5551", participant: "5552" };
      const again = { ...create, anonymousId: "0555", maxCallers: 100, accessCodes };
      const result = await this.#execute(driver, again);
      const [expected, seen] = await heldBy(again);
      return [
        [{ done: true }, expected],
        [result, seen],
      ];
    });
    for (const [type, field, value] of [
      ["lock", "locked", true],
      ["unlock", "locked", false],
      ["report-speakers", "reportsSpeakers", true],
      ["stop-reporting-speakers", "reportsSpeakers", false],
    ] as const) {
      await this.#check(`${type}: the state says so`, async () => {
        const result = await this.#execute(driver, { type });
        return (
          this.#notSupported({ type }, result) ?? [
            [{ done: true }, { [field]: value }],
            [result, { [field]: (await this.#held(driver))?.[field] }],
          ]
        );
      });
    }
  }

  async #checkRooms(driver: BridgeDriver): Promise<void> {
    for (const kind of ["sub", "private"] as const) {
      const room = `check-${kind}` as RoomId;
      await this.#check(`create-room and close-room of a ${kind} room: the state says so`, async () => {
        const command = { type: "create-room", room, kind } as const;
        const made = await this.#execute(driver, command);
        const notSupported = this.#notSupported(command, made);
        if (notSupported !== null) return notSupported;
        const rooms = await this.#rooms(driver);
        const closed = await this.#execute(driver, { type: "close-room", room });
        return [
          [{ done: true }, [room], { done: true }, []],
          [made, rooms, closed, await this.#rooms(driver)],
        ];
      });
    }
  }

  async #checkRefusals(driver: BridgeDriver): Promise<void> {
    const call = "check-nobody" as CallId;
    const room = "check-nowhere" as RoomId;
    const refusals: readonly (readonly [BridgeCommand, string])[] = [
      [{ type: "mute", call }, "no-such-call"],
      [{ type: "unmute", call }, "no-such-call"],
      [{ type: "expel", call }, "no-such-call"],
      [{ type: "cancel-dial", call }, "no-such-call"],
      [{ type: "admit", call, muted: false, joinTone: true }, "no-such-call"],
      [{ type: "close-room", room }, "no-such-room"],
    ];
    for (const [command, reason] of refusals) {
      const of = reason === "no-such-call" ? "an unknown call" : "an unknown room";
      await this.#check(`${command.type} of ${of} is refused as ${reason}`, async () => {
        const result = await this.#execute(driver, command);
        return this.#notSupported(command, result) ?? [{ done: false, reason }, result];
      });
    }
    const unknown = `${this.#key}0` as ConfKey;
    for (const type of ["lock", "end-conference"] as const) {
      await this.#check(`${type} of an unknown conference is refused as no-such-conference`, async () => {
        const result = await this.#execute(driver, { type }, unknown);
        return this.#notSupported({ type }, result) ?? [{ done: false, reason: "no-such-conference" }, result];
      });
    }
  }

  async #checkStranger(driver: BridgeDriver): Promise<void> {
    const { driver: stranger } = await this.#connect("agent-1", STRANGER);
    stranger.activate(9);
    const before = await this.#held(driver);
    await this.#check("another owner is refused the key of a conference", async () => [
      { done: false, reason: "refused" },
      await this.#execute(stranger, create),
    ]);
    for (const type of ["lock", "end-conference"] as const) {
      await this.#check(`${type} by another owner is refused as no-such-conference`, async () => {
        const result = await this.#execute(stranger, { type });
        return this.#notSupported({ type }, result) ?? [{ done: false, reason: "no-such-conference" }, result];
      });
    }
    await this.#check("a conference stays as it is, whatever another owner asks for", async () => [
      before,
      await this.#held(driver),
    ]);
    await this.#stop(stranger);
  }

  async #checkConnections(first: Agent): Promise<void> {
    const second = await this.#connect("agent-1", OWNER);
    await this.#check("a new connection under an agent's name takes the place of the older one", async () => [
      "closed",
      await this.#endOf(first),
    ]);
    second.driver.activate(1);
    const other = await this.#connect("agent-2", OWNER);
    await this.#check("an agent of a higher epoch takes the active one's place (4001)", async () => {
      other.driver.activate(2);
      return ["replaced", await this.#endOf(second)];
    });
    const late = await this.#connect("agent-1", OWNER);
    await this.#check("an agent that was replaced and has not heard of it is closed, too (4001)", async () => {
      late.driver.activate(1);
      return ["replaced", await this.#endOf(late)];
    });
    await this.#check("the agent that replaced it acts", async () => [
      { done: true },
      await this.#execute(other.driver, create),
    ]);
    await this.#execute(other.driver, { type: "lock" });
    await this.#checkCalledOff(other);
  }

  async #checkCalledOff({ driver }: Agent): Promise<void> {
    // Whatever of these has begun is in the first state on the next connection. Nothing may begin after it.
    const { timers } = this.#options.ports;
    const kind = this.#cannot.includes("sub-rooms") ? "private" : "sub";
    const left = await this.#held(driver);
    for (let count = 0; count < CALLED_OFF; count += 1) {
      void this.#execute(driver, { type: "create-room", room: `check-late-${count}` as RoomId, kind });
    }
    await this.#stop(driver);
    const next = await this.#connect("agent-2", OWNER);
    const before = await this.#held(next.driver);
    await this.#check("a conference lives on while its agent is away, as it was", async () => [
      { ...left, rooms: [] },
      { ...before, rooms: [] },
    ]);
    await this.#check("a command not begun when its connection closes is never carried out", async () => {
      if (this.#cannot.includes("sub-rooms") && this.#cannot.includes("private-rooms"))
        return "not checked without rooms";
      await wait(timers, this.#options.settleMs);
      return [before, await this.#held(next.driver)];
    });
    await this.#stop(next.driver);
  }

  async #checkEnd(driver: BridgeDriver): Promise<void> {
    await this.#check("end-conference: the conference is gone from the state, and was there once", async () => {
      const results = [
        await this.#execute(driver, { type: "end-conference" }),
        await this.#held(driver),
        await this.#execute(driver, { type: "end-conference" }),
      ];
      return [[{ done: true }, undefined, { done: false, reason: "no-such-conference" }], results];
    });
  }

  /** Also where a check gave up half-way. */
  async #leaveNothing(): Promise<void> {
    if (this.#passed > 0) {
      try {
        const { driver } = await this.#connect("agent-1", OWNER);
        driver.activate(4);
        await this.#makeRoom(driver);
      } catch (error) {
        if (!(error instanceof GiveUp)) throw error;
      }
    }
    for (const driver of this.#drivers) await driver.stop();
  }

  async #connect(agent: string, owner: string): Promise<Agent> {
    const { url, ports } = this.#options;
    const identity: DriverIdentity = { agent: `bridgehead-check-${agent}`, owner, dialIn: [] };
    const driver = createDriver({ type: "generic", url }, ports, identity);
    this.#drivers.add(driver);
    const reports: DriverReport[] = [];
    let close: (how: "closed" | "replaced") => void = () => {};
    const closed = new Promise<string>((resolve) => {
      close = resolve;
    });
    const connected = new Promise<void>((resolve, reject) => {
      driver.start((report) => {
        reports.push(report);
        if (report.type === "connected") {
          this.#cannot = report.cannot ?? [];
          resolve();
        }
        if (report.type !== "disconnected") return;
        this.#lost = report.why;
        reject(new GiveUp(report.why));
        void this.#stop(driver); // It would connect again, and close others.
        close(report.isReplaced ? "replaced" : "closed");
      });
    });
    await within(ports.timers, GREETING_MS, "the connection", connected).catch((error: Error) => {
      throw new GiveUp(`nothing else can be checked: ${error.message}`);
    });
    await this.#state(driver); // Tells the driver what is its owner's.
    return { driver, reports, closed };
  }

  #endOf({ closed }: Agent): Promise<string> {
    const { timers } = this.#options.ports;
    return within(timers, GREETING_MS, "", closed).catch(() => `still connected after ${GREETING_MS / 1_000} s`);
  }

  async #stop(driver: BridgeDriver): Promise<void> {
    this.#drivers.delete(driver);
    await driver.stop();
  }

  #execute(driver: BridgeDriver, command: BridgeCommand, conference = this.#key): Promise<ExecutionResult> {
    this.#commands += 1;
    return driver.execute(`bridgehead-check-${this.#commands}` as CommandId, conference, command);
  }

  async #state(driver: BridgeDriver): Promise<DriverState> {
    const state = await driver.state();
    if (state === null) throw new GiveUp(`nothing else can be checked without the state: ${this.#lost}`);
    return state;
  }

  async #held(driver: BridgeDriver): Promise<DriverState["conferences"][number] | undefined> {
    return (await this.#state(driver)).conferences.find(({ conference }) => conference === this.#key);
  }

  async #rooms(driver: BridgeDriver): Promise<readonly RoomId[] | undefined> {
    return (await this.#held(driver))?.rooms.flatMap(({ id }) => (id === MAIN_ROOM ? [] : id));
  }

  /** What is to be seen of a command that this bridge cannot carry out, by its word or by its answer; `null`: it can. */
  #notSupported(command: BridgeCommand, result: ExecutionResult): Expectation | string | null {
    const isSaid = this.#cannot.some((ability) => ability === needsOf(command));
    if (!isDeepStrictEqual(result, notSupported)) return isSaid ? [notSupported, result] : null;
    if (isSaid || needsOf(command) === null) return "not supported by this bridge";
    return `not supported by this bridge; with "cannot": ["${needsOf(command)}"] in its hello, WebEx would be answered at once`;
  }

  /** A line for what was expected and seen; a text instead says why there was nothing to see. */
  async #check(what: string, look: () => Promise<Expectation | string>): Promise<boolean> {
    const { print } = this.#options;
    const found = await look().catch((error: unknown) => {
      print(`FAILED ${what}`);
      this.#failed += 1;
      throw error;
    });
    if (typeof found === "string") {
      print(`ok     ${what}: ${found}`);
      this.#passed += 1;
      return true;
    }
    const [expected, seen] = found;
    const isRight = isDeepStrictEqual(expected, seen);
    print(`${isRight ? "ok    " : "FAILED"} ${what}`);
    if (isRight) this.#passed += 1;
    else {
      this.#failed += 1;
      print(`       expected ${inJson(expected)}`);
      print(`       seen     ${inJson(seen)}`);
    }
    return isRight;
  }
}

interface Agent {
  readonly driver: BridgeDriver;
  readonly reports: readonly DriverReport[];
  /** How its connection ended. */
  readonly closed: Promise<string>;
}

const CALLED_OFF = 50;
const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: "0444" };

function isMessage<Type extends BridgeToAgent["type"]>(
  seen: unknown,
  type: Type,
): seen is Extract<BridgeToAgent, { readonly type: Type }> {
  return typeof seen === "object" && seen !== null && "type" in seen && seen.type === type;
}

const notSupported: ExecutionResult = { done: false, reason: "not-supported" };

/** The words with which a hello says what its bridge cannot do, whatever they are. */
function saidMissing(text: string): readonly unknown[] {
  try {
    const { type, cannot } = JSON.parse(text);
    return type === "hello" && Array.isArray(cannot) ? cannot : [];
  } catch {
    return [];
  }
}

function inJson(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

/** Here a state that is not understood is no message like others. */
function understood(text: string): Result<BridgeToAgent, string> {
  const message = decodeBridgeToAgent(text);
  if (!message.ok) return message;
  const { value } = message;
  return value.type === "bad-state" ? err(value.why) : ok(value);
}
