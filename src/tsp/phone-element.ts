import type { PhoneNumber } from "../foundation/phone-number.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { childrenNamed } from "./element-name.ts";
import type { ValueFault } from "./read-value.ts";
import type { XmlElement } from "./xml.ts";

/** The children of PhoneNum in the order in which they are written (protocol 2.2.4). */
export const phoneParts = [
  { part: "country", wire: "CountryCode", required: true },
  { part: "area", wire: "AreaCode", required: false },
  { part: "local", wire: "LocalNumber", required: true },
  { part: "extension", wire: "Extension", required: false },
] as const;

const maxDigits = 64;

/** The telephone number in a message's child of this name; `undefined` where there is none. */
export function readPhone(
  message: XmlElement,
  wire: string,
  notes: string[],
): Result<PhoneNumber | undefined, ValueFault> {
  const [phone, ...more] = childrenNamed(message, wire, notes);
  if (!phone) return ok(undefined);
  if (more.length > 0) return err({ result: "wrong-type", detail: "must stand once" });

  const number = { country: "", area: "", local: "", extension: "" };
  for (const { part, wire: name, required } of phoneParts) {
    const [child, ...others] = childrenNamed(phone, name, notes);
    const digits = child?.text.trim() ?? "";
    if (others.length > 0) return err({ result: "wrong-type", detail: `has several ${name}` });
    if (required && digits === "") return err({ result: "attribute-missing", detail: `has no ${name}` });
    if (digits.length > maxDigits) return err({ result: "too-long", detail: `has a ${name} longer than ${maxDigits}` });
    if (!/^\d*$/.test(digits)) {
      return err({ result: "wrong-type", detail: `has the ${name} "${digits}", must be digits` });
    }
    number[part] = digits;
  }
  return ok(number);
}
