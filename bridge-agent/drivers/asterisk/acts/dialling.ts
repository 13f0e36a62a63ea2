import type { Command, CommandResult } from "../../../../src/bridge/commands.ts";
import type { CallId } from "../../../../src/foundation/ids.ts";
import { type AriAnswer, channelInfo, isDone, read, variable } from "../ari.ts";
import { type Call, type MirroredConference, newCall } from "../mirror/mirror.ts";
import { CALL_VARIABLE, callNotesOf } from "../mirror/names.ts";
import { askCallNotes } from "../mirror/snapshot.ts";
import { endpointFor, endpointParts } from "../settings.ts";
import { setTrouble, takesCalls } from "../setup/takes-calls.ts";
import { done, type ExecutorContext, inOrder, refused, writeCall, writeConference } from "./executor-context.ts";

/** Should every agent be gone, Asterisk ends the ringing itself. */
const RINGS_AT_MOST_LONGER_S = 10;

/** Asterisk 16 looks five times a second whether it is to dial, or to write a variable. */
const DIALS_WITHIN_MS = 1_000;

/** A telephone that has just answered may not listen for keys yet. */
const BEFORE_EXTENSION_MS = 500;

/* `dialFound` and `dialExtension` are called `inOrder`; `settleDial` and `limitRinging` are not, since they wait for long. */

