import type { Result } from "../../src/foundation/result.ts";
import { command } from "../command.ts";
import { findTool, type Tool } from "../debian/find-tool.ts";

/** A Chromium that can be run. `CHROMIUM` names one. */
export function findChromium(folder?: string): Promise<Result<Tool, string>> {
  return findTool({
    name: "chromium",
    what: "Chromium",
    installedAs: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    variable: "CHROMIUM",
    folder,
  });
}

if (import.meta.main) {
  const program = command(
    "chromium",
    "Gets a Chromium, for the tests of pages: what is installed, else Debian's packages in a folder of their own. Installs nothing.",
  )
    .argument("[folder]", "where the packages go; by default `.chromium` in this project")
    .parse();
  const found = await findChromium(program.args[0]);
  if (found.ok) {
    console.log(`version  ${found.value.version}\nprogram  ${found.value.program}`);
  } else {
    console.error(found.error);
    process.exitCode = 1;
  }
}
