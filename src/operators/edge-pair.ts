import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, described, time } from "../foundation/schemas.ts";
import type { FoundAlert } from "./alert-kinds.ts";

const name = v.string();
const url = v.pipe(v.string(), v.description("Its address for users."));

const edgeOfPair = v.object({
  ...{ name, url, version: v.string() },
  silentMs: v.pipe(v.number(), v.description("Time since its last beat.")),
});
/** A standby edge. */
export type EdgeOfPair = Checked<typeof edgeOfPair>;

/** The edges that share a database. */
export const pairView = v.object({
  active: v.object({ name, url, since: time }),
  standbys: v.array(edgeOfPair),
  fault: described(v.nullable(v.string()), "The missing protection against the loss of a machine; null: none."),
});
export type PairView = Checked<typeof pairView>;

/** The active edge of a pair. */
export interface EdgePair {
  readonly name: string;
  /** Rejects if the database does not answer. */
  view(): Promise<PairView>;
}

/** A standby edge writes a beat every second. */
const silentLongMs = 5_000;

export function isSilent({ silentMs }: Pick<EdgeOfPair, "silentMs">): boolean {
  return silentMs >= silentLongMs;
}

/** Returns an alert if no standby edge could become active, and one if the database could lose what it confirmed. */
export function pairAlerts({ standbys, fault }: Omit<PairView, "active">, now: EpochMs): readonly FoundAlert[] {
  const lost: FoundAlert[] = fault === null ? [] : [{ kind: "database-unreplicated", since: null, why: fault }];
  return [...standbyAlerts(standbys, now), ...lost];
}

function standbyAlerts(standbys: PairView["standbys"], now: EpochMs): readonly FoundAlert[] {
  const [latest] = standbys.toSorted((one, other) => one.silentMs - other.silentMs);
  const kind = "no-standby-edge";
  if (!latest) return [{ kind, since: null, why: "there is no standby edge" }];
  const { name, silentMs } = latest;
  return isSilent(latest) ? [{ kind, since: now - silentMs, why: `the standby edge ${name} is silent` }] : [];
}
