import { setTimeout as pause } from "node:timers/promises";
import type { Draws } from "../../simulators/draws.ts";
import type { Request } from "../../simulators/webex/client.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId, SubConfId } from "../../src/foundation/ids.ts";
import type { PostedRequest } from "./judge.ts";
import { Roster } from "./roster.ts";
import type { KillWorld } from "./world.ts";

const createWithinMs = 15_000;
const callOutWaitsSeconds = 5;
const othersWithinMs = 30_000;
/** By then a meeting goes on without callers. */
const firstEntersWithinMs = 20_000;

const habits = {
  mute: 8,
  unmute: 8,
  waver: 4,
  "call-out": 5,
  "cancelled call-out": 1,
  "call-in": 4,
  "hang-up": 2,
  keypad: 3,
  drop: 2,
  "sub-conference": 2,
  "into sub-conference": 4,
  "out of sub-conference": 2,
  "close sub-conference": 1,
  failover: 1,
} as const;

/** One meeting: its WebEx users and its callers act by chance. */
export class Meeting {
  private readonly world: KillWorld;
  private readonly draws: Draws;
  private readonly confKey: ConfKey;
  private server: WebexServer;
  private roster: Roster;
  private handles = 0;
  private readonly subConfIds: SubConfId[] = [];
  private readonly calls: string[] = [];
  private readonly requests: PostedRequest[] = [];

  constructor(world: KillWorld, draws: Draws) {
    this.world = world;
    this.draws = draws;
    this.confKey = world.newKey();
    this.server = draws.pick(world.servers) as WebexServer;
    this.roster = new Roster(this.nextHandle());
  }

  /** Plays until a number of acts drawn by chance, or until `isOver`; half of those that `isOver` ends stay open. */
  async play(isOver: () => boolean): Promise<void> {
    const created = await this.create();
    if ((await this.world.answerTo(created))?.result !== "ok") return;
    for (let caller = 0; caller < 3; caller++) await this.act("call-in");
    for (let left = firstEntersWithinMs; left > 0 && this.roster.attendees.size === 0 && !isOver(); left -= 50)
      await pause(50);
    for (let left = this.draws.between(10, 40); left > 0 && !isOver(); left--) {
      if (this.roster.state !== "running") return;
      const request = await this.act(this.draws.weighted(habits));
      // Half of them wait for the answer, half do not: so requests meet on their way.
      if (request && this.draws.chance(0.5)) await this.world.answerTo(request);
      else await pause(this.draws.between(...(this.world.bridge.actsApartMs ?? ([20, 200] as const))));
    }
    if (isOver() && this.draws.chance(0.5)) return;
    await this.world.answerTo(await this.request(othersWithinMs, { type: "close-conference" }));
  }

  private async act(habit: keyof typeof habits): Promise<PostedRequest | null> {
    const extCallId = this.draws.pick([...this.roster.attendees.keys()]);
    const subConfId = this.draws.pick(this.subConfIds);
    switch (habit) {
      case "call-in":
        return this.callIn();
      case "hang-up":
        return this.byTelephone((call) => this.world.bridge.hangUp(call));
      case "keypad":
        return this.byTelephone((call) => this.world.bridge.press(call, "*6"));
      case "call-out":
        return this.callOut(false);
      case "cancelled call-out":
        return this.callOut(true);
      case "sub-conference":
        if (this.subConfIds.length >= 3) return null;
        this.subConfIds.push(`s${this.subConfIds.length + 1}` as SubConfId);
        return this.request(othersWithinMs, {
          type: "create-sub-conference",
          subConfId: this.subConfIds.at(-1) as SubConfId,
        });
      case "close sub-conference":
        return subConfId ? this.request(othersWithinMs, { type: "close-sub-conference", subConfId }) : null;
      case "failover":
        return this.failOver();
    }
    if (!extCallId) return null;
    switch (habit) {
      case "mute":
        return this.request(othersWithinMs, { type: "update-caller", extCallId, privilege: "listen" });
      case "unmute":
        return this.request(othersWithinMs, { type: "update-caller", extCallId, privilege: "speak" });
      case "waver":
        return this.waver(extCallId);
      case "drop":
        return this.request(othersWithinMs, { type: "drop-caller", extCallId });
      case "into sub-conference":
        return subConfId ? this.request(othersWithinMs, { type: "add-to-sub-conference", subConfId, extCallId }) : null;
      case "out of sub-conference":
        return subConfId
          ? this.request(othersWithinMs, { type: "remove-from-sub-conference", subConfId, extCallId })
          : null;
    }
  }

