import type { NumberedReport } from "../../src/bridge/events.ts";
import type { DecisionProgress } from "../../src/conference/decide.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { BridgeName, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import type { AgentReports } from "../../src/rpc/conference.ts";
import type { DirectoryPlace } from "../../src/rpc/directory-feed.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { type IdsAtHand, noIds } from "../ids/id-supply.ts";

/** How far the conference has come. It changes with almost each input, so it is kept in the journal and costs no row. */
export interface Progress extends DecisionProgress, IdsAtHand {
  /** By how much the conference's time is ahead of the machine's clock. */
  readonly aheadMs?: number;
  /** So much of what the platform has skipped is in that time; absent: nothing. */
  readonly skippedMs?: number;
  /** The restore (`Platform.restoredAt`) since which the ids at hand were allocated; absent: none. */
  readonly restoredAt?: EpochMs;
  /** The highest report number committed of each stream, the latest last. */
  readonly streams: readonly (readonly [BridgeName, StreamId, upTo: number])[];
  /** Absent before the directory was owed anything. */
  readonly telling?: DirectoryProgress;
}

/** How far the domain's directory has the facts of the conference; rows of the journal. */
export interface DirectoryProgress {
  /** The last row with a fact that it needs. */
  readonly upTo: number;
  /** It has acknowledged what it needs up to this row. */
  readonly told: number;
  /** Its place then; `null`: it has acknowledged nothing. */
  readonly place: DirectoryPlace | null;
  /** As it answered last: people look at the conference in a list; absent: they do not. */
  readonly isWatched?: boolean | undefined;
  /** Absent: the directory takes a page of each conference of the domain within ten seconds. */
  readonly pace?: DirectoryPace | undefined;
  /** Pages in a row that failed; absent: none. */
  readonly failures?: number | undefined;
}

/** When the directory of a domain with many conferences takes pages. */
export interface DirectoryPace {
  /** How long a page of each conference takes it. */
  readonly allMs: number;
  /** The pause that it told with the last page. */
  readonly pauseMs: number;
  /** It takes no page of this conference before then. */
  readonly notBefore: EpochMs;
  /** When a page is due that the alarm is to send; absent: none is. */
  readonly dueAt?: EpochMs;
}

export const noProgress: Progress = { bridge: null, serial: 0, ...noIds, streams: [] };

/** The settings do not have the bridge any more that it runs on: nobody is reached there. */
export function isBridgeGone(
  { head }: Pick<ConferenceState, "head">,
  { bridge }: Progress,
  { bridges }: DomainSettings,
) {
  return head.phase === "running" && bridge !== null && !bridges.some(({ name }) => name === bridge);
}

/** For each bridge. Only the last stream of an agent goes on. */
const rememberedStreams = 8;

/** The streams with this one as the latest. */
export function withStream(
  { streams }: Progress,
  bridge: BridgeName,
  stream: StreamId,
  upTo: number,
): Progress["streams"] {
  const others = streams.filter((known) => known[0] !== bridge);
  const own = streams.filter((known) => known[0] === bridge && known[1] !== stream);
  return [...others, ...own.slice(1 - rememberedStreams), [bridge, stream, upTo]];
}

/** The reports of this message that follow the committed ones without a gap. An object that knows of none of this bridge may have lost them. */
export function freshReports(progress: Progress, { bridge, stream, reports }: AgentReports): readonly NumberedReport[] {
  const isFirst = latestStream(progress, bridge) === null;
  let upTo = isFirst ? (reports[0]?.number ?? 1) - 1 : reportsUpTo(progress, bridge, stream);
  return reports.filter(({ number }) => number === upTo + 1 && ++upTo);
}

/** The highest number committed of this stream; 0 when none was. */
export function reportsUpTo({ streams }: Progress, bridge: BridgeName, stream: StreamId): number {
  return streams.find((known) => known[0] === bridge && known[1] === stream)?.[2] ?? 0;
}

/** `null`: no report of this bridge was ever committed. */
export function latestStream({ streams }: Progress, bridge: BridgeName): StreamId | null {
  return streams.findLast((known) => known[0] === bridge)?.[1] ?? null;
}

export function isOnOtherBridge({ bridge: own }: Progress, bridge: BridgeName): boolean {
  return own !== null && own !== bridge;
}
