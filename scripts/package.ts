import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { sampleConfig } from "../bridge-agent/drivers/asterisk/setup/sample-config.ts";
import { initDefaults, settingsText } from "../bridge-agent/service/init.ts";
import { StartError } from "../cli/edge/program.ts";
import { settingsExample } from "../cli/edge/settings-example.ts";
import { interfacesPage } from "../webex-interfaces/doors/page.ts";
import { buildInto, version } from "./build.ts";
import { licenceOfNode } from "./licences.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));

/** A program for npm. */
interface NpmPackage {
  /** What is typed; also the name of the npm package. */
  readonly command: string;
  readonly description: string;
  /** What lies beside the program, in `dist`. */
  readonly parts: readonly string[];
  /** What other programs may import of the package for npm: modules in `dist`, by name, each with the file that it is made of. */
  readonly modules: Readonly<Record<string, string>>;
  /** Examples that are made here, by name. */
  readonly samples?: Readonly<Record<string, string>>;
}

/** A service with its command, as a package for Debian and as one for npm. */
interface Package extends NpmPackage {
  /** Of the Debian package, the unit and the state folder. */
  readonly name: string;
  readonly settings: { readonly name: string; readonly content: string };
  /** What systemd runs. */
  readonly units: readonly string[];
  readonly examples: readonly string[];
}

/** For reading: without a password, Asterisk lets nobody in. `init` writes one. */
const asteriskSample = withoutPassword(sampleConfig({ ariPassword: "none" }));
const asteriskFiles = Object.keys(asteriskSample);

const packages: readonly Package[] = [
  {
    name: "bridgehead-edge",
    command: "bridgehead",
    description: "WebEx telephony adapter: the edge, which WebEx and the agents connect to",
    parts: ["edge/node.mjs"],
    modules: { "driver-suite": "test/conformance/driver-suite.ts" },
    settings: { name: "edge.json", content: settingsExample("acme") },
    units: ["bridgehead-edge.service", "bridgehead-edge-backup.service", "bridgehead-edge-backup.timer"],
    examples: ["Caddyfile", "nginx.conf", "alerts.yml", "dashboard.json"],
  },
  {
    name: "bridgehead-agent",
    command: "bridgehead-agent",
    description: "WebEx telephony adapter: the agent beside a telephone bridge",
    parts: asteriskFiles.map((name) => `config/${name}`),
    modules: {},
    settings: {
      name: "agent.json",
      content: settingsText({ ...initDefaults, edge: "wss://tsp.example.com", domain: "acme" }),
    },
    units: ["bridgehead-agent.service"],
    examples: [],
    samples: Object.fromEntries(asteriskFiles.map((name) => [`asterisk/${name}`, asteriskSample[name] ?? ""])),
  },
];

/** No service: whoever has an adapter plays it. */
const kit: NpmPackage = {
  command: "bridgehead-conformance",
  description:
    "Plays WebEx against an adapter of its TSP telephony interface, and says clause by clause whether it conforms",
  parts: [],
  modules: {},
};

const options = new Command("package")
  .description(
    "Makes the packages of the edge and of the agent, for Debian and for npm, and of the conformance kit for npm.",
  )
  .requiredOption("--out <folder>", "where they go")
  .option("--version <version>", "instead of the one in package.json", version)
  .option("--only <kind>", "deb or npm; both without it")
  .parse()
  .opts<{ out: string; version: string; only?: "deb" | "npm" }>();

process.umask(0o022); // What is packed is for everybody to read.
const out = resolve(options.out);
mkdirSync(out, { recursive: true });
const staging = mkdtempSync(join(out, ".staging-"));
try {
  const dist = join(staging, "dist");
  await buildInto(dist, options.version);
  for (const one of packages) {
    if (options.only !== "npm") debianPackage(one, dist);
    if (options.only !== "deb") npmPackage(one, dist);
  }
  if (options.only !== "deb") npmPackage(kit, dist);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** With the official Node beside the program: Debian's is too old for `node:sqlite`. */
function debianPackage(one: Package, dist: string): void {
  const { name, command, settings } = one;
  const root = join(staging, name);
  const lib = join(root, "usr", "lib", name);
  const doc = join(root, "usr", "share", "doc", name);
  for (const file of [`${command}.mjs`, ...one.parts]) place(join(dist, file), join(lib, file));
  placeBinary(process.execPath, join(lib, "node"));
  write(join(root, "usr", "bin", command), filledIn("command", one), 0o755);
  write(join(root, "etc", "default", name), filledIn("default", one));
  write(join(root, "usr", "share", name, settings.name), settings.content);
  for (const unit of one.units)
    place(join(project, "packaging", unit), join(root, "usr", "lib", "systemd", "system", unit));
  for (const page of linkedPages(["install-edge.md", "webex.md"])) {
    if (page.endsWith(".md")) write(join(doc, page), withoutSources(readFileSync(join(project, "docs", page), "utf8")));
    else place(join(project, "docs", page), join(doc, page));
  }
  write(join(doc, "webex-interfaces.md"), withoutSources(interfacesPage().text));
  write(join(doc, "copyright"), copyright(one, dist));
  for (const file of one.examples) place(join(project, "packaging", file), join(doc, "examples", file));
  for (const [file, content] of Object.entries(one.samples ?? {})) write(join(doc, "examples", file), content);

  const architecture = run("dpkg", ["--print-architecture"]).trim();
  const control = [
    `Package: ${name}`,
    `Version: ${options.version}`,
    `Architecture: ${architecture}`,
    "Maintainer: Bridgehead <bridgehead@localhost>",
    "Section: comm",
    "Priority: optional",
    // What Node's build asks for, before the two others.
    "Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6, passwd, util-linux",
    "Recommends: ca-certificates, systemd",
    `Installed-Size: ${Number.parseInt(run("du", ["-sk", root]), 10)}`,
    `Description: ${one.description}`,
    "",
  ];
  write(join(root, "DEBIAN", "control"), control.join("\n"));
  write(join(root, "DEBIAN", "conffiles"), `/etc/default/${name}\n`);
  for (const script of ["postinst", "prerm", "postrm"]) {
    write(join(root, "DEBIAN", script), filledIn(script, one), 0o755);
  }
  const file = join(out, `${name}_${options.version}_${architecture}.deb`);
  // A large binary: zstd packs it ten times as fast as xz, to a third more.
  run("dpkg-deb", ["--root-owner-group", "-Zzstd", "-z3", "--build", root, file]);
  console.log(file);
}

/** Pages of `docs`, and what they link to there. */
function linkedPages(pages: readonly string[]): Set<string> {
  const found = new Set(pages);
  for (const page of found) {
    const links = readFileSync(join(project, "docs", page), "utf8").matchAll(/\]\(([\w/-]+\.\w+)/g);
    for (const [, linked = ""] of links) found.add(linked);
  }
  return found;
}

/** Returns the page without links to sources, which a package does not contain. */
function withoutSources(page: string): string {
  return page.replaceAll(/\[((?:\\.|[^\]\\])*)\]\(\.\.\/[^)]+\)/g, "$1");
}

