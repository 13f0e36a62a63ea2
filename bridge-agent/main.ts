import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { pino } from "pino";
import { version } from "../src/foundation/version.ts";
import { doctor } from "./doctor.ts";
import { LogStream } from "./log.ts";
import { AgentService, cannotStart } from "./service.ts";
import { notifySystemd, watchdogMs } from "./service-manager.ts";
import { type AgentSettings, loadSettings } from "./settings.ts";
import { agentKey } from "./state-folder.ts";

const STDOUT = 1;
/** A log that nobody reads must not keep the process. */
const FLUSH_WITHIN_MS = 1_000;

process.umask(0o077); // The journal holds phone numbers and conference keys.

const program = new Command("bridgehead-agent").description("Connects one telephone bridge to Bridgehead's edge.");

command("run", "serve the bridge until told to stop").action(({ settings: file }: Options) => run(file));

command("key", "print the public key for the edge's settings; makes the key if there is none").action(
  ({ settings: file }: Options) => console.log(agentKey(settingsOrExit(file).state).publicKey),
);

command("status", "what the running agent on this machine says of itself").action(
  async ({ settings: file }: Options) => {
    const { port } = settingsOrExit(file).listen;
    const status = await fetch(`http://127.0.0.1:${port}/status`)
      .then((response) => response.text())
      .catch(() => null);
    if (status === null) fail(`no agent answers on 127.0.0.1:${port}: start it with \`run\``);
    else console.log(status.trim());
  },
);

command("doctor", "check settings, key, journal, name, reachability, clock and bridge").action(
  async ({ settings: file }: Options) => {
    process.exit((await doctor(settingsOrExit(file), console.log)) ? 0 : 1);
  },
);

program
  .command("version")
  .description("print the version")
  .action(() => console.log(version));

await program.parseAsync().catch((error: Error) => fail(error.message));

interface Options {
  readonly settings: string;
}

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--settings <file>", "the agent's settings, JSON", "/etc/bridgehead/agent.json");
}

async function run(file: string): Promise<void> {
  const logStream = new LogStream(STDOUT);
  const log = pino({}, logStream);
  let service = await startOrExit(settingsOrExit(file));
  let stopping = false;
  let restarts = Promise.resolve();
  notifySystemd("READY=1");
  const every = watchdogMs();
  if (every !== null) setInterval(() => notifySystemd("WATCHDOG=1"), every).unref();

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    await restarts;
    await service.stop();
    await flushed();
    process.exit(0);
  }
  async function end(why: string): Promise<never> {
    await flushed();
    return fail(why);
  }
  async function flushed(): Promise<void> {
    await Promise.race([logStream.flushed(), pause(FLUSH_WITHIN_MS)]);
  }
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  process.on("SIGHUP", () => {
    restarts = restarts.then(restart); // One after the other.
  });

  async function restart(): Promise<void> {
    if (stopping) return;
    const settings = loadSettings(file);
    if (!settings.ok) return log.error(`settings stay as they were: ${settings.error}`);
    await service.stop();
    service = await startOrExit(settings.value);
    log.info("settings read again");
  }

  async function startOrExit(settings: AgentSettings): Promise<AgentService> {
    const starting = new AgentService(settings, log, logStream, end);
    try {
      await starting.start();
      return starting;
    } catch (error) {
      return end(cannotStart(error));
    }
  }
}

function settingsOrExit(file: string): AgentSettings {
  const settings = loadSettings(file);
  return settings.ok ? settings.value : fail(settings.error);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
