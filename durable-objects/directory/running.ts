import type { BridgeName, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { ConferenceNow, ConferenceRow } from "../../src/records/rows.ts";

/** Fields of a running conference for views. They are in memory, so that no view reads all rows. */
export interface Running extends Pick<ConferenceRow, "life" | "createdAt" | "status" | "topic"> {
  readonly key: ConfKey;
  readonly bridge: BridgeName | "";
  /** Empty for an orphan. */
  readonly server: string;
  readonly now: ConferenceNow;
  /** Time since which sweeps do not reach it; `null` if they do. */
  unreached: EpochMs | null;
  /** Time of the last batch that this instance got. */
  heardAt: EpochMs;
}

export function runningOf(row: ConferenceRow, unreached: EpochMs | null): Running {
  const { conference, bridge, life, createdAt, status, topic } = row;
  const of = { key: conference as ConfKey, bridge: bridge as BridgeName | "", life, createdAt, status, topic };
  return { ...of, server: row.webexHosts.at(-1) ?? "", now: row.now as ConferenceNow, unreached, heardAt: 0 };
}
