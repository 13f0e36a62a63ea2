import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleForNode } from "./edge.ts";
import { licencesOf } from "./licences.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
/** The version of this checkout. */
export const { version }: { readonly version: string } = JSON.parse(
  readFileSync(join(project, "package.json"), "utf8"),
);

/** Builds what runs in production into a folder, `dist` for `npm run build`. Returns the names of the files. */
export async function buildInto(folder: string, builtVersion = version): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "edge"), { recursive: true });
  const [edge, agent, kit] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const bundle = (entry: string, packages: Set<string>, options = {}) =>
    bundleForNode(entry, { version: builtVersion, packages, ...options });
  const command = { command: { tooOld: 1 } };
  const files = {
    "edge/node.mjs": await bundle("src/node.ts", edge),
    "bridgehead.mjs": await bundle("cli/main.ts", edge, command),
    "bridgehead-agent.mjs": await bundle("bridge-agent/main.ts", agent, command),
    // 1 would say that the adapter does not conform.
    "bridgehead-conformance.mjs": await bundle("conformance/main.ts", kit, { command: { tooOld: 2 } }),
    "driver-suite.mjs": await bundle("test/conformance/driver-suite.ts", edge, { external: ["vitest"] }),
    "bridgehead.licences.txt": licencesOf(edge),
    "bridgehead-agent.licences.txt": licencesOf(agent),
    "bridgehead-conformance.licences.txt": licencesOf(kit),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: /^bridgehead.*mjs$/.test(name) ? 0o755 : 0o644 });
  }
  // Beside the program, which writes them for an Asterisk.
  const config = join(project, "bridge-agent", "drivers", "asterisk", "setup", "config");
  cpSync(config, join(folder, "config"), { recursive: true });
  return Object.keys(files);
}

if (import.meta.main) {
  for (const name of await buildInto(join(project, "dist"))) console.log(`built ${join("dist", name)}`);
}
