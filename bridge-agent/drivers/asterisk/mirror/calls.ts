import type { Command, CommandResult } from "../../../../src/bridge/commands.ts";
import type { EndReason } from "../../../../src/bridge/events.ts";
import { type CallId, MAIN_ROOM } from "../../../../src/foundation/ids.ts";
import { callOf, done, type ExecutorContext, refused, setVariable, writeCall } from "../acts/executor-context.ts";
import { type AriAnswer, isDone, read, rtpStatistics } from "../ari.ts";
import { noKeyFollowed } from "./apply-event.ts";
import { callOver, holdOf, talkChanged } from "./changes.ts";
import type { Call, MirroredConference } from "./mirror.ts";

/* What is done for one call. All of it but `awaitKeys`, `detectTalking`, `playTone` and `watchSound` is called `inOrder`. */

export const JOIN_TONE = "sound:confbridge-join";
export const LEAVE_TONE = "sound:confbridge-leave";
const TONES_AT_MOST = 2;

export async function answer(context: ExecutorContext, id: CallId): Promise<void> {
  await context.ari.ask("answer", { channelId: id });
  await writeCall(context, id);
}

/** Only who dials in may find the conference full: callers to be dialled are counted before they are. */
export async function admit(
  context: ExecutorContext,
  conference: MirroredConference,
  command: Command<"admit">,
): Promise<CommandResult> {
  const { mirror, beingAdmitted } = context;
  const { key, maxCallers, locked } = conference;
  const call = mirror.calls.get(command.call);
  if (!maxCallers || locked || call?.stage !== "prompted") return enter(context, conference, command);
  const inside = mirror.inside(key).map(({ id }) => id);
  const onTheWay = [...beingAdmitted].filter(([, where]) => where === key).map(([id]) => id);
  if (new Set([...inside, ...onTheWay]).size >= maxCallers) return refused("capacity");
  beingAdmitted.set(call.id, key);
  try {
    return await enter(context, conference, command);
  } finally {
    beingAdmitted.delete(call.id);
  }
}

/** From the prompt, from an answered dial, or from another room; a lock keeps out callers at the prompt. */
export async function enter(
  context: ExecutorContext,
  conference: MirroredConference,
  command: Command<"admit" | "move">,
): Promise<CommandResult> {
  const { mirror } = context;
  const call = mirror.calls.get(command.call);
  if (!call || call.stage === "ringing" || call.ending !== null) return refused("no-such-call");
  const isCaller = call.stage === "prompted" && command.type === "admit";
  if (!isCaller && call.conference !== conference.key) return refused("no-such-call");
  const isNew = call.stage !== "entered";
  if (isCaller && conference.locked) return refused("locked");
  const name = command.type === "admit" ? MAIN_ROOM : command.room;
  const room = conference.rooms.get(name);
  if (!room) return refused("no-such-room");

  const { muted, joinTone, attendeeId } = call;
  const wanted = command.type === "admit" ? command : { muted, joinTone, attendeeId };
  // Nobody is to hear a word of a caller who enters muted.
  if (wanted.muted ? isNew || !muted : muted) {
    const set = await setMute(context, call.id, wanted.muted);
    if (!isDone(set)) return refused(set.status === 404 ? "no-such-call" : "refused");
  }
  call.muted = wanted.muted;
  // In the mirror the call is where it was until Asterisk has let it in.
  const entry = {
    conference: conference.key,
    joinTone: wanted.joinTone,
    attendeeId: wanted.attendeeId ?? attendeeId,
    ...(command.type === "admit" && command.host && { host: true }),
  };
  await writeCall(context, call.id, entry);
  const { reportsSpeakers } = conference;
  if (isNew && reportsSpeakers) await detectTalking(context, call.id, true);
  const isInMain = ({ room: where }: Call) => where === MAIN_ROOM;
  if (isNew && entry.joinTone === true && mirror.inside(conference.key).some(isInMain))
    await playTone(context, room.bridge, JOIN_TONE);
  const added = await addToBridge(context, call.id, room.bridge);
  if (!isDone(added)) {
    await writeCall(context, call.id);
    return refused(added.status === 404 ? "no-such-room" : "no-such-call");
  }
  if (mirror.calls.get(call.id) !== call) return refused("no-such-call"); // It has hung up meanwhile.
  // Somebody else may have ended the conference, or closed the room, while Asterisk let the call in.
  if (mirror.conferences.get(conference.key)?.rooms.get(name)?.bridge !== room.bridge) {
    if (isNew) await writeCall(context, call.id);
    else {
      call.room = MAIN_ROOM;
      context.begin([{ type: "enter-main-room", call: call.id }]);
    }
    return refused(mirror.conferences.has(conference.key) ? "no-such-room" : "no-such-conference");
  }
  Object.assign(call, entry, { stage: "entered", room: name });
  // Whoever is on the way in when that changes is not among those inside.
  if (conference.reportsSpeakers !== reportsSpeakers) await detectTalking(context, call.id, conference.reportsSpeakers);
  context.report([...(isNew && call.isHeld ? holdOf(call) : []), ...talkChanged(mirror, call).reports]);
  return done;
}

/** A caller who means to key an attendee ID has begun by then. */
const KEYS_FOLLOW_WITHIN_MS = 1_500;

/** Whether keys follow the `#` that is kept back. */
export async function awaitKeys({ ari, mirror, report, begin }: ExecutorContext, id: CallId): Promise<void> {
  const call = mirror.calls.get(id);
  if (!call) return;
  const { keptHash } = call;
  await ari.pause(KEYS_FOLLOW_WITHIN_MS);
  if (keptHash === null || call.keptHash !== keptHash) return;
  const { reports, followUps } = noKeyFollowed(mirror, call);
  report(reports);
  begin(followUps);
}

