import { masked } from "../src/foundation/masked.ts";
import type { Act } from "./bridge-side.ts";

/** What a log says of an act; `personal`: whether numbers, attendee IDs and the conference's key stand there as they are. */
export function actForLog({ id, conference, act }: Act, personal: boolean): Readonly<Record<string, unknown>> {
  const { type, ...details } = act;
  const hide = personal ? (text: string) => text : masked;
  // Ids that the edge made begin with the conference's key.
  const hideKey = (id: string) => (conference ? id.replace(conference, hide(conference)) : id);
  const known = { id: hideKey(id), conference: conference && hide(conference) };
  const shown: Record<string, unknown> = { ...known, act: type, ...details };
  if ("call" in act) shown.call = hideKey(act.call);
  if ("room" in act) shown.room = hideKey(act.room);
  if (act.type === "dial") shown.number = hide(act.number.country + act.number.area + act.number.local);
  if (act.attendeeId) shown.attendeeId = hide(act.attendeeId);
  if (act.type === "create-conference" && act.anonymousId) shown.anonymousId = hide(act.anonymousId);
  return shown;
}
