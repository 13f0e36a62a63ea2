import { isDeepStrictEqual } from "node:util";
import type { BridgeDriver, DriverPorts } from "../../bridge-agent/drivers/driver.ts";
import { needsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand, Command, ExecutionResult } from "../../src/bridge/commands.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { wait } from "../../src/foundation/time/timers.ts";
import { CheckedBridge, type CheckingAgent } from "./checked-bridge.ts";
import { Checks, type Expectation, GiveUp } from "./checks.ts";
import { checkGreeting } from "./greeting-check.ts";

const OWNER = "bridgehead-check/bridge";
const STRANGER = "bridgehead-check/other-bridge";
interface BridgeCheckOptions {
  readonly url: string;
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

class BridgeCheck {
  readonly #options: BridgeCheckOptions;
  readonly #key: ConfKey;
  readonly #checks: Checks;
  readonly #bridge: CheckedBridge;

  constructor(options: BridgeCheckOptions) {
    this.#options = options;
    this.#checks = new Checks((line) => options.print(printable(line)));
    this.#key = options.key as ConfKey;
    this.#bridge = new CheckedBridge(options.url, this.#key, options.ports);
  }

  async run(): Promise<boolean> {
    const checks = this.#checks;
    try {
      await this.#checkAll();
    } catch (error) {
      if (!(error instanceof GiveUp)) throw error;
      checks.print(error.message);
      checks.failed ||= 1;
    } finally {
      await this.#leaveNothing();
    }
    checks.print(`${checks.passed} ok, ${checks.failed} failed; what needs a telephone was not checked`);
    return checks.failed === 0;
  }

