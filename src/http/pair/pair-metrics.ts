import { familyOf } from "../../foundation/metrics.ts";
import { type EdgeOfPair, type EdgePair, edgeState } from "../../operators/edge-pair.ts";

/** Both edges of one state, as the one that acts knows them; empty if the database does not answer. */
export async function pairMetrics(pair: EdgePair | undefined): Promise<string> {
  const view = await pair?.view().catch(() => null);
  if (!view) return "";
  const gauge = (name: string, says: string, of: (edge: EdgeOfPair) => boolean) =>
    familyOf(
      "gauge",
      `bridgehead_edge_${name}`,
      says,
      view.edges.map((edge) => [{ edge: edge.name }, of(edge) ? 1 : 0] as const),
    );
  return [
    gauge("acts", "Whether this edge of two is the one that acts.", ({ acts }) => acts),
    gauge("ready", "Whether it acts, or could at once.", (edge) => edgeState(edge, String).is !== "bad"),
    familyOf("gauge", "bridgehead_edge_epoch", "Counts up with each change of the edge that acts.", [
      [{}, view.acting?.epoch ?? 0],
    ]),
  ].join("");
}
