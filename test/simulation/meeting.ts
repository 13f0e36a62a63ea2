import type { Call } from "../../simulators/bridge/world.ts";
import type { Draws } from "../../simulators/draws.ts";
import { LATEST_MS } from "../../src/bridge/deadlines.ts";
import type { AccessCodes } from "../../src/bridge/schemas.ts";
import type { EntryRules } from "../../src/conference/state.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId, SubConfId } from "../../src/foundation/ids.ts";
import { SILENCE_MS } from "../../src/link/relay.ts";
import type { FromWebexMessages, ToWebex } from "../../src/tsp/messages.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import { type AskedCall, Association, type MeetingKnowledge } from "./association.ts";
import type { Bridge, Bridges } from "./bridge.ts";
import { draws, type WorldContext } from "./context.ts";
import type { GivenUp } from "./edge.ts";
import { drawLate, type LateKind, lateBody } from "./late-requests.ts";
import type { Operators } from "./operators.ts";
import { Phones } from "./phones.ts";
import { attendeeBegin, secretBegin } from "./shown-judge.ts";
import type { Switches } from "./switches.ts";
import type { Obligation, Request, Server, Webex } from "./webex.ts";

type Phase = "idle" | "creating" | "running" | "closing" | "detached";
type Body = Request extends infer One
  ? One extends Request
    ? Omit<One, "msgId" | "replyTo" | "extConfId">
    : never
  : never;

