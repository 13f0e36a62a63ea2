import { err, ok, type Result } from "../doors/foundation.ts";

/** Names of the templates in dialInSequences (protocol 6.6). `LG`: with profile and PIN. `PW`: with a password, too. */
export const dialInNames = ["", "LG", "LGPW"].flatMap((kind) => [
  `Auto${kind}DialInSequence`,
  `Silent${kind}DialInSequence`,
]);

/** A filled-in template, such as `14085550142,,*00*4711001#,,,[AttendeeID]#`. A comma is a pause. */
export interface DialInSequence {
  readonly name: string;
  /** Values that only the caller knows stay as names in brackets. */
  readonly dialString: string;
}

const placeholders = ["AccessNumber", "AccessCode", "AttendeeID", "ProfileID", "PIN", "Password"];
const mostCharacters = 4_096;

export type DialInValues = Readonly<Record<string, string | undefined>>;

/** Fills in a session's templates. Leaves out unknown names. `faults`: a sentence for each wrong template. */
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

/** Fills in one template. The error contains no value, because values can be secret. */
function filled(template: string, values: DialInValues): Result<string, string> {
  let dialString = "";
  for (const [part, name] of template.matchAll(/\[(\w*)\]|[\d*#+,]+|[\s\S]/gu)) {
    if (/^[\d*#+,]/.test(part)) {
      dialString += part;
      continue;
    }
    if (name === undefined || !placeholders.includes(name))
      return err(`has ${part}, which is not a DTMF digit, a pause or a placeholder`);
    const isNumber = name === "AccessNumber";
    if (isNumber && dialString !== "") return err("must have AccessNumber first");
    const value = values[name]?.replace(/[\s()./-]/g, "") ?? "";
    if (!(isNumber ? /^(?:\+?\d{1,32})?$/ : /^\d{0,64}$/).test(value)) return err(`needs digits for ${name}`);
    dialString += value || part;
  }
  return dialString === "" ? err("is empty") : ok(dialString);
}
