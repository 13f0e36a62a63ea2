import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
/** Of the npm package `bridgehead`, what other programs may import. */
const driverSuite = "test/conformance/driver-suite";

/** A program for npm. */
interface NpmPackage {
  /** What is typed; also the name of the npm package. */
  readonly command: string;
  readonly description: string;
  /** What lies beside the program, in `dist`. */
  readonly parts: readonly string[];
  /** Examples that are made here, by name. */
  readonly samples: Readonly<Record<string, string>>;
}

/** A service with its command, as a package for Debian and as one for npm. */
interface Package extends NpmPackage {
  /** Of the Debian package, the unit and the state folder. */
  readonly name: string;
  readonly settings: { readonly name: string; readonly content: string };
  /** Files of `packaging`: what systemd runs, and examples. */
  readonly units: readonly string[];
  readonly examples: readonly string[];
}

/** For reading: without a password, Asterisk lets nobody in. `init` writes one. */
const asterisk = Object.entries(sampleConfig({ ariPassword: "none" })).map(
  ([name, text]) => [name, text.replace("password = none", "password =")] as const,
);

const packages: readonly Package[] = [
  {
    name: "bridgehead-edge",
    command: "bridgehead",
    description: "WebEx telephony adapter: the edge, which WebEx and the agents connect to",
    parts: ["edge/node.mjs"],
    settings: { name: "edge.json", content: settingsExample("acme") },
    units: ["bridgehead-edge.service", "bridgehead-edge-backup.service", "bridgehead-edge-backup.timer"],
    examples: ["Caddyfile", "nginx.conf", "alerts.yml", "dashboard.json"],
    samples: {},
  },
  {
    name: "bridgehead-agent",
    command: "bridgehead-agent",
    description: "WebEx telephony adapter: the agent beside a telephone bridge",
    parts: asterisk.map(([name]) => `config/${name}`),
    settings: {
      name: "agent.json",
      content: settingsText({ ...initDefaults, edge: "wss://tsp.example.com", domain: "acme" }),
    },
    units: ["bridgehead-agent.service"],
    examples: [],
    samples: Object.fromEntries(asterisk.map(([name, text]) => [`asterisk/${name}`, text])),
  },
];

/** No service: whoever has an adapter plays it. */
const kit: NpmPackage = {
  command: "bridgehead-conformance",
  description:
    "Plays WebEx against an adapter of its TSP telephony interface, and reports for each clause if it conforms",
  parts: [],
  samples: {},
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
const dist = join(staging, "dist");
try {
  await buildInto(dist, options.version);
  if (options.only !== "npm") packages.forEach(debianPackage);
  if (options.only !== "deb") [...packages, kit].forEach(npmPackage);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** With the official Node beside the program: Debian's is too old for `node:sqlite`. */
function debianPackage({ name, command, settings, ...one }: Package): void {
  const root = join(staging, name);
  const lib = join(root, "usr", "lib", name);
  const doc = join(root, "usr", "share", "doc", name);
  /** A file of `packaging`, with the package's own names. */
  const filledIn = (file: string) =>
    readFileSync(join(project, "packaging", file), "utf8")
      .replaceAll("@PACKAGE@", name)
      .replaceAll("@COMMAND@", command)
      .replaceAll("@SETTINGS@", settings.name);
  copyProgram({ command, ...one }, lib);
  cpSync(process.execPath, join(lib, "node"));
  write(join(root, "usr", "bin", command), filledIn("command"), 0o755);
  write(join(root, "etc", "default", name), filledIn("default"));
  write(join(root, "usr", "share", name, settings.name), settings.content);
  for (const unit of one.units) cpSync(join(project, "packaging", unit), join(root, "usr/lib/systemd/system", unit));
  for (const file of one.examples) cpSync(join(project, "packaging", file), join(doc, "examples", file));
  writeSamples(one, doc);
  cpSync(join(project, "docs"), doc, { recursive: true });
  write(join(doc, "webex-interfaces.md"), interfacesPage().text);
  // The sources to which pages link are not in a package.
  for (const page of globSync(join(doc, "**", "*.md")))
    write(page, readFileSync(page, "utf8").replaceAll(/\[((?:\\.|[^\]\\])*)\]\(\.\.\/[^)]+\)/g, "$1"));
  const licences = [join(project, "LICENSE"), join(dist, `${command}.licences.txt`)];
  const texts = licences.map((file) => readFileSync(file, "utf8"));
  write(join(doc, "copyright"), [...texts, licenceOfNode()].join("\n"));

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
    `Description: ${one.description}\n`,
  ];
  write(join(root, "DEBIAN", "control"), control.join("\n"));
  write(join(root, "DEBIAN", "conffiles"), `/etc/default/${name}\n`);
  for (const script of ["postinst", "prerm", "postrm"]) write(join(root, "DEBIAN", script), filledIn(script), 0o755);
  const file = join(out, `${name}_${options.version}_${architecture}.deb`);
  // A large binary: zstd packs it ten times as fast as xz, to a third more.
  run("dpkg-deb", ["--root-owner-group", "-Zzstd", "-z3", "--build", root, file]);
  console.log(file);
}

