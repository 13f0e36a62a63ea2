import { createInterface } from "node:readline/promises";
import { printable } from "../../src/foundation/text/printable.ts";

/** The option of commands that ask back. */
export interface Agreement {
  readonly yes?: true;
}

/** Who can be asked. */
export interface PersonAsked {
  /** `null`: nobody sits at a terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  note(line: string): void;
}

/** Whoever sits at this process's terminal. */
export function ownQuestions(): PersonAsked {
  const { stdin: input, stderr: output } = process;
  const note = (line: string) => console.error(line);
  if (!input.isTTY || !output.isTTY) return { ask: null, note };
  const ask = async (question: string) => {
    const lines = createInterface({ input, output });
    // A terminal that is closed has not agreed.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    try {
      return await Promise.race([lines.question(question), closed]);
    } finally {
      lines.close();
    }
  };
  return { ask, note };
}

/** True if the user agrees, or need not be asked: there is no terminal, or `question` is `null` (at most one caller is affected). */
export async function isAgreed(question: string | null, { ask, note }: PersonAsked): Promise<boolean> {
  if (question === null || ask === null) return true;
  if (/^y(?:es)?$/i.test((await ask(`${printable(question)} [y/N] `)).trim())) return true;
  note("Nothing was done.");
  process.exitCode = 1;
  return false;
}
