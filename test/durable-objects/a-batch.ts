import type { Fact } from "../../src/conference/facts.ts";
import type { BridgeName, CallId, ConfKey, DomainName, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { countsOf } from "../../src/records/counts.ts";
import type { CallRow, ConferenceRow } from "../../src/records/rows.ts";
import type { ConferenceBatch, WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";

/** A conference that runs, as a test wants it. */
export interface ARunning extends Partial<NonNullable<ConferenceRow["now"]>> {
  /** So many, of whom nothing is known; or these. */
  readonly people?: readonly Partial<CallRow>[];
  readonly life?: number;
  readonly createdAt?: EpochMs;
  readonly phase?: "creating" | "running";
  readonly webexHost?: WebexHost;
  /** `null`: it has none yet. */
  readonly bridge?: BridgeName | null;
  readonly topic?: string;
}

interface Said {
  readonly key?: string;
  /** Absent: it is over. */
  readonly running?: ARunning | undefined;
  readonly waiting?: readonly WaitingDocuments[];
  readonly records?: readonly DirectoryRecord[];
  /** For the counts. */
  readonly facts?: readonly Fact[];
  readonly at?: EpochMs;
}

let version = 0;

/** Rows with a version that no rows had before. */
export function aBatch(said: Said = {}): ConferenceBatch {
  const { key = "987654321", running, waiting = [], records = [], facts = [], at = worldBegins } = said;
  version += 1;
  const conference = running && aRunning(key, running);
  return {
    version,
    domain: "local" as DomainName,
    key: key as ConfKey,
    // What a batch counts adds to what others have.
    source: facts.length > 0 ? `${key} ${version}` : key,
    counts: countsOf([{ at, facts }]),
    waiting,
    conferences: [
      ...records.flatMap((one) => (one.kind === "conference" ? { ...one, now: null } : [])),
      ...(conference ? [conference] : []),
    ],
    calls: [
      ...records.filter((one) => one.kind === "call"),
      ...(running?.people ?? []).map((one, index) => aCallIn(key, running ?? {}, index, one)),
    ],
  };
}

const still = { attached: true, orphan: false, locked: false, rooms: 0, roomNames: [] };
const calm = { ...still, alerts: [], lateSince: null, aheadMs: 0 };

function aRunning(key: string, running: ARunning): ConferenceRow {
  const { people, life = 1, createdAt = worldBegins, phase = "running", ...more } = running;
  const { webexHost = "tsp" as WebexHost, bridge = "simulated" as BridgeName, topic = "", ...now } = more;
  return {
    ...aConferenceRecord({ conference: key, life, createdAt, topic, bridge: bridge ?? "" }),
    webexHosts: webexHost === "" ? [] : [webexHost],
    runningAt: phase === "creating" ? null : createdAt,
    endedAt: null,
    endedBy: null,
    status: phase,
    now: { ...calm, callers: people?.length ?? 3, ...now },
  };
}

function aCallIn(
  conference: string,
  { life = 1, bridge = "simulated" as BridgeName }: ARunning,
  index: number,
  more: Partial<CallRow>,
): CallRow {
  const call = `c${index}` as CallId;
  const row = {
    ...aCallRecord({ conference, life, call, number: "", attendeeId: "", bridge: bridge ?? "" }),
    endedAt: null,
  };
  return { ...row, enteredAt: worldBegins, answeredAt: worldBegins, endedBy: null, status: "inside", ...more };
}
