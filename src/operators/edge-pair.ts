import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import type { FoundAlert } from "./alert-kinds.ts";

/** How the active edge became active. */
export const actsAs = {
  first: "the first to start",
  silent: "the other one was silent",
  "handed over": "the other one handed over",
  stopped: "the other one stopped",
  "began anew": "restarted with what the database has",
} as const;
export type ActsSince = keyof typeof actsAs;

const edgeOfPair = v.object({
  name: v.string(),
  url: v.pipe(v.string(), v.description("Its address for users.")),
  version: v.string(),
  acts: v.boolean(),
  silentMs: v.pipe(
    v.number(),
    v.description("Time since its last sign of life; for the active edge, as another edge sees it."),
  ),
  behind: v.pipe(v.number(), v.description("Rows of the log that it has not read; 0: none.")),
  fault: v.pipe(
    v.nullable(v.string()),
    v.description("Its fault, as the end of a sentence; null: it is active or could be."),
  ),
});
/** One of two edges over one state. */
export type EdgeOfPair = Checked<typeof edgeOfPair>;

export const pairView = v.object({
  acting: v.pipe(
    v.nullable(
      v.object({
        name: v.string(),
        since: time,
        why: v.picklist(Object.keys(actsAs) as readonly ActsSince[]),
        epoch: v.number(),
      }),
    ),
    v.description("null: no edge was active yet, or the last one handed over or stopped."),
  ),
  edges: v.array(edgeOfPair),
});
export type PairView = Checked<typeof pairView>;

/** The edges of one state in a database, as one of them knows them. */
export interface EdgePair {
  readonly name: string;
  readonly acts: boolean;
  /** Why it is not active, as the end of a sentence. */
  readonly why: string;
  /** Rejects if the database does not answer. */
  view(): Promise<PairView>;
  /** Makes the other edge active. Rejects with an `Error` for users if it cannot be. */
  handOver(): Promise<void>;
}

/** An edge sends a sign of life every second or two. After this time another edge may use its name. */
export const silentLongMs = 5_000;

/** The state of one edge, for users. */
export function edgeState({ acts, fault, silentMs, behind }: EdgeOfPair): {
  readonly is: "good" | "bad" | "plain";
  readonly says: string;
} {
  if (acts) return { is: "good", says: "active" };
  if (fault !== null) return { is: "bad", says: `standby, but ${fault}` };
  if (isSilent({ silentMs })) return { is: "bad", says: `silent for ${Math.floor(silentMs / 1_000)} s` };
  return { is: "plain", says: behind === 0 ? "standby, up to date" : `standby, ${counted(behind, "row")} behind` };
}

/** The edge that becomes active if the active one fails now; `null`: none. */
export function nextToAct({ edges }: Pick<PairView, "edges">): EdgeOfPair | null {
  return latestStandby(edges.filter((edge) => !isSilent(edge) && edge.fault === null)) ?? null;
}

function latestStandby(edges: readonly EdgeOfPair[]): EdgeOfPair | undefined {
  return edges.filter(({ acts }) => !acts).toSorted((one, other) => one.silentMs - other.silentMs)[0];
}

function isSilent({ silentMs }: Pick<EdgeOfPair, "silentMs">): boolean {
  return silentMs >= silentLongMs;
}

/** An alert if no edge could become active now. */
export function pairAlerts(view: Pick<PairView, "edges">, now: EpochMs): readonly FoundAlert[] {
  if (nextToAct(view)) return [];
  const kind = "no-standby-edge";
  const other = latestStandby(view.edges);
  if (!other) return [{ kind, since: null, why: "there is no standby edge" }];
  const { name, fault, silentMs } = other;
  if (isSilent(other)) return [{ kind, since: now - silentMs, why: `the standby edge ${name} is silent` }];
  return [{ kind, since: null, why: `the standby edge ${name} could not become active: ${fault}` }];
}
