import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { actsAs, pairAlerts } from "../../src/operators/edge-pair.ts";
import { edges as edgesView } from "../../src/views/domain.ts";
import { answer, askEdge, found, type Options } from "../operator/ask-edge.ts";
import { listText } from "../operator/list-text.ts";
import type { OperatorClient } from "../operator/operator-client.ts";
import type { Screen } from "../shown-times.ts";
import { duration } from "../terminal.ts";
import type { ApiAnswer } from "./edge-api.ts";
import { StartError } from "./program.ts";

export type EdgesFound = ApiAnswer<"GET /edges">;

const lookEveryMs = 200;
/** Much longer than it takes. */
const handedOverWithinMs = 10_000;

/** The command about two edges over one state. */
export function addEdges(program: Command): void {
  program
    .command("edges")
    .summary("List the two edges of one database")
    .description("List the two edges of one database; exit code 1 if neither is active, or no standby is ready")
    .option("--hand-over", "make the other edge active, as before an upgrade; calls stay up")
    .option("--json", "print JSON")
    .action((options: Options & { readonly handOver?: true }) =>
      options.handOver
        ? askEdge(handOver)
        : answer(options, async (edge) => {
            const edges = await edge.ask("GET /edges", {});
            return found(edges, edgesText, { failed: hasAlerts(edges) });
          }),
    );
}

async function handOver(edge: OperatorClient): Promise<void> {
  const before = await edge.ask("GET /edges", {});
  const { to } = await edge.ask("POST /edges/hand-over", {});
  await untilActs(edge, to, before.acting?.epoch ?? 0);
  process.stdout.write(`${to} is active.\n`);
}

export function hasAlerts(edges: EdgesFound): boolean {
  return edges.edges.length > 0 && (edges.acting === null || pairAlerts(edges, Date.now()).length > 0);
}

export async function untilActs(edge: Pick<OperatorClient, "ask">, acts: string, before: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < handedOverWithinMs; waitedMs += lookEveryMs) {
    // Behind a load balancer nobody may answer for a moment.
    const found = await edge.ask("GET /edges", {}).catch(() => null);
    if (found?.acting?.name === acts) return;
    if (found?.acting && found.acting.epoch > before)
      throw new StartError(`${acts} did not take over; ${found.acting.name} is active again. Its log says why.`);
    await pause(lookEveryMs);
  }
  throw new StartError(
    `${acts} is not active after ${duration(handedOverWithinMs)}. \`bridgehead edges\` shows both; the former one becomes active again by itself.`,
  );
}

export function edgesText({ acting, edges }: EdgesFound, now: number, screen: Screen): readonly string[] {
  if (edges.length === 0) return [edgesView.none[1]];
  const who = acting
    ? `${acting.name} has been active for ${duration(now - acting.since)}: ${actsAs[acting.why]} (epoch ${acting.epoch}).`
    : screen.style("red", "No edge is active.");
  const rows = edges.map((edge) => ({ domain: "", ...edge }));
  const alone = edges.every(({ acts }) => acts) ? [screen.style("red", "There is no standby edge.")] : [];
  return [who, ...listText(edgesView)(rows, now, screen), ...alone];
}
