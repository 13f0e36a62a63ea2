import type { EpochMs } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import type { FoundAlert } from "./alert-kinds.ts";

/**
 * How an edge came to act: nobody had acted before, the other one was silent, has handed over or has
 * stopped, or it began anew itself.
 */
export const actsSinceWhy = ["first", "silent", "handed over", "stopped", "began anew"] as const;
export type ActsSince = (typeof actsSinceWhy)[number];

/** One of two edges over one state. */
export interface EdgeOfPair {
  readonly name: string;
  /** Where people find it. */
  readonly url: string;
  readonly version: string;
  readonly acts: boolean;
  /** Since when it is silent; of one that acts, what another edge sees of it. */
  readonly silentMs: number;
  /** So many rows of the log it has not seen. */
  readonly behind: number;
  /** What is wrong with it, in a sentence's end; `null`: it could act now, or it acts. */
  readonly fault: string | null;
}

export interface PairView {
  /** `null`: nobody has acted yet, or whoever did has handed over or stopped. */
  readonly acting: {
    readonly name: string;
    readonly since: EpochMs;
    readonly why: ActsSince;
    readonly epoch: number;
  } | null;
  readonly edges: readonly EdgeOfPair[];
}

/** The edges of one state in a database, as one of them knows them. */
export interface EdgePair {
  readonly name: string;
  readonly acts: boolean;
  /** Why it does not act, in a sentence's end: "edge-2 acts". */
  readonly why: string;
  /** Rejects where the database does not answer. */
  view(): Promise<PairView>;
  /** The other one acts from now on. Rejects with an `Error` for people where it could not. */
  handOver(): Promise<void>;
}

/** How the active edge became active. */
export const actsAs: Readonly<Record<ActsSince, string>> = {
  first: "the first to start",
  silent: "the other one was silent",
  "handed over": "the other one handed over",
  stopped: "the other one stopped",
  "began anew": "restarted with what the database has",
};

/** An edge says something each second or two. After this time another one may have its name. */
export const silentLongMs = 5_000;

/** What one edge does, for people. */
export function edgeState({ acts, fault, silentMs, behind }: EdgeOfPair): {
  readonly is: "good" | "bad" | "plain";
  readonly says: string;
} {
  if (acts) return { is: "good", says: "active" };
  if (fault !== null) return { is: "bad", says: `standby, but ${fault}` };
  if (isSilent({ silentMs })) return { is: "bad", says: `silent for ${Math.floor(silentMs / 1_000)} s` };
  return { is: "plain", says: behind === 0 ? "standby, up to date" : `standby, ${counted(behind, "row")} behind` };
}

/** Who takes the place of the edge that acts, if it fails now; `null`: nobody does. */
export function nextToAct({ edges }: PairView): EdgeOfPair | null {
  const ready = edges.filter((edge) => !edge.acts && !isSilent(edge) && edge.fault === null);
  return latestOf(ready) ?? null;
}

function isSilent({ silentMs }: Pick<EdgeOfPair, "silentMs">): boolean {
  return silentMs >= silentLongMs;
}

function latestOf(edges: readonly EdgeOfPair[]): EdgeOfPair | undefined {
  return edges.toSorted((one, other) => one.silentMs - other.silentMs)[0];
}

/** What would keep the meetings from going on, were the edge that acts to fail now. */
export function pairAlerts({ edges }: Pick<PairView, "edges">, now: EpochMs): readonly FoundAlert[] {
  const others = edges.filter(({ acts }) => !acts);
  const ready = others.filter((edge) => !isSilent(edge));
  if (ready.length === 0) {
    const last = latestOf(others);
    return [{ kind: "no-standby-edge", about: last?.name ?? null, since: last ? now - last.silentMs : null }];
  }
  return ready.flatMap(({ name: about, fault: why }): FoundAlert[] =>
    why === null ? [] : [{ kind: "standby-edge-fault", about, since: null, why }],
  );
}
