const leastCharacters = 16;
const leastDifferent = 8;

/** Why a token can be guessed, as the rest of a sentence about it; `null`: it cannot. */
export function weaknessOf(token: string): string | null {
  if (token.length < leastCharacters) return `can be guessed: it is shorter than ${leastCharacters} characters`;
  if (new Set(token).size < leastDifferent)
    return `can be guessed: it has fewer than ${leastDifferent} different characters`;
  return null;
}

export const strongToken = "`openssl rand -hex 24` makes one that cannot";
