import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "pino";
import type { ExecutionResult } from "../src/bridge/commands.ts";
import type { CommandId } from "../src/foundation/ids.ts";
import type { Timers } from "../src/foundation/timers.ts";
import { Agent, type AgentInput } from "./agent.ts";
import type { Execution } from "./bridge-side.ts";
import { commandForLog } from "./command-for-log.ts";
import type { BridgeDriver } from "./drivers/driver.ts";
import { GenericDriver } from "./drivers/generic.ts";
import { type Counters, healthServer } from "./health.ts";
import { openJournal } from "./journal.ts";
import { agentKey } from "./key.ts";
import { EdgeLink } from "./link.ts";
import type { AgentSettings } from "./settings.ts";
import { makeStateFolder } from "./state-folder.ts";

const TICK_MS = 200;
const FINISH_WITHIN_MS = 5_000;

export interface RunningAgent {
  /** Takes nothing new, lets the bridge finish what it was asked, and lets go of everything; within about 5 s. */
  stop(): Promise<void>;
}

export const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Without a name, a visitor beside the agent that serves the bridge. */
export function driverFor({ url }: AgentSettings["driver"], agent?: string): BridgeDriver {
  return new GenericDriver({ url, timers, random: Math.random, ...(agent !== undefined && { agent }) });
}

/** Brings journal, driver, link and the agent together. A journal that cannot be written ends the process. */
export async function runAgent(settings: AgentSettings, log: Logger): Promise<RunningAgent> {
  makeStateFolder(settings.state);
  const journal = openJournal(join(settings.state, "journal.sqlite"));
  const agent = new Agent(journal, newIds());
  const driver = driverFor(settings.driver, settings.agent);
  const counters: Counters = {
    commands: { done: 0, refused: 0, unknown: 0 },
    edgeMessages: { received: 0, sent: 0 },
    turns: 0,
  };
  const link = new EdgeLink({
    settings,
    key: agentKey(settings.state),
    timers,
    now: Date.now,
    random: Math.random,
    heard(message) {
      counters.edgeMessages.received += 1;
      put({ type: "edge", message });
    },
    gone: () => put({ type: "edge-gone" }),
    note: (line) => log.info(line),
  });

  // Whatever comes in while a turn is due is taken together: one transaction, one message for each conference.
  let inputs: AgentInput[] = [];
  let stopped = false;
  function put(input: AgentInput): void {
    inputs.push(input);
    if (inputs.length === 1) setImmediate(turn);
  }

  function turn(): void {
    if (stopped) return; // What comes now is found in the bridge's state, or told by the edge anew, at the next start.
    const taken = inputs;
    inputs = [];
    counters.turns += 1;
    const { messages, commands, askState, reconnect, notes } = journal.transaction(() => agent.turn(taken, Date.now()));
    for (const note of notes) log.info(note);
    if (reconnect) link.renew();
    for (const message of messages) link.send(message);
    counters.edgeMessages.sent += messages.length;
    for (const command of commands)
      void driver.execute(command.id, command.conference, command.command).then((result) => learn(command, result));
    if (askState) void driver.state().then((state) => put({ type: "state", state }));
  }

  function learn(command: Execution, result: ExecutionResult): void {
    counters.commands[result.done === true ? "done" : result.done === false ? "refused" : "unknown"] += 1;
    log.info({ ...commandForLog(command, settings.logs.personal), result }, "command");
    put({ type: "result", command, result });
  }

  const server = await healthServer({ status: () => agent.status, counters }, settings.listen.port);
  driver.start((report) => put({ type: "bridge", report }));
  link.connect();
  const ticking = setInterval(() => put({ type: "time" }), TICK_MS);

  return {
    async stop() {
      put({ type: "stop" });
      const until = Date.now() + FINISH_WITHIN_MS;
      do await new Promise((resolve) => setTimeout(resolve, 20));
      while ((inputs.length > 0 || agent.status.running > 0) && Date.now() < until);
      clearInterval(ticking);
      stopped = true;
      link.stop();
      await driver.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed; // The next start wants the same port.
      journal.close();
    },
  };
}

/** Names for the agent's own acts: unlike those of any other life of any agent. */
function newIds(): () => CommandId {
  const life = randomUUID().slice(0, 13);
  let count = 0;
  return () => `keypad-${life}-${++count}` as CommandId;
}
