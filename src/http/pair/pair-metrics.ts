import { familyOf } from "../../foundation/metrics.ts";
import { reasonOf } from "../../foundation/text/reason.ts";
import { type EdgeOfPair, type EdgePair, edgeState } from "../../operators/edge-pair.ts";

/** Both edges of one state. If the database does not answer, neither acts nor could. */
export async function pairMetrics(pair: EdgePair | undefined): Promise<string> {
  if (!pair) return "";
  const unknown = { name: pair.name, url: "", version: "", acts: false, silentMs: 0, behind: 0 };
  const view = await pair
    .view()
    .catch((error: unknown) => ({ acting: null, edges: [{ ...unknown, fault: reasonOf(error) }] }));
  const gauge = (name: string, says: string, of: (edge: EdgeOfPair) => boolean) =>
    familyOf(
      "gauge",
      `bridgehead_edge_${name}`,
      says,
      view.edges.map((edge) => [{ edge: edge.name }, of(edge) ? 1 : 0] as const),
    );
  return [
    gauge("acts", "Whether this edge of two is the one that acts.", ({ acts }) => acts),
    gauge("ready", "Whether it acts, or could at once.", (edge) => edgeState(edge).is !== "bad"),
    view.acting
      ? familyOf("gauge", "bridgehead_edge_epoch", "Counts up with each change of the edge that acts.", [
          [{}, view.acting.epoch],
        ])
      : "",
  ].join("");
}
