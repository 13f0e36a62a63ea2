/** A line of the edge's log. A conference's key is what callers key in to enter; details of a fault quote what stood in a message. */
export function withoutPersonal(line: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const safe: Record<string, unknown> = { ...line };
  for (const field of ["confKey", "conference"]) if (typeof safe[field] === "string") safe[field] = masked(safe[field]);
  if (typeof safe.detail === "string") safe.detail = maskedQuotation(safe.detail);
  const { confKey } = line;
  // Ids of calls that we dialled begin with the key.
  if (typeof safe.note === "string" && typeof confKey === "string")
    safe.note = safe.note.replaceAll(confKey, masked(confKey));
  return safe;
}

/** A name, telephone number or access code for the log: only its last two characters, so that a reader can tell two apart. */
export function masked(text: string): string {
  return text.length <= 2 ? "**" : `${"*".repeat(Math.min(text.length, 12) - 2)}${text.slice(-2)}`;
}

/** The sentence with everything between its first and its last quotation mark masked. */
function maskedQuotation(sentence: string): string {
  return sentence.replace(/"(.*)"/s, (_, quoted: string) => `"${masked(quoted)}"`);
}
