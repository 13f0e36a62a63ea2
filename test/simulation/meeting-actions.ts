import type { Call } from "../../simulators/bridge/world.ts";
import { LATEST_MS } from "../../src/bridge/commands.ts";
import type { ExtCallId, ExtConfId, SubConfId } from "../../src/foundation/ids.ts";
import type { AskedCall, Association } from "./association.ts";
import { boostedWeights } from "./context.ts";
import { type Meeting, type MeetingWorld, silentId } from "./meeting.ts";
import type { Body, MeetingRequests } from "./meeting-requests.ts";
import { attendeeBegin } from "./shown-judge.ts";
import type { Request } from "./webex.ts";

/** What can happen in a meeting, and how often beside the others. */
export const actions = {
  "dial in": 30,
  "call out": 22,
  "invite privately": 4,
  "cancel call-out": 4,
  mute: 18,
  unmute: 14,
  "mute to and fro": 3,
  "lock to and fro": 1,
  "mute all": 3,
  "unmute all": 2,
  expel: 5,
  lock: 2,
  unlock: 8,
  "report speakers": 3,
  "stop reporting": 1,
  "create sub-conference": 5,
  "add to sub-conference": 12,
  "remove from sub-conference": 5,
  "close sub-conference": 4,
  "add to main": 3,
  "end private talk": 1,
  "unknown message": 1,
  "unknown handle": 1,
  "keypad mute": 12,
  "keypad merge": 3,
  talk: 10,
  "hang up": 14,
  "lock by telephone": 1,
  "end by telephone": 1,
  close: 2,
  "close and keep alive": 1.5,
} as const;
type Action = keyof typeof actions;

const mostCallers = 10;
const pauseMs = 9_000;

/** What people and servers do in a meeting, at any time. */
export class MeetingActions {
  /** Numbers of calls that WebEx has cancelled: they may have entered by then, and leave all the same. */
  readonly cancelled = new Set<string>();
  /** When an attendee ID was keyed by a caller inside. */
  readonly keyedAt = new Map<string, number>();
  readonly #world: MeetingWorld;
  readonly #meeting: Meeting;
  readonly #requests: MeetingRequests;
  readonly #weights: Readonly<Record<Action, number>>;
  #number = 0;

  constructor(world: MeetingWorld, meeting: Meeting, requests: MeetingRequests) {
    this.#world = world;
    this.#meeting = meeting;
    this.#requests = requests;
    this.#weights = boostedWeights(world.context, actions);
  }

  /** From now on something happens now and then. */
  start(): void {
    const pause = -Math.log(1 - this.#meeting.draws.next()) * pauseMs;
    this.#world.context.clock.after(pause, () => {
      if (this.#meeting.quiet) return;
      this.#number += 1;
      const action = this.#meeting.draws.weighted(this.#weights);
      const name = `${this.#meeting.name}, action ${this.#number}: ${action}`;
      if (!this.#world.spared.has(name) && this.#act(action)) {
        this.#world.context.tell(() => `== ${name}`);
        this.#world.done.push(name);
      }
      this.start();
    });
  }

