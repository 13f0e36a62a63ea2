import { isTimedOnBridge, LATEST_MS, ON_BRIDGE_MS } from "../bridge/deadlines.ts";
import type { CallId, EpochMs, RoomId } from "../foundation/ids.ts";
import { actionsOf } from "./facts.ts";
import type { Caller, Head, PendingCommand, Room } from "./state.ts";

/** The state, or a draft of it. */
interface Entries {
  readonly head: Head;
  readonly callers: { get(call: CallId): Caller | undefined };
  readonly rooms: { get(room: RoomId): Room | undefined };
}

/** Who waits for a command, and when they are answered with a failure at the latest. */
type Waiter =
  | { readonly for: "command" | "end"; readonly until: EpochMs }
  | { readonly for: "closing"; readonly room: Room; readonly until: EpochMs };

/**
 * Who waits for this command: for itself, or for the end of the conference or the closing of a room, of which it is a part. `null`:
 * nobody, or for a time of its own.
 */
export function waiterFor({ head, callers, rooms }: Entries, pending: PendingCommand): Waiter | null {
  const { command, request, group, by = [], answerBy, expired, bridge } = pending;
  if (expired || bridge !== undefined || !isTimedOnBridge(command)) return null;
  if (request || group !== undefined || actionsOf(by).length > 0)
    return answerBy === null ? null : { for: "command", until: answerBy };
  if (command.type === "end-conference") {
    const closing = head.phase === "running" ? head.closing : undefined;
    return closing && closing.requests.length > 0 ? { for: "end", until: closing.answerBy } : null;
  }
  const caller = "call" in command ? callers.get(command.call) : undefined;
  const id = command.type === "close-room" ? command.room : caller?.room;
  const room = id === undefined ? undefined : rooms.get(id);
  return room?.closeRequest ? { for: "closing", room, until: room.closeRequest.answerBy } : null;
}

/** When the bridge has been at work on it for too long, for whoever waits; `null`: nobody does. Who began to wait later, waits as long. */
export function overdueAt(state: Entries, pending: PendingCommand, begunAt: EpochMs): EpochMs | null {
  const waiter = waiterFor(state, pending);
  return waiter && Math.max(begunAt, waiter.until - LATEST_MS) + ON_BRIDGE_MS;
}
