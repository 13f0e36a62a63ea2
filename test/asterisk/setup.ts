import type { TestProject } from "vitest/node";
import { type AsteriskHome, findAsterisk } from "../../scripts/tools/find-asterisk.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The Asterisk to test with; after it an old one, 16, where `BRIDGEHEAD_ASTERISK_16` names its folder, or is 1. */
    readonly asterisks: readonly AsteriskHome[];
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const { BRIDGEHEAD_ASTERISK_16: old } = process.env;
  const found = [await findAsterisk({ withSipp: true })];
  if (old) found.push(await findAsterisk({ suites: ["bullseye"], ...(old !== "1" && { folder: old }) }));
  const homes = found.map((each) => {
    if (!each.ok) throw new Error(`there is no Asterisk to test with: ${each.error}`);
    return each.value;
  });
  const { version } = homes[1] ?? {};
  if (version && !version.startsWith("Asterisk 16."))
    throw new Error(`BRIDGEHEAD_ASTERISK_16=${old} is ${version}, not 16`);
  project.provide("asterisks", homes);
}