  /** Mute, unmute, mute, unmute: within a second, or in one document. */
  private async waver(extCallId: ExtCallId): Promise<PostedRequest | null> {
    const wishes = (["listen", "speak", "listen", "speak"] as const).map((privilege) => {
      return { type: "update-caller", extCallId, privilege } as const;
    });
    if (this.draws.chance(0.5)) return (await this.requestTogether(othersWithinMs, ...wishes)).at(-1) ?? null;
    let last: PostedRequest | null = null;
    for (const wish of wishes) {
      last = await this.request(othersWithinMs, wish);
      await pause(this.draws.between(0, 250));
    }
    return last;
  }

  private create(): Promise<PostedRequest> {
    this.world.follow(this.server, this.confKey, this.roster);
    return this.request(createWithinMs, { type: "create-conference", confKey: this.confKey });
  }

  /** Another server creates the running conference. Answers that the old one still waits for may never come. */
  private async failOver(): Promise<PostedRequest> {
    const open = this.requests.filter(({ replyTo, msgId }) => this.world.answers(replyTo, msgId).length === 0);
    this.server = this.draws.pick(this.world.servers.filter((server) => server !== this.server)) as WebexServer;
    this.roster = new Roster(this.nextHandle());
    for (const request of open) request.excused = true;
    const created = await this.create();
    await this.world.answerTo(created);
    return created;
  }

  private async callIn(): Promise<null> {
    this.calls.push((await this.world.callIn(this.confKey)).call);
    return null;
  }

  private async byTelephone(act: (call: string) => Promise<void>): Promise<null> {
    const call = this.draws.pick(this.calls);
    if (call) await act(call);
    return null;
  }

  private async callOut(thenCancelled: boolean): Promise<PostedRequest> {
    const local = this.world.newNumber();
    const extCallId = `o${local}` as ExtCallId;
    const outcome = this.draws.weighted({ answer: 6, busy: 1, "no-answer": 1 });
    this.world.askedNumbers.push(`1408${local}`);
    await this.world.bridge.answersWith(`1408${local}`, outcome, this.draws.between(20, 1_000));
    const request = await this.request((callOutWaitsSeconds + 5) * 1_000, {
      type: "call-out",
      extCallId,
      privilege: "speak",
      maxWaitingTime: callOutWaitsSeconds,
      phone: { country: "1", area: "408", local, extension: "" },
    });
    if (!thenCancelled) return request;
    return this.request(othersWithinMs, { type: "cancel-call-out", extCallId });
  }

  private async request(withinMs: number, request: RequestBody): Promise<PostedRequest> {
    const [posted] = await this.requestTogether(withinMs, request);
    return posted as PostedRequest;
  }

  private async requestTogether(withinMs: number, ...requests: RequestBody[]): Promise<PostedRequest[]> {
    const { extConfId } = this.roster;
    const messages = requests.map((request) => {
      const msgId = this.server.client.msgId();
      return { ...request, msgId, extConfId, replyTo: this.server.host } as Request & { msgId: MsgId };
    });
    for (const message of messages) this.roster.ask(message);
    const twice = this.draws.chance(0.1);
    const posted = await this.world.post(this.server, this.confKey, { withinMs, twice }, ...messages);
    this.requests.push(...posted);
    return posted;
  }

  private nextHandle(): ExtConfId {
    this.handles += 1;
    return `E${this.confKey}-${this.handles}` as ExtConfId;
  }
}

/** A request without the fields that every request has. */
type RequestBody = Request extends infer One
  ? One extends Request
    ? Omit<One, "msgId" | "extConfId" | "replyTo">
    : never
  : never;
