import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { activeOf } from "../../src/views/bridges.ts";
import { StartError } from "../edge/program.ts";
import { askEdge, examples, type Options, question } from "../operator/ask-edge.ts";
import { askingFirst, type Confirmed, isConfirmed } from "../operator/confirmation.ts";
import type { AgentsOfBridge, OperatorClient } from "../operator/operator-client.ts";
import { jsonText } from "../terminal.ts";

const LOOK_EVERY_MS = 2_000;

export function addBridgeWork(program: Command): void {
  askingFirst(question(program, "drain <bridge>", "Stop new conferences on a bridge"))
    .option("--wait", "wait until its last conference has ended")
    .option("--end", "end the drain: the bridge accepts new conferences again")
    .addHelpText("after", examples("drain simulated", "drain main --domain acme --wait", "drain main --end"))
    .action((bridge: string, options: Options & Confirmed & { wait?: true; end?: true }) =>
      work(options, async (edge, domain, show) => {
        const asks = `Stop new conferences on ${bridge} of ${domain}? Running ones continue.`;
        if (!options.end && !(await isConfirmed(options, asks))) return null;
        const path = "/domains/{domain}/bridges/{bridge}/drain";
        const look = () => bridgeOf(edge, domain, bridge);
        await edge.ask(options.end ? `DELETE ${path}` : `PUT ${path}`, { domain, bridge });
        if (!options.end) return drained(look, options.wait === true, show, pause);
        show(`${bridge} accepts new conferences`);
        return look();
      }),
    );
  askingFirst(question(program, "hand-over <bridge>", "Make the standby agent of a bridge active"))
    .addHelpText("after", examples("hand-over simulated"))
    .action((bridge: string, options: Options & Confirmed) =>
      work(options, async (edge, domain, show) => {
        const from = actingOn(await bridgeOf(edge, domain, bridge));
        const asks = `Make the standby agent of ${bridge} active instead of ${from}? Calls are not interrupted.`;
        if (!(await isConfirmed(options, asks))) return null;
        const place = { domain, bridge };
        const { acts } = await edge.ask("POST /domains/{domain}/bridges/{bridge}/hand-over", place, { body: { from } });
        show(`${acts} is active on ${bridge} instead of ${from}`);
        return { bridge, acts, from };
      }),
    );
}

/** Prints what is shown as it comes; with `json` what comes of it in the end, alone. */
function work(
  { domain: named, json }: Options,
  act: (edge: OperatorClient, domain: string, show: (line: string) => void) => Promise<object | null>,
): Promise<void> {
  return askEdge(async (edge) => {
    const show = (line: string) => {
      if (!json) process.stdout.write(`${printable(line)}\n`);
    };
    const found = await act(edge, await edge.domain(named), show);
    if (json && found) process.stdout.write(`${jsonText(found)}\n`);
  });
}

async function bridgeOf(edge: OperatorClient, domain: string, name: string): Promise<AgentsOfBridge> {
  const bridges = await edge.agents(domain);
  const found = bridges.find(({ bridge }) => bridge === name);
  if (found) return found;
  const names = bridges.map(({ bridge }) => bridge).join(", ");
  throw new StartError(`The domain ${domain} has no bridge ${name}; it has ${names}.`);
}

export function actingOn(bridge: AgentsOfBridge): string {
  const active = activeOf(bridge);
  if (active) return active.agent;
  throw new StartError(`No agent is active on ${bridge.bridge}; \`bridgehead agents\` lists those that are connected.`);
}

/** A bridge that was drained, as it is found; with `untilEmpty` as it is when it has no conference any more. Each change is shown. */
export async function drained(
  look: () => Promise<AgentsOfBridge>,
  untilEmpty: boolean,
  show: (line: string) => void,
  wait: (ms: number) => Promise<unknown>,
): Promise<AgentsOfBridge> {
  // A conference that has just begun is listed within a second.
  if (untilEmpty) await wait(LOOK_EVERY_MS);
  for (let shown = ""; ; ) {
    const found = await look().catch((error: unknown) => {
      if (shown === "" || !(error instanceof StartError)) throw error;
      show(`${error.message}; retrying`);
      return null;
    });
    if (found === null) {
      await wait(LOOK_EVERY_MS);
      continue;
    }
    const { bridge, drainedSince, load } = found;
    if (drainedSince === null && found.agents !== null)
      throw new StartError(`${bridge} accepts new conferences again: somebody ended the drain.`);
    const line = `${bridge} is drained: ${leftText(found)}`;
    if (line !== shown) show(line);
    if (!untilEmpty || load?.conferences === 0) return found;
    shown = line;
    await wait(LOOK_EVERY_MS);
  }
}

function leftText({ bridge, load, agents }: AgentsOfBridge): string {
  if (load === null) return "conferences left: not known, the directory did not respond";
  if (load.conferences === 0) return "no conference is left";
  const health = agents?.find(({ role }) => role === "active")?.health;
  const isKnown = health?.bridgeUp && !health.portsUnread && health.portsInUse !== null;
  const callers = counted(load.callers, "caller");
  const left = isKnown ? callers : `about ${callers}, not known for ${bridge}`;
  return `${counted(load.conferences, "conference")} left, with ${left}`;
}
