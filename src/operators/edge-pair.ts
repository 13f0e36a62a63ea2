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
  url: v.pipe(v.string(), v.description("Where people find it.")),
  version: v.string(),
  acts: v.boolean(),
  silentMs: v.pipe(
    v.number(),
    v.description("How long ago it said something last; of one that acts, what another edge sees of it."),
  ),
  behind: v.pipe(v.number(), v.description("Rows of the log that it has not seen; 0: none.")),
  fault: v.pipe(
    v.nullable(v.string()),
    v.description("What is wrong with it, as the end of a sentence; null: it could act now, or it acts."),
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
    v.description("null: nobody has acted yet, or whoever did has handed over or stopped."),
  ),
  edges: v.array(edgeOfPair),
});
export type PairView = Checked<typeof pairView>;

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
