/** What a log may say of a name, number or access code: its last two characters, so that two of them can be told apart. */
export function masked(text: string): string {
  return text.length <= 2 ? "**" : `${"*".repeat(Math.min(text.length, 12) - 2)}${text.slice(-2)}`;
}

/** A sentence of ours whose quotation, from the first quotation mark to the last, is masked. */
export function maskedQuotation(sentence: string): string {
  return sentence.replace(/"(.*)"/s, (_, quoted: string) => `"${masked(quoted)}"`);
}
