import type { ExtCallId, MsgId, SubConfId } from "../../src/foundation/ids.ts";
import type { ToWebex, ToWebexMessages } from "../../src/tsp/messages.ts";

/** A caller as a server was told. */
interface Attendee {
  muted: boolean;
  room: SubConfId | "main";
  attendeeId: string | null;
}

/** What one server knows of a conference under one handle, made of nothing but what arrived there. */
export class WebexPicture {
  status: "new" | "created" | "running" | "ended" = "new";
  locked = false;
  readonly attendees = new Map<ExtCallId, Attendee>();
  readonly rooms = new Set<SubConfId>();
  /** Rooms whose closing was answered as too late: no message tells that one has closed after all (protocol 2.3.6). */
  readonly perhapsClosed = new Set<SubConfId>();
  /** Entries without a name. */
  readonly nameless = new Map<MsgId, Attendee>();
  /** Entries with a name that is to be said: for the first time, or again. */
  readonly unconfirmed = new Map<MsgId, ExtCallId>();
  readonly #names = new Map<MsgId, ExtCallId>();
  readonly #listening: Set<ExtCallId>;

  /** `listening`: the call-outs that WebEx has asked for to listen alone, and that have not entered. */
  constructor(listening: Set<ExtCallId>) {
    this.#listening = listening;
  }

  /** `closes`: the room that the request of an answer names. */
  hear(message: ToWebex, closes?: SubConfId): void {
    if (this.status === "ended") return;
    switch (message.type) {
      case "conference-created":
        if (message.result === "ok" && this.status === "new") this.status = "created";
        return;
      case "conference-changed":
        return this.#conferenceChanged(message);
      case "caller-entered":
        return this.#entered(message);
      case "caller-changed":
        return this.#callerChanged(message);
      case "sub-conference-changed":
        this.rooms.add(message.subConfId);
        return;
      case "sub-conference-closed":
        if (closes !== undefined) this.#closed(closes, message.result);
        return;
      case "sub-conference-call-changed":
        return this.#placed(message.extCallId, message.action === "added" ? message.subConfId : "main");
      case "joined-sub-conference":
        return this.#placed(message.extCallId, message.subConfId);
      default:
    }
  }

  /** It names the call of this entry. */
  name(msgId: MsgId, extCallId: ExtCallId): void {
    const attendee = this.nameless.get(msgId);
    if (!attendee) return;
    this.nameless.delete(msgId);
    this.attendees.set(extCallId, attendee);
    this.#names.set(msgId, extCallId);
    this.unconfirmed.set(msgId, extCallId);
  }

  #conferenceChanged({ status }: ToWebexMessages["conference-changed"]): void {
    if (status === "ended") this.status = "ended";
    if (status === "running") this.status = "running";
    if (status === "running" || status === "locked") this.locked = status === "locked";
  }

  #entered({ msgId, extCallId, participantType, actionResult, ...entry }: ToWebexMessages["caller-entered"]) {
    const before = this.#names.get(msgId);
    if (before !== undefined) this.unconfirmed.set(msgId, before);
    if (before !== undefined || this.nameless.has(msgId)) return;
    const isListening = extCallId !== undefined && actionResult === "ok" && this.#listening.delete(extCallId);
    const muted = participantType === "silent-monitor" || isListening;
    const attendee: Attendee = { muted, room: "main", attendeeId: entry.attendeeId ?? null };
    if (extCallId === undefined) {
      this.nameless.set(msgId, attendee);
      return;
    }
    this.#names.set(msgId, extCallId);
    this.unconfirmed.set(msgId, extCallId);
    if (actionResult === "ok") this.attendees.set(extCallId, attendee);
  }

  #callerChanged({ extCallId, status, attendeeId, action }: ToWebexMessages["caller-changed"]): void {
    if (status === "left") {
      this.attendees.delete(extCallId);
      return;
    }
    if (action === "joined-main" && !this.attendees.has(extCallId))
      this.attendees.set(extCallId, { muted: false, room: "main", attendeeId: null });
    const attendee = this.#attendee(extCallId);
    attendee.muted = status === "muted";
    if (attendeeId !== undefined) attendee.attendeeId = attendeeId;
  }

  #placed(extCallId: ExtCallId, room: Attendee["room"]): void {
    if (room !== "main" && !this.rooms.has(room))
      throw new Error(`${extCallId} is in ${room}, which WebEx does not know`);
    this.#attendee(extCallId).room = room;
  }

  #closed(subConfId: SubConfId, result: ToWebexMessages["sub-conference-closed"]["result"]): void {
    if (result === "bridge-timeout") this.perhapsClosed.add(subConfId);
    if (result !== "ok") return;
    this.rooms.delete(subConfId);
    for (const attendee of this.attendees.values()) if (attendee.room === subConfId) attendee.room = "main";
  }

  #attendee(extCallId: ExtCallId): Attendee {
    const attendee = this.attendees.get(extCallId);
    if (!attendee) throw new Error(`${extCallId} has changed, and has not entered`);
    return attendee;
  }
}
