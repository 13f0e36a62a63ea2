import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  globSync,
  openSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import type { DriverKind } from "../drivers/driver.ts";
import { type DriverSettings, type DriverType, drivers } from "../drivers/registry.ts";
import { loadSettings, readSettings } from "./settings.ts";
import { agentKey, makeFolder } from "./state-folder.ts";

/** What the command line may say; the defaults are those of a first agent beside its bridge. */
export interface InitOptions {
  readonly edge?: string;
  readonly domain?: string;
  readonly bridge: string;
  readonly agent: string;
  readonly driver: DriverType;
  /** In place of the one in the driver's example. */
  readonly driverUrl?: string;
  /** Of the driver's settings, as the URL. */
  readonly application?: string;
  readonly ariUser?: string;
  /** Has the password of a user that the bridge has already: then no configuration is written for it. */
  readonly passwordFile?: string;
  readonly dialIn?: string;
  readonly state: string;
  readonly port: number;
  /** Where the sample configuration of the bridge goes, if there is one; by default beside the settings. */
  readonly bridgeConfig?: string;
}

export const initDefaults = {
  bridge: "main",
  agent: "agent-1",
  driver: "generic",
  state: "/var/lib/bridgehead-agent",
  port: 8791,
} as const;

/** What has no default, with an example. */
const needed = { edge: "wss://tsp.example.com", domain: "acme" } as const;

type Complete = InitOptions & { readonly edge: string; readonly domain: string };

/** Asks at a terminal for what has no default; elsewhere an error names the options. */
export async function askForMissing(options: InitOptions, input: NodeJS.ReadStream): Promise<Complete> {
  const { edge, domain } = options;
  if (edge !== undefined && domain !== undefined) return { ...options, edge, domain };
  if (!input.isTTY) {
    const missing = Object.entries({ edge, domain }).filter(([, value]) => value === undefined);
    const examples = missing.map(([name]) => `--${name} ${needed[name as keyof typeof needed]}`);
    throw new Error(`what has no default is missing: add, for example, ${examples.join(" ")}`);
  }
  const terminal = createInterface({ input, output: process.stdout });
  const ask = async (what: string, example: string) =>
    (await terminal.question(`${what} (such as ${example}): `)).trim();
  const complete = {
    ...options,
    edge: edge ?? (await ask("Address of the edge", needed.edge)),
    domain: domain ?? (await ask("Name of the domain there", needed.domain)),
  };
  terminal.close();
  return complete;
}

/** Returns the first unused port that no settings file in the same folder names. */
export async function freePort(file: string): Promise<number> {
  const folder = dirname(resolve(file));
  const others = globSync("*.json", { cwd: folder }).map((name) => loadSettings(join(folder, name)));
  const taken = others.map((other) => (other.ok ? other.value.listen.port : null));
  let port: number = initDefaults.port;
  while (taken.includes(port) || !(await canListen(port))) port += 1;
  return port;
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: "127.0.0.1", exclusive: true });
  const listens = await once(server, "listening").then(
    () => true,
    () => false,
  );
  server.close();
  return listens;
}

/**
 * Writes a new settings file and makes the key. Returns what is to be done next; what it throws is one sentence. What root
 * makes is for the service: the key belongs to the user of the state folder, and that user's group may read the settings.
 */
export function init(file: string, options: Complete): string {
  if (existsSync(file))
    throw new Error(`${file} is there already: change it with an editor, or name another file by --settings`);
  const settings = readSettings(settingsText(options));
  if (!settings.ok) throw new Error(settings.error);
  const folder = resolve(options.bridgeConfig ?? join(dirname(file), options.driver));
  const made = forBridge(options, folder);
  const text = settingsText(options, made?.settings);
  const { domain, bridge, agent, state } = settings.value;
  const stateFolder = resolve(dirname(file), state);
  const isRoot = process.geteuid?.() === 0;
  const bridgeFiles = Object.entries(made?.files ?? {}).map(
    ([name, content]) => [join(folder, name), content] as const,
  );
  const there = bridgeFiles.find(([path]) => existsSync(path));
  if (there) throw new Error(`${there[0]} is there already: name another folder by --bridge-config`);
  checkFolder(dirname(resolve(file)), "--settings");
  if (bridgeFiles.length > 0) checkFolder(folder, "--bridge-config");
  const { publicKey } = asOwner(stateFolder, () => agentKey(stateFolder));
  const { uid, gid } = statSync(stateFolder);
  makeSettingsFolder(dirname(resolve(file)), isRoot);
  if (bridgeFiles.length > 0) makeSettingsFolder(folder, isRoot);
  for (const [path, content] of bridgeFiles) writeSettings(path, content, null);
  writeSettings(file, text, isRoot ? gid : null);
  const line = `{ "name": ${JSON.stringify(agent)}, "publicKey": "${publicKey}" }`;
  const named = file === "/etc/bridgehead/agent.json" ? "" : ` --settings ${file}`;
  const owners =
    isRoot && uid === 0
      ? `
Both are root's. Where the agent runs as another user: chown -R USER ${stateFolder}; chgrp USER ${file}
`
      : "";
  return `${file} is written, and the key is in ${stateFolder}. Its public half:

${publicKey}

In the edge's settings, add this line to \`agents\` of the bridge ${bridge} of the domain ${domain}, or put it in place of the line
with the same name; then restart the edge:

${line}

Where the domain has no bridge ${bridge} yet, add one to its \`bridges\`:

{ "name": ${JSON.stringify(bridge)}, "agents": [${line}] }
${owners}${made ? `\n${made.next}` : ""}
For calls to telephones, name in ${file} which numbers may be dialled: policy.allow
Then: bridgehead-agent doctor${named}`;
}

