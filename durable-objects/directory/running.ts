import type { BridgeName, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { ConferenceNow, ConferenceRow } from "../../src/records/rows.ts";

/** What looks need of a running conference. It is in memory, so that no look reads the rows of all. */
export interface Running {
  readonly key: ConfKey;
  readonly life: number;
  readonly createdAt: EpochMs;
  readonly isCreating: boolean;
  /** Empty: none yet. */
  readonly bridge: BridgeName | "";
  /** Empty: an orphan. */
  readonly server: string;
  readonly topic: string;
  readonly now: ConferenceNow;
  /** Since when sweeps do not reach it; `null`: they do. */
  unreached: EpochMs | null;
  /** Its last batch. An earlier instance may have got one later. */
  heardAt: EpochMs;
}

export function runningOf(row: ConferenceRow, unreached: EpochMs | null): Running {
  const { life, createdAt, topic } = row;
  return {
    ...{ key: row.conference as ConfKey, life, createdAt, topic, unreached, heardAt: 0 },
    isCreating: row.status === "creating",
    bridge: row.bridge as BridgeName | "",
    server: row.webexHosts.at(-1) ?? "",
    now: row.now as ConferenceNow,
  };
}