/** For other systems; Node 24 is the machine's. */
function npmPackage({ command, description, parts, samples }: NpmPackage): void {
  const root = join(staging, `npm-${command}`);
  copyProgram({ command, parts }, root);
  writeSamples({ samples }, root);
  cpSync(join(project, "LICENSE"), join(root, "LICENSE"));
  cpSync(join(dist, `${command}.licences.txt`), join(root, "THIRD-PARTY-LICENCES.txt"));
  const { license, engines, dependencies } = manifest;
  const content = { name: command, version: options.version, description, license, engines, type: "module" };
  // Types are made of valibot's types; the suite is for those who have vitest already.
  const library = {
    exports: { "./driver-suite": { types: `./types/${driverSuite}.d.ts`, default: "./driver-suite.mjs" } },
    dependencies: { valibot: dependencies.valibot },
    peerDependencies: { vitest: ">=3" },
    peerDependenciesMeta: { vitest: { optional: true } },
  };
  const isLibrary = command === "bridgehead";
  if (isLibrary) {
    for (const file of ["driver-suite.mjs", "driver-suite.program.mjs"]) cpSync(join(dist, file), join(root, file));
    writeTypes(join(root, "types"));
  }
  const all = { ...content, bin: { [command]: `${command}.mjs` }, ...(isLibrary ? library : { exports: {} }) };
  write(join(root, "package.json"), JSON.stringify(all, null, 2));
  console.log(join(out, run("npm", ["pack", "--silent", "--pack-destination", out, root]).trim()));
}

/** The types of the driver suite, and those of the modules of ours that it needs. */
function writeTypes(folder: string): void {
  const emitted = join(staging, "types");
  const config = join(staging, "tsconfig.json");
  const compilerOptions = {
    ...{
      declaration: true,
      emitDeclarationOnly: true,
      noEmit: false,
      noCheck: true,
      rootDir: project,
      outDir: emitted,
    },
    ...{ lib: ["es2024", "dom"], types: ["node"], typeRoots: [join(project, "node_modules", "@types")] },
  };
  const base = join(project, "tsconfig.base.json");
  write(config, JSON.stringify({ extends: base, compilerOptions, files: [join(project, `${driverSuite}.ts`)] }));
  const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
  // It leaves out a module whose types it cannot write down, and fails; the module may be needed by none of these.
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", config], { encoding: "utf8" });
  const needed = new Set([`${driverSuite}.d.ts`]);
  for (const file of needed) {
    if (!existsSync(join(emitted, file))) throw new StartError(`there are no types of ${file}: ${stdout.trim()}`);
    const text = readFileSync(join(emitted, file), "utf8");
    const imports = text.matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g);
    for (const [, path = ""] of imports) needed.add(`${join(dirname(file), path)}.d.ts`);
    write(join(folder, file), text.replaceAll(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1.js"'));
  }
}

function copyProgram({ command, parts }: Pick<NpmPackage, "command" | "parts">, folder: string): void {
  for (const file of [`${command}.mjs`, `${command}.program.mjs`, ...parts])
    cpSync(join(dist, file), join(folder, file));
}

function writeSamples({ samples }: Pick<NpmPackage, "samples">, folder: string): void {
  for (const [file, text] of Object.entries(samples)) write(join(folder, "examples", file), text);
}

function write(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new StartError(`${command} ${args[0]} does not work: ${error?.message ?? stderr.trim()}`);
}
