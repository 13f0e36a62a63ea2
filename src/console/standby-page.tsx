import { PageAlone } from "./page.tsx";

interface StandbyProps {
  readonly name: string;
  /** Why it does not act, such as "edge-2 acts". */
  readonly why: string;
  /** The console of the edge that acts; `null`: none does, or nobody knows. */
  readonly console: string | null;
}

/** In place of each page, at an edge that stands by. */
export function StandbyPage({ name, why, console }: StandbyProps) {
  return (
    <PageAlone title={`${name} stands by`}>
      <p>{`It takes the place of the other edge when that fails, or hands over. Now ${why}.`}</p>
      {console === null ? (
        <p class="notice bad" role="alert">
          No edge acts. <code>bridgehead edges</code> shows both.
        </p>
      ) : (
        <p>
          <a href={console}>{console}</a>
        </p>
      )}
    </PageAlone>
  );
}