/** Takes its place in the order itself, as there is no call before. */
export async function dial(
  context: ExecutorContext,
  conference: MirroredConference,
  { call: id, number, waitMs }: Command<"dial">,
): Promise<CommandResult> {
  const { mirror } = context;
  const isUsed =
    mirror.calls.has(id) || mirror.endedCalls.has(id) || conference.dialled.some(({ call }) => call === id);
  if (isUsed) return refused("refused"); // Asterisk would dial again where the call is over.
  const { country, area, local, extension } = number;
  const digits = country + area + local;
  // Anything else would name another endpoint than the settings do.
  if (!/^\d+$/.test(digits) || !/^[\d*#]*$/.test(extension)) return refused("refused");
  const call = mirror.addCall(newCall(id, "out", { number: digits, conference: conference.key, extension, waitMs }));
  try {
    const result = await inOrder(context, id, () => createAndRing(context, conference, call));
    if (!result.done) mirror.removeCall(call);
    return result;
  } catch (error) {
    mirror.removeCall(call);
    throw error;
  }
}

/** A channel that is made rings nobody: so a dial that broke off before the note is begun again, and one after it never is. */
async function createAndRing(
  context: ExecutorContext,
  conference: MirroredConference,
  call: Call,
): Promise<CommandResult> {
  const { ari, mirror } = context;
  const { endpoint, application, callerId } = context.settings;
  const notes = { [CALL_VARIABLE]: JSON.stringify(callNotesOf(call)) };
  // The number that a called telephone shows is that of the line at this channel's other end.
  const variables = { ...notes, ...(callerId !== undefined && { "CONNECTEDLINE(num,i)": callerId }) };
  const where = { endpoint: endpointFor(endpoint, call.number), app: application, channelId: call.id };
  // An earlier link may have asked for it, and Asterisk was late. Asked to make one that is there, Asterisk could never end gracefully.
  const found = await ari.ask("getChannel", { channelId: call.id });
  const made = isDone(found) ? found : await ari.ask("createChannel", { ...where, variables });
  // 409: Asterisk is still later.
  if (!isDone(made) && made.status !== 409) {
    // Asterisk says no more than that it could not.
    if (!(await takesCalls(context))) return refused("capacity");
    setTrouble(context, "endpoint");
    return refused("refused");
  }
  setTrouble(context, "none");
  if (await ring(context, conference, call)) return done;
  call.ending = { reason: "refused", isReported: false };
  await ari.ask("hangUp", { channelId: call.id });
  mirror.end(call, "refused");
  return refused("refused");
}

/** Whether Asterisk dials, as far as it says. */
async function ring(context: ExecutorContext, conference: MirroredConference, call: Call): Promise<boolean> {
  const { ari, mirror } = context;
  // Its conference may have ended before it had a channel to hang up on.
  if (mirror.calls.get(call.id) !== call) return false;
  mirror.noteDialled(conference, call);
  if (!(await writeConference(context, conference)).done) return false;
  const dialled = await ari.untilReady(() => askDial(context, call));
  // A telephone that is not there at all may be over already: its end is reported.
  if (!isDone(dialled)) return dialled.status === 404;
  call.isDialled = true;
  await writeCall(context, call.id);
  return true;
}

function askDial({ ari }: ExecutorContext, { id, waitMs }: Call): Promise<AriAnswer> {
  const timeout = Math.ceil(waitMs / 1_000) + RINGS_AT_MOST_LONGER_S;
  return ari.ask("dial", { channelId: id, timeout });
}

/** An earlier agent or link has made its channel, and nobody has dialled. */
export async function dialFound(context: ExecutorContext, id: CallId): Promise<void> {
  const { mirror } = context;
  const call = mirror.calls.get(id);
  const conference = call?.conference ? mirror.conferences.get(call.conference) : undefined;
  if (!call || !conference || call.ending !== null) return;
  const rings = (await stateInTime(context, call)) !== null && (await ring(context, conference, call));
  if (!rings) await giveUp(context, call);
}

/** An earlier agent or link was about to dial it. Nobody is rung twice. */
export async function settleDial(context: ExecutorContext, id: CallId): Promise<void> {
  await context.ari.pause(DIALS_WITHIN_MS);
  if (await inOrder(context, id, () => settle(context, id))) await limitRinging(context, id);
}

/** Whether it rings. If nobody got as far as to dial it, nor may now, the dial has come to nothing. */
async function settle(context: ExecutorContext, id: CallId): Promise<boolean> {
  const call = context.mirror.calls.get(id);
  if (call?.stage !== "ringing" || call.ending !== null) return false;
  const notes = await askCallNotes(context.ari, id);
  call.isDialled ||= notes?.isDialled === true;
  if (!call.isDialled) await dialOnce(context, call);
  if (!call.isDialled) await giveUp(context, call);
  return call.isDialled;
}

/** By PJSIP nobody is rung twice: what rings already is refused (409), and what is about to is ended. Other channels do not say. */
async function dialOnce(context: ExecutorContext, call: Call): Promise<void> {
  if (endpointParts(context.settings.endpoint).technology.toUpperCase() !== "PJSIP") return;
  const state = await stateInTime(context, call);
  if (state === null) return;
  const dialled = state === "Down" ? await askDial(context, call) : null;
  if (dialled !== null && !isDone(dialled) && dialled.status !== 409) return;
  call.isDialled = true;
  await writeCall(context, call.id);
}

/** `null`: it is gone, or was made longer ago, by Asterisk's clock, than it may ring, and does not ring yet. */
async function stateInTime({ ari }: ExecutorContext, { id: channelId, waitMs }: Call): Promise<string | null> {
  const found = await ari.ask("getChannel", { channelId });
  const epoch = await ari.ask("getChannelVar", { channelId, variable: "EPOCH" });
  if (!isDone(found) || !isDone(epoch)) return null;
  const { state, creationtime } = read("getChannel", channelInfo, found);
  const nowMs = Number(read("getChannelVar", variable, epoch).value) * 1_000;
  return state === "Down" && nowMs - Date.parse(creationtime) > waitMs ? null : state;
}

async function giveUp({ ari }: ExecutorContext, call: Call): Promise<void> {
  call.ending = { reason: "refused", isReported: true };
  await ari.ask("hangUp", { channelId: call.id });
}

/** Asterisk has begun to dial: hangs up when nobody answers in time. */
export async function limitRinging({ ari, mirror }: ExecutorContext, id: CallId): Promise<void> {
  const call = mirror.calls.get(id);
  if (!call) return;
  await ari.pause(call.waitMs);
  // What Asterisk said while this process stood still comes first.
  await new Promise((resolve) => setImmediate(resolve));
  if (call.stage !== "ringing" || mirror.calls.get(id) !== call || call.ending !== null) return;
  const end = call.hasRung ? ({ reason: "no-answer" } as const) : ({ reason: "refused", trunk: "no answer" } as const);
  call.ending = { ...end, isReported: true };
  // Should this agent not hear of the end, the next one hears the cause.
  await ari.ask("hangUp", { channelId: id, reason: "no_answer" });
}

export async function dialExtension(context: ExecutorContext, id: CallId): Promise<void> {
  const call = context.mirror.calls.get(id);
  if (!call) return;
  const dtmf = call.extension;
  call.extension = "";
  await writeCall(context, id);
  await context.ari.ask("sendDtmf", { channelId: id, dtmf, before: BEFORE_EXTENSION_MS });
}
