import type { ExtCallId, ExtConfId, MsgId, SubConfId, WebexHost } from "../../src/foundation/ids.ts";
import type { ToWebexMessages } from "../../src/tsp/messages.ts";
import type { WorldContext } from "./context.ts";
import type { Rule } from "./rules.ts";

/** A caller as the server has been told. */
export interface Attendee {
  readonly extCallId: ExtCallId;
  readonly number: string;
  readonly silent: boolean;
  muted: boolean;
  room: SubConfId | "main" | "private";
  /** Whether the last word about it was its state in the main conference. */
  stateTold: boolean;
  /** Its state was told while its room was being closed. */
  returns?: boolean;
}

/** A call that the meeting asked for. */
export interface AskedCall {
  readonly extCallId: ExtCallId;
  readonly number: string;
  readonly listens: boolean;
  /** Under which handle it was asked for. */
  readonly asked: ExtConfId;
  result: "open" | "answered" | "failed";
  /** It waits for its host (protocol 4.21). */
  waits: boolean;
  seen: boolean;
}

/** What the meeting knows beside what this server is told. */
export interface MeetingKnowledge {
  readonly askedCalls: ReadonlyMap<ExtCallId, AskedCall>;
  nextCallId(): ExtCallId;
  /** Requests of one kind about a call or the conference that this handle has open. */
  open(extConfId: ExtConfId, kind: string, extCallId?: ExtCallId): boolean;
  /** Whether the phone of this number does things by its own keypad, or hung up by itself. */
  actsByItself(number: string): boolean;
  leftByItself(number: string): boolean;
  lockedByTelephone(): boolean;
  /** Whether this ID was keyed when an agent may not have noticed yet that another one had replaced it: both report it. */
  keyedForTwoAgents(attendeeId: string): boolean;
}

type Told<Type extends keyof ToWebexMessages> = ToWebexMessages[Type];

/**
 * One TSP server's picture of one conference under one handle, made of nothing but what the adapter told it; and the
 * judge of the order in which it was told (protocol section 4).
 */
export class Association {
  readonly extConfId: ExtConfId;
  readonly host: WebexHost;
  readonly attendees = new Map<ExtCallId, Attendee>();
  readonly rooms = new Map<SubConfId, "open" | "closing" | "perhaps closing">();
  status: "new" | "created" | "running" | "locked" | "ended" = "new";
  /** When the adapter had committed another server's create. */
  replacedAt: number | null = null;
  /** The meeting let the conference go on without it (protocol 4.8): nothing new is told. */
  released = false;
  /** It wants the end of what it let go on, and is told of that (protocol 4.8). */
  wantsEnd = false;
  /** A close took effect, or will, that WebEx does not count as one. */
  endsLater = false;
  /** While documents for it were given up and it did not get yet what it has missed: from when, until when. */
  readonly #behind: { readonly from: number; to: number }[] = [];
  speakersAsked = false;
  /** Who speaks, as it was told since it asked. */
  readonly speakers = new Set<ExtCallId>();
  /** The one whose conference it took over while that was running. */
  inherits: Association | null = null;
  /** Calls whose names the adapter has confirmed, and when it did so first. */
  readonly named = new Map<ExtCallId, number>();
  /** Entry → the call that it announced. */
  readonly #entries = new Map<MsgId, ExtCallId>();
  /** When the adapter decided on what is told just now. */
  #madeAt = 0;
  /** Call and attendee ID, of the merges it was told of; in the worlds each caller keys another ID each time. */
  readonly #keyed = new Set<string>();
  /** The MsgID of its end, once that was told. */
  #end: MsgId | null = null;
  /** Everybody it was told of, those who left among them. */
  readonly heardOf = new Set<ExtCallId>();
  readonly #context: WorldContext;
  readonly #meeting: MeetingKnowledge;

  constructor(extConfId: ExtConfId, host: WebexHost, context: WorldContext, meeting: MeetingKnowledge) {
    this.extConfId = extConfId;
    this.host = host;
    this.#context = context;
    this.#meeting = meeting;
  }

  get isLive(): boolean {
    return this.status === "running" || this.status === "locked";
  }

  /** Those of whom the server before knew, and this one was told nothing (protocol 4.9 F4). */
  get forgotten(): ExtCallId[] {
    const before = this.inherits;
    if (!before) return [];
    return [...before.attendees.keys()].filter((id) => before.named.has(id) && !this.heardOf.has(id));
  }

  /** A document for it was given up. */
  fallsBehind(): void {
    if (!this.isBehind) this.#behind.push({ from: this.#context.clock.now, to: Number.POSITIVE_INFINITY });
  }

