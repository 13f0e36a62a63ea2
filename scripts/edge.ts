import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build, version as bundler, type Plugin } from "esbuild";
import { StartError } from "../cli/edge/program.ts";
import type { EdgeModule } from "../cli/edge/serve.ts";
import { systemReason } from "../cli/system-reason.ts";
import { type Bundled, keptBundle } from "./kept-bundle.ts";
import { type Launch, writeAnew } from "./supervise.ts";
import { prepareWorkerd, type WorkerdOptions } from "./workerd.ts";

export const { default: workerd }: { default: string } = createRequire(import.meta.url)("workerd");
const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** V8's room for what is new, in MiB, in place of 16: edge and agent keep 45 to 80 less. As in `packaging/command`. */
export const smallNursery = "--max-semi-space-size=4";

export type EdgeOptions = Omit<WorkerdOptions, "workerd" | "worker"> & { readonly entry?: string };

/** Bundles a Worker of this checkout, and says how to serve it. */
export async function prepareEdge({ entry = "src/worker.ts", ...options }: EdgeOptions): Promise<Launch> {
  return prepareWorkerd({ ...options, workerd, worker: await bundleWorker(entry) });
}

/** A Worker as one file. */
function bundleWorker(entry: string): Promise<Uint8Array> {
  return bundle({
    entryPoints: [join(project, entry)],
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers", "node:*"],
  });
}

/** The edge on plain Node as one module, which exports `serveNode`. `version`: what it says of itself; `null`: that it is a checkout. */
export function bundleNode(version: string | null = null, plugins: Plugin[] = []): Promise<Uint8Array> {
  return bundleForNode("src/node.ts", version, plugins);
}

/** A program or module for Node as one file. */
export function bundleForNode(
  entry: string,
  version: string | null = null,
  plugins: Plugin[] = [],
): Promise<Uint8Array> {
  return bundle({
    entryPoints: [join(project, entry)],
    platform: "node",
    target: "node24",
    define: versionIs(version),
    plugins,
    // Packages of CommonJS ask for Node's modules by `require`.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
  });
}

/** The edge on plain Node of this checkout; its bundle is written into the folder. */
export async function loadNode(folder: string): Promise<EdgeModule> {
  const file = join(folder, "node.mjs");
  writeAnew(file, await bundleNode());
  return import(pathToFileURL(file).href);
}

/** Serves the edge on plain Node, in a process of its own. */
export async function prepareNode(
  { folder, host, port, variables }: EdgeOptions,
  shared?: { readonly database: string; readonly name: string },
): Promise<Launch> {
  mkdirSync(folder, { recursive: true });
  writeAnew(join(folder, "node.mjs"), await bundleNode());
  return {
    command: process.execPath,
    args: [smallNursery, join(project, "scripts", "node-edge.ts")],
    env: {
      ...variables,
      ...{ EDGE_FOLDER: resolve(folder), EDGE_HOST: host, EDGE_PORT: String(port) },
      ...{ EDGE_DATABASE: shared?.database ?? "", EDGE_NAME: shared?.name ?? "" },
    },
  };
}

/** For `src/foundation/version.ts`. */
export function versionIs(version: string | null): Record<string, string> {
  return version === null ? {} : { BRIDGEHEAD_VERSION: JSON.stringify(version) };
}

/** Names stay, since the log has stacks (`keepNames` keeps no name of a private method); lines are short, so that a stack leads to a place. */
const smaller = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 } as const;

/**
 * One file of what an entry point imports: a part that is loaded late must be there also after an upgrade in place. A plugin
 * wants to see each file; without one, a bundle is made once.
 */
export async function bundle(given: BuildOptions): Promise<Uint8Array> {
  const options = { ...smaller, ...given };
  if (options.plugins && options.plugins.length > 0) return (await makeBundle(options)).contents;
  const name = JSON.stringify([bundler, process.cwd(), options]);
  return keptBundle(join(project, "node_modules", ".cache", "bundles"), name, () => makeBundle(options));
}

async function makeBundle(options: BuildOptions): Promise<Bundled> {
  const fixed = { write: false, metafile: true, bundle: true, format: "esm", logLevel: "silent" } as const;
  const { outputFiles, metafile } = await build({ ...options, ...fixed }).catch((error: unknown) => {
    throw new StartError(`cannot bundle ${options.entryPoints} (${systemReason(error)})`);
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler gave no file");
  // A package that is updated, or another setting of the compiler, may lead an import to another file.
  const settings = ["package-lock.json", "tsconfig.json", "tsconfig.base.json"].map((name) => join(project, name));
  const inputs = Object.keys(metafile.inputs).filter((path) => !/^[\w-]+:|^\(disabled\):/.test(path));
  return { contents: file.contents, inputs: [...settings, ...inputs.map((path) => resolve(path))] };
}

/** Serves the edge by `wrangler dev`: it takes in each change of the code, but is slower, and several processes. */
export function wranglerDev({ folder, host, port, variables }: EdgeOptions): Launch {
  mkdirSync(folder, { recursive: true });
  const envFile = join(resolve(folder), "wrangler.env");
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  writeAnew(envFile, lines.join(""));
  const wrangler = join(project, "node_modules", "wrangler", "bin", "wrangler.js");
  const options = {
    config: join(project, "wrangler.toml"),
    "env-file": envFile,
    "persist-to": join(resolve(folder), "wrangler"),
    "inspector-port": "0",
    ip: host,
    port: String(port),
  };
  return {
    command: process.execPath,
    args: [wrangler, "dev", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])],
    env: {
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      X_LOCAL_OBSERVABILITY: "false",
      X_LOCAL_EXPLORER: "false",
      CI: "1",
    },
  };
}
