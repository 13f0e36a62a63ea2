import type { NumberedReport } from "../../src/bridge/events.ts";
import type { DecisionProgress } from "../../src/conference/decide.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import type { BridgeName, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import { type Counts, noCounts } from "../../src/records/counts.ts";
import type { AgentReports } from "../../src/rpc/conference.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { type IdsAtHand, noIds } from "../ids/id-supply.ts";

/** How far the conference has come. It changes with almost each input, so it is kept in the journal and costs no row. */
export interface Progress extends DecisionProgress, IdsAtHand {
  /** By how much the conference's time is ahead of the machine's clock. */
  readonly aheadMs?: number;
  /** The restore (`Platform.restoredAt`) since which the ids at hand were allocated; absent: none. */
  readonly restoredAt?: EpochMs;
  /** The highest report number committed of each stream, the latest last. */
  readonly streams: readonly (readonly [BridgeName, StreamId, upTo: number])[];
  /** True if sweeps skip the conference until it asks for one. */
  readonly isQuiet?: boolean;
  /** Absent before the directory was owed anything. */
  readonly published?: Published;
}

/** What the domain's directory has of the conference; rows of the journal. */
export interface Published {
  /** The last row with a fact that it needs. */
  readonly upTo: number;
  /** It has stored what facts up to this row have changed. */
  readonly row: number;
  /** The name of the directory that has; empty: none has. */
  readonly directory: string;
  /** All that was counted up to a row. */
  readonly counted: { readonly upTo: number; readonly counts: Counts };
  /** Hash of how the conference was then. */
  readonly now: number;
}

export const nothingPublished: Published = {
  upTo: 0,
  row: 0,
  directory: "",
  counted: { upTo: 0, counts: noCounts },
  now: 0,
};

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
