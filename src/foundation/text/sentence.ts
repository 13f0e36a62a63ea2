/** Words of ours as a sentence of a page: they begin with a capital, and end with a full stop. */
export function sentence(words: string): string {
  const begun = words.slice(0, 1).toUpperCase() + words.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
