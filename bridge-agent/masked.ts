import type { BridgeAct } from "../src/bridge/driving.ts";

/** What a log may say of an act: phone numbers and attendee IDs only in so far as two of them can be told apart. */
export function actForLog(act: BridgeAct): Readonly<Record<string, unknown>> {
  const { type, ...details } = act;
  if (act.type === "dial") {
    const { country, area, local } = act.number;
    return { act: type, ...details, number: masked(country + area + local) };
  }
  const attendeeId = act.attendeeId ? { attendeeId: masked(act.attendeeId) } : {};
  const anonymousId =
    act.type === "create-conference" && act.anonymousId ? { anonymousId: masked(act.anonymousId) } : {};
  return { act: type, ...details, ...attendeeId, ...anonymousId };
}

/** The last two digits. */
export function masked(digits: string): string {
  return digits.length <= 2 ? "**" : `${"*".repeat(digits.length - 2)}${digits.slice(-2)}`;
}
