import type { Told } from "../../simulators/webex/server.ts";
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

  constructor(extConfId: ExtConfId) {
    this.extConfId = extConfId;
  }

  /** `extCallId`: what the server calls who enters by this message. */
  entered(message: Extract<Told, { type: "caller-entered" }>, extCallId: ExtCallId): void {
    if (!("extConfId" in message) || message.extConfId !== this.extConfId) return;
    this.attendees.set(extCallId, { number: message.did ?? "", muted: false, room: "main" });
  }

  hears(message: Told): void {
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
        if (message.status === "left") this.attendees.delete(message.extCallId);
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

  private end(): void {
    this.state = "ended";
    this.attendees.clear();
  }
}
