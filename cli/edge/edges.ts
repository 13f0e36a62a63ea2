import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Terminal } from "../../src/foundation/table.ts";
import { actsAs, edgeState, pairTrouble } from "../../src/operators/edge-pair.ts";
import { answer, askEdge, found, type Options } from "../operator/ask-edge.ts";
import type { OperatorClient } from "../operator/operator-client.ts";
import { duration } from "../terminal.ts";
import type { ApiAnswer } from "./edge-api.ts";
import { StartError } from "./program.ts";

export type EdgesFound = ApiAnswer<"GET /edges">;

const lookEveryMs = 200;
/** Much longer than it takes. */
const handedOverWithinMs = 10_000;

/** The commands about two edges over one state. */
export function addEdges(program: Command): void {
  program
    .command("edges")
    .description(
      "of two edges over one database: who acts, since when and why, and whether the other one could; exit code 1 if it could not",
    )
    .option("--json", "as JSON")
    .action((options: Options) =>
      answer(options, async (edge) => {
        const edges = await edge.ask("GET /edges", {});
        return found(edges, edgesText, { failed: hasTrouble(edges) });
      }),
    );

  program
    .command("hand-over-edge")
    .description("let the other edge act in place of the one that acts, as before an upgrade; calls stay up")
    .action(() =>
      askEdge(async (edge) => {
        const before = await edge.ask("GET /edges", {});
        const { to } = await edge.ask("POST /edges/hand-over", {});
        await untilActs(edge, to, before.acting?.epoch ?? 0);
        process.stdout.write(`${to} acts\n`);
      }),
    );
}

export function hasTrouble(edges: EdgesFound): boolean {
  return edges.edges.length > 0 && (edges.acting === null || pairTrouble(edges, Date.now()).length > 0);
}

export async function untilActs(edge: Pick<OperatorClient, "ask">, acts: string, before: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < handedOverWithinMs; waitedMs += lookEveryMs) {
    // Behind a load balancer nobody may answer for a moment.
    const found = await edge.ask("GET /edges", {}).catch(() => null);
    if (found?.acting?.name === acts) return;
    if (found?.acting && found.acting.epoch > before)
      throw new StartError(`${acts} has not taken over, and ${found.acting.name} acts again; its log says why`);
    await pause(lookEveryMs);
  }
  throw new StartError(
    `${acts} does not act after ${duration(handedOverWithinMs)}; \`bridgehead edges\` shows both, and who has handed over acts again by itself`,
  );
}

export function edgesText({ acting, edges }: EdgesFound, now: number, { style }: Terminal): readonly string[] {
  if (edges.length === 0) return ["this edge shares its state with no other one"];
  const who = acting
    ? `${acting.name} has acted for ${duration(now - acting.since)}, ${actsAs[acting.why]} (epoch ${acting.epoch})`
    : style("red", "no edge acts");
  const lines = edges.map((edge) => edgeLine(edge, style));
  if (edges.every(({ acts }) => acts)) lines.push(style("red", "no other edge stands by"));
  return [who, ...lines.map((line) => `  ${line}`)];
}

function edgeLine(edge: EdgesFound["edges"][number], style: Terminal["style"]): string {
  const { is, says } = edgeState(edge, duration);
  const shown = is === "plain" ? says : style(is === "good" ? "green" : "red", says);
  return `${edge.name}  ${edge.url}  ${edge.version}  ${shown}`;
}
