import type { EpochMs } from "../../src/foundation/ids.ts";
import { masked } from "../../src/foundation/shown.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import type { RunningFold } from "../../src/records/running.ts";
import type { BridgeLoad, HostLoad, ListedConference } from "../../src/rpc/directory.ts";
import type { FactPage, LiveState } from "../../src/rpc/directory-feed.ts";
import type { RunningRow } from "./directory-store.ts";

/** How far the directory has the facts of a conference. */
export type Cursor = Pick<FactPage, "journal"> & { readonly row: number };

/** A conference that runs: its row, and how it is. */
export interface Listed {
  readonly id: number;
  readonly row: RunningRow;
  /** `null`: it has said nothing since the directory's own restart. */
  readonly known: Followed | null;
  /** When people saw it last in a list. */
  readonly watchedAt: EpochMs | null;
  /** It was answered so when it said something last. */
  readonly isWatched: boolean;
  /** When it was asked last how it is. */
  readonly askedAt: EpochMs | null;
}

export interface Followed {
  readonly cursor: Cursor;
  readonly fold: RunningFold;
  /** The fold is of this row. It may be ahead of the facts: those up to it are for records and webhooks alone. */
  readonly foldedUpTo: number;
  readonly live: LiveState;
}

/** TSP servers whose conferences are told. */
const mostLoads = 50;
/** Conferences with trouble that are named for each. */
const mostTroubled = 5;

export function listed({ row: { heard: _, ...row }, known }: Listed): ListedConference {
  if (!known) return { ...row, now: null };
  const { attached, locked, people, rooms, speaking } = known.fold;
  const { trouble, waiting } = known.live;
  return {
    ...row,
    now: {
      ...{ attached, locked, callers: people.size, rooms: rooms.size, trouble },
      speakers: [...speaking].flatMap((call) => people.get(call) ?? []),
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestDocumentAt: waiting.reduce<EpochMs | null>((oldest, { oldestAt }) => earliest(oldest, oldestAt), null),
      ...(waiting.length > 0 && { waiting }),
    },
  };
}

export function loadsOf(all: readonly Listed[]): readonly BridgeLoad[] {
  const loads = new Map<string, BridgeLoad>();
  for (const { row, known } of all) {
    const { bridge } = row;
    const { conferences = 0, callers = 0 } = loads.get(bridge ?? "") ?? {};
    const inside = known?.fold.people.size ?? 0;
    loads.set(bridge ?? "", { bridge, conferences: conferences + 1, callers: callers + inside });
  }
  return [...loads].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, load]) => load);
}

/** Where the settings have people masked, they are found by the end of their numbers. */
export function isShownAs(wanted: string | undefined, shown: string): boolean {
  return wanted === undefined || shown === wanted || shown === masked(wanted);
}

/** Those for which the most documents wait are the first. */
export function hostsOf(all: readonly Listed[]): readonly HostLoad[] {
  const hosts = new Map<HostLoad["host"], HostLoad>();
  const loadOf = (host: HostLoad["host"]): HostLoad =>
    hosts.get(host) ?? {
      ...{ host, conferences: 0, documents: 0, oldestDocumentAt: null, failure: null, troubled: [] },
    };
  for (const { row, known } of all) {
    const load = loadOf(row.webexHost);
    hosts.set(load.host, { ...load, conferences: load.conferences + 1 });
    // A conference may post to the back end, too, or still to the server that it was with before.
    for (const { host, documents, oldestAt, failure } of known?.live.waiting ?? []) {
      const before = loadOf(host);
      const isTroubled = failure !== null && before.troubled.length < mostTroubled;
      hosts.set(host, {
        ...before,
        documents: before.documents + documents,
        oldestDocumentAt: earliest(before.oldestDocumentAt, oldestAt),
        failure: failure ?? before.failure,
        troubled: isTroubled ? [...before.troubled, row.key] : before.troubled,
      });
    }
  }
  const loads = [...hosts.values()].sort(
    (one, other) => other.documents - one.documents || other.conferences - one.conferences,
  );
  return loads.slice(0, mostLoads);
}