  /** The adapter is about to tell it what it has missed. */
  catchesUp(): void {
    const last = this.#behind.at(-1);
    if (last && this.isBehind) last.to = this.#context.clock.now;
  }

  get isBehind(): boolean {
    return this.behindSince < Number.POSITIVE_INFINITY;
  }

  /** Infinity: it is not behind. */
  get behindSince(): number {
    const last = this.#behind.at(-1);
    return last?.to === Number.POSITIVE_INFINITY ? last.from : Number.POSITIVE_INFINITY;
  }

  /** What follows is told, decided on at this time. */
  hears(madeAt: number): void {
    this.#madeAt = madeAt;
  }

  /** The MsgIDs of what it was told of calls that entered. */
  get entries(): readonly MsgId[] {
    return [...this.#entries.keys()];
  }

  created(): void {
    if (this.status === "new") this.status = "created";
  }

  conferenceChanged({ status, msgId }: Told<"conference-changed">): void {
    if (msgId === this.#end) return;
    this.#must("Status 0 comes after RspCreateConference", this.status !== "new", String(status));
    this.#must("nothing follows the end", this.status !== "ended", String(status));
    if (this.status === "ended") return;
    if (status === "running") this.status = "running";
    if (status === "ended") {
      this.status = "ended";
      this.#end = msgId;
      this.attendees.clear();
    }
    if (status === "locked") {
      this.#must("Status 0 comes before Status 2", this.status !== "created", "locked before running");
      const early = this.#meeting.open(this.extConfId, "lock") && !this.#meeting.lockedByTelephone();
      this.#must("RspUpdateConference before Status 2", !early, "");
      this.status = "locked";
    }
  }

  /** The name that the call has from now on. */
  entered(message: Told<"caller-entered">): ExtCallId {
    this.#must(
      "NotifyUserEnter comes after Status 0",
      this.status === "running" || this.status === "locked",
      message.did,
    );
    const before = this.#entries.get(message.msgId);
    if (before !== undefined) return this.#enteredAgain(before);
    const asked = message.extCallId === undefined ? undefined : this.#meeting.askedCalls.get(message.extCallId);
    if (asked) {
      const early = asked.result === "open" && asked.asked === this.extConfId;
      this.#must("RspCallout before NotifyUserEnter", !early, asked.number);
      this.#must("no NotifyUserEnter after a failed call-out", asked.result !== "failed", asked.number);
    }
    const extCallId = message.extCallId ?? this.#meeting.nextCallId();
    this.#entries.set(message.msgId, extCallId);
    if (asked && message.action === "private-talk" && message.actionResult !== "ok") {
      asked.waits = true;
      return extCallId;
    }
    this.heardOf.add(extCallId);
    const number = message.did ?? "";
    const twice = [...this.attendees.values()].some((one) => one.number === number || one.extCallId === extCallId);
    if (twice) this.#context.violated("a call enters once", `${this.extConfId} at ${this.host}: ${number}`);
    const silent = message.participantType === "silent-monitor";
    this.attendees.set(extCallId, {
      extCallId,
      number,
      silent,
      muted: silent || (asked !== undefined && !asked.seen && asked.listens),
      room: message.action === "private-talk" ? "private" : "main",
      stateTold: false,
    });
    if (asked) asked.seen = true;
    return extCallId;
  }

  /** Its entry was given up, although it had arrived, and is repeated: as long as the adapter does not know the name. */
  #enteredAgain(extCallId: ExtCallId): ExtCallId {
    const namedAt = this.named.get(extCallId) ?? Number.POSITIVE_INFINITY;
    if (namedAt < this.#madeAt) this.#context.violated("a call enters once", `${this.extConfId}: ${extCallId}, named`);
    return extCallId;
  }

  changed(message: Told<"caller-changed">): void {
    const { extCallId, status, attendeeId } = message;
    this.heardOf.add(extCallId);
    if (attendeeId !== undefined) {
      const keyed = `${extCallId} ${attendeeId}`;
      const isAgain = this.#keyed.has(keyed) && !this.#meeting.keyedForTwoAgents(attendeeId);
      this.#must("a keyed attendee ID is told once", !isAgain, keyed);
      this.#keyed.add(keyed);
    }
    const asked = this.#meeting.askedCalls.get(extCallId);
    if (message.action === "joined-main" && asked?.waits) this.#joins(asked);
    const attendee = this.attendees.get(extCallId);
    if (!attendee) {
      // After a failover the new server hears of those who left meanwhile (protocol 4.9 F4).
      this.#must("a change is of a call that entered", status === "left", `${extCallId} ${status}`);
      return;
    }
    if (status === "left") {
      const early =
        this.#meeting.open(this.extConfId, "drop", extCallId) && !this.#meeting.leftByItself(attendee.number);
      this.#must("RspDropUser before Status 2", !early, extCallId);
      this.attendees.delete(extCallId);
      this.speakers.delete(extCallId);
      return;
    }
    const muted = status === "muted";
    if (muted !== attendee.muted && this.rooms.size === 0 && !this.#meeting.actsByItself(attendee.number)) {
      const early = this.#meeting.open(this.extConfId, muted ? "mute" : "unmute", extCallId);
      this.#must("RspUpdateUser before NotifyUserChange", !early, extCallId);
    }
    attendee.muted = muted;
    attendee.stateTold = true;
    if (message.action === "joined-main") attendee.room = "main";
    // When the close succeeds the call has gone back with this; when it fails, the calls that went back are named.
    const stage = this.rooms.get(attendee.room as SubConfId);
    if (stage !== undefined && stage !== "open") attendee.returns = true;
  }

  subConferenceChanged({ subConfId, status }: Told<"sub-conference-changed">): void {
    const early = status === "created" && this.#meeting.open(this.extConfId, `create ${subConfId}`);
    this.#must("RspCreateSubConference before NotifySubConferenceChange", !early, subConfId);
    if (!this.rooms.has(subConfId)) this.rooms.set(subConfId, "open");
  }

  subConferenceCallChanged({ subConfId, extCallId, action }: Told<"sub-conference-call-changed">): void {
    const attendee = this.attendees.get(extCallId);
    this.#must("a move is of a call that entered", attendee !== undefined, extCallId);
    if (!attendee) return;
    if (action === "added") {
      const early = this.#meeting.open(this.extConfId, `add ${subConfId}`, extCallId);
      this.#must("RspAddToSubConference before NotifySubConfCallChange", !early, extCallId);
      this.#moved(attendee, subConfId);
    } else {
      const early = this.#meeting.open(this.extConfId, `remove ${subConfId}`, extCallId);
      this.#must("RspRemoveFromSubConference before NotifySubConfCallChange", !early, extCallId);
      this.#must("NotifyUserChange before NotifySubConfCallChange", attendee.stateTold, extCallId);
      this.#moved(attendee, "main");
    }
    attendee.stateTold = false;
  }

  joinedSubConference({ subConfId, extCallId }: Told<"joined-sub-conference">): void {
    const attendee = this.attendees.get(extCallId);
    this.#must("NotifyJoinSubConference comes after NotifyUserEnter", attendee !== undefined, extCallId);
    this.#must("NotifySubConferenceChange before NotifyJoinSubConference", this.rooms.has(subConfId), subConfId);
    if (attendee) attendee.room = subConfId;
  }

  roomClosed(subConfId: SubConfId): void {
    const inside = [...this.attendees.values()].filter(({ room }) => room === subConfId);
    // A server that let the conference go on by itself, or was replaced, hears no more of its calls, but gets its answers (4.8).
    const areTold = this.released || this.replacedAt !== null || inside.every(({ returns }) => returns);
    this.#must("NotifyUserChange before RspCloseSubConference", areTold, subConfId);
    for (const attendee of inside) this.#moved(attendee, "main");
    this.rooms.delete(subConfId);
  }

  /** `isLate`: the bridge may still close it, of which no message tells. */
  roomNotClosed(subConfId: SubConfId, isLate: boolean): void {
    if (!this.rooms.has(subConfId)) return;
    this.rooms.set(subConfId, isLate ? "perhaps closing" : "open");
    for (const attendee of this.attendees.values()) if (attendee.room === subConfId) delete attendee.returns;
  }

  #moved(attendee: Attendee, room: Attendee["room"]): void {
    attendee.room = room;
    delete attendee.returns;
  }

  speaking({ extCallIds, speaking }: Told<"speaking-changed">): void {
    this.#must("speakers are told to those who asked", this.speakersAsked, "");
    for (const [index, text] of extCallIds.entries()) {
      const id = text as ExtCallId;
      this.#must("speakers have entered", this.attendees.has(id), id);
      if (speaking[index]) this.speakers.add(id);
      else this.speakers.delete(id);
    }
  }

  #joins(asked: AskedCall): void {
    asked.waits = false;
    const { extCallId, number } = asked;
    this.attendees.set(extCallId, { extCallId, number, silent: false, muted: false, room: "main", stateTold: false });
  }

  #must(rule: Rule, holds: boolean, what: string | undefined): void {
    const isCatchingUp = this.#behind.some(({ from, to }) => from <= this.#madeAt && this.#madeAt <= to);
    if (!holds && !isCatchingUp) this.#context.violated(rule, `${this.extConfId} at ${this.host}: ${what ?? ""}`);
  }
}
