import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Launch } from "./part.ts";

/** The objects of a Worker: binding → class. For the edge they are those of wrangler.toml; a test compares the two. */
export const edgeObjects = {
  CONFERENCE: "ConferenceObject",
  ALIAS: "AliasObject",
  NUMBER_POOL: "NumberPoolObject",
  UNROUTED_MAIL: "UnroutedMailObject",
  RELAY: "RelayObject",
} as const;

const { default: workerd }: { default: string } = createRequire(import.meta.url)("workerd");
const project = dirname(dirname(fileURLToPath(import.meta.url)));

export interface EdgeOptions {
  /** Bundle, configuration and the objects' databases lie here. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Handed over in the environment, so that no secret shows up among a process's arguments. */
  readonly variables: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly objects?: Readonly<Record<string, string>>;
}

/**
 * Bundles a Worker and says how to serve it on plain workerd: one process, whose kill frees the port and loses nothing
 * that was confirmed, and which is up again in 50 ms.
 */
export async function prepareEdge(options: EdgeOptions): Promise<Launch> {
  const folder = resolve(options.folder);
  mkdirSync(join(folder, "objects"), { recursive: true });
  await build({
    entryPoints: [join(project, options.entry ?? "src/worker.ts")],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers", "node:*"],
    logLevel: "silent",
  });
  const config = join(folder, "config.capnp");
  writeFileSync(config, workerdConfig(options));
  return { command: workerd, args: ["serve", config], env: options.variables };
}

function workerdConfig({ folder, host, port, variables, objects = edgeObjects }: EdgeOptions): string {
  const classes = Object.values(objects)
    .map((name) => `(className = "${name}", uniqueKey = "bridgehead-${name}", enableSql = true),`)
    .join("\n    ");
  const bindings = [
    ...Object.entries(objects).map(([binding, name]) => `(name = "${binding}", durableObjectNamespace = "${name}"),`),
    ...Object.keys(variables).map((name) => `(name = "${name}", fromEnvironment = "${name}"),`),
  ].join("\n    ");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "objects", disk = (path = ${JSON.stringify(join(resolve(folder), "objects"))}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "${host}:${port}", http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-08-01",
  durableObjectNamespaces = [
    ${classes}
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    ${bindings}
  ],
);
`;
}
