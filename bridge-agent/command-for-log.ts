import { masked } from "../src/foundation/masked.ts";
import type { Execution } from "./bridge-side.ts";

/** What a log says of an act; `personal`: whether numbers, attendee IDs and the conference's key stand there as they are. */
export function commandForLog(
  { id, conference, command }: Execution,
  personal: boolean,
): Readonly<Record<string, unknown>> {
  const { type, ...details } = command;
  const hide = personal ? (text: string) => text : masked;
  // Ids that the edge made begin with the conference's key.
  const hideKey = (id: string) => (conference ? id.replace(conference, hide(conference)) : id);
  const known = { id: hideKey(id), conference: conference && hide(conference) };
  const shown: Record<string, unknown> = { ...known, command: type, ...details };
  if ("call" in command) shown.call = hideKey(command.call);
  if ("room" in command) shown.room = hideKey(command.room);
  if (command.type === "dial") shown.number = hide(command.number.country + command.number.area + command.number.local);
  if (command.type === "admit" && command.attendeeId) shown.attendeeId = hide(command.attendeeId);
  if (command.type === "create-conference" && command.anonymousId) shown.anonymousId = hide(command.anonymousId);
  return shown;
}
