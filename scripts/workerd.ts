import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { addressOf } from "../cli/edge/edge-settings.ts";
import { StartError } from "../cli/edge/program.ts";
import { readReason } from "../cli/system-reason.ts";
import { type Launch, writeAnew } from "./supervise.ts";

const settings = readFileSync(new URL("../wrangler.toml", import.meta.url), "utf8");
/** The objects of the edge: binding → class. */
const edgeObjects: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(settings.matchAll(/^name = "(\w+)"\nclass_name = "(\w+)"$/gm), ([, name, of]) => [name, of]),
);
/** workerd behaves as it did on this day, and does not start before it. */
const compatibilityDate = /^compatibility_date = "([\d-]+)"$/m.exec(settings)?.[1] ?? "";

export interface WorkerdOptions {
  readonly workerd: string;
  readonly worker: Uint8Array;
  /** Bundle, configuration and the objects' databases lie here. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Handed over in the environment, so that no secret shows up among a process's arguments. */
  readonly variables: Readonly<Record<string, string>>;
  /** Flags of the platform beside those that the edge asks for; none by default. */
  readonly flags?: readonly string[];
  readonly objects?: Readonly<Record<string, string>>;
  /** Certificates of authorities that are trusted beside the public ones, as PEM. */
  readonly authorities?: string;
}

/** The authorities in the file that `NODE_EXTRA_CA_CERTS` names, as Node itself takes them. */
export function extraAuthorities({ NODE_EXTRA_CA_CERTS: file }: NodeJS.ProcessEnv): string {
  if (!file) return "";
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`cannot read NODE_EXTRA_CA_CERTS, ${file} (${readReason(error)})`);
  }
}

/** How to serve a Worker on plain workerd, as one process: a kill loses nothing that was confirmed, and a new one is up in 50 ms. */
export function prepareWorkerd(options: WorkerdOptions): Launch {
  const today = new Date().toISOString().slice(0, 10);
  if (today < compatibilityDate) {
    throw new StartError(
      `the machine's clock shows ${today}, and the Workers runtime does not start before ${compatibilityDate}: set the clock, or run the edge by --edge node, which needs none`,
    );
  }
  const folder = resolve(options.folder);
  mkdirSync(join(folder, "objects"), { recursive: true });
  // A copy: an upgrade in place must not change what a crash starts again.
  writeAnew(join(folder, "worker.js"), options.worker);
  const config = join(folder, "config.capnp");
  writeAnew(config, workerdConfig(options));
  return { command: options.workerd, args: ["serve", config], env: options.variables };
}

function workerdConfig(options: WorkerdOptions): string {
  const { folder, host, port, variables, objects = edgeObjects, flags = [], authorities = "" } = options;
  const trusted = authorities.match(/-----BEGIN CERTIFICATE-----[\w+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  const classes = Object.values(objects)
    .map((name) => `(className = "${name}", uniqueKey = "bridgehead-${name}", enableSql = true),`)
    .join("\n    ");
  const bindings = [
    ...Object.entries(objects).map(([binding, name]) => `(name = "${binding}", durableObjectNamespace = "${name}"),`),
    ...Object.keys(variables).map((name) => `(name = "${name}", fromEnvironment = "${name}"),`),
    `(name = "STATE_DISK", service = "objects"),`,
  ].join("\n    ");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "objects", disk = (path = ${JSON.stringify(join(resolve(folder), "objects"))}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true, trustedCertificates = ${JSON.stringify(trusted)}))),
  ],
  sockets = [(name = "http", address = "${addressOf(host, port)}", http = (style = proxy), service = "edge")],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${compatibilityDate}",
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
