import { type AsteriskHome, findAsterisk } from "./asterisk.ts";

/** An Asterisk with telephones, for a command that cannot do without. Otherwise it ends the process, with one sentence. */
export async function asteriskOrExit(what: string): Promise<AsteriskHome & { readonly sipp: string }> {
  const found = await findAsterisk();
  if (found.ok && found.value.sipp !== null) return { ...found.value, sipp: found.value.sipp };
  console.error(`${what}: ${found.ok ? `there is no sipp beside the installed ${found.value.version}` : found.error}`);
  process.exit(1);
}
