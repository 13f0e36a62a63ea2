import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { StartError } from "../cli/edge/program.ts";
import type { EdgeModule } from "../cli/edge/serve.ts";
import { systemReason } from "../cli/system-reason.ts";
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
  const conditions = ["workerd", "worker", "browser"];
  const external = ["cloudflare:workers", "node:*"];
  return bundle({
    entryPoints: [join(project, entry)],
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions,
    external,
  });
}

interface NodeBundle {
  /** What the program says of itself; `null`: that it is a checkout. */
  readonly version?: string | null;
  /** Takes in the folders of the npm packages that the bundle has something of. */
  readonly packages?: Set<string>;
  readonly external?: string[];
}

/** A program or module for Node as one file. */
export function bundleForNode(entry: string, options: NodeBundle = {}): Promise<Uint8Array> {
  const { version = null, packages, external = [] } = options;
  // Packages of CommonJS ask for Node's modules by `require`.
  const js = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';
  // For `src/foundation/version.ts`.
  const define = version === null ? {} : { BRIDGEHEAD_VERSION: JSON.stringify(version) };
  return bundle(
    {
      entryPoints: [join(project, entry)],
      platform: "node",
      target: "node24",
      banner: { js },
      define,
      external,
    },
    packages,
  );
}

/** The edge on plain Node of this checkout. */
export async function loadNode(): Promise<EdgeModule> {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "node.mjs");
  writeAnew(file, await bundleForNode("src/node.ts"));
  return import(pathToFileURL(file).href);
}

/** Bundles the operators' command of this checkout into a folder, as a build has it. Returns its file. */
export async function bundleCommand(folder: string): Promise<string> {
  const file = join(folder, "bridgehead.mjs");
  const [command, edge] = await Promise.all([bundleForNode("cli/main.ts"), bundleForNode("src/node.ts")]);
  mkdirSync(join(folder, "edge"), { recursive: true });
  writeAnew(file, command);
  writeAnew(join(folder, "edge", "node.mjs"), edge);
  return file;
}

/** Says how to serve the edge on plain Node. Its state is in `folder`, or in a database; its settings are beside the folder. */
export function prepareNode(
  command: string,
  { folder, host, port, variables }: EdgeOptions,
  shared?: { readonly state: string; readonly name: string },
): Launch {
  const { DOMAINS = "{}", OPERATORS = "", OPERATOR_TOKEN = "", ...secrets } = variables;
  const url = `http://${host}:${port}`;
  const settings = {
    ...{ host, port, operatorTokenFile: "operator-token", domains: JSON.parse(DOMAINS) },
    ...(OPERATORS && { operators: JSON.parse(OPERATORS) }),
    ...(shared ? { ...shared, url } : { state: resolve(folder) }),
  };
  const file = `${resolve(folder)}.json`;
  writeAnew(file, `${JSON.stringify(settings, null, 2)}\n`);
  return {
    command: process.execPath,
    args: [smallNursery, command, "serve", "--settings", file],
    env: { ...secrets, OPERATOR_TOKEN },
  };
}

/**
 * One file of what an entry point imports: a part that is loaded late must be there also after an upgrade in place. Names stay, since the log
 * has stacks (`keepNames` keeps no name of a private method); lines are short, so that a stack leads to a place.
 */
async function bundle(options: BuildOptions, packages = new Set<string>()): Promise<Uint8Array> {
  const smaller = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 };
  const fixed = { write: false, metafile: true, bundle: true, format: "esm", logLevel: "silent" } as const;
  const all = { absWorkingDir: project, ...smaller, ...options, ...fixed };
  const { outputFiles, metafile } = await build(all).catch((error: unknown) => {
    throw new StartError(`cannot bundle ${options.entryPoints} (${systemReason(error)})`);
  });
  for (const file of Object.keys(metafile.inputs)) {
    const [folder] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file) ?? [];
    if (folder) packages.add(join(project, folder));
  }
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** Serves the edge by `wrangler dev`: it takes in each change of the code, but is slower, and several processes. */
export function wranglerDev({ folder, host, port, variables }: EdgeOptions): Launch {
  mkdirSync(folder, { recursive: true });
  const envFile = join(resolve(folder), "wrangler.env");
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  writeAnew(envFile, lines.join(""));
  const wrangler = join(project, "node_modules", "wrangler", "bin", "wrangler.js");
  const files = ["--config", join(project, "wrangler.toml"), "--env-file", envFile];
  const places = ["--persist-to", join(resolve(folder), "wrangler"), "--ip", host, "--port", `${port}`];
  return {
    command: process.execPath,
    args: [wrangler, "dev", ...files, ...places, "--inspector-port", "0"],
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
