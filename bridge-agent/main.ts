import { setTimeout as pause } from "node:timers/promises";
import { Command, Option } from "commander";
import { printableJson } from "../src/foundation/text/printable.ts";
import { reasonOf } from "../src/foundation/text/reason.ts";
import { version } from "../src/foundation/version.ts";
import { driverTypes } from "./drivers/registry.ts";
import { doctor } from "./service/doctor.ts";
import { askForMissing, freePort, type InitOptions, init, initDefaults } from "./service/init.ts";
import { askAgent, askStatus, callsText, callsUnknown, statusText } from "./service/local-commands.ts";
import { forPeople } from "./service/log.ts";
import { LogDestination } from "./service/log-destination.ts";
import { AgentService } from "./service/service.ts";
import { notifySystemd, watchdogMs } from "./service/service-manager.ts";
import { type AgentSettings, loadSettings } from "./service/settings.ts";
import { keepHeapSmall } from "./service/small-heap.ts";
import { agentKey } from "./service/state-folder.ts";

const STDOUT = 1;
const WATCH_EVERY_MS = 2_000;

process.umask(0o077); // The journal holds phone numbers and conference keys.

const program = new Command("bridgehead-agent").description("Connects one telephone bridge to Bridgehead's edge.");

command("init", "write a settings file, make the key, and print what the edge's settings need")
  .option("--edge <url>", "address of the edge, such as wss://tsp.example.com")
  .option("--domain <name>", "name of the domain at the edge, such as acme")
  .option("--bridge <name>", "name of the bridge at the edge", initDefaults.bridge)
  .option("--agent <name>", "name of this agent at the edge", initDefaults.agent)
  .addOption(new Option("--driver <kind>", "kind of the bridge").choices([...driverTypes]).default(initDefaults.driver))
  .option("--driver-url <url>", "where the bridge is, such as ws://127.0.0.1:8790/bridge")
  .option("--bridge-config <folder>", "where the bridge's sample configuration goes (driver asterisk)")
  .option("--application <name>", "the owner's application in Asterisk, such as bridgehead-of-beta (driver asterisk)")
  .option("--ari-user <name>", "the agent's user in Asterisk's ari.conf (driver asterisk)")
  .option("--password-file <file>", "has that user's password; Asterisk has the user already (driver asterisk)")
  .option("--dial-in <numbers>", "numbers at which callers of the domain dial in, such as 18005551234,18005555678")
  .option("--state <folder>", "folder of key and journal", initDefaults.state)
  .option("--port <port>", "its port on this machine; without it, the first free one from 8791", numberIn)
  .action(async ({ port: given, ...options }: SettingsOption & Omit<InitOptions, "port"> & { port?: number }) => {
    const port = given ?? (await freePort(options.settings));
    console.log(init(options.settings, await askForMissing({ ...options, port }, process.stdin)));
  });

command("run", "serve the bridge until stopped").action(({ settings: file }: SettingsOption) => run(file));

command("status", "what the running agent on this machine says of itself")
  .option("--json", "as JSON, for programs")
  .action(async ({ settings: file, json }: SettingsOption & { readonly json?: true }) => {
    const status = await askStatus(settingsOrExit(file));
    console.log(json ? printableJson(JSON.stringify(status)) : statusText(status));
  });

command("calls", "the calls that the bridge holds for this agent's domain")
  .option("--watch", "again each two seconds")
  .option("--json", "as JSON, for programs")
  .action(async ({ settings: file, watch, json }: SettingsOption & { readonly watch?: true; readonly json?: true }) => {
    const settings = settingsOrExit(file);
    for (;;) {
      const calls = await askAgent(settings, "/calls");
      const unknown = callsUnknown(await askStatus(settings));
      const clear = watch && !json && process.stdout.isTTY ? "\x1b[H\x1b[J" : "";
      if (unknown === null) console.log(`${clear}${json ? printableJson(calls) : callsText(JSON.parse(calls))}`);
      else console.error(`${clear}${unknown}`);
      process.exitCode = unknown === null ? 0 : 1;
      if (!watch) return;
      await pause(WATCH_EVERY_MS);
    }
  });

command("doctor", "check settings, key, disk, journal, name, TLS, proxy, edge, clock, bridge and policy").action(
  async ({ settings: file }: SettingsOption) => {
    process.exit((await doctor(settingsOrExit(file), console.log, file)) ? 0 : 1);
  },
);

command("key", "print the public key for the edge's settings; makes the key if there is none").action(
  ({ settings: file }: SettingsOption) => console.log(agentKey(settingsOrExit(file).state).publicKey),
);

program.version(version, "--version");
program
  .command("version")
  .description("print the version")
  .action(() => console.log(version));

await program.parseAsync().catch((error: Error) => fail(error.message));

interface SettingsOption {
  readonly settings: string;
}

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--settings <file>", "the agent's settings, JSON", "/etc/bridgehead/agent.json");
}

async function run(file: string): Promise<void> {
  const logDestination = new LogDestination(STDOUT, process.stdout.isTTY ? forPeople : undefined);
  const exit = (code: number) => void logDestination.close().then(() => process.exit(code));
  const service = new AgentService(settingsOrExit(file), { logDestination, fail: () => exit(1) });
  const started = service.start().catch((error: unknown) => fail(`agent cannot start: ${reasonOf(error)}`));
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
  await started;
  notifySystemd("READY=1");
  keepHeapSmall();
  const every = watchdogMs();
  if (every !== null) setInterval(() => notifySystemd("WATCHDOG=1"), every).unref();

  async function stop(): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    await started;
    await service.stop();
    exit(0);
  }
}

/** Leaves other text to the settings' own check. */
function numberIn(text: string): number {
  return (/^\d+$/.test(text) ? Number(text) : text) as number;
}

function settingsOrExit(file: string): AgentSettings {
  const settings = loadSettings(file);
  return settings.ok ? settings.value : fail(settings.error);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