  async #checkAll(): Promise<void> {
    const { url, ports } = this.#options;
    await checkGreeting(url, ports, this.#checks);
    const agent = await this.#bridge.connect("agent-1", OWNER);
    await this.#checks.check("a command before `activate` is refused", async () => [
      { done: false, reason: "refused" },
      await this.#bridge.execute(agent.driver, create),
    ]);
    agent.driver.activate(1);
    await this.#makeRoom(agent.driver);
    await this.#checkConference(agent);
    await this.#checkRooms(agent.driver);
    await this.#checkRefusals(agent.driver);
    await this.#checkStranger(agent.driver);
    await this.#checks.check("nothing that a command did is reported by an event as well", async () => [
      [],
      agent.reports.filter(({ type }) => type !== "connected"),
    ]);
    await this.#checkConnections(agent);
    const last = await this.#bridge.connect("agent-1", OWNER);
    last.driver.activate(3);
    await this.#checkEnd(last.driver);
  }

  /** What an earlier check may have left is ended. */
  async #makeRoom(driver: BridgeDriver): Promise<void> {
    if (await this.#bridge.held(driver)) await this.#bridge.execute(driver, { type: "end-conference" });
  }

  async #checkConference({ driver }: CheckingAgent): Promise<void> {
    /** `maxCallers` and `accessCodes` may be left out of the state. */
    const heldBy = async ({ anonymousId, maxCallers, accessCodes }: typeof create): Promise<Expectation> => {
      const seen = await this.#bridge.held(driver);
      const held = {
        ...{ conference: this.#key, owner: OWNER, locked: false, reportsSpeakers: false, anonymousId },
        rooms: [{ id: MAIN_ROOM, kind: "main" }],
        ...(seen?.maxCallers !== undefined && { maxCallers }),
        ...(seen?.accessCodes && { accessCodes }),
      };
      return [held, seen];
    };
    const isMade = await this.#checks.check(
      "create-conference makes a conference with its owner and one room",
      async () => {
        const result = await this.#bridge.execute(driver, create);
        if (result.done !== true) return [{ done: true }, result];
        return heldBy(create);
      },
    );
    if (!isMade && (await this.#bridge.held(driver)) === undefined) {
      throw new GiveUp(`nothing else can be checked; if ${this.#key} is somebody's conference, name another by --key`);
    }
    await this.#checks.check("create-conference of one that is there changes what it says alone", async () => {
      const accessCodes = { subscriber: "5551", participant: "5552" };
      const again = { ...create, anonymousId: "0555", maxCallers: 100, accessCodes };
      const result = await this.#bridge.execute(driver, again);
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
      await this.#checks.check(`${type}: the state says so`, async () => {
        const result = await this.#bridge.execute(driver, { type });
        return (
          this.#notSupported({ type }, result) ?? [
            [{ done: true }, { [field]: value }],
            [result, { [field]: (await this.#bridge.held(driver))?.[field] }],
          ]
        );
      });
    }
  }

  async #checkRooms(driver: BridgeDriver): Promise<void> {
    for (const kind of ["sub", "private"] as const) {
      const room = `check-${kind}` as RoomId;
      await this.#checks.check(`create-room and close-room of a ${kind} room: the state says so`, async () => {
        const command = { type: "create-room", room, kind } as const;
        const made = await this.#bridge.execute(driver, command);
        const notSupported = this.#notSupported(command, made);
        if (notSupported !== null) return notSupported;
        const rooms = await this.#bridge.rooms(driver);
        const closed = await this.#bridge.execute(driver, { type: "close-room", room });
        return [
          [{ done: true }, [room], { done: true }, []],
          [made, rooms, closed, await this.#bridge.rooms(driver)],
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
      await this.#checkRefused(`${command.type} of ${of}`, driver, command, reason);
    }
    const unknown = `${this.#key}0` as ConfKey;
    for (const type of ["lock", "end-conference"] as const) {
      await this.#checkRefused(`${type} of an unknown conference`, driver, { type }, "no-such-conference", unknown);
    }
  }

  async #checkRefused(what: string, driver: BridgeDriver, command: BridgeCommand, reason: string, key = this.#key) {
    await this.#checks.check(`${what} is refused as ${reason}`, async () => {
      const result = await this.#bridge.execute(driver, command, key);
      return this.#notSupported(command, result) ?? [{ done: false, reason }, result];
    });
  }

  async #checkStranger(driver: BridgeDriver): Promise<void> {
    const { driver: stranger } = await this.#bridge.connect("agent-1", STRANGER);
    stranger.activate(9);
    const before = await this.#bridge.held(driver);
    await this.#checks.check("another owner is refused the key of a conference", async () => [
      { done: false, reason: "refused" },
      await this.#bridge.execute(stranger, create),
    ]);
    for (const type of ["lock", "end-conference"] as const) {
      await this.#checkRefused(`${type} by another owner`, stranger, { type }, "no-such-conference");
    }
    await this.#checks.check("a conference stays as it is, whatever another owner asks for", async () => [
      before,
      await this.#bridge.held(driver),
    ]);
    await this.#bridge.stop(stranger);
  }

  async #checkConnections(first: CheckingAgent): Promise<void> {
    const second = await this.#bridge.connect("agent-1", OWNER);
    await this.#checks.check("a new connection under an agent's name takes the place of the older one", async () => [
      "closed",
      await this.#bridge.connectionEnd(first),
    ]);
    second.driver.activate(1);
    const other = await this.#bridge.connect("agent-2", OWNER);
    await this.#checks.check("an agent of a higher epoch takes the active one's place (4001)", async () => {
      other.driver.activate(2);
      return ["replaced", await this.#bridge.connectionEnd(second)];
    });
    const late = await this.#bridge.connect("agent-1", OWNER);
    await this.#checks.check("an agent that was replaced and has not heard of it is closed, too (4001)", async () => {
      late.driver.activate(1);
      return ["replaced", await this.#bridge.connectionEnd(late)];
    });
    await this.#checks.check("the agent that replaced it acts", async () => [
      { done: true },
      await this.#bridge.execute(other.driver, create),
    ]);
    await this.#bridge.execute(other.driver, { type: "lock" });
    await this.#checkCalledOff(other);
  }

  async #checkCalledOff({ driver }: CheckingAgent): Promise<void> {
    // Whatever of these has begun is in the first state on the next connection. Nothing may begin after it.
    const { timers } = this.#options.ports;
    const kind = this.#bridge.cannot.includes("sub-rooms") ? "private" : "sub";
    const left = await this.#bridge.held(driver);
    for (let count = 0; count < CALLED_OFF; count += 1) {
      void this.#bridge.execute(driver, { type: "create-room", room: `check-late-${count}` as RoomId, kind });
    }
    await this.#bridge.stop(driver);
    const next = await this.#bridge.connect("agent-2", OWNER);
    const before = await this.#bridge.held(next.driver);
    await this.#checks.check("a conference lives on while its agent is away, as it was", async () => [
      { ...left, rooms: [] },
      { ...before, rooms: [] },
    ]);
    await this.#checks.check("a command not begun when its connection closes is never carried out", async () => {
      if (this.#bridge.cannot.includes("sub-rooms") && this.#bridge.cannot.includes("private-rooms"))
        return "not checked without rooms";
      await wait(timers, this.#options.settleMs);
      return [before, await this.#bridge.held(next.driver)];
    });
    await this.#bridge.stop(next.driver);
  }

  async #checkEnd(driver: BridgeDriver): Promise<void> {
    await this.#checks.check("end-conference: the conference is gone from the state, and was there once", async () => {
      const results = [
        await this.#bridge.execute(driver, { type: "end-conference" }),
        await this.#bridge.held(driver),
        await this.#bridge.execute(driver, { type: "end-conference" }),
      ];
      return [[{ done: true }, undefined, { done: false, reason: "no-such-conference" }], results];
    });
  }

  /** Also where a check gave up half-way. */
  async #leaveNothing(): Promise<void> {
    if (this.#checks.passed > 0) {
      try {
        const { driver } = await this.#bridge.connect("agent-1", OWNER);
        driver.activate(4);
        await this.#makeRoom(driver);
      } catch (error) {
        if (!(error instanceof GiveUp)) throw error;
      }
    }
    await this.#bridge.stopAll();
  }

  /** What is to be seen of a command that this bridge cannot carry out, by its word or by its answer; `null`: it can. */
  #notSupported(command: BridgeCommand, result: ExecutionResult): Expectation | string | null {
    const isSaid = this.#bridge.cannot.some((ability) => ability === needsOf(command));
    if (!isDeepStrictEqual(result, notSupported)) return isSaid ? [notSupported, result] : null;
    if (isSaid || needsOf(command) === null) return "not supported by this bridge";
    return `not supported by this bridge; with "cannot": ["${needsOf(command)}"] in its hello, WebEx would be answered at once`;
  }
}

const CALLED_OFF = 50;
const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: "0444" };

const notSupported: ExecutionResult = { done: false, reason: "not-supported" };
