import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SampleValues, sampleConfig } from "../../bridge-agent/drivers/asterisk/setup/sample-config.ts";
import type { AsteriskHome } from "../tools/find-asterisk.ts";

export interface FolderOptions {
  /** Added at the end of a configuration file, by its name. */
  readonly added?: Readonly<Record<string, string>>;
  /** The configuration files by name, as they will be written. */
  readonly change?: (files: Record<string, string>) => void;
}

/** How to run it: `-f` leaves it this process, `-C` is its configuration. */
export function asteriskArguments(folder: string): readonly string[] {
  return ["-f", "-C", join(folder, "etc", "asterisk.conf")];
}

/** A folder with all that an Asterisk reads and writes, with the sample configuration. What an earlier run has written there stays. */
export function writeAsteriskFolder(
  home: AsteriskHome,
  folder: string,
  values: SampleValues,
  { added = {}, change }: FolderOptions = {},
): void {
  for (const name of ["etc", "data/sounds", "state/keys"]) mkdirSync(join(folder, name), { recursive: true });
  const link = (target: string, name: string) => {
    rmSync(join(folder, "data", name), { force: true });
    symlinkSync(target, join(folder, "data", name));
  };
  for (const name of ["documentation", "rest-api", "static-http"]) {
    if (existsSync(join(home.data, name))) link(join(home.data, name), name);
  }
  if (home.sounds) link(home.sounds, join("sounds", "en"));
  const [etc, data, state] = ["etc", "data", "state"].map((name) => join(folder, name));
  const folders = { etc, data, state, modules: home.modules } as NonNullable<SampleValues["folders"]>;
  const files: Record<string, string> = { ...sampleConfig({ ...values, folders }) };
  for (const [name, text] of Object.entries(added)) files[name] = `${files[name] ?? ""}\n${text}\n`;
  change?.(files);
  // The password of ARI is in one of them.
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "etc", name), text, { mode: 0o600 });
}
