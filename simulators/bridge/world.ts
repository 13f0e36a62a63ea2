import type { EndReason } from "../../src/bridge/events.ts";
import type { AccessCodes } from "../../src/bridge/schemas.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

export type RoomKind = "main" | "sub" | "private";

export interface Conference {
  readonly key: ConfKey;
  /** For whom it was created; `null`: it is the bridge's own. */
  readonly owner: string | null;
  locked: boolean;
  reportsSpeakers: boolean;
  anonymousId: string | null;
  accessCodes: AccessCodes | null;
  /** `null`, and 0: any number. */
  maxCallers: number | null;
  readonly rooms: Map<RoomId, RoomKind>;
}

export interface Call {
  readonly id: CallId;
  readonly direction: "in" | "out";
  /** Digits; of a dialled call the country's, area's and local ones in a row. */
  readonly number: string;
  /** The number that a caller dialled in at, if known; `""` for a dialled call. */
  readonly dialled: string;
  readonly extension: string | null;
  /** `null` for a caller at the prompt. */
  conference: ConfKey | null;
  /** `answered`: dialled and picked up, not in a room yet. */
  stage: "prompted" | "ringing" | "answered" | "entered" | "ended";
  room: RoomId | null;
  muted: boolean;
  /** As its admission said; `null`: it was not admitted, or moved straight into a room. */
  joinTone: boolean | null;
  attendeeId: string | null;
  /** As its admission said. */
  host?: true;
  talking: boolean;
  /** Whether `talking` was reported to the agent. */
  reportedTalking: boolean;
  /** Pressed since the prompt. */
  keys: string;
  /** What agents had it told. */
  readonly heard: string[];
  endReason: EndReason | null;
}

/** How many ended calls stay listed. */
const ENDED_CALLS_KEPT = 1_000;
/** Far more keys than a caller at the prompt needs; older ones are dropped. */
const KEYS_KEPT = 200;

/** The calls and conferences that a bridge holds. */
export class World {
  readonly conferences = new Map<ConfKey, Conference>();
  readonly calls = new Map<CallId, Call>();
  /** Oldest first. */
  readonly ended = new Map<CallId, Call>();
  /** How many calls it carries at most; `null`: any number. Set before agents connect, who are told it. */
  ports: number | null = null;

  /** One that exists stays as it is, whosever it is. */
  addConference(key: ConfKey, owner: string | null): Conference {
    const known = this.conferences.get(key);
    if (known) return known;
    const rooms = new Map<RoomId, RoomKind>([[MAIN_ROOM, "main"]]);
    const added = {
      key,
      owner,
      locked: false,
      reportsSpeakers: false,
      anonymousId: null,
      accessCodes: null,
      maxCallers: null,
      rooms,
    };
    this.conferences.set(key, added);
    return added;
  }

  /** It takes no more calls. */
  get isFull(): boolean {
    return this.ports !== null && this.calls.size >= this.ports;
  }

  /** The id of an ended call may be used again: it is then a new call. */
  addCall(call: Pick<Call, "id" | "direction" | "number" | "dialled" | "extension" | "conference" | "stage">): Call {
    const added: Call = {
      ...call,
      room: null,
      muted: false,
      joinTone: null,
      attendeeId: null,
      talking: false,
      reportedTalking: false,
      keys: "",
      heard: [],
      endReason: null,
    };
    this.ended.delete(call.id);
    this.calls.set(call.id, added);
    return added;
  }

  find(id: CallId): Call | undefined {
    return this.calls.get(id) ?? this.ended.get(id);
  }

  press(call: Call, keys: string): void {
    if (call.stage === "prompted") call.keys = (call.keys + keys).slice(-KEYS_KEPT);
  }

  endCall(call: Call, reason: EndReason): void {
    call.stage = "ended";
    call.endReason = reason;
    call.room = null;
    call.talking = false;
    call.reportedTalking = false;
    this.calls.delete(call.id);
    this.ended.set(call.id, call);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= ENDED_CALLS_KEPT) break;
      this.ended.delete(oldest);
    }
  }

  endConference(key: ConfKey): void {
    for (const call of this.callsOf(key)) this.endCall(call, "conference-ended");
    this.conferences.delete(key);
  }

  callsOf(key: ConfKey): Call[] {
    return [...this.calls.values()].filter((call) => call.conference === key);
  }
}
