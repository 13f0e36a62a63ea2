import { setTimeout as pause } from "node:timers/promises";
import { BridgeControl } from "../../scripts/bridge-control.ts";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { Request } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId } from "../../src/foundation/ids.ts";

const confKey = "900000001" as ConfKey;
export const callers = 20;

/** A meeting at its real pace, but for the callers, who come and go one a second. */
export class Meeting {
  readonly #run: LocalRun;
  readonly #bridge: BridgeControl;
  readonly #calls: string[] = [];
  #webex: WebexServer;
  #extConfId = "M1" as ExtConfId;
  #posts = 0;
  #isMuted = false;

  private constructor(run: LocalRun, webex: WebexServer) {
    this.#run = run;
    this.#bridge = new BridgeControl(run.bridgeUrl);
    this.#webex = webex;
  }

  static async start(run: LocalRun): Promise<Meeting> {
    const webex = new WebexServer({ adapterUrl: run.adapterUrl });
    await webex.start();
    return new Meeting(run, webex);
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
      this.#calls.push(await this.#bridge.callIn(`1408${attendee}`, `${confKey}#${attendee}#`));
      await this.#webex.extCallIdOf(this.#extConfId, attendee);
      await pause(1_000);
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
    const [, call = ""] = this.#calls;
    const before = this.posts;
    await this.#bridge.talk(call, true);
    await pause(5_000);
    await this.#bridge.talk(call, false);
    await pause(2_000);
    if (this.posts !== before + 2) throw new Error(`${this.posts - before} posts told that a caller spoke, not 2`);
  }

  /** Another server takes over, and is told everything. */
  async failOver(): Promise<void> {
    const next = new WebexServer({ adapterUrl: this.#run.adapterUrl, serverId: 11 });
    await next.start();
    this.#posts += this.#webex.posts.length;
    await this.#webex.stop();
    this.#webex = next;
    this.#extConfId = "M2" as ExtConfId;
    await this.#ask({ type: "create-conference", confKey });
    for (let caller = 0; caller < callers; caller++) await next.extCallIdOf(this.#extConfId, String(100 + caller));
  }

  async leaveAllAndClose(): Promise<void> {
    for (const call of this.#calls.slice(1)) {
      await this.#bridge.hangUp(call);
      await pause(1_000);
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
