import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { type CallRow, type ConferenceRow, recordOfConference } from "../../src/records/rows.ts";
import { rowsOnDisk, type StatePlace } from "../rows-on-disk.ts";
import type { Roster } from "./roster.ts";

/** What the domain's directory has on disk. */
export interface RecordsOnDisk {
  readonly records: readonly DirectoryRecord[];
  readonly running: readonly ConfKey[];
}

const directory = { kind: "DirectoryObject", names: "directory/local", table: "call" } as const;

/** Reads along with the edge, which goes on. */
export async function recordsOnDisk(place: StatePlace): Promise<RecordsOnDisk> {
  const query = "SELECT arrival, data FROM call UNION ALL SELECT arrival, data FROM conference";
  const rows = (await rowsOnDisk(place, directory, query)).map(({ arrival, data }) => {
    return { isOver: arrival !== null, row: JSON.parse(String(data)) as CallRow | ConferenceRow };
  });
  const over = rows.flatMap(({ isOver, row }) => (isOver ? row : []));
  const running = rows.flatMap(({ isOver, row }) => (!isOver && row.kind === "conference" ? row.conference : []));
  return {
    records: over.map((row) => (row.kind === "call" ? (row as CallRecord) : recordOfConference(row))),
    running: running.map((key) => key as ConfKey),
  };
}

/** What the bridge and WebEx themselves know. */
export interface RecordEvidence extends RecordsOnDisk {
  readonly bridge: VisibleState;
  readonly rosters: ReadonlyMap<ConfKey, Roster>;
  /** The numbers of everybody of whose entry WebEx was told; each call has a number of its own. */
  readonly enteredNumbers: ReadonlySet<string>;
  /** The numbers that have dialled in, and those that the bridge has dialled. */
  readonly callers: readonly string[];
  readonly dialledNumbers: readonly string[];
  /** Those that were to be dialled, whether or not the bridge has. */
  readonly askedNumbers?: readonly string[];
}

/** What was found of records: one sentence for each that is missing, that is there twice, or that is of nothing the others know. */
export interface RecordVerdict {
  readonly calls: number;
  readonly conferences: number;
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  readonly wrong: readonly string[];
}

export function judgeRecords(evidence: RecordEvidence): RecordVerdict {
  const { records, running, bridge, rosters, enteredNumbers, callers, dialledNumbers, askedNumbers = [] } = evidence;
  const calls = records.filter((record) => record.kind === "call");
  const conferences = records.filter((record) => record.kind === "conference");
  const listed = new Map(bridge.calls.map((call) => [call.number, call]));
  const present = new Set(bridge.calls.flatMap(({ number, state }) => (state === "ended" ? [] : [number])));
  const byNumber = Map.groupBy(calls, ({ number }) => number);
  const isMissing = (number: string) => !byNumber.has(number) && !present.has(number);
  // A caller who came and went while no agent was there is known to the bridge alone; what was dialled is known to the edge.
  const dialled = new Set(dialledNumbers);
  const dialledIn = new Set(callers);
  const mayBeDialled = new Set([...dialledNumbers, ...askedNumbers]);
  const expected = new Set([...enteredNumbers, ...dialled]);
  // One that was to be dialled and never was has a record as well.
  const isOfACall = ({ number, direction, answeredAt }: CallRecord) =>
    direction === "in" ? dialledIn.has(number) : mayBeDialled.has(number) || answeredAt === null;
  const isRunning = (key: ConfKey) => rosters.get(key)?.state === "running";
  const ended = Map.groupBy(conferences, ({ conference, createdAt }) => `${conference} of ${createdAt}`);
  const endedKeys = new Set(conferences.map(({ conference }) => conference));
  return {
    ...{ calls: calls.length, conferences: conferences.length },
    missing: [
      ...[...expected].filter(isMissing).map((number) => `no record of the call of ${number}`),
      ...[...rosters]
        .filter(([key, { state }]) => state === "ended" && !endedKeys.has(key))
        .map(([key]) => `no record of ${key}`),
      ...[...rosters.keys()]
        .filter((key) => isRunning(key) && !running.includes(key))
        .map((key) => `${key} runs and is not listed`),
    ],
    twice: [
      ...[...byNumber].filter(([, same]) => same.length > 1).map(([number, same]) => `${number}: ${told(same)}`),
      ...[...ended].filter(([, same]) => same.length > 1).map(([name, same]) => `${name}: ${same.length} records`),
    ],
    wrong: [
      ...calls
        .filter(({ number }) => present.has(number))
        .map(({ number }) => `${number} has a record and is not over`),
      ...calls
        .filter(({ number, conference }) => (listed.get(number)?.conference ?? conference) !== conference)
        .map(({ number, conference }) => `${number} was in ${conference} in its record alone`),
      ...calls
        .filter((record) => !isOfACall(record))
        .map(({ number, direction }) => `${number} has a record of a call ${direction} that there was not`),
      ...[...endedKeys].filter((key) => !rosters.has(key as ConfKey)).map((key) => `${key} has a record and never was`),
      ...running.filter((key) => !isRunning(key)).map((key) => `${key} is listed and does not run`),
    ],
  };
}

function told(same: readonly CallRecord[]): string {
  return same.map(({ began, endedBy, reason }) => `row ${began}, ${endedBy} ${reason}`).join("; ");
}
