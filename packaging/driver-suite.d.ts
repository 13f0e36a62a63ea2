/** The suite that holds a bridge and its driver to the bridge protocol; docs/writing-a-driver.md. It needs vitest. */

/** A driver of Bridgehead's agent, as `agentsOf` makes them. */
export interface BridgeDriver {
  start(report: (report: { readonly type: string }) => void): void;
  activate(epoch: number): void;
  execute(commandId: string, conference: string | null, command: { readonly type: string }): Promise<object>;
  state(): Promise<object | null>;
  stop(): Promise<void>;
}

/** A bridge with the telephones around it. Each promise is kept when the bridge has noticed. */
export interface BridgeOnTest {
  /** For this bridge, not started. */
  readonly driver: BridgeDriver;
  /** The same for the other agent of the same owner. */
  readonly other: BridgeDriver;
  /** The same for an agent of another owner; it has the name of the first one. */
  readonly stranger: BridgeDriver;
  /** The numbers at which each owner's callers dial in. */
  readonly dialIns: { readonly own: string; readonly strangers: string };
  /** At the owner's number, or this one; the id of the call. */
  dialIn(number: string, dialled?: string): Promise<string>;
  press(call: string, keys: string): Promise<void>;
  talk(call: string, talking: boolean): Promise<void>;
  hangUp(call: string): Promise<void>;
  lockByTelephone(conference: string, locked: boolean): Promise<void>;
  endByTelephone(conference: string): Promise<void>;
  /** How these digits take a call; those that decline do so within 50 ms of ringing. */
  plan(digits: string, result: "answer" | "busy" | "reject" | "invalid" | "no-answer"): Promise<void>;
  /** So much time passes on the bridge. */
  passTime(ms: number): Promise<void>;
  /** From now on no command is carried out until the returned function is called. */
  holdActs(): Promise<() => Promise<void>>;
  /** Breaks the link between driver and bridge; either may connect again. */
  cutLink(): Promise<void>;
  /** Ends the bridge program and starts it anew: all calls are gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Registers the tests with vitest. Each begins with a bridge of its own. */
export function bridgeDriverConformance(name: string, makeBridge: () => Promise<BridgeOnTest>): void;

/**
 * A program that this command starts, whose telephones are moved by the control requests of docs/bridge-protocol.md. Each `{port}` in the
 * arguments becomes the port on which it is to listen, on 127.0.0.1; agents connect to `/bridge`.
 */
export function programOnTest(command: string, ...args: readonly string[]): Promise<BridgeOnTest>;

/** The same for a program that is started in another way, on this port, and anew after its end. */
export function controlledBridge(start: (port: number) => Promise<{ stop(): Promise<void> }>): Promise<BridgeOnTest>;

/** The agents' part of a `BridgeOnTest`, for a bridge program at this WebSocket address. */
export function agentsOf(url: string): Pick<BridgeOnTest, "driver" | "other" | "stranger" | "dialIns" | "stop">;

/** The simulated bridge, which passes the suite. */
export function simulatedBridge(): Promise<BridgeOnTest>;
