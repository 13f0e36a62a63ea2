import type { Call, RoomKind, World } from "./world.ts";

/** The state as the control interface shows it. */
export interface VisibleState {
  readonly conferences: readonly {
    readonly key: string;
    readonly locked: boolean;
    readonly reportsSpeakers: boolean;
    readonly rooms: readonly { readonly id: string; readonly kind: RoomKind; readonly calls: readonly string[] }[];
  }[];
  readonly calls: readonly VisibleCall[];
}

interface VisibleCall
  extends Pick<
    Call,
    | "id"
    | "direction"
    | "number"
    | "extension"
    | "conference"
    | "room"
    | "muted"
    | "talking"
    | "attendeeId"
    | "endReason"
  > {
  readonly state: (typeof states)[Call["stage"]];
  /** Whether the others heard a tone when it entered. */
  readonly joinTone: boolean;
}

export function visibleState(world: World): VisibleState {
  const conferences = [...world.conferences.values()].map(({ key, locked, reportsSpeakers, rooms }) => {
    const calls = world.callsOf(key);
    return {
      key,
      locked,
      reportsSpeakers,
      rooms: [...rooms].map(([id, kind]) => ({
        id,
        kind,
        calls: calls.filter((call) => call.room === id).map((call) => call.id),
      })),
    };
  });
  const calls = [...world.ended.values(), ...world.calls.values()].map((call) => ({
    id: call.id,
    direction: call.direction,
    number: call.number,
    extension: call.extension,
    conference: call.conference,
    state: states[call.stage],
    room: call.room,
    muted: call.muted,
    joinTone: call.joinTone === true,
    talking: call.talking,
    attendeeId: call.attendeeId,
    endReason: call.endReason,
  }));
  return { conferences, calls };
}

/** A call-out that was picked up waits for its agent as a caller at the prompt does. */
const states = {
  prompted: "prompted",
  answered: "prompted",
  ringing: "ringing",
  entered: "in-conference",
  ended: "ended",
} as const;
