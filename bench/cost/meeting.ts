import type { Request } from "../../simulators/webex/client.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId } from "../../src/foundation/ids.ts";
import type { BridgeControl } from "../../test/kit/bridge-control.ts";

const confKey = "900000001" as ConfKey;
const callers = 20;

/** The two sides that the adapter stands between, and the time in which they act. */
export interface MeetingSides {
  readonly bridge: Pick<BridgeControl, "callIn" | "talk" | "hangUp">;
  /** A TSP server that listens. */
  startServer(serverId: number): Promise<TspServer>;
  pause(ms: number): Promise<unknown>;
}

export interface TspServer extends Pick<WebexServer, "host" | "waitFor" | "extCallIdOf" | "stop"> {
  readonly client: Pick<WebexServer["client"], "msgId" | "post">;
  readonly posts: readonly string[];
}

/** A part of the meeting, by which its cost is told. */
export interface Cause {
  readonly name: string;
  /** In a meeting of one hour. */
  readonly times: number;
  /**
   * It has the digests and the sweep, by which conferences are compared with their bridge. They come by the clock, so that those of other
   * causes would count for what they happen to fall together with.
   */
  readonly isIdle: boolean;
  play(meeting: Meeting): Promise<unknown>;
}

/** A typical meeting of one hour, in this order. */
export const causes: readonly Cause[] = [
  { name: "create", times: 1, isIdle: false, play: (meeting) => meeting.create() },
  { name: `${callers} callers enter`, times: 1, isIdle: false, play: (meeting) => meeting.enterAll() },
  { name: "speaker reports on", times: 1, isIdle: false, play: (meeting) => meeting.reportSpeakers() },
  { name: "60 mutes", times: 60, isIdle: false, play: (meeting) => meeting.mute() },
  { name: "120 speeches", times: 120, isIdle: false, play: (meeting) => meeting.speak() },
  { name: "one failover", times: 1, isIdle: false, play: (meeting) => meeting.failOver() },
  { name: "idle, the whole hour", times: 60, isIdle: true, play: (meeting) => meeting.idleOneMinute() },
  { name: "callers leave, close", times: 1, isIdle: false, play: (meeting) => meeting.leaveAllAndClose() },
];

/** The agent is connected, and there is no meeting. */
export const idleTenant = "an hour of an idle tenant";

/** A meeting at its real pace, but for the callers, who come and go one a second. */
export class Meeting {
  readonly #sides: MeetingSides;
  readonly #calls: string[] = [];
  #webex: TspServer;
  #extConfId = "M1" as ExtConfId;
  #posts = 0;
  #isMuted = false;

  private constructor(sides: MeetingSides, webex: TspServer) {
    this.#sides = sides;
    this.#webex = webex;
  }

  static async start(sides: MeetingSides): Promise<Meeting> {
    return new Meeting(sides, await sides.startServer(10));
  }

  /** Posts that WebEx received so far. */
  get posts(): number {
    return this.#posts + this.#webex.posts.length;
  }

  async stop(): Promise<void> {
    await this.#webex.stop();
  }

  async create(): Promise<void> {
    await this.#ask({ type: "create-conference", confKey });
  }

  async enterAll(): Promise<void> {
    for (let caller = 0; caller < callers; caller++) {
      const attendee = String(100 + caller);
      this.#calls.push(await this.#sides.bridge.callIn(`1408${attendee}`, `${confKey}#${attendee}#`));
      await this.#webex.extCallIdOf(this.#extConfId, attendee);
      await this.#sides.pause(1_000);
    }
  }

  async reportSpeakers(): Promise<void> {
    await this.#ask({ type: "update-conference", action: "report-speakers" });
  }

  /** One caller, mute and unmute in turn. */
  async mute(): Promise<void> {
    this.#isMuted = !this.#isMuted;
    const extCallId: ExtCallId = await this.#webex.extCallIdOf(this.#extConfId, "100");
    await this.#ask({ type: "update-caller", extCallId, privilege: this.#isMuted ? "listen" : "speak" });
  }

  /** A caller talks for five seconds. */
  async speak(): Promise<void> {
    const { bridge, pause } = this.#sides;
    const [, call = ""] = this.#calls;
    const before = this.posts;
    await bridge.talk(call, true);
    await pause(5_000);
    await bridge.talk(call, false);
    await pause(2_000);
    if (this.posts !== before + 2) throw new Error(`${this.posts - before} posts told that a caller spoke, not 2`);
  }

  /** Another server takes over, and is told everything. */
  async failOver(): Promise<void> {
    const next = await this.#sides.startServer(11);
    this.#posts += this.#webex.posts.length;
    await this.#webex.stop();
    this.#webex = next;
    this.#extConfId = "M2" as ExtConfId;
    await this.#ask({ type: "create-conference", confKey });
    for (let caller = 0; caller < callers; caller++) await next.extCallIdOf(this.#extConfId, String(100 + caller));
  }

  idleOneMinute(): Promise<unknown> {
    return this.#sides.pause(60_000);
  }

  async leaveAllAndClose(): Promise<void> {
    for (const call of this.#calls.slice(1)) {
      await this.#sides.bridge.hangUp(call);
      await this.#sides.pause(1_000);
    }
    await this.#ask({ type: "close-conference" });
  }

  async #ask(request: RequestBody): Promise<void> {
    const msgId = this.#webex.client.msgId();
    const { host: replyTo } = this.#webex;
    const { result } = await this.#webex.client.post({
      ...request,
      msgId,
      extConfId: this.#extConfId,
      replyTo,
    } as Request);
    if (result !== 0) throw new Error(`${request.type} was confirmed with Result ${result}`);
    const answered = (message: { msgId?: string }) => message.msgId === msgId && "result" in message;
    const answer = await this.#webex.waitFor(`the answer to ${request.type}`, answered);
    if (!("result" in answer) || answer.result !== "ok") throw new Error(`${request.type} was answered with a failure`);
  }
}

/** A request without the fields that every request has. */
type RequestBody = Request extends infer One
  ? One extends Request
    ? Omit<One, "msgId" | "extConfId" | "replyTo">
    : never
  : never;
