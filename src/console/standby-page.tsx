import { PageAlone } from "./page.tsx";

interface StandbyProps {
  readonly name: string;
  /** Why it is not active. */
  readonly why: string;
  /** The console of the active edge; `null`: none, or not known. */
  readonly console: string | null;
}

/** Replaces every page on a standby edge. */
export function StandbyPage({ name, why, console }: StandbyProps) {
  return (
    <PageAlone title={`${name} is on standby`}>
      <p>{`It becomes active when the other edge fails or hands over. Now ${why}.`}</p>
      {console === null ? (
        <p class="notice bad" role="alert">
          No edge is active. <code>bridgehead edges</code> shows both.
        </p>
      ) : (
        <p>
          <a href={console}>{console}</a>
        </p>
      )}
    </PageAlone>
  );
}
