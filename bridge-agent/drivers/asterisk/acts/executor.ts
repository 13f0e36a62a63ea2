import type { Announcement } from "../../../../src/bridge/announcements.ts";
import type { BridgeCommand, CommandResult } from "../../../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey } from "../../../../src/foundation/ids.ts";
import { assertNever } from "../../../../src/foundation/result.ts";
import type { Timers } from "../../../../src/foundation/time/timers.ts";
import { type AriEvent, AriFailure } from "../ari.ts";
import {
  admit,
  answer,
  applyMute,
  awaitKeys,
  detectTalking,
  enter,
  enterMainRoom,
  hangUp,
  LEAVE_TONE,
  mute,
  playTone,
  toneOver,
  watchSound,
} from "../mirror/calls.ts";
import type { CallFollowUp, FollowUp } from "../mirror/changes.ts";
import { closeRoom, createConference, createRoom, endConference, reportSpeakers } from "../mirror/conferences.ts";
import { conferenceVariable } from "../mirror/names.ts";
import { Voice } from "../voice.ts";
import { dial, dialExtension, dialFound, limitRinging, settleDial } from "./dialling.ts";
import {
  callOf,
  type ExecutorContext,
  holding,
  inOrder,
  KeyedMutex,
  refused,
  writeCall,
  writeConference,
} from "./executor-context.ts";

/** A caller who is hung up on at the prompt hears why, but holds its place no longer than this. */
const LAST_WORDS_MS = 5_000;

type CallAct = (context: ExecutorContext, call: CallId) => Promise<unknown>;

function ordered(act: CallAct): CallAct {
  return (context, call) => inOrder(context, call, () => act(context, call));
}

const callActs: Readonly<Record<CallFollowUp, CallAct>> = {
  answer: ordered(answer),
  "write-notes": ordered(writeCall),
  // It has a channel, and nobody has dialled its number; with `settle-dial`, somebody was about to.
  dial: ordered(dialFound),
  "settle-dial": settleDial,
  "dial-extension": ordered(dialExtension),
  "limit-ringing": limitRinging,
  "hang-up": ({ ari }, channelId) => ari.ask("hangUp", { channelId, reason: "normal" }),
  // It is in no room.
  "enter-main-room": ordered(enterMainRoom),
  // The agent before may have been killed between a mute and its note: what is written down counts.
  "apply-mute": ordered(applyMute),
  // Asterisk does not know, or no longer, that it is to say who talks.
  "detect-talking": async (context, call) => {
    await detectTalking(context, call, false);
    await detectTalking(context, call, true);
  },
  "watch-sound": watchSound,
  // Its caller has pressed a key: that stops what it hears.
  hush: ({ voice }, call) => voice.hush(call),
  // A `#` of its caller waits to see whether keys follow.
  "await-keys": awaitKeys,
};

type Given = "ari" | "mirror" | "settings" | "owner" | "report" | "notice";

interface ExecutorOptions extends Pick<ExecutorContext, Given> {
  readonly timers: Timers;
  /** Somebody dialled this number, which is none of this agent's owner's; `null`: Asterisk cannot describe the caller. */
  turnedAway(dialled: string | null): void;
  /** Asterisk does not answer what nobody waits for. */
  failed(why: string): void;
}

