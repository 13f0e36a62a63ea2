import { err, ok, type Result } from "../doors/foundation.ts";

/** The templates of dialInSequences (protocol 6.6): audible or silent; by profile and PIN; by these and a password. */
export const dialInNames = ["", "LG", "LGPW"].flatMap((kind) => [
  `Auto${kind}DialInSequence`,
  `Silent${kind}DialInSequence`,
]);

/** What a telephone dials for a template: `14085550142,,*00*4711001#,,,[AttendeeID]#`, a comma for each pause. */
export interface DialInSequence {
  readonly name: string;
  /** With the names, in brackets, of what only the caller knows. */
  readonly dialString: string;
}

const placeholders = ["AccessNumber", "AccessCode", "AttendeeID", "ProfileID", "PIN", "Password"];
const mostCharacters = 4_096;

export type DialInValues = Readonly<Record<string, string | undefined>>;

/** Fills in a session's templates. Templates of other names are left out; `faults` says which are wrong, and how. */
export function dialInSequences(text: string, values: DialInValues) {
  const sequences: DialInSequence[] = [];
  const faults: string[] = [];
  if (text.length > mostCharacters) faults.push(`dialInSequences is longer than ${mostCharacters} characters`);
  for (const entry of text.length > mostCharacters ? [] : text.split("|")) {
    const [name = "", ...rest] = entry.trim().split(":");
    if (!dialInNames.includes(name)) continue;
    const dialString = filled(rest.join(":").trim(), values);
    if (dialString.ok) sequences.push({ name, dialString: dialString.value });
    else faults.push(`${name} ${dialString.error}`);
  }
  return { sequences, faults };
}

/** The error never has a value. */
function filled(template: string, values: DialInValues): Result<string, string> {
  let dialString = "";
  for (const [part, name] of template.matchAll(/\[(\w*)\]|[\d*#+,]+|[\s\S]/gu)) {
    if (/^[\d*#+,]/.test(part)) {
      dialString += part;
      continue;
    }
    if (name === undefined || !placeholders.includes(name))
      return err(`has ${part}, which is not a key, a pause or a placeholder`);
    const isNumber = name === "AccessNumber";
    if (isNumber && dialString !== "") return err("must have AccessNumber first");
    const value = values[name]?.replace(/[\s()./-]/g, "") ?? "";
    if (!(isNumber ? /^(?:\+?\d{1,32})?$/ : /^\d{0,64}$/).test(value)) return err(`needs digits for ${name}`);
    dialString += value || part;
  }
  return dialString === "" ? err("is empty") : ok(dialString);
}
