import type { BridgeName, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { ConferenceNow, ConferenceRow } from "../../src/records/rows.ts";

/** What looks need of a running conference. It is in memory, so that no look reads the rows of all. */
export interface Running extends Pick<ConferenceRow, "life" | "createdAt" | "status" | "topic"> {
  readonly key: ConfKey;
  readonly bridge: BridgeName | "";
  /** Empty: an orphan. */
  readonly server: string;
  readonly now: ConferenceNow;
  /** Since when sweeps do not reach it; `null`: they do. */
  unreached: EpochMs | null;
  /** The last batch that this instance got. */
  heardAt: EpochMs;
}

export function runningOf(row: ConferenceRow, unreached: EpochMs | null): Running {
  const { conference, bridge, life, createdAt, status, topic } = row;
  const of = { key: conference as ConfKey, bridge: bridge as BridgeName | "", life, createdAt, status, topic };
  return { ...of, server: row.webexHosts.at(-1) ?? "", now: row.now as ConferenceNow, unreached, heardAt: 0 };
}
