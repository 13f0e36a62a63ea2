import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteOptions } from "./site.ts";

/** Each user's password, as JSON by name. */
export function passwordsFile(folder: string): string {
  return join(folder, "passwords.json");
}

/** A site with its database and its users' passwords in the folder; without a folder, in memory. */
export function siteIn(folder: string | undefined): Omit<SiteOptions, "address"> {
  const machine = { now: () => Date.now(), draw: () => randomBytes(12).toString("base64url") };
  if (!folder) return { ...machine, file: ":memory:" };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    ...machine,
    file: join(folder, "site.sqlite"),
    onPasswords: (passwords) => {
      const file = passwordsFile(folder);
      // Renamed into place, so that readers never see half a file.
      writeFileSync(`${file}.new`, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
