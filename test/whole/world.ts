import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { LocalRun, type LocalRunOptions, type Pids } from "../../scripts/local-run.ts";
import type { Request } from "../../simulators/webex/client.ts";
import { type AdapterMessage, WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { BridgeControl } from "../kit/bridge-control.ts";

/** Where callers dial in to the bridge, simulated or real. */
interface Telephones {
  /** Dials in and keys this. */
  callIn(from: string, keys: string): Promise<unknown>;
}

/** The product as real processes, with the two sides that it stands between. */
export interface World<Bridge extends Telephones = BridgeControl> {
  readonly run: LocalRun;
  readonly webex: WebexServer;
  readonly bridge: Bridge;
  stop(): Promise<number>;
}

let nextServerId = 10;

export async function startWorld(options: LocalRunOptions = {}): Promise<World> {
  const run = await LocalRun.start(options);
  return worldOf(run, new BridgeControl(run.bridgeUrl));
}

export async function worldOf<Bridge extends Telephones>(run: LocalRun, bridge: Bridge): Promise<World<Bridge>> {
  const webex = await startWebex(run);
  const stop = async () => {
    await webex.stop();
    return run.stop();
  };
  return { run, webex, bridge, stop };
}

/** A TSP server beside this run. */
export async function startWebex(run: LocalRun): Promise<WebexServer> {
  // It goes on trying for 10 s: as long as any part may be away here. Each is a server of its own: two with one number make the same TransIDs
  // within a second, and a second world on the state of a first one would take them for repeats.
  const webex = new WebexServer({ adapterUrl: run.adapterUrl, attempts: 100, retryMs: 100, serverId: nextServerId++ });
  await webex.start();
  return webex;
}

let nextKey = 400_000_001;

/** One meeting, from WebEx's side. Each has a key of its own, so that one world serves many tests. */
export class Meeting<Bridge extends Telephones = BridgeControl> {
  readonly confKey: ConfKey;
  readonly extConfId: ExtConfId;
  readonly world: World<Bridge>;

  constructor(world: World<Bridge>, confKey = String(nextKey++)) {
    this.world = world;
    this.confKey = confKey as ConfKey;
    this.extConfId = `E${confKey}` as ExtConfId;
  }

  get handles() {
    return { extConfId: this.extConfId, replyTo: this.world.webex.host };
  }

  msgId(): MsgId {
    return this.world.webex.client.msgId();
  }

  /** Posts messages that are to be confirmed with 0. */
  async ask(...messages: Request[]): Promise<void> {
    expect((await this.world.webex.client.post(...messages)).result).toBe(0);
  }

  createRequest(): Request & { readonly type: "create-conference" } {
    return { type: "create-conference", msgId: this.msgId(), confKey: this.confKey, maxCallers: 50, ...this.handles };
  }

  async create(): Promise<void> {
    const request = this.createRequest();
    await this.ask(request);
    await this.answerTo(request.msgId, "ok");
    await this.notified("conference-changed", { status: "running" });
  }

  /** A caller dials in, keys the key and an attendee ID, and is named by WebEx. */
  async callIn(attendeeId: string): Promise<{ readonly call: CallOf<Bridge>; readonly extCallId: ExtCallId }> {
    const from = `1408555${attendeeId.padStart(4, "0")}`;
    const call = (await this.world.bridge.callIn(from, `${this.confKey}#${attendeeId}#`)) as CallOf<Bridge>;
    await this.notified("caller-entered", { attendeeId });
    return { call, extCallId: await this.world.webex.extCallIdOf(this.extConfId, attendeeId) };
  }

  callOutRequest(extCallId: string, local: string): Request & { readonly type: "call-out" } {
    return {
      type: "call-out",
      msgId: this.msgId(),
      extCallId: extCallId as ExtCallId,
      privilege: "speak",
      maxWaitingTime: 30,
      phone: { country: "1", area: "408", local, extension: "" },
      ...this.handles,
    };
  }

  muteRequest(extCallId: ExtCallId, muted: boolean): Request & { readonly type: "update-caller" } {
    return {
      type: "update-caller",
      msgId: this.msgId(),
      extCallId,
      privilege: muted ? "listen" : "speak",
      ...this.handles,
    };
  }

  async close(): Promise<void> {
    const msgId = this.msgId();
    await this.ask({ type: "close-conference", msgId, ...this.handles });
    await this.answerTo(msgId, "ok");
    await this.notified("conference-changed", { status: "ended" });
  }

  /** Waits for the answer to a request, and checks its result. */
  async answerTo(msgId: MsgId, result: string, timeoutMs = 15_000): Promise<void> {
    const answer = await this.world.webex.waitFor(
      `an answer to MsgID ${msgId}`,
      (message) => message.msgId === msgId && "result" in message,
      timeoutMs,
    );
    expect(answer).toMatchObject({ result });
  }

  /** Waits until WebEx gets this notification about the conference. */
  notified(type: AdapterMessage["type"], fields: object, timeoutMs = 15_000): Promise<AdapterMessage> {
    return this.world.webex.waitFor(
      `${type} ${JSON.stringify(fields)} of ${this.extConfId}`,
      (message) => message.type === type && fits(message, { extConfId: this.extConfId, ...fields }),
      timeoutMs,
    );
  }

  /** Notifications that WebEx got about this conference, without repeats, in order. Answers do not name a conference. */
  messages(): AdapterMessage[] {
    return this.world.webex.messages.filter((message) => fits(message, { extConfId: this.extConfId }));
  }

  /** The commands that the bridge carried out for this conference, in order. */
  async acts(this: Meeting): Promise<string[]> {
    return (await this.world.bridge.acts()).filter((act) => act.conference === this.confKey).map((act) => act.act);
  }
}

type CallOf<Bridge extends Telephones> = Awaited<ReturnType<Bridge["callIn"]>>;

/** Looks again and again until there is something to return. */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | null | undefined | false>,
  timeoutMs = 10_000,
): Promise<Found> {
  const beganAt = Date.now();
  const deadline = beganAt + timeoutMs;
  let failure = "";
  while (Date.now() < deadline) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      failure = "";
    } catch (error) {
      failure = ` (${error instanceof Error ? error.message : error})`;
    }
    // Each look costs the machine what is waited for: the longer it lasts, the rarer.
    await pause(10 + (Date.now() - beganAt) / 20);
  }
  throw new Error(`not within ${timeoutMs} ms: ${what}${failure}`);
}

/** Kills parts as a power cut would, and waits until each has a new process id. */
export async function kill(world: { readonly run: LocalRun }, ...parts: (keyof Pids)[]): Promise<void> {
  const before = world.run.pids();
  for (const part of parts) {
    const pid = before[part];
    if (!pid) throw new Error(`this run has no ${part}`);
    process.kill(pid, "SIGKILL");
  }
  await eventually(`${parts.join(" and ")} started again`, async () =>
    parts.every((part) => world.run.pids()[part] !== before[part]),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fits(message: object, fields: object): boolean {
  return Object.entries(fields).every(([name, value]) => (message as Record<string, unknown>)[name] === value);
}

/** A caller is muted, another one enters, and WebEx hears of both. */
export async function goesOn(meeting: Meeting, extCallId: ExtCallId, next: string): Promise<void> {
  const mute = meeting.muteRequest(extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok");
  await meeting.callIn(next);
}
