import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Has a script fill a folder from Debian's packages; where the folder is full already, the script does nothing. `what` tells people for
 * what they wait. Returns why the folder could not be filled, in a sentence; `null`: it is full.
 */
export function fillFolder(
  script: string,
  folder: string,
  args: readonly string[],
  what: string,
): Promise<string | null> {
  if (!existsSync(join(folder, "VERSION"))) {
    console.error(`getting ${what} from Debian's packages into ${folder} (once, about 15 s) …`);
  }
  return new Promise((done) => {
    const child = spawn(script, [folder, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let complaints = "";
    child.stderr.on("data", (data: Buffer) => {
      complaints += data;
    });
    child.once("error", (error) => done(`${script} does not run (${error.message})`));
    child.once("close", (code) => done(code === 0 ? null : (complaints.trim().split("\n").at(-1) ?? "")));
  });
}

/** Also where an ordinary user's path does not lead. */
export function programNamed(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
