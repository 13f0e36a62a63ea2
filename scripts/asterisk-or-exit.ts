import { type AsteriskWithSipp, findAsteriskWithSipp } from "./asterisk.ts";

/** An Asterisk with telephones, for a command that cannot do without. Otherwise it ends the process, with one sentence. */
export async function asteriskOrExit(what: string): Promise<AsteriskWithSipp> {
  const found = await findAsteriskWithSipp();
  if (found.ok) return found.value;
  console.error(`${what}: ${found.error}`);
  process.exit(1);
}
