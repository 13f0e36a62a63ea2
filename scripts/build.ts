import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleForNode } from "./edge.ts";
import { licencesOf } from "./licences.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
/** The version of this checkout. */
export const { version }: { readonly version: string } = manifest;

/** Builds what runs in production into a folder, `dist` for `npm run build`. Returns the names of the files. */
export async function buildInto(folder: string, builtVersion = version): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "edge"), { recursive: true });
  const [edge, agent, kit] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const bundle = (entry: string, packages: Set<string>, options = {}) =>
    bundleForNode(entry, { version: builtVersion, packages, ...options });
  const suite = await bundle("test/conformance/driver-suite.ts", edge, { external: ["vitest"] });
  const files = {
    "edge/node.mjs": await bundle("src/node.ts", edge),
    "bridgehead.mjs": firstFile('import("./bridgehead.program.mjs")'),
    "bridgehead.program.mjs": await bundle("cli/main.ts", edge),
    "bridgehead-agent.mjs": firstFile('import("./bridgehead-agent.program.mjs")'),
    "bridgehead-agent.program.mjs": await bundle("bridge-agent/main.ts", agent),
    // 1 would say that the adapter does not conform.
    "bridgehead-conformance.mjs": firstFile('import("./bridgehead-conformance.program.mjs")', 2),
    "bridgehead-conformance.program.mjs": await bundle("conformance/main.ts", kit),
    "driver-suite.mjs": firstFile(`export const { ${namesIn(suite)} } = await import("./driver-suite.program.mjs")`),
    "driver-suite.program.mjs": suite,
    "bridgehead.licences.txt": licencesOf(edge),
    "bridgehead-agent.licences.txt": licencesOf(agent),
    "bridgehead-conformance.licences.txt": licencesOf(kit),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: /^bridgehead[^.]*\.mjs$/.test(name) ? 0o755 : 0o644 });
  }
  // Beside the program, which writes them for an Asterisk.
  const config = join(project, "bridge-agent", "drivers", "asterisk", "setup", "config");
  cpSync(config, join(folder, "config"), { recursive: true });
  return Object.keys(files);
}

/**
 * Returns a program's first file, which any Node can read. An older Node fails on the imports or syntax of the program
 * before its first statement, so that is a separate file.
 */
function firstFile(then: string, tooOld = 1): string {
  const least = Number.parseInt(manifest.engines.node.replace(">=", ""), 10);
  return `#!/usr/bin/env node
if (parseInt(process.versions.node) < ${least}) {
  console.error("Node ${least} or newer is required; this is Node " + process.versions.node);
  process.exit(${tooOld});
}
${then};
`;
}

/** Exports of a bundle, which esbuild puts at its end. */
function namesIn(bundle: Uint8Array): string {
  const [, list = ""] = /\bexport\s*\{([^}]*)\};?\s*$/.exec(new TextDecoder().decode(bundle)) ?? [];
  return list.match(/\w+(?=\s*(?:,|$))/g)?.join(", ") ?? "";
}

if (import.meta.main) {
  for (const name of await buildInto(join(project, "dist"))) console.log(`built ${join("dist", name)}`);
}
