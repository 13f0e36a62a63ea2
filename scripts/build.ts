import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { bundle, bundleNode, versionIs } from "./edge.ts";
import { licencesOf, notePackages } from "./licences.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

const manifest: Manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
/** The version of this checkout. */
export const { version } = manifest;

/** Builds what runs in production into a folder, `dist` for `npm run build`. Returns the names of the files. */
export async function buildInto(folder: string, builtVersion = version): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "edge"), { recursive: true });
  const ofEdge = new Set<string>();
  const ofAgent = new Set<string>();
  const ofKit = new Set<string>();
  const files: Readonly<Record<string, Promise<Uint8Array>>> = {
    "edge/node.mjs": bundleNode(builtVersion, [notePackages(ofEdge)]),
    "bridgehead.mjs": bundleProgram("cli/main.ts", builtVersion, ofEdge),
    "bridgehead-agent.mjs": bundleProgram("bridge-agent/main.ts", builtVersion, ofAgent),
    // 1 would say that the adapter does not conform.
    "bridgehead-conformance.mjs": bundleProgram("conformance/main.ts", builtVersion, ofKit, 2),
    "driver-suite.mjs": bundleForNode("test/conformance/driver-suite.ts", builtVersion, ofEdge, "", ["vitest"]),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), await content, { mode: name.startsWith("bridgehead") ? 0o755 : 0o644 });
  }
  // Beside the program, which writes them for an Asterisk.
  cpSync(join(project, "bridge-agent", "drivers", "asterisk", "setup", "config"), join(folder, "config"), {
    recursive: true,
  });
  const licences = {
    "bridgehead.licences.txt": ofEdge,
    "bridgehead-agent.licences.txt": ofAgent,
    "bridgehead-conformance.licences.txt": ofKit,
  };
  for (const [name, packages] of Object.entries(licences)) writeFileSync(join(folder, name), licencesOf(packages));
  return [...Object.keys(files), ...Object.keys(licences)];
}

/** A program for Node as one file. It does nothing on a Node that is too old, but say so. */
function bundleProgram(entry: string, version: string, packages: Set<string>, exitCode = 1): Promise<Uint8Array> {
  return bundleForNode(entry, version, packages, "#!/usr/bin/env node\n", [], nodeIsNew(exitCode));
}

function nodeIsNew(exitCode: number): string {
  const least = Number.parseInt(manifest.engines.node.replace(">=", ""), 10);
  return `if (Number.parseInt(process.versions.node) < ${least}) {
  console.error("this needs Node ${least} or newer, and here is Node " + process.versions.node);
  process.exit(${exitCode});
}`;
}

function bundleForNode(
  entry: string,
  version: string,
  packages: Set<string>,
  firstLine: string,
  external: string[],
  firstStatement = "",
): Promise<Uint8Array> {
  return bundle({
    entryPoints: [join(project, entry)],
    platform: "node",
    target: "node24",
    define: versionIs(version),
    external,
    plugins: [nodeFirst, notePackages(packages)],
    // Packages of CommonJS ask for Node's modules by `require`.
    banner: {
      js: `${firstLine}import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);\n${firstStatement}`,
    },
  });
}

/** An older Node would fail on an import, before the first statement can say what is wrong. This is the one of Node's modules that it lacks. */
const nodeFirst: Plugin = {
  name: "node-first",
  setup(build) {
    build.onResolve({ filter: /^node:sqlite$/ }, ({ path }) => ({ path, namespace: "node-first" }));
    build.onLoad({ filter: /./, namespace: "node-first" }, () => ({
      contents: 'export const { DatabaseSync, backup } = process.getBuiltinModule("node:sqlite");',
    }));
  },
};

if (import.meta.main) {
  for (const name of await buildInto(join(project, "dist"))) console.log(`built ${join("dist", name)}`);
}
