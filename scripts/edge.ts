import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Launch, reason, StartError, writeAnew } from "./supervise.ts";

/** The objects of a Worker: binding → class. For the edge they are those of wrangler.toml; a test compares the two. */
export const edgeObjects = {
  CONFERENCE: "ConferenceObject",
  HANDLE_INDEX: "HandleIndexObject",
  ID_ALLOCATOR: "IdAllocatorObject",
  MAILBOX: "MailboxObject",
  RELAY: "RelayObject",
} as const;

const { default: workerd }: { default: string } = createRequire(import.meta.url)("workerd");
const project = dirname(dirname(fileURLToPath(import.meta.url)));

interface EdgeOptions {
  /** Bundle, configuration and the objects' databases lie here. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Handed over in the environment, so that no secret shows up among a process's arguments. */
  readonly variables: Readonly<Record<string, string>>;
  readonly entry?: string;
  /** Flags of the platform beside those that the edge asks for; none by default. */
  readonly flags?: readonly string[];
  readonly objects?: Readonly<Record<string, string>>;
}

/**
 * Bundles a Worker and says how to serve it on plain workerd. That is one process: a kill frees its port and loses nothing that
 * was confirmed, and a new one is up in 50 ms.
 */
export async function prepareEdge(options: EdgeOptions): Promise<Launch> {
  const folder = resolve(options.folder);
  mkdirSync(join(folder, "objects"), { recursive: true });
  writeAnew(join(folder, "worker.js"), await bundle(join(project, options.entry ?? "src/worker.ts")));
  const config = join(folder, "config.capnp");
  writeAnew(config, workerdConfig(options));
  return { command: workerd, args: ["serve", config], env: options.variables };
}

async function bundle(entry: string): Promise<Uint8Array> {
  const bundled = build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers", "node:*"],
    logLevel: "silent",
  });
  const { outputFiles } = await bundled.catch((error: unknown) => {
    throw new StartError(`cannot bundle ${entry} (${reason(error)})`);
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the bundler gave no file");
  return file.contents;
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

function workerdConfig({ folder, host, port, variables, objects = edgeObjects, flags = [] }: EdgeOptions): string {
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
  compatibilityFlags = ${JSON.stringify(flags)},
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
