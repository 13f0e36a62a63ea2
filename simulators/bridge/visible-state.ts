import type { World } from "./world.ts";

/** The state as the control interface shows it. */
export function visibleState(world: World): unknown {
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
    joinTone: call.joinTone,
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