/** One tone of a bridge after the other: of two at once Asterisk refuses one, never destroys its channel, and cannot end gracefully. */
export function playTone(context: ExecutorContext, bridgeId: string, media: string): Promise<void> {
  const { ari, mutex, tones } = context;
  return mutex.run(`tones ${bridgeId}`, async () => {
    const playing = tones.get(bridgeId) ?? 0;
    // Asterisk plays queued tones one by one, so a crowd would cause minutes of tones.
    if (playing >= TONES_AT_MOST) return;
    tones.set(bridgeId, playing + 1);
    if (!isDone(await ari.ask("playToBridge", { bridgeId, media }))) toneOver(context, bridgeId);
  });
}

export function toneOver({ tones }: ExecutorContext, bridgeId: string): void {
  const playing = tones.get(bridgeId) ?? 0;
  if (playing > 1) tones.set(bridgeId, playing - 1);
  else tones.delete(bridgeId);
}

/** The keys of a caller in a bridge go to nobody but us. */
export async function addToBridge(
  { ari, mirror, voice }: ExecutorContext,
  id: CallId,
  bridgeId: string,
): Promise<AriAnswer> {
  await voice.makeWay(id, bridgeId);
  return ari.untilReady(
    () => ari.ask("addChannel", { bridgeId, channel: id, absorbDTMF: true }),
    ({ status }) => (status === 409 || status === 422) && mirror.calls.has(id),
  );
}

export async function enterMainRoom(context: ExecutorContext, id: CallId): Promise<void> {
  const key = context.mirror.calls.get(id)?.conference ?? null;
  const conference = key === null ? undefined : context.mirror.conferences.get(key);
  if (conference) await addToBridge(context, id, conference.mainBridge);
}

export async function mute(
  context: ExecutorContext,
  conference: MirroredConference,
  id: CallId,
  muted: boolean,
): Promise<CommandResult> {
  const call = callOf(context, conference, id);
  if (!call) return refused("no-such-call");
  // A call that rings cannot be muted yet: it is when it enters.
  if (call.stage !== "ringing") {
    const set = await setMute(context, id, muted);
    if (set.status === 404) return refused("no-such-call");
    if (!isDone(set)) return refused("refused");
  }
  call.muted = muted;
  await writeCall(context, id);
  context.report(talkChanged(context.mirror, call).reports);
  return done;
}

/** Harmless where Asterisk has it so already. */
export async function applyMute(context: ExecutorContext, id: CallId): Promise<void> {
  const call = context.mirror.calls.get(id);
  if (call) await setMute(context, id, call.muted);
}

/** Keeps a caller on hold silent, because its music would be heard. An unmute takes effect when the hold ends. */
function setMute({ ari, mirror }: ExecutorContext, id: CallId, muted: boolean): Promise<AriAnswer> {
  const isSilent = muted || mirror.calls.get(id)?.isHeld === true;
  return ari.ask(isSilent ? "mute" : "unmute", { channelId: id, direction: "in" });
}

export async function detectTalking(context: ExecutorContext, id: CallId, isOn: boolean): Promise<void> {
  const { silenceMs, level } = context.settings.talking;
  const variable = isOn ? "TALK_DETECT(set)" : "TALK_DETECT(remove)";
  await setVariable(context, id, variable, isOn ? `${silenceMs},${level}` : "");
}

/** Two looks that find hardly more packets mean silence: that is 1.8 s to 3.6 s after the last sound. */
export const LOOK_AT_SOUND_EVERY_MS = 1_800;
/** Between two looks speech has 30 packets, of 60 ms each, or more. Comfort noise and other signs of life have 11 at most, one each 160 ms. */
const SOUND_PACKETS = 20;

/** Looks whether sound still comes from a call that talks: Asterisk judges only sound that comes, and a silent line would talk for ever. */
export async function watchSound({ ari, mirror, soundWatched, report }: ExecutorContext, id: CallId): Promise<void> {
  const call = mirror.calls.get(id);
  if (call === undefined || soundWatched.has(call)) return;
  const isDue = () => mirror.calls.get(id) === call && call.isHeard;
  soundWatched.add(call);
  try {
    for (let before: number | null = null; ; ) {
      await ari.pause(LOOK_AT_SOUND_EVERY_MS);
      if (!isDue()) return;
      const answer = await ari.ask("getRtpStatistics", { channelId: id });
      // It is gone, or its sound does not come by RTP.
      if (!isDone(answer)) return;
      const { rxcount } = read("getRtpStatistics", rtpStatistics, answer);
      call.isSending = before === null || Math.abs(rxcount - before) >= SOUND_PACKETS;
      report(talkChanged(mirror, call).reports);
      before = rxcount;
    }
  } finally {
    soundWatched.delete(call);
  }
}

/** As a command wants it: the end is not reported. */
export async function hangUp(
  { ari, mirror, begin }: ExecutorContext,
  id: CallId,
  reason: EndReason,
): Promise<CommandResult> {
  const call = mirror.calls.get(id);
  if (!call) return refused("no-such-call");
  call.ending = { reason, isReported: false };
  const answer = await ari.ask("hangUp", { channelId: id, reason: "normal" });
  if (!isDone(answer) && answer.status !== 404) {
    call.ending = null;
    return refused("refused");
  }
  begin(callOver(mirror, call, { reason }, false).followUps);
  return done;
}
