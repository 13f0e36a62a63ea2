import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import type { CallId } from "../../../../src/foundation/ids.ts";
import { type Timers, wait } from "../../../../src/foundation/time/timers.ts";
import {
  type Ari,
  type AriBridge,
  type AriChannel,
  application,
  bridge,
  channel,
  isDone,
  read,
  variable,
} from "../ari.ts";
import type { Mirror } from "./mirror.ts";
import {
  CALL_VARIABLE,
  type CallNotes,
  type ConferenceNotes,
  conferenceVariable,
  type RoomName,
  readBridgeName,
  readCallNotes,
  readConferenceNotes,
} from "./names.ts";

/** What was asked for over a link that broke has reached Asterisk, as a rule, when two snapshots at this distance show the same. */
const SNAPSHOTS_APART_MS = 50;
const SNAPSHOTS_AT_MOST = 5;

/** All that Asterisk shows, asked for piece by piece. */
export interface AriSnapshot {
  readonly bridges: readonly AriBridge[];
  readonly channels: readonly AriChannel[];
  /** Whether these are all: else the owner's alone. */
  readonly hasOthers: boolean;
  /** The channels that are in the owner's application. */
  readonly inApplication: ReadonlySet<string>;
  /** Those of them that Asterisk cannot describe. */
  readonly undescribed: readonly string[];
  /** By the id of the channel, as far as they were asked for. */
  readonly callNotes: ReadonlyMap<string, CallNotes | null>;
  /** Channels on hold at their own telephones. */
  readonly held: ReadonlySet<string>;
  /** By the id of the main bridge, as far as they were asked for. */
  readonly conferenceNotes: ReadonlyMap<string, ConferenceNotes | null>;
}

/** A room of the mirror's owner, as Asterisk shows it. */
export interface AriRoom extends RoomName {
  readonly bridge: string;
  readonly channels: readonly string[];
}

/** Of whom a snapshot is taken, and how. */
export interface SnapshotOptions {
  readonly application: string;
  /** Events were missed: the notes of all calls and conferences are read; else of those that the mirror does not have. */
  readonly afterGap: boolean;
  /** Nothing is on its way any more that was asked for over an earlier link, by whatever agent. */
  readonly isSettled: boolean;
}

/** A snapshot, and the version of the mirror when it was begun. Throws `AriFailure`. */
export async function takeSnapshot(
  ari: Ari,
  mirror: Mirror,
  timers: Timers,
  options: SnapshotOptions,
): Promise<{ readonly snapshot: AriSnapshot; readonly since: number }> {
  let since = mirror.version;
  let snapshot = await takeOne(ari, mirror, options);
  for (let taken = 1, isSame = options.isSettled; !isSame && taken < SNAPSHOTS_AT_MOST; taken += 1) {
    const before = snapshot;
    await wait(timers, SNAPSHOTS_APART_MS);
    since = mirror.version;
    snapshot = await takeOne(ari, mirror, options);
    // What calls of others do meanwhile does not matter.
    isSame = isDeepStrictEqual({ ...snapshot, channels: [] }, { ...before, channels: [] });
  }
  return { snapshot, since };
}

async function takeOne(
  ari: Ari,
  mirror: Mirror,
  { application: applicationName, afterGap }: SnapshotOptions,
): Promise<AriSnapshot> {
  const [bridgeList, channelList, ofApplication] = await Promise.all([
    ari.ask("listBridges", {}),
    ari.ask("listChannels", {}),
    ari.ask("getApplication", { applicationName }),
  ]);
  const bridges = read("listBridges", v.array(bridge), bridgeList);
  // There is no such application before the first agent acts.
  const ids = ofApplication.status === 404 ? [] : read("getApplication", application, ofApplication).channel_ids;
  const inApplication = new Set(ids);
  const cannotList = channelList.status === 500;
  const { channels, undescribed } = cannotList
    ? await askOneByOne(ari, [...inApplication])
    : { channels: read("listChannels", v.array(channel), channelList), undescribed: [] };

  const isKnown = (id: CallId) => mirror.endedCalls.has(id) || (!afterGap && mirror.calls.has(id));
  const calls = channels.filter(({ id }) => inApplication.has(id) && !isKnown(id as CallId));
  const isKnownMain = (id: string) =>
    !afterGap && [...mirror.conferences.values()].some(({ mainBridge }) => mainBridge === id);
  const mains = ownRooms(mirror, bridges).filter(({ kind, bridge }) => kind === "main" && !isKnownMain(bridge));

  const callNotes = new Map<string, CallNotes | null>();
  const held = new Set<string>();
  const conferenceNotes = new Map<string, ConferenceNotes | null>();
  await Promise.all([
    ...calls.map(async ({ id }) => {
      callNotes.set(id, await askCallNotes(ari, id));
    }),
    ...calls.map(async ({ id: channelId }) => {
      const answer = await ari.ask("getChannelVar", { channelId, variable: "CHANNEL(rtp,hold)" });
      if (isDone(answer) && read("getChannelVar", variable, answer).value === "1") held.add(channelId);
    }),
    ...mains.map(async ({ bridge: id }) => {
      conferenceNotes.set(id, readConferenceNotes(await ari.globalVar(conferenceVariable(id))));
    }),
  ]);
  return { bridges, channels, hasOthers: !cannotList, inApplication, undescribed, callNotes, held, conferenceNotes };
}

/** Asterisk lists no channel while one has a Call-ID that is no UTF-8; asked for that one alone, it answers with nothing. */
async function askOneByOne(
  ari: Ari,
  ids: readonly string[],
): Promise<{ readonly channels: readonly AriChannel[]; readonly undescribed: readonly string[] }> {
  const channels: AriChannel[] = [];
  const undescribed: string[] = [];
  await Promise.all(
    ids.map(async (channelId) => {
      const answer = await ari.ask("getChannel", { channelId });
      if (answer.status === 404) return;
      if (isDone(answer) && answer.body === null) undescribed.push(channelId);
      else channels.push(read("getChannel", channel, answer));
    }),
  );
  return { channels, undescribed };
}

/** `null`: the channel has none, or is gone. */
export async function askCallNotes(ari: Ari, channelId: string): Promise<CallNotes | null> {
  const answer = await ari.ask("getChannelVar", { channelId, variable: CALL_VARIABLE });
  return isDone(answer) ? readCallNotes(read("getChannelVar", variable, answer).value) : null;
}

/** The bridges that are rooms of the mirror's owner, without those that are going. */
export function ownRooms(mirror: Mirror, bridges: readonly AriBridge[]): readonly AriRoom[] {
  return bridges.flatMap(({ id, name, channels }) => {
    const room = readBridgeName(name);
    const isOwn = room !== null && mirror.isOwn(room) && !mirror.goneBridges.has(id);
    return isOwn ? [{ ...room, bridge: id, channels }] : [];
  });
}