/** What can happen in a meeting, and how often beside the others. */
const actions = {
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
const movePauseMs = 60_000;
const silentId = `${secretBegin}4711`;
const otherSilentIds = [silentId, `${secretBegin}4712`, `${secretBegin}4713`];

/** One WebEx meeting from its first conference to its last: the meeting server, the host and all who phone. */
export class Meeting implements MeetingKnowledge {
  key: ConfKey;
  phase: Phase = "idle";
  association: Association | null = null;
  /** Numbers of calls that WebEx has cancelled: they may have entered by then, and leave all the same. */
  readonly #cancelled = new Set<string>();
  /** When an attendee ID was keyed by a caller inside. */
  readonly #keyedAt = new Map<string, number>();
  readonly askedCalls = new Map<ExtCallId, AskedCall>();
  readonly phones: Phones;
  /** No new action is begun. */
  quiet = false;
  /** `null`: nobody acts but WebEx and the telephones. */
  operators: Operators | null = null;
  readonly #name: string;
  readonly #context: WorldContext;
  readonly #webex: Webex;
  readonly #bridges: Bridges;
  readonly #draws: Draws;
  readonly #spared: ReadonlySet<string>;
  readonly #done: string[];
  #server: Server;
  #handles = 0;
  #calls = 0;
  #keys = 0;
  #number = 0;
  #lockedByPhone = false;
  /** Whether the last close was to let the conference go on. */
  #keepsAlive = false;
  #judgedAt = 0;
  #open = new Set<Obligation>();
  /** Kind and call of a request → when one was last answered. */
  readonly #answeredAt = new Map<string, number>();
  readonly #associations = new Set<Association>();
  #attempts = 0;
  /** A create is on its way. */
  #posting = false;
  /** What the latest create says of those who enter. */
  rules: Omit<EntryRules, "accessCodes"> & { readonly accessCodes: AccessCodes | null } = {
    maxCallers: 50,
    anonymousId: silentId,
    accessCodes: null,
  };
  readonly #changesCreates: boolean;
  readonly #creates: Draws;
  readonly #moves: Draws;
  readonly #late: Draws;
  readonly #hasLate: boolean;
  #lateCount = 0;
  /** Many dial in at once now and then. */
  readonly #hasCrowds: boolean;

  constructor(
    index: number,
    world: {
      readonly context: WorldContext;
      readonly webex: Webex;
      readonly bridges: Bridges;
      readonly switches: Switches;
      readonly spared: ReadonlySet<string>;
      readonly done: string[];
      /** Of all meetings. */
      keys(): readonly ConfKey[];
    },
  ) {
    this.#name = `meeting ${index + 1}`;
    this.#context = world.context;
    this.#webex = world.webex;
    this.#bridges = world.bridges;
    this.#spared = world.spared;
    this.#done = world.done;
    this.#draws = draws(world.context, this.#name);
    this.#changesCreates = world.switches.changesCreates;
    this.#creates = draws(world.context, `creates of ${this.#name}`);
    this.#moves = draws(world.context, `moves of ${this.#name}`);
    // Where two bridges are full, nobody could tell who is to come in.
    this.#hasCrowds = this.#moves.chance(0.03) && world.bridges.all.length === 1;
    if (this.#moves.chance(0.3)) this.#moveLater(1);
    this.#late = draws(world.context, `late requests of ${this.#name}`);
    this.#hasLate = this.#late.chance(0.6);
    if (this.#hasCrowds) {
      this.rules = { ...this.rules, maxCallers: 200 };
      this.#crowdLater(1);
    }
    this.phones = new Phones(world.bridges, draws(world.context, `phones of ${this.#name}`), {
      prefix: `55${index}`,
      timers: world.context.clock,
      keys: world.keys,
    });
    this.key = this.#newKey(index);
    this.#server = world.webex.servers[index % world.webex.servers.length] as Server;
    this.#context.clock.after(this.#draws.between(0, 30_000), () => this.create("fresh"));
    this.#actLater();
  }

  // What the present server's picture is judged by.

  nextCallId(): ExtCallId {
    this.#calls += 1;
    return `${this.#name.slice(8)}0${this.#calls}` as ExtCallId;
  }

  /** Where another request of the same kind was answered lately, a notification may be of that one. */
  open(extConfId: ExtConfId, kind: string, extCallId?: ExtCallId): boolean {
    if (this.operators?.actLately) return false;
    const answeredAt = this.#answeredAt.get(`${kind} ${extCallId}`);
    if (answeredAt !== undefined && this.#context.clock.now - answeredAt < 60_000) return false;
    for (const one of this.#open) {
      if (one.committedAt === null || one.committedAt > this.#judgedAt) continue; // The adapter cannot have known of it.
      if (one.extConfId === extConfId && one.kind === kind && (!extCallId || one.extCallId === extCallId)) return true;
    }
    return false;
  }

  actsByItself(number: string): boolean {
    return this.phones.actsByItself(number) || this.#isUnderWay("mute all") || this.#isUnderWay("unmute all");
  }

  leftByItself(number: string): boolean {
    const { left } = this.phones;
    return left.has(number) || this.#cancelled.has(number) || this.#bridges.all.some(({ lost }) => lost.has(number));
  }

  keyedForTwoAgents(attendeeId: string): boolean {
    const keyedAt = this.#keyedAt.get(attendeeId) ?? Number.NEGATIVE_INFINITY;
    return this.#bridges.all.some(({ agentCameAt }) =>
      agentCameAt.some((cameAt) => cameAt <= keyedAt && keyedAt < cameAt + SILENCE_MS),
    );
  }

  lockedByTelephone(): boolean {
    return this.#lockedByPhone;
  }

  // The life of the meeting.

  create(why: "fresh" | "failover" | "again"): void {
    const { clock } = this.#context;
    this.#attempts += 1;
    const attempt = this.#attempts;
    const old = this.association;
    const up = this.#webex.servers.filter((server) => server.up && (why !== "failover" || server !== this.#server));
    const server = this.#draws.pick(up);
    if (!server) {
      clock.after(5_000, () => this.create(why));
      return;
    }
    this.#server = server;
    this.#handles += 1;
    const extConfId = `${this.#name.slice(8)}00${this.#handles}` as ExtConfId;
    const association = new Association(extConfId, server.host, this.#context, this);
    // What WebEx itself has closed need not go on, also when no answer or Confirmation came through.
    const isClosed =
      old?.released ||
      old?.endsLater ||
      [...this.#open].some((one) => one.kind === "close" && one.committedAt !== null);
    association.inherits = why === "failover" && old?.isLive && !isClosed ? old : null;
    this.#webex.associations.set(extConfId, association);
    this.#associations.add(association);
    this.association = association;
    this.phase = "creating";
    for (const one of this.#open) {
      this.#webex.excuse(one, "its server was replaced");
      // What became of the request is reported to the new server, unasked.
      this.#answeredAt.set(`${one.kind} ${one.extCallId}`, clock.now);
    }
    this.#open = new Set();
    const obligation = this.#owe("create", extConfId, 15_000, (result) => {
      // Also where another server creates by now, and the adapter does not know it yet.
      if (result === "ok") association.created();
      if (association !== this.association) return;
      if (result === "ok") {
        if (this.phase === "creating") this.phase = "running";
        return;
      }
      if (result === "conference-closed") {
        for (const one of this.#webex.obligations.values()) if (this.#isOwn(one)) one.isOver = true;
      }
      if (result === "conference-closed") this.key = this.#newKey(Number(this.#name.slice(8)) - 1);
      if (this.phase === "creating") this.#idle();
    });
    const { key } = this;
    const request: Request = {
      type: "create-conference",
      msgId: obligation.msgId,
      replyTo: server.host,
      extConfId,
      confKey: key,
      conferenceName: topicOf(extConfId),
      hybridToken: `${secretBegin}0000`,
      ...this.#say(),
    };
    this.#posting = true;
    void this.#webex.post(server, [request]).then((confirmed) => {
      this.#posting = false;
      if (old && !isClosed && why === "failover" && old.host !== server.host && obligation.committedAt !== null) {
        old.replacedAt = clock.now;
      }
      if (old && obligation.committedAt !== null && why !== "fresh") this.#isLate(old);
      if (confirmed || association !== this.association || attempt !== this.#attempts) return;
      this.create("failover");
    });
  }

  /** What a create brings beside its names. */
  #say(): Pick<
    FromWebexMessages["create-conference"],
    "maxCallers" | "anonymousId" | "subscriberCode" | "participantCode"
  > {
    if (!this.#changesCreates) return { maxCallers: this.rules.maxCallers ?? 0, anonymousId: silentId };
    const variant = `${this.#name.slice(8)}${this.#creates.between(1, 4)}`;
    const said = {
      maxCallers: this.#creates.pick(this.#hasCrowds ? [0, 200] : [0, 50, 11, 6]) ?? 0,
      anonymousId: this.#creates.pick(otherSilentIds) ?? silentId,
      subscriberCode: `${secretBegin}71${variant.padStart(2, "0")}`,
      participantCode: `${secretBegin}72${variant.padStart(2, "0")}`,
    };
    const { maxCallers, anonymousId, subscriberCode: subscriber, participantCode: participant } = said;
    this.rules = { maxCallers: maxCallers || null, anonymousId, accessCodes: { subscriber, participant } };
    return said;
  }

  /** The server that was replaced does not know it yet, or has requests on their way. */
  #isLate(old: Association): void {
    const server = this.#webex.servers.find(({ host }) => host === old.host);
    if (!server || !this.#hasLate) return;
    for (const { kind, afterMs } of drawLate(this.#late)) {
      this.#context.clock.after(afterMs, () => {
        this.#lateCount += 1;
        const name = `${this.#name}, late request ${this.#lateCount}: ${kind}`;
        if (this.quiet || !server.up || this.#spared.has(name)) return;
        this.#done.push(name);
        this.#context.tell(() => `== ${name}`);
        this.#askLate(kind, server, old);
      });
    }
  }

  #askLate(kind: LateKind, server: Server, old: Association): void {
    const number = `${this.#name.slice(8)}${String(this.#lateCount).padStart(3, "0")}`;
    const body = lateBody(kind, { draws: this.#late, old, current: this.association, number });
    const { host, extConfId } = old;
    const entry = kind === "name" ? this.#late.pick(old.entries) : undefined;
    const msgId = entry ?? (`${this.#name.slice(8)}-late-${this.#lateCount}` as MsgId);
    const request = { ...body, msgId, replyTo: host, extConfId } as Request;
    if (kind !== "name" && kind !== "passthrough") {
      const isClose = request.type === "close-conference";
      this.#webex.owe({
        ...{ msgId, kind: `late ${kind}`, host, extConfId, withinMs: 1_000 },
        ...{ excused: "its server was replaced", excusedAt: this.#context.clock.now },
        answered: (result) => {
          if (result === "no-such-conference" || (isClose && result === "ok")) return;
          this.#context.violated("a replaced server changes nothing", `${kind} of ${extConfId} at ${host}: ${result}`);
        },
      });
    }
    void this.#webex.post(server, [request]);
  }

  /** A close came to nothing in time, as WebEx was told: it is for WebEx to ask again. */
  closeAgain(): void {
    if (this.phase === "closing") this.#close(this.#keepsAlive);
  }

  /** A close that ran out of time has come to nothing after all. */
  bridgeRefusesEnd(): void {
    for (const association of this.#associations) association.endsLater = false;
  }

  /** A conference that goes on, as far as WebEx was told, is never created on the bridge anew (protocol 4.9 F5). */
  bridgeCreates(): void {
    const { association } = this;
    if (this.phase !== "creating" || !association?.inherits?.isLive) return;
    this.#context.violated("a conference that ended unnoticed is not created anew", association.extConfId);
  }

  /** WebEx moves the meeting to another server now and then, whatever the present one does: most often with people in rooms or talks. */
  #moveLater(number: number): void {
    this.#context.clock.after(-Math.log(1 - this.#moves.next()) * movePauseMs, () => {
      if (this.quiet) return;
      this.#moveLater(number + 1);
      const { association, phase } = this;
      const isApart = [...(association?.attendees.values() ?? [])].some(({ room }) => room !== "main");
      const isDue = this.#moves.chance(isApart || phase === "creating" ? 0.7 : 0.15);
      const name = `${this.#name} moves (${number})`;
      if (!isDue || this.#posting || (phase !== "running" && phase !== "creating") || this.#spared.has(name)) return;
      this.#done.push(name);
      this.#context.tell(() => `== ${name}`);
      this.create("failover");
    });
  }

  /** More callers than one document holds, into the rooms too, and then the meeting moves. */
  #crowdLater(number: number): void {
    const { clock, tell } = this.#context;
    clock.after(this.#moves.between(120_000, 400_000), () => {
      if (this.quiet) return;
      this.#crowdLater(number + 1);
      const name = `${this.#name} is crowded (${number})`;
      if (this.phase !== "running" || this.#spared.has(name)) return;
      this.#done.push(name);
      tell(() => `== ${name}`);
      const { key } = this;
      const count = this.#moves.between(30, 90);
      for (let index = 0; index < count; index++) {
        clock.after(this.#moves.between(0, 5_000), () => {
          if (!this.quiet && key === this.key) this.phones.dialIn(key, silentId, null);
        });
      }
      clock.after(this.#moves.between(10_000, 20_000), () => this.#fillRoom());
      clock.after(this.#moves.between(20_000, 60_000), () => this.phase === "running" && this.failOver());
      clock.after(this.#moves.between(60_000, 100_000), () => {
        for (const call of this.#bridge.callsOf(key)) if (this.#moves.chance(0.9)) this.phones.hangUp(call);
      });
    });
  }

  /** Everybody in the main room goes into one sub-conference. */
  #fillRoom(): void {
    const { association } = this;
    if (this.phase !== "running" || !association || this.quiet) return;
    const [room] = association.rooms.keys();
    if (room === undefined) return;
    for (const { extCallId, room: from } of association.attendees.values()) {
      if (from !== "main") continue;
      const body = { type: "add-to-sub-conference", subConfId: room, extCallId } as Body;
      this.#request(`add ${room}`, body, extCallId);
    }
  }

  /** The server is gone, or what it was told is not all: another one takes over. */
  failOver(): void {
    if (this.#posting) {
      // Two servers that create at once, and the later post first: nobody could put that right.
      this.#context.clock.after(1_000, () => this.failOver());
    } else if (this.phase === "creating" || this.phase === "running") this.create("failover");
  }

  serverDown(server: Server): void {
    if (server !== this.#server || this.#moves.chance(0.25)) return;
    this.#context.clock.after(this.#draws.between(11_000, 25_000), () => {
      if (server === this.#server) this.failOver();
    });
  }

  /**
   * A document was given up. The meeting server may notice that its TSP server no longer hears everything, and take another
   * one; or it does not, and the adapter tells that server what it has missed.
   */
  gaveUp({ messages, of }: GivenUp, isBehind: boolean): void {
    const { association } = this;
    if (!association || association.host !== of?.host) return;
    if (isBehind) association.fallsBehind();
    // Where only the Confirmations got lost, nothing is missed.
    if (messages.every(({ msgId }) => this.#webex.arrived.has(msgId as MsgId)) || this.#moves.chance(0.6)) return;
    const pause = this.#draws.between(1_000, 20_000);
    // Where operators mend it, it notices later.
    this.#context.clock.after(this.operators?.gaveUp() ? 3 * pause : pause, () => {
      if (association === this.association) this.failOver();
    });
  }

  owns(association: Association): boolean {
    return this.#associations.has(association);
  }

  /** `madeAt`: when the adapter decided on it. What WebEx asked later, the adapter could not have known. */
  hears(association: Association, message: ToWebex, madeAt: number): void {
    this.#judgedAt = madeAt;
    association.hears(madeAt);
    switch (message.type) {
      case "conference-changed":
        association.conferenceChanged(message);
        if (message.status === "ended" && association === this.association) this.#ended();
        return;
      case "caller-entered": {
        const extCallId = association.entered(message);
        const server = this.#webex.servers.find(({ host }) => host === association.host);
        if (server) this.#nameLater(server, association, message.msgId, extCallId);
        return;
      }
      case "caller-changed":
        return association.changed(message);
      case "sub-conference-changed":
        return association.subConferenceChanged(message);
      case "sub-conference-call-changed":
        return association.subConferenceCallChanged(message);
      case "joined-sub-conference":
        return association.joinedSubConference(message);
      case "speaking-changed":
        return association.speaking(message);
      default:
    }
  }

  #ended(): void {
    if (this.phase === "running" || this.phase === "closing" || this.phase === "creating") this.#idle();
  }

  #isOwn({ extConfId }: Obligation): boolean {
    const association = extConfId && this.#webex.associations.get(extConfId);
    return association ? this.owns(association) : false;
  }

  #idle(): void {
    this.phase = "idle";
    this.#lockedByPhone = false;
    this.#context.clock.after(this.#draws.between(3_000, 60_000), () => {
      if (this.phase === "idle" && !this.quiet) this.create("fresh");
    });
  }

  get #bridge(): Bridge {
    return this.#bridges.of(this.key);
  }

  // What people and servers do.

  #actLater(): void {
    const pause = -Math.log(1 - this.#draws.next()) * pauseMs;
    this.#context.clock.after(pause, () => {
      if (this.quiet) return;
      this.#number += 1;
      const action = this.#draws.weighted(actions);
      const name = `${this.#name}, action ${this.#number}: ${action}`;
      if (!this.#spared.has(name) && this.#act(action)) {
        this.#context.tell(() => `== ${name}`);
        this.#done.push(name);
      }
      this.#actLater();
    });
  }

  /** Whether there was occasion for it. */
  #act(action: Action): boolean {
    const calls = this.#bridge.callsOf(this.key).filter(({ stage }) => stage === "entered");
    switch (action) {
      case "dial in":
        if (calls.length < mostCallers) {
          const { anonymousId, accessCodes } = this.rules;
          const codes = Object.values(accessCodes ?? {}).filter((code) => code !== null);
          const code = codes.length > 0 && this.#creates.chance(0.5) ? (this.#creates.pick(codes) ?? null) : null;
          this.phones.dialIn(this.key, anonymousId ?? silentId, code);
        }
        return true;
      case "hang up":
        return this.#with(this.#draws.pick(this.#bridge.callsOf(this.key)), (call) => this.phones.hangUp(call));
      case "keypad mute":
        return this.#with(this.#keypadUser(calls), (call) =>
          this.phones.press(call, this.#draws.chance(0.2) ? "*6*6" : "*6"),
        );
      case "keypad merge":
        return this.#with(this.#keypadUser(calls), (call) => {
          const attendeeId = `${attendeeBegin}${String(this.#number).padStart(3, "0")}`;
          this.#keyedAt.set(attendeeId, this.#context.clock.now);
          this.phones.press(call, `*1${attendeeId}#`);
        });
      case "talk":
        return this.#with(this.#draws.pick(calls), (call) => this.phones.talk(call));
      case "lock by telephone": {
        if (this.phase !== "running") return false;
        this.#lockedByPhone = true;
        this.#bridge.machine.lockByTelephone(this.key, this.#draws.chance(0.3));
        return true;
      }
      case "end by telephone":
        if (!this.#bridge.machine.world.conferences.has(this.key)) return false;
        this.#bridge.machine.endByTelephone(this.key);
        return true;
      default:
        return this.phase === "running" && this.#server.up && this.#ask(action);
    }
  }

  #ask(action: Action): boolean {
    const { association } = this;
    if (!association) return false;
    const attendees = [...association.attendees.values()];
    const attendee = this.#draws.pick(attendees);
    const subConfId = this.#draws.pick([...association.rooms.keys()]);
    switch (action) {
      case "call out":
      case "invite privately":
        return this.#callOut(association, action === "invite privately");
      case "cancel call-out": {
        const open = [...this.askedCalls.values()].filter(({ result }) => result === "open");
        return this.#with(this.#draws.pick(open), ({ extCallId, number }) => {
          this.#cancelled.add(number);
          return this.#request("cancel", { type: "cancel-call-out", extCallId } as Body);
        });
      }
      case "mute":
      case "unmute": {
        if (!attendee || attendee.silent) return false;
        const { extCallId } = attendee;
        const privilege = action === "mute" ? "listen" : "speak";
        return this.#request(action, { type: "update-caller", extCallId, privilege } as Body, extCallId);
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
        return this.#update(action, action === "mute all" ? "mute-all" : "unmute-all");
      case "expel":
        if (!attendee) return false;
        return this.#request(
          "drop",
          { type: "drop-caller", extCallId: attendee.extCallId } as Body,
          attendee.extCallId,
        );
      case "lock":
      case "unlock":
        return this.#update(action, action);
      case "report speakers":
        association.speakersAsked = true;
        return this.#update(action, "report-speakers");
      case "stop reporting":
        return this.#request(
          action,
          { type: "update-conference", action: "stop-reporting-speakers" } as Body,
          undefined,
          LATEST_MS,
          () => association.speakers.clear(),
        );
      case "create sub-conference": {
        if (association.rooms.size > 1) return false;
        const id = `s${this.#number}` as SubConfId;
        return this.#request(`create ${id}`, { type: "create-sub-conference", subConfId: id } as Body);
      }
      case "add to sub-conference": {
        const there = this.#draws.pick(attendees.filter(({ room }) => room === "main"));
        if (!there || !subConfId || association.rooms.get(subConfId) !== "open") return false;
        const { extCallId } = there;
        return this.#request(
          `add ${subConfId}`,
          { type: "add-to-sub-conference", subConfId, extCallId } as Body,
          extCallId,
        );
      }
      case "remove from sub-conference": {
        const there = this.#draws.pick(attendees.filter(({ room }) => room === subConfId));
        if (!there || !subConfId) return false;
        const { extCallId } = there;
        const body = { type: "remove-from-sub-conference", subConfId, extCallId } as Body;
        return this.#request(`remove ${subConfId}`, body, extCallId);
      }
      case "close sub-conference": {
        if (!subConfId || association.rooms.get(subConfId) === "closing") return false;
        association.rooms.set(subConfId, "closing");
        return this.#request(
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
        const waiting = [...this.askedCalls.values()].filter(({ waits }) => waits);
        const talking = attendees.filter(({ room }) => room === "private");
        const one = this.#draws.pick([...waiting, ...talking]);
        return this.#with(one, ({ extCallId }) => this.#update(action, "add-to-main", extCallId));
      }
      case "end private talk":
        return this.#update(action, "end-private-talk");
      case "unknown message":
        return this.#unknown();
      case "unknown handle":
        return this.#request(
          "stray",
          { type: "close-conference" } as Body,
          undefined,
          10_000,
          () => {},
          "99999" as ExtConfId,
        );
      case "close":
      case "close and keep alive":
        return this.#close(action === "close and keep alive");
      default:
        return false;
    }
  }

  #callOut(association: Association, privately: boolean): boolean {
    if (association.attendees.size >= mostCallers) return false;
    const { local, number } = this.phones.called();
    const extCallId = this.nextCallId();
    const silent = !privately && this.#draws.chance(0.08);
    const listens = silent || (!privately && this.#draws.chance(0.15));
    const maxWaitingTime = this.#draws.between(4, 12);
    const asked: AskedCall = {
      ...{ extCallId, number, listens, asked: association.extConfId },
      ...{ result: "open", waits: false, seen: false },
    };
    this.askedCalls.set(extCallId, asked);
    const body = {
      type: "call-out",
      extCallId,
      privilege: listens ? "listen" : "speak",
      maxWaitingTime,
      participantType: silent ? "silent-monitor" : "participant",
      joinMode: privately ? "private-talk" : "main",
      phone: { country: "1", area: "408", local, extension: "" },
    } as Body;
    return this.#request("call-out", body, extCallId, maxWaitingTime * 1_000 + 5_000, (result) => {
      asked.result = result === "ok" ? "answered" : "failed";
    });
  }

  #close(keepAlive: boolean): boolean {
    const { association } = this;
    this.phase = "closing";
    this.#keepsAlive = keepAlive;
    const body = { type: "close-conference", ...(keepAlive && { keepAlive }) } as Body;
    return this.#request("close", body, undefined, LATEST_MS, (result) => {
      // Its Confirmation was lost, but by the answer WebEx knows that the conference was let go.
      const isLetGo = keepAlive && result === "ok" && association === this.association && this.phase === "running";
      if (!isLetGo && (association !== this.association || this.phase !== "closing")) {
        // Its Confirmation was lost, and WebEx goes on; but the conference may end, or be over.
        if ((result === "ok" || result === "bridge-timeout") && association) association.endsLater = true;
        return;
      }
      if (result === "no-such-conference") {
        if (!keepAlive) return this.#idle();
        this.phase = "detached"; // An earlier close has let it go, and its answer was given up.
        return;
      }
      if (result !== "ok") {
        // A refusal leaves it as it was; a bridge that takes its time still ends it.
        if (result !== "bridge-timeout") this.phase = "running";
        else if (association) association.endsLater = true;
        return;
      }
      if (!keepAlive) return;
      this.phase = "detached";
      if (association) association.released = true;
      if (this.#draws.chance(0.6)) {
        this.#context.clock.after(this.#draws.between(5_000, 60_000), () => {
          if (this.phase === "detached" && !this.quiet) this.create("again");
        });
      } else if (association && this.#moves.chance(0.5)) {
        this.#context.clock.after(this.#moves.between(1_000, 60_000), () => {
          if (this.phase === "detached" && association === this.association && !this.quiet) this.#endLetGo(association);
        });
      }
    });
  }

  /** WebEx has let the conference go on alone, and wants its end after all (protocol 4.8). */
  #endLetGo(association: Association): void {
    this.phase = "closing";
    this.#keepsAlive = false;
    association.wantsEnd = true;
    this.#request("close", { type: "close-conference" } as Body, undefined, LATEST_MS, (result) => {
      if (association !== this.association || this.phase !== "closing") return;
      if (result === "no-such-conference")
        this.#idle(); // Its last caller had left.
      else if (result !== "ok" && result !== "bridge-timeout") this.phase = "detached";
    });
  }

  #unknown(): boolean {
    const { association } = this;
    if (!association) return false;
    const { extConfId } = association;
    const obligation = this.#owe("unknown", extConfId, 10_000, (result) => {
      if (result !== "unknown-message") this.#context.violated("an unknown message is answered so", String(result));
    });
    const element = `<W2A_Whatever MsgID="${obligation.msgId}" WbxHostName="${obligation.host}" ExtConfID="${extConfId}"/>`;
    const ping: Request = { type: "message-refused", msgId: this.#msgId(), extConfId };
    void this.#webex.post(this.#server, [ping], element);
    return true;
  }

  /** Somebody cannot decide: within a second or so, or in one document. */
  #toAndFro(
    step: (index: number) => { readonly kind: string; readonly extCallId?: ExtCallId; readonly body: Body },
  ): boolean {
    const extConfId = this.association?.extConfId;
    if (!extConfId) return false;
    const steps = Array.from({ length: this.#draws.between(2, 6) }, (_, index) => step(index));
    if (this.#draws.chance(0.6)) {
      steps.forEach(({ kind, body, extCallId }, index) => {
        this.#context.clock.after(index * 400, () => {
          if (this.association?.extConfId === extConfId && this.phase === "running")
            this.#request(kind, body, extCallId);
        });
      });
      return true;
    }
    const requests = steps.map(({ kind, body, extCallId }) => {
      const { msgId } = this.#owe(kind, extConfId, LATEST_MS, () => {}, extCallId);
      return { ...body, msgId, replyTo: this.#server.host, extConfId } as Request;
    });
    void this.#webex.post(this.#server, requests);
    return true;
  }

  #update(kind: string, action: string, extCallId?: ExtCallId): boolean {
    return this.#request(
      kind,
      { type: "update-conference", action, ...(extCallId && { extCallId }) } as Body,
      extCallId,
    );
  }

  #request(
    kind: string,
    body: Body,
    extCallId?: ExtCallId,
    withinMs: number = LATEST_MS,
    answered: (result: ResultWord | number) => void = () => {},
    extConfId = this.association?.extConfId,
  ): boolean {
    if (!extConfId) return false;
    const obligation = this.#owe(kind, extConfId, withinMs, answered, extCallId);
    const request = { ...body, msgId: obligation.msgId, replyTo: this.#server.host, extConfId } as Request;
    void this.#webex.post(this.#server, [request]).then((confirmed) => {
      if (!confirmed && kind === "close" && this.phase === "closing")
        this.phase = this.association?.wantsEnd ? "detached" : "running";
      // As far as WebEx knows, the adapter never heard of it.
      if (obligation.committedAt === null && request.type === "close-sub-conference") {
        this.#webex.associations.get(extConfId)?.rooms.set(request.subConfId as SubConfId, "perhaps closing");
      }
    });
    return true;
  }

  #owe(
    kind: string,
    extConfId: ExtConfId,
    withinMs: number,
    answered: (result: ResultWord | number) => void,
    extCallId?: ExtCallId,
  ): Obligation {
    const obligation = this.#webex.owe({
      ...{ msgId: this.#msgId(), kind, host: this.#server.host, extConfId, withinMs },
      ...(extCallId && { extCallId }),
      answered: (result, madeAt) => {
        this.#webex.associations.get(extConfId)?.hears(madeAt);
        this.#open.delete(obligation);
        // A command that took effect too late is reported whenever its agent is back.
        const until = result === "bridge-timeout" ? Number.POSITIVE_INFINITY : this.#context.clock.now;
        this.#answeredAt.set(`${kind} ${extCallId}`, until);
        answered(result);
      },
    });
    this.#open.add(obligation);
    return obligation;
  }

  /** WebEx names a call, and goes on until the adapter has heard it. */
  #nameLater(server: Server, association: Association, msgId: MsgId, extCallId: ExtCallId): void {
    const name = () => {
      if (association.replacedAt !== null || association.released) return;
      if (!server.up) return void this.#context.clock.after(3_000, name);
      const { extConfId, host } = association;
      const more = this.#draws.chance(0.5) ? { extConfId } : {};
      void this.#webex.post(server, [{ type: "caller-named", msgId, replyTo: host, extCallId, ...more }]).then((ok) => {
        if (!ok) this.#context.clock.after(3_000, name);
        else if (association === this.association && !association.named.has(extCallId))
          association.named.set(extCallId, this.#context.clock.now);
      });
    };
    this.#context.clock.after(this.#draws.between(10, 1_500), name);
  }

  #keypadUser(calls: readonly Call[]): Call | undefined {
    return this.#draws.pick(calls.filter(({ number }) => this.phones.actsByItself(number)));
  }

  /** Also where it was answered lately, and its effect may still be told. */
  #isUnderWay(kind: string): boolean {
    const answeredAt = this.#answeredAt.get(`${kind} ${undefined}`);
    if (answeredAt !== undefined && this.#context.clock.now - answeredAt < 60_000) return true;
    for (const one of this.#open) if (one.kind === kind) return true;
    return false;
  }

  #with<Item>(item: Item | undefined, act: (item: Item) => void): boolean {
    if (item === undefined) return false;
    act(item);
    return true;
  }

  #msgId(): MsgId {
    this.#msgIds += 1;
    return `${this.#name.slice(8)}-${this.#msgIds}` as MsgId;
  }
  #msgIds = 0;

  #newKey(index: number): ConfKey {
    this.#keys += 1;
    return `98765${index}${String(this.#keys).padStart(3, "0")}` as ConfKey;
  }
}

/** The name that a create of this handle gives the meeting. */
export function topicOf(extConfId: ExtConfId | string): string {
  return `Meeting ${extConfId}`;
}
