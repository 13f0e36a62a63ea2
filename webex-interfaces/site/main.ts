import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { portFrom } from "../doors/programs.ts";
import { startSimulatedSite } from "./server.ts";
import { siteName } from "./site.ts";

/** Starts a simulated site. `WEBEX_SITE_FOLDER`: folder for data and passwords; without it, nothing is stored. */
const port = portFrom("WEBEX_SITE_PORT", 8796, fail);
const folder = process.env.WEBEX_SITE_FOLDER;
const passwordsFile = join(folder ?? "", "passwords.json");
process.umask(0o077); // Only the owner can read the passwords.
if (folder) mkdirSync(folder, { recursive: true, mode: 0o700 });

const { close, ...started } = await startSimulatedSite(port, {
  file: folder ? join(folder, "site.sqlite") : ":memory:",
  now: () => Date.now(),
  draw: () => randomBytes(12).toString("base64url"),
  onPasswords: (passwords) => {
    if (!folder) return;
    // Renamed into place, so that readers never see half a file.
    writeFileSync(`${passwordsFile}.new`, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${passwordsFile}.new`, passwordsFile);
  },
}).catch((error: NodeJS.ErrnoException) =>
  fail(
    error.code === "EADDRINUSE"
      ? `Port ${port} is in use. Set WEBEX_SITE_PORT to a free one.`
      : `Cannot start on port ${port}: ${error.message}`,
  ),
);
console.log(`simulated site: http://127.0.0.1:${started.port}/${siteName}/`);
console.log(
  folder
    ? `Passwords of its users: ${passwordsFile}`
    : "Nothing is stored, and the users' passwords are unknown. Set WEBEX_SITE_FOLDER to a folder for both.",
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await close();
    process.exit(0);
  });
}

function fail(problem: string): never {
  console.error(`simulated site: ${problem}`);
  process.exit(1);
}
