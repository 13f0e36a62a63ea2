import { isRecord } from "./record.ts";
import { masked } from "./shown.ts";

/** A line of the edge's log without the numbers of people. A conference's key is what callers key in to enter; details of a fault quote what stood in a message. */
export function withoutPersonal(line: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const safe: Record<string, unknown> = { ...line };
  const { conference } = line;
  for (const field of ["conference", "number"]) if (typeof safe[field] === "string") safe[field] = masked(safe[field]);
  if (typeof safe.detail === "string") safe.detail = maskedQuotation(safe.detail);
  // Of an operator's action: what it was about.
  const { about } = line;
  if (isRecord(about) && typeof about.confKey === "string") safe.about = withoutKey(about, about.confKey);
  if (typeof conference !== "string") return safe;
  // Ids that we made begin with the key, and a handle of WebEx may contain it.
  for (const field of ["note", "call", "commandId", "extConfId"]) {
    const text = safe[field];
    if (typeof text === "string") safe[field] = text.replaceAll(conference, masked(conference));
  }
  return safe;
}

function withoutKey(facts: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const shown = (value: unknown) => (typeof value === "string" ? value.replaceAll(key, masked(key)) : value);
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, shown(value)]));
}

/** The sentence with everything between its first and its last quotation mark masked. */
function maskedQuotation(sentence: string): string {
  return sentence.replace(/"(.*)"/s, (_, quoted: string) => `"${masked(quoted)}"`);
}