/** Our licence, and those of all that the package has beside. */
function copyright(one: Package, dist: string): string {
  return [
    readFileSync(join(project, "LICENSE"), "utf8"),
    readFileSync(join(dist, `${one.command}.licences.txt`), "utf8"),
    licenceOfNode(),
  ].join("\n");
}

/** For other systems; Node 24 is the machine's. */
function npmPackage({ command, description, parts, modules, ...one }: NpmPackage, dist: string): void {
  const root = join(staging, `npm-${command}`);
  const exported = Object.entries(modules);
  for (const [name, source] of exported) {
    place(join(dist, `${name}.mjs`), join(root, `${name}.mjs`));
    placeTypes(source, join(root, "types"));
  }
  for (const file of [`${command}.mjs`, ...parts]) place(join(dist, file), join(root, file));
  for (const [file, text] of Object.entries(one.samples ?? {})) write(join(root, "examples", file), text);
  place(join(project, "LICENSE"), join(root, "LICENSE"));
  place(join(dist, `${command}.licences.txt`), join(root, "THIRD-PARTY-LICENCES.txt"));
  const content = {
    name: command,
    version: options.version,
    description,
    license: manifest.license,
    type: "module",
    bin: { [command]: `${command}.mjs` },
    exports: Object.fromEntries(
      exported.map(([name, source]) => [
        `./${name}`,
        { types: `./types/${source.replace(/ts$/, "d.ts")}`, default: `./${name}.mjs` },
      ]),
    ),
    engines: manifest.engines,
    // Types are made of its types; the suite is for those who have vitest already.
    ...(exported.length > 0 && {
      dependencies: { valibot: manifest.dependencies.valibot },
      peerDependencies: { vitest: ">=3" },
      peerDependenciesMeta: { vitest: { optional: true } },
    }),
  };
  write(join(root, "package.json"), JSON.stringify(content, null, 2));
  console.log(join(out, run("npm", ["pack", "--silent", "--pack-destination", out, root]).trim()));
}

/** What TypeScript says of a module, and of the modules of ours that it needs. */
function placeTypes(source: string, folder: string): void {
  const emitted = join(staging, "types");
  const { compilerOptions } = JSON.parse(readFileSync(join(project, "tsconfig.base.json"), "utf8"));
  const config = join(staging, "tsconfig.json");
  const options = {
    declaration: true,
    emitDeclarationOnly: true,
    noEmit: false,
    noCheck: true,
    rootDir: project,
    outDir: emitted,
  };
  const typeRoots = [join(project, "node_modules", "@types")];
  const all = { ...compilerOptions, ...options, lib: ["es2024", "dom"], types: ["node"], typeRoots };
  write(config, JSON.stringify({ compilerOptions: all, files: [join(project, source)] }));
  const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
  // It leaves out a module whose types it cannot write down, and fails; the module may be needed by none of these.
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", config], { encoding: "utf8" });
  const needed = new Set([source.replace(/ts$/, "d.ts")]);
  for (const file of needed) {
    if (!existsSync(join(emitted, file))) throw new StartError(`there are no types of ${file}: ${stdout.trim()}`);
    const text = readFileSync(join(emitted, file), "utf8");
    const imports = text.matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g);
    for (const [, path = ""] of imports) needed.add(`${join(dirname(file), path)}.d.ts`);
    write(join(folder, file), text.replaceAll(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1.js"'));
  }
}

/** A file of `packaging`, with the package's own names. */
function filledIn(file: string, { name, command, settings }: Package): string {
  return readFileSync(join(project, "packaging", file), "utf8")
    .replaceAll("@PACKAGE@", name)
    .replaceAll("@COMMAND@", command)
    .replaceAll("@SETTINGS@", settings.name);
}

function withoutPassword(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, text.replace("password = none", "password =")]),
  );
}

function write(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Linked where that is possible: it has more than 100 MB. */
function placeBinary(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new StartError(`${command} ${args[0]} does not work: ${error?.message ?? stderr.trim()}`);
}