/** Has Asterisk do what commands ask for and events call for, as long as one link lasts. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #context: ExecutorContext;

  constructor(options: ExecutorOptions) {
    const { ari, settings, timers } = options;
    this.#options = options;
    this.#context = {
      ...options,
      voice: new Voice(ari, settings, timers),
      mutex: new KeyedMutex(),
      beingAdmitted: new Map(),
      tones: new Map(),
      soundWatched: new Set(),
      trouble: "none",
      begin: (followUps) => this.begin(followUps),
    };
  }

  /** Throws `AriFailure` when nobody knows what became of it. */
  async execute(id: CommandId, key: ConfKey | null, command: BridgeCommand): Promise<CommandResult> {
    const context = this.#context;
    const { mirror, voice } = context;
    if (key === null) {
      if (command.type !== "expel") return refused("no-such-conference");
      const { call } = command;
      if (mirror.calls.get(call)?.stage !== "prompted") return refused("no-such-call");
      return inOrder(context, call, async () => {
        await voice.spoken(call, LAST_WORDS_MS);
        return hangUp(context, call, "refused");
      });
    }
    if (command.type === "create-conference")
      return holding(context, key, () => createConference(context, id, key, command));
    const conference = mirror.conferences.get(key);
    if (!conference) return refused("no-such-conference");
    switch (command.type) {
      case "end-conference":
        return holding(context, key, () => endConference(context, conference));
      case "lock":
      case "unlock":
        return writeConference(context, conference, { locked: command.type === "lock" });
      case "create-room":
        return holding(context, key, () => createRoom(context, id, conference, command));
      case "close-room":
        return holding(context, key, () => closeRoom(context, conference, command.room));
      case "report-speakers":
      case "stop-reporting-speakers":
        return reportSpeakers(context, conference, command.type === "report-speakers");
      case "dial":
        return dial(context, conference, command);
      case "cancel-dial": {
        const call = callOf(context, conference, command.call);
        if (!call || call.direction === "in" || call.stage === "entered") return refused("no-such-call");
        return inOrder(context, call.id, () => hangUp(context, call.id, "cancelled"));
      }
      case "expel": {
        const call = callOf(context, conference, command.call);
        if (!call) return refused("no-such-call");
        return inOrder(context, call.id, () => hangUp(context, call.id, "expelled"));
      }
      case "admit":
        return inOrder(context, command.call, () => admit(context, conference, command));
      case "move":
        return inOrder(context, command.call, () => enter(context, conference, command));
      case "mute":
      case "unmute":
        return inOrder(context, command.call, () => mute(context, conference, command.call, command.type === "mute"));
      default:
        return assertNever(command);
    }
  }

  begin(followUps: readonly FollowUp[]): void {
    for (const followUp of followUps) this.#inBackground(this.#carryOut(followUp));
  }

  /** What the voice hears of an event; before its follow-ups. */
  happened(event: AriEvent): void {
    const { voice } = this.#context;
    if (event.type === "PlaybackFinished") {
      toneOver(this.#context, event.playback.target_uri.replace("bridge:", ""));
      this.#inBackground(voice.finished(event.playback.id));
    }
    if (event.type === "StasisEnd" || event.type === "ChannelDestroyed") voice.gone(event.channel.id as CallId);
  }

  announce(id: CallId, announcement: Announcement): void {
    const { mirror, voice } = this.#context;
    const say = async () => {
      const call = mirror.calls.get(id);
      if (!call || call.stage === "ringing") return;
      const isAmongOthers = mirror.hasOthersBeside(call);
      const aloneIn = isAmongOthers ? null : mirror.bridgeOf(call);
      await voice.say(id, announcement, { aloneIn, isAmongOthers });
    };
    this.#inBackground(inOrder(this.#context, id, say));
  }

  /** The link is over. */
  stop(): void {
    this.#context.voice.close();
  }

  #inBackground(action: Promise<unknown>): void {
    action.catch((error) => {
      if (!(error instanceof AriFailure)) throw error;
      this.#options.failed(error.message);
    });
  }

  async #carryOut(followUp: FollowUp): Promise<unknown> {
    const context = this.#context;
    const { ari, mirror } = context;
    switch (followUp.type) {
      case "turn-away":
        this.#options.turnedAway(followUp.dialled);
        return ari.ask("hangUp", {
          channelId: followUp.call,
          reason: followUp.dialled === null ? "normal" : "unallocated",
        });
      case "destroy-bridge":
        mirror.bridgeGone(followUp.bridge);
        context.tones.delete(followUp.bridge);
        await ari.ask("destroyBridge", { bridgeId: followUp.bridge });
        // Asterisk would keep for good what is written about a conference. A room has nothing there.
        return ari.ask("setGlobalVar", { variable: conferenceVariable(followUp.bridge) });
      case "play-leave-tone":
        return playTone(context, followUp.bridge, LEAVE_TONE);
      default:
        return callActs[followUp.type](context, followUp.call);
    }
  }
}
