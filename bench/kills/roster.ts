import type { Request } from "../../simulators/webex/client.ts";
import type { AdapterMessage } from "../../simulators/webex/server.ts";
import type { ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";

/** A caller, by the notifications to one TSP server. */
export interface Attendee {
  readonly number: string;
  muted: boolean;
  /** `main`, or the SubConfID. */
  room: string;
}

/** One conference as one TSP server knows it, by the posts of the adapter alone. */
export class Roster {
  readonly extConfId: ExtConfId;
  state: "requested" | "running" | "refused" | "ended" = "requested";
  readonly attendees = new Map<ExtCallId, Attendee>();
  /** Notifications that came once too often, a sentence for each. */
  readonly repeats: string[] = [];
  private readonly numbers = new Set<string>();
  private readonly left = new Set<ExtCallId>();
  /** Pending requests: an answer names its request only by MsgID. */
  private readonly asked = new Map<MsgId, Request>();

  constructor(extConfId: ExtConfId) {
    this.extConfId = extConfId;
  }

  /** `extCallId`: the server's name for this caller. */
  enter(message: Extract<AdapterMessage, { type: "caller-entered" }>, extCallId: ExtCallId): void {
    if (!("extConfId" in message) || message.extConfId !== this.extConfId) return;
    const number = message.did ?? "";
    if (this.numbers.has(number)) this.repeats.push(`${this.extConfId} was notified twice that ${number} entered`);
    this.numbers.add(number); // Each call has a number of its own.
    this.attendees.set(extCallId, { number, muted: false, room: "main" });
  }

  ask(request: Request): void {
    this.asked.set(request.msgId, request);
  }

  receive(message: AdapterMessage): void {
    if ("result" in message) return this.receiveAnswer(message);
    if (!("extConfId" in message) || message.extConfId !== this.extConfId) return;
    switch (message.type) {
      case "conference-changed":
        if (message.status === "ended") this.end();
        break;
      case "caller-changed": {
        const attendee = this.attendees.get(message.extCallId);
        if (message.status === "left") this.leave(message.extCallId);
        else if (attendee) attendee.muted = message.status === "muted";
        break;
      }
      case "sub-conference-call-changed":
        this.move(message.extCallId, message.action === "added" ? message.subConfId : "main");
        break;
      case "joined-sub-conference":
        this.move(message.extCallId, message.subConfId);
        break;
    }
  }

  private receiveAnswer({ msgId, result }: Extract<AdapterMessage, { readonly result: unknown }>): void {
    const request = this.asked.get(msgId);
    if (request?.type === "create-conference") this.state = result === "ok" ? "running" : "refused";
    if (request?.type !== "close-sub-conference" || result !== "ok") return;
    for (const attendee of this.attendees.values()) if (attendee.room === request.subConfId) attendee.room = "main";
  }

  private move(extCallId: ExtCallId, room: string): void {
    const attendee = this.attendees.get(extCallId);
    if (attendee) attendee.room = room;
  }

  private leave(extCallId: ExtCallId): void {
    if (this.left.has(extCallId)) this.repeats.push(`${this.extConfId} was notified twice that ${extCallId} left`);
    this.left.add(extCallId);
    this.attendees.delete(extCallId);
  }

  private end(): void {
    if (this.state === "ended") this.repeats.push(`${this.extConfId} was notified twice that it ended`);
    this.state = "ended";
    this.attendees.clear();
  }
}
