import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { portFrom } from "../port.ts";
import { startSimulatedSite } from "./server.ts";
import type { UserRow } from "./tables.ts";

/** A WebEx site as a program. `WEBEX_SITE_FOLDER` keeps its database and its users' passwords; without it, nothing is kept. */
const port = portFrom("WEBEX_SITE_PORT", 8796, fail);
const folder = process.env.WEBEX_SITE_FOLDER;
process.umask(0o077); // Passwords are for the one who starts it.
if (folder) mkdirSync(folder, { recursive: true });

const { site, close, ...started } = await startSimulatedSite(port, {
  file: folder ? join(folder, "site.sqlite") : ":memory:",
  now: () => Date.now(),
  draw: () => randomBytes(12).toString("base64url"),
}).catch((error: NodeJS.ErrnoException) =>
  fail(
    error.code === "EADDRINUSE"
      ? `port ${port} is taken; set WEBEX_SITE_PORT to a free one`
      : `cannot start on port ${port}: ${error.message}`,
  ),
);
const users = site.all<UserRow>("SELECT * FROM users ORDER BY user_id");
if (folder) {
  const passwords = Object.fromEntries(users.map(({ web_ex_id, password }) => [web_ex_id, password]));
  writeFileSync(join(folder, "passwords.json"), `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
}
console.log(`simulated site: http://127.0.0.1:${started.port}/${site.row.name}/`);

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
