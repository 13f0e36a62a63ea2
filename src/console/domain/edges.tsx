import type { EpochMs } from "../../foundation/ids.ts";
import { actsAs, type EdgeOfPair, edgeState, type PairView } from "../../operators/edge-pair.ts";
import { ageOf } from "../browser/age.js";
import { Age, Mark, Table } from "../parts.tsx";

interface EdgesProps {
  /** `null`: the database does not answer. */
  readonly view: PairView | null;
  readonly now: EpochMs;
}

/** Of two edges over one state: who acts, since when and why, and whether the other one could. */
export function Edges({ view, now }: EdgesProps) {
  if (view === null) return <p class="dim">It is not known: their database does not answer.</p>;
  const { acting, edges } = view;
  return (
    <>
      {acting === null ? (
        <p>No edge acts.</p>
      ) : (
        <p>
          {`${acting.name} has acted for `}
          <Age since={acting.since} now={now} />
          {`, ${actsAs[acting.why]}.`}
        </p>
      )}
      <Table<EdgeOfPair>
        rows={edges}
        id={({ name }) => `edge-${name}`}
        columns={{
          Edge: ({ name, url }) => <a href={`${url}/console`}>{name}</a>,
          State: (edge) => {
            const { is, says } = edgeState(edge, ageOf);
            return <Mark is={is}>{says}</Mark>;
          },
          Release: ({ version }) => version,
        }}
      />
    </>
  );
}
