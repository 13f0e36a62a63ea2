import type { TestProject } from "vitest/node";
import { type AsteriskHome, findAsterisk } from "../../scripts/asterisk.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The Asterisk to test with; after it an old one, 16, where `BRIDGEHEAD_ASTERISK_16` names its folder, or is 1. */
    readonly asterisks: readonly (AsteriskHome & { readonly sipp: string })[];
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const { BRIDGEHEAD_ASTERISK_16: old } = process.env;
  const found = [await findAsterisk()];
  if (old) found.push(await findAsterisk({ suites: ["bullseye"], ...(old !== "1" && { folder: old }) }));
  const homes = found.map((each) => {
    if (!each.ok) throw new Error(`there is no Asterisk to test with: ${each.error}`);
    const { sipp } = each.value;
    if (sipp === null) throw new Error(`there is no sipp beside the installed ${each.value.version}`);
    return { ...each.value, sipp };
  });
  project.provide("asterisks", homes);
}
