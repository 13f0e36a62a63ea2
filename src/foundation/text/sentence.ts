/** Words of ours as a sentence of a page: they begin with a capital, and end with a full stop. */
export function sentence(words: string): string {
  const begun = capitalized(words);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** The text to start a sentence. */
export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