  /** Whether there was occasion for it. */
  #act(action: Action): boolean {
    const calls = this.#meeting.bridge.callsOf(this.#meeting.key).filter(({ stage }) => stage === "entered");
    switch (action) {
      case "dial in":
        if (calls.length < mostCallers) {
          const { anonymousId, accessCodes } = this.#meeting.rules;
          const codes = Object.values(accessCodes ?? {}).filter((code) => code !== null);
          const code =
            codes.length > 0 && this.#meeting.creates.chance(0.5) ? (this.#meeting.creates.pick(codes) ?? null) : null;
          this.#meeting.phones.dialIn(this.#meeting.key, anonymousId ?? silentId, code);
        }
        return true;
      case "hang up":
        return this.#with(this.#meeting.draws.pick(this.#meeting.bridge.callsOf(this.#meeting.key)), (call) =>
          this.#meeting.phones.hangUp(call),
        );
      case "keypad mute":
        return this.#with(this.#keypadUser(calls), (call) =>
          this.#meeting.phones.press(call, this.#meeting.draws.chance(0.2) ? "*6*6" : "*6"),
        );
      case "keypad merge":
        return this.#with(this.#keypadUser(calls), (call) => {
          const attendeeId = `${attendeeBegin}${String(this.#number).padStart(3, "0")}`;
          this.keyedAt.set(attendeeId, this.#world.context.clock.now);
          this.#meeting.phones.press(call, `*1${attendeeId}#`);
        });
      case "talk":
        return this.#with(this.#meeting.draws.pick(calls), (call) => this.#meeting.phones.talk(call));
      case "lock by telephone": {
        if (this.#meeting.phase !== "running") return false;
        this.#meeting.lockedByPhone = true;
        this.#meeting.bridge.machine.lockByTelephone(this.#meeting.key, this.#meeting.draws.chance(0.3));
        return true;
      }
      case "end by telephone":
        if (!this.#meeting.bridge.machine.world.conferences.has(this.#meeting.key)) return false;
        this.#meeting.bridge.machine.endByTelephone(this.#meeting.key);
        return true;
      default:
        return this.#meeting.phase === "running" && this.#meeting.server.up && this.#ask(action);
    }
  }

  #ask(action: Action): boolean {
    const { association } = this.#meeting;
    if (!association) return false;
    const attendees = [...association.attendees.values()];
    const attendee = this.#meeting.draws.pick(attendees);
    const subConfId = this.#meeting.draws.pick([...association.rooms.keys()]);
    switch (action) {
      case "call out":
      case "invite privately":
        return this.#callOut(association, action === "invite privately");
      case "cancel call-out": {
        const open = [...this.#meeting.askedCalls.values()].filter(({ result }) => result === "open");
        return this.#with(this.#meeting.draws.pick(open), ({ extCallId, number }) => {
          this.cancelled.add(number);
          return this.#requests.ask("cancel", { type: "cancel-call-out", extCallId } as Body);
        });
      }
      case "mute":
      case "unmute": {
        if (!attendee || attendee.silent) return false;
        const { extCallId } = attendee;
        const privilege = action === "mute" ? "listen" : "speak";
        return this.#requests.ask(action, { type: "update-caller", extCallId, privilege } as Body, extCallId);
      }
      case "mute to and fro": {
        if (!attendee || attendee.silent) return false;
        const { extCallId } = attendee;
        return this.#toAndFro((index) => {
          const [kind, privilege] = index % 2 === 0 ? ["mute", "listen"] : ["unmute", "speak"];
          return { kind, extCallId, body: { type: "update-caller", extCallId, privilege } as Body };
        });
      }
      case "lock to and fro":
        return this.#toAndFro((index) => {
          const kind = index % 2 === 0 ? "lock" : "unlock";
          return { kind, body: { type: "update-conference", action: kind } as Body };
        });
      case "mute all":
      case "unmute all":
        return this.#requests.update(action, action === "mute all" ? "mute-all" : "unmute-all");
      case "expel":
        if (!attendee) return false;
        return this.#requests.ask(
          "drop",
          { type: "drop-caller", extCallId: attendee.extCallId } as Body,
          attendee.extCallId,
        );
      case "lock":
      case "unlock":
        return this.#requests.update(action, action);
      case "report speakers":
        association.speakersAsked = true;
        return this.#requests.update(action, "report-speakers");
      case "stop reporting":
        return this.#requests.ask(
          action,
          { type: "update-conference", action: "stop-reporting-speakers" } as Body,
          undefined,
          LATEST_MS,
          () => association.speakers.clear(),
        );
      case "create sub-conference": {
        if (association.rooms.size > 1) return false;
        const id = `s${this.#number}` as SubConfId;
        return this.#requests.ask(`create ${id}`, { type: "create-sub-conference", subConfId: id } as Body);
      }
      case "add to sub-conference": {
        const there = this.#meeting.draws.pick(attendees.filter(({ room }) => room === "main"));
        if (!there || !subConfId || association.rooms.get(subConfId) !== "open") return false;
        const { extCallId } = there;
        return this.#requests.ask(
          `add ${subConfId}`,
          { type: "add-to-sub-conference", subConfId, extCallId } as Body,
          extCallId,
        );
      }
      case "remove from sub-conference": {
        const there = this.#meeting.draws.pick(attendees.filter(({ room }) => room === subConfId));
        if (!there || !subConfId) return false;
        const { extCallId } = there;
        const body = { type: "remove-from-sub-conference", subConfId, extCallId } as Body;
        return this.#requests.ask(`remove ${subConfId}`, body, extCallId);
      }
      case "close sub-conference": {
        if (!subConfId || association.rooms.get(subConfId) === "closing") return false;
        association.rooms.set(subConfId, "closing");
        return this.#requests.ask(
          `close ${subConfId}`,
          { type: "close-sub-conference", subConfId } as Body,
          undefined,
          35_000,
          (result) => {
            if (result === "ok" || result === "no-such-room") association.roomClosed(subConfId);
            else association.roomNotClosed(subConfId, result === "bridge-timeout");
          },
        );
      }
      case "add to main": {
        const waiting = [...this.#meeting.askedCalls.values()].filter(({ waits }) => waits);
        const talking = attendees.filter(({ room }) => room === "private");
        const one = this.#meeting.draws.pick([...waiting, ...talking]);
        return this.#with(one, ({ extCallId }) => this.#requests.update(action, "add-to-main", extCallId));
      }
      case "end private talk":
        return this.#requests.update(action, "end-private-talk");
      case "unknown message":
        return this.#unknown();
      case "unknown handle":
        return this.#requests.ask(
          "stray",
          { type: "close-conference" } as Body,
          undefined,
          10_000,
          () => {},
          "99999" as ExtConfId,
        );
      case "close":
      case "close and keep alive":
        return this.#meeting.close(action === "close and keep alive");
      default:
        return false;
    }
  }

  #callOut(association: Association, privately: boolean): boolean {
    if (association.attendees.size >= mostCallers) return false;
    const { local, number } = this.#meeting.phones.called();
    const extCallId = this.#meeting.nextCallId();
    const silent = !privately && this.#meeting.draws.chance(0.08);
    const listens = silent || (!privately && this.#meeting.draws.chance(0.15));
    const maxWaitingTime = this.#meeting.draws.between(4, 12);
    const asked: AskedCall = {
      extCallId,
      number,
      listens,
      asked: association.extConfId,
      result: "open",
      waits: false,
      seen: false,
    };
    this.#meeting.askedCalls.set(extCallId, asked);
    const body = {
      type: "call-out",
      extCallId,
      privilege: listens ? "listen" : "speak",
      maxWaitingTime,
      participantType: silent ? "silent-monitor" : "participant",
      joinMode: privately ? "private-talk" : "main",
      phone: { country: "1", area: "408", local, extension: "" },
    } as Body;
    return this.#requests.ask("call-out", body, extCallId, maxWaitingTime * 1_000 + 5_000, (result) => {
      asked.result = result === "ok" ? "answered" : "failed";
    });
  }

  #unknown(): boolean {
    const { association } = this.#meeting;
    if (!association) return false;
    const { extConfId } = association;
    const obligation = this.#requests.owe("unknown", extConfId, 10_000, (result) => {
      if (result !== "unknown-message")
        this.#world.context.violated("an unknown message is answered so", String(result));
    });
    const element = `<W2A_Whatever MsgID="${obligation.msgId}" WbxHostName="${obligation.host}" ExtConfID="${extConfId}"/>`;
    const ping: Request = { type: "message-refused", msgId: this.#requests.msgId(), extConfId };
    void this.#world.webex.post(this.#meeting.server, [ping], element);
    return true;
  }

  /** Somebody cannot decide: within a second or so, or in one document. */
  #toAndFro(
    step: (index: number) => { readonly kind: string; readonly extCallId?: ExtCallId; readonly body: Body },
  ): boolean {
    const extConfId = this.#meeting.association?.extConfId;
    if (!extConfId) return false;
    const steps = Array.from({ length: this.#meeting.draws.between(2, 6) }, (_, index) => step(index));
    if (this.#meeting.draws.chance(0.6)) {
      steps.forEach(({ kind, body, extCallId }, index) => {
        this.#world.context.clock.after(index * 400, () => {
          if (this.#meeting.association?.extConfId === extConfId && this.#meeting.phase === "running")
            this.#requests.ask(kind, body, extCallId);
        });
      });
      return true;
    }
    const requests = steps.map(({ kind, body, extCallId }) => {
      const { msgId } = this.#requests.owe(kind, extConfId, LATEST_MS, () => {}, extCallId);
      return { ...body, msgId, replyTo: this.#meeting.server.host, extConfId } as Request;
    });
    void this.#world.webex.post(this.#meeting.server, requests);
    return true;
  }

  #keypadUser(calls: readonly Call[]): Call | undefined {
    return this.#meeting.draws.pick(calls.filter(({ number }) => this.#meeting.phones.actsByItself(number)));
  }

  #with<Item>(item: Item | undefined, act: (item: Item) => void): boolean {
    if (item === undefined) return false;
    act(item);
    return true;
  }

  /** More callers than one document holds, into the rooms too, and then the meeting moves. */
  crowdLater(number: number): void {
    const { clock, tell } = this.#world.context;
    clock.after(this.#meeting.moves.between(120_000, 400_000), () => {
      if (this.#meeting.quiet) return;
      this.crowdLater(number + 1);
      const name = `${this.#meeting.name} is crowded (${number})`;
      if (this.#meeting.phase !== "running" || this.#world.spared.has(name)) return;
      this.#world.done.push(name);
      tell(() => `== ${name}`);
      const { key } = this.#meeting;
      const count = this.#meeting.moves.between(30, 90);
      for (let index = 0; index < count; index++) {
        clock.after(this.#meeting.moves.between(0, 5_000), () => {
          if (!this.#meeting.quiet && key === this.#meeting.key) this.#meeting.phones.dialIn(key, silentId, null);
        });
      }
      clock.after(this.#meeting.moves.between(10_000, 20_000), () => this.#fillRoom());
      clock.after(
        this.#meeting.moves.between(20_000, 60_000),
        () => this.#meeting.phase === "running" && this.#meeting.failOver(),
      );
      clock.after(this.#meeting.moves.between(60_000, 100_000), () => {
        for (const call of this.#meeting.bridge.callsOf(key))
          if (this.#meeting.moves.chance(0.9)) this.#meeting.phones.hangUp(call);
      });
    });
  }

  /** Everybody in the main room goes into one sub-conference. */
  #fillRoom(): void {
    const { association } = this.#meeting;
    if (this.#meeting.phase !== "running" || !association || this.#meeting.quiet) return;
    const [room] = association.rooms.keys();
    if (room === undefined) return;
    for (const { extCallId, room: from } of association.attendees.values()) {
      if (from !== "main") continue;
      const body = { type: "add-to-sub-conference", subConfId: room, extCallId } as Body;
      this.#requests.ask(`add ${room}`, body, extCallId);
    }
  }
}
