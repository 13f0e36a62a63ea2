import { type Attribute, rowsByName } from "./messages.ts";
import type { Element } from "./xml.ts";

/** What is wrong with an attribute of a message, and whether a document demands it otherwise. */
interface Fault {
  readonly message: string;
  readonly attribute: string;
  readonly standing: Attribute["standing"];
  readonly text: string;
}

/** What an adapter sent, against the table. Empty for a message that is not in it: another clause says so. */
export function checkMessage({ name, attributes }: Element): Fault[] {
  const row = rowsByName.get(name);
  if (!row) return [];
  const faults: Fault[] = [];
  for (const attribute of row.attributes) {
    const value = attributes[attribute.name];
    const text = value === undefined ? faultOfAbsent(attribute) : faultOfValue(value, attribute);
    const isOpen = value !== undefined && isUnlisted(value, attribute) && !attribute.isPublicList;
    const known = isOpen ? "inferred" : attribute.standing;
    const standing = row.standing === "documented" ? known : row.standing;
    if (text) faults.push({ message: name, attribute: attribute.name, standing, text: `${attribute.name} ${text}` });
  }
  const flags = attributes.SpeakingFlags?.split("%").length;
  if (name === "A2W_NotifySpeakingStatus" && flags !== attributes.ExtCallIDs?.split("%").length) {
    const text = `ExtCallIDs "${attributes.ExtCallIDs}" and SpeakingFlags "${attributes.SpeakingFlags}" are not as many`;
    faults.push({ message: name, attribute: "SpeakingFlags", standing: "documented", text });
  }
  return faults;
}

/** A number that the list of codes does not have. */
function isUnlisted(value: string, { type, codes }: Attribute): boolean {
  return type === "code" && /^-?\d{1,9}$/.test(value) && codes?.[Number(value)] === undefined;
}

function faultOfAbsent({ required }: Attribute): string | null {
  return required ? "is missing" : null;
}

function faultOfValue(value: string, attribute: Attribute): string | null {
  const { required, type, max, unit } = attribute;
  if (value === "") return required ? "is empty" : null;
  const length = unit === "bytes" ? new TextEncoder().encode(value).length : [...value].length;
  if (max !== undefined && length > max) return `has ${length} ${unit ?? "characters"}, and ${max} are allowed`;
  const shown = `is "${value.slice(0, 60)}"`;
  switch (type) {
    case "integer":
      return /^[+-]?\d{1,15}$/.test(value) ? null : `${shown}, not a whole number`;
    case "code":
      if (!/^-?\d{1,9}$/.test(value)) return `${shown}, not a number`;
      return isUnlisted(value, attribute) ? `${shown}, which the documents do not have` : null;
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
