import { type Attribute, rowsByName } from "./messages.ts";
import type { Element } from "./xml.ts";

/** Returns how a message deviates from the documents; nothing for a message that no document names. */
export function faultsOf({ name, attributes }: Element): string[] {
  const row = rowsByName.get(name);
  if (row?.standing !== "documented") return [];
  const faults = row.attributes
    .filter(({ standing }) => standing === "documented")
    .flatMap((attribute) => {
      const value = attributes[attribute.name];
      const absent = value === undefined ? "is missing" : "is empty";
      const fault = value ? faultOfValue(name, value, attribute) : attribute.required && absent;
      return fault ? [`${attribute.name} ${fault}`] : [];
    });
  const { SpeakingFlags, ExtCallIDs } = attributes;
  if (name === "A2W_NotifySpeakingStatus" && SpeakingFlags?.split("%").length !== ExtCallIDs?.split("%").length)
    faults.push(`ExtCallIDs "${ExtCallIDs}" and SpeakingFlags "${SpeakingFlags}" differ in number`);
  return faults;
}

function faultOfValue(message: string, value: string, { name, type, max, unit, codes }: Attribute): string | null {
  const length = unit === "bytes" ? new TextEncoder().encode(value).length : [...value].length;
  if (max !== undefined && length > max) return `has ${length} ${unit ?? "characters"}; at most ${max} are allowed`;
  const shown = `is "${value.slice(0, 60)}"`;
  switch (type) {
    case "integer":
      return /^[+-]?\d{1,15}$/.test(value) ? null : `${shown}, not a whole number`;
    case "code": {
      if (!/^-?\d{1,9}$/.test(value)) return `${shown}, not a number`;
      // Only this list of codes is complete. Others come from examples, so unlisted codes can be right.
      const isComplete = message === "A2W_NotifyConferenceChange" && name === "Status";
      return isComplete && !codes?.includes(Number(value)) ? `${shown}, which is not in the documents` : null;
    }
    case "digits":
      return /^\d+$/.test(value) ? null : `${shown}, not digits`;
    case "boolean":
      return /^(?:0|1|true|false)$/i.test(value) ? null : `${shown}, not 0, 1, True or False`;
    case "flags":
      return /^[YN](?:%[YN])*$/.test(value) ? null : `${shown}, not Y or N joined by %`;
    case "list":
      return /^[^%]+(?:%[^%]+)*$/.test(value) ? null : `${shown}, not ids joined by %`;
    case "host":
      return /^\S+$/.test(value) ? null : `${shown}, not a host`;
    default:
      return null;
  }
}