/** `null`: this kind of bridge needs no configuration of ours. */
function forBridge(options: Complete, folder: string) {
  const { init: initKind } = drivers[options.driver] as DriverKind<DriverSettings>;
  if (!initKind) return null;
  const password = randomBytes(24).toString("base64url");
  const { dialIn, passwordFile } = options;
  return initKind({ settings: driverSettings(options), dialIn: numbersIn(dialIn), password, passwordFile, folder });
}

/** The example of its kind, with what the command line says. */
function driverSettings({ driver, driverUrl, application, ariUser, passwordFile }: Complete): DriverSettings {
  return {
    ...drivers[driver].example,
    ...(driverUrl !== undefined && { url: driverUrl }),
    ...(application !== undefined && { application }),
    ...(ariUser !== undefined && { user: ariUser }),
    ...(passwordFile !== undefined && { passwordFile }),
  };
}

function numbersIn(list: string | undefined): readonly string[] | undefined {
  return list?.split(",").map((number) => number.trim());
}

/** Before anything is made: whether files can be, in a folder that may not be there yet. The error names the option. */
function checkFolder(folder: string, option: string): void {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    if (!statSync(place).isDirectory()) throw new Error(`${place} is no folder`);
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`nothing can be written in ${folder} (${reasonOf(error)}): name another place by ${option}`);
  }
}

/** The service's user must reach what root makes. */
function makeSettingsFolder(folder: string, isRoot: boolean): void {
  const umask = process.umask();
  if (isRoot) process.umask(0o022);
  try {
    makeFolder(folder);
  } finally {
    process.umask(umask);
  }
}

/** A new file, for the user who makes it and for this group, if any. Never by its name: another user may own the folder. */
function writeSettings(file: string, text: string, gid: number | null): void {
  const settings = openSync(file, "wx", 0o600);
  try {
    writeFileSync(settings, text);
    if (gid === null) return;
    fchownSync(settings, 0, gid);
    fchmodSync(settings, 0o640);
  } finally {
    closeSync(settings);
  }
}

/** As the user of this folder, if root runs this: what that user put into the folder must not lead root to other files. */
function asOwner<T>(folder: string, run: () => T): T {
  if (process.geteuid?.() !== 0 || !existsSync(folder)) return run();
  const { uid, gid } = statSync(folder);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** A whole settings file with comments; also the one that the package brings. */
export function settingsText(options: Complete, ofDriver = driverSettings(options)): string {
  const { edge, domain, bridge, agent, dialIn, state, port } = options;
  const inOneLine = Object.entries(ofDriver).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const numbers = numbersIn(dialIn);
  const last = numbers
    ? `
  // Callers of this domain dial in at these numbers of the bridge, as the bridge says them.
  "dialIn": ${JSON.stringify(numbers)},`
    : "";
  return `// The agent beside a bridge. Checked by \`bridgehead-agent doctor\`; read by \`systemctl restart bridgehead-agent\`.
{
  // Several addresses of the one edge are a list, and tried in turn: ["wss://…", "wss://…"].
  "edge": ${JSON.stringify(edge)},
  // Where the edge's certificate is of an authority of your own, this is its file, and no other authority counts:
  // "ca": "/etc/bridgehead/ca.pem",
  // The names under which the edge knows domain, bridge and agent.
  "domain": ${JSON.stringify(domain)},
  "bridge": ${JSON.stringify(bridge)},
  "agent": ${JSON.stringify(agent)},
  "state": ${JSON.stringify(state)}, // Its key and its journal: keep a backup of agent-key.pem.
  "listen": { "port": ${JSON.stringify(port)} }, // Health, metrics and the commands on this machine, only on 127.0.0.1.${last}
  // What the edge may bring about, also one in wrong hands.
  "policy": {
    // Numbers that may be dialled begin with one of these, such as "+1408" or "+44". None may until one stands here.
    "allow": [],
    // These may not, unless a longer begin in "allow" fits.
    "deny": ["+1900"],
    "callsPerMinute": 60, // Calls to dial within any minute,
    "callsAtOnce": 100, // and dialled calls that ring or are up.
    "longestCallMinutes": 720,
    "longestConferenceMinutes": 1440
  },
  "driver": { ${inOneLine.join(", ")} }
}
`;
}
