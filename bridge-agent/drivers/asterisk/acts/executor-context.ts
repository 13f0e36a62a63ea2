import type { CommandResult, RefusalReason } from "../../../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import type { CallId, ConfKey } from "../../../../src/foundation/ids.ts";
import { type Ari, isDone } from "../ari.ts";
import type { FollowUp } from "../mirror/changes.ts";
import type { Call, Mirror, MirroredConference } from "../mirror/mirror.ts";
import {
  CALL_VARIABLE,
  type CallNotes,
  type ConferenceNotes,
  callNotesOf,
  conferenceNotesOf,
  conferenceVariable,
} from "../mirror/names.ts";
import type { AsteriskSettings } from "../settings.ts";
import type { Voice } from "../voice.ts";

/** Carries out what has the same key one after the other, in the order in which it was asked for. */
export class KeyedMutex {
  /** The end of the last one of each key. */
  readonly #last = new Map<string, Promise<unknown>>();

  run<Value>(key: string, action: () => Promise<Value>): Promise<Value> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(action);
    const settled = result.catch(() => {});
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return result;
  }
}

/** What a command or a follow-up is carried out with, as long as one link lasts. */
export interface ExecutorContext {
  readonly ari: Ari;
  readonly mirror: Mirror;
  readonly settings: AsteriskSettings;
  readonly owner: string;
  readonly voice: Voice;
  readonly mutex: KeyedMutex;
  /** Callers on their way from the prompt into a conference. */
  readonly beingAdmitted: Map<CallId, ConfKey>;
  /** Number of playing and waiting tones of each bridge. */
  readonly tones: Map<string, number>;
  /** Calls that talk: whether packets come from them is being looked at. */
  readonly soundWatched: Set<Call>;
  /** What Asterisk could not make a channel for at the last try. */
  trouble: "none" | "going-away" | "endpoint";
  /** In the background. */
  begin(followUps: readonly FollowUp[]): void;
  /** Reports what follows from a command, after its result. */
  report(reports: readonly BridgeEvent[]): void;
  /** For operations staff: what Asterisk does, as the end of a sentence. */
  notice(what: string): void;
}

export const done: CommandResult = { done: true };
export const refused = (reason: RefusalReason): CommandResult => ({ done: false, reason });

/** One thing at a time for each call. Meanwhile no snapshot changes the call. */
export function inOrder<Value>(
  { mirror, mutex }: ExecutorContext,
  id: CallId,
  action: () => Promise<Value>,
): Promise<Value> {
  const release = mirror.holdCall(id);
  return mutex.run(`call ${id}`, action).finally(release);
}

/** Meanwhile no snapshot changes the conference, or brings it about. */
export async function holding<Value>(
  { mirror }: ExecutorContext,
  key: ConfKey,
  action: () => Promise<Value>,
): Promise<Value> {
  const release = mirror.holdConference(key);
  try {
    return await action();
  } finally {
    release();
  }
}

export function callOf({ mirror }: ExecutorContext, { key }: MirroredConference, id: CallId): Call | undefined {
  const call = mirror.calls.get(id);
  return call?.conference === key ? call : undefined;
}

/** Writes down on Asterisk what it does not know of a call by itself. `change`: what is not so yet. */
export async function writeCall(context: ExecutorContext, id: CallId, change: Partial<CallNotes> = {}): Promise<void> {
  const call = context.mirror.calls.get(id);
  if (call) await setVariable(context, id, CALL_VARIABLE, JSON.stringify({ ...callNotesOf(call), ...change }));
}

export async function setVariable(
  { ari, voice }: ExecutorContext,
  channelId: CallId,
  variable: string,
  value: string,
): Promise<void> {
  await voice.free(channelId);
  await ari.ask("setChannelVar", { channelId, variable, value });
}

/** Writes down on Asterisk what it does not know of a conference by itself. `change`: what is so as soon as that is written. */
export async function writeConference(
  { ari, mirror, mutex }: ExecutorContext,
  conference: MirroredConference,
  change: { readonly [Note in Exclude<keyof ConferenceNotes, "dialled">]?: ConferenceNotes[Note] | undefined } = {},
): Promise<CommandResult> {
  mirror.touch(conference);
  const variable = conferenceVariable(conference.mainBridge);
  return mutex.run(`conference ${conference.key}`, async () => {
    const value = JSON.stringify({ ...conferenceNotesOf(conference), ...change });
    if (!isDone(await ari.ask("setGlobalVar", { variable, value }))) return refused("refused");
    Object.assign(conference, change);
    mirror.touch(conference);
    return done;
  });
}
