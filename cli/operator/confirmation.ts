import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { printable } from "../../src/foundation/text/printable.ts";
import { StartError } from "../edge/program.ts";

/** Option of commands that ask for confirmation. */
export interface Confirmed {
  readonly yes?: true;
}

export const askingFirst = (command: Command) => command.option("--yes", "skip the confirmation prompt");

/** Asks for confirmation unless `--yes` is given. Throws without a terminal. */
export async function isConfirmed({ yes }: Confirmed, question: string, ask = terminalQuestion()): Promise<boolean> {
  if (yes) return true;
  if (ask === null) throw new StartError("Nothing was done. There is no terminal to ask for confirmation: add --yes.");
  return isAgreed(question, ask);
}

/** Asks for confirmation if there is a terminal. `null` asks nothing, because at most one caller is affected. */
export async function isAgreed(question: string | null, ask = terminalQuestion()): Promise<boolean> {
  if (question === null || ask === null) return true;
  if (/^y(?:es)?$/i.test((await ask(`${printable(question)} [y/N] `)).trim())) return true;
  console.error("Nothing was done.");
  process.exitCode = 1;
  return false;
}

/** Returns `null` without a terminal. */
function terminalQuestion(): ((question: string) => Promise<string>) | null {
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY || !output.isTTY) return null;
  return async (question) => {
    const lines = createInterface({ input, output });
    // A closed terminal is a no.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    try {
      return await Promise.race([lines.question(question), closed]);
    } finally {
      lines.close();
    }
  };
}
