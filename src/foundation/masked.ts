/** A name, telephone number or access code for the log: only its last two characters, so that a reader can tell two apart. */
export function masked(text: string): string {
  return text.length <= 2 ? "**" : `${"*".repeat(Math.min(text.length, 12) - 2)}${text.slice(-2)}`;
}

/** The sentence with everything between its first and its last quotation mark masked. */
export function maskedQuotation(sentence: string): string {
  return sentence.replace(/"(.*)"/s, (_, quoted: string) => `"${masked(quoted)}"`);
}
