import type { AdapterMessage } from "../../simulators/webex/server.ts";
import type { ExtCallId, ExtConfId } from "../../src/foundation/ids.ts";

/** A caller as one TSP server was told of it. */
export interface Attendee {
  readonly number: string;
  muted: boolean;
  /** `main`, or the SubConfID. */
  room: string;
}

/** What one TSP server knows of one conference, from nothing but what the adapter posted to it. */
export class Roster {
  readonly extConfId: ExtConfId;
  state: "asked" | "running" | "refused" | "ended" = "asked";
  readonly attendees = new Map<ExtCallId, Attendee>();
  /** What it was told once too often, each a sentence. */
  readonly toldTwice: string[] = [];
  private readonly numbers = new Set<string>();
  private readonly left = new Set<ExtCallId>();

  constructor(extConfId: ExtConfId) {
    this.extConfId = extConfId;
  }

  /** `extCallId`: what the server calls who enters by this message. */
  entered(message: Extract<AdapterMessage, { type: "caller-entered" }>, extCallId: ExtCallId): void {
    if (!("extConfId" in message) || message.extConfId !== this.extConfId) return;
    const number = message.did ?? "";
    if (this.numbers.has(number)) this.toldTwice.push(`${this.extConfId} was told twice that ${number} entered`);
    this.numbers.add(number); // No two calls come from, or go to, the same one.
    this.attendees.set(extCallId, { number, muted: false, room: "main" });
  }

  hears(message: AdapterMessage): void {
    if (!("extConfId" in message) || message.extConfId !== this.extConfId) return;
    switch (message.type) {
      case "conference-created":
        this.state = message.result === "ok" ? "running" : "refused";
        break;
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
      case "sub-conference-closed":
        for (const attendee of this.attendees.values()) {
          if (message.result === "ok" && attendee.room === message.subConfId) attendee.room = "main";
        }
        break;
    }
  }

  private move(extCallId: ExtCallId, room: string): void {
    const attendee = this.attendees.get(extCallId);
    if (attendee) attendee.room = room;
  }

  private leave(extCallId: ExtCallId): void {
    if (this.left.has(extCallId)) this.toldTwice.push(`${this.extConfId} was told twice that ${extCallId} left`);
    this.left.add(extCallId);
    this.attendees.delete(extCallId);
  }

  private end(): void {
    if (this.state === "ended") this.toldTwice.push(`${this.extConfId} was told twice that it ended`);
    this.state = "ended";
    this.attendees.clear();
  }
}
