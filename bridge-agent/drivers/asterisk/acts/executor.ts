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
} from "../mirror/calls.ts";
import type { FollowUp } from "../mirror/changes.ts";
import { closeRoom, createConference, createRoom, endConference, lock, reportSpeakers } from "../mirror/conferences.ts";
import { conferenceVariable } from "../mirror/names.ts";
import { Pauses } from "../mirror/pauses.ts";
import { watchCalls } from "../setup/takes-calls.ts";
import { Voice } from "../voice.ts";
import { watchSound } from "../watch-sound.ts";
import { dial, dialExtension, dialFound, limitRinging, settleDial } from "./dialling.ts";
import { callOf, type ExecutorContext, holding, inOrder, refused, writeCall } from "./executor-context.ts";
import { KeyedMutex } from "./keyed-mutex.ts";

/** A caller who is hung up on at the prompt hears why, but holds its place no longer than this. */
const LAST_WORDS_MS = 5_000;

type Given = "ari" | "mirror" | "settings" | "owner" | "report" | "reportPorts" | "notice";

interface ExecutorOptions extends Pick<ExecutorContext, Given> {
  readonly timers: Timers;
  /** Somebody dialled this number, which is none of this agent's owner's. */
  turnedAway(dialled: string): void;
  /** Asterisk cannot describe this caller. */
  turnedAwayUndescribed(): void;
  /** Asterisk does not answer what nobody waits for. */
  failed(why: string): void;
}

/** Has Asterisk do what commands ask for and events call for, as long as one link lasts. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #context: ExecutorContext;

  constructor(options: ExecutorOptions) {
    const { ari, mirror, settings, owner, timers, report, reportPorts, notice } = options;
    const pauses = new Pauses(timers);
    this.#options = options;
    this.#context = {
      ari,
      mirror,
      settings,
      owner,
      voice: new Voice(ari, settings, timers, pauses),
      pauses,
      mutex: new KeyedMutex(),
      beingAdmitted: new Map(),
      soundWatched: new Set(),
      trouble: "none",
      begin: (followUps) => this.begin(followUps),
      report,
      reportPorts,
      notice,
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
        return lock(context, conference, command.type === "lock");
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

  /** In the background. */
  begin(followUps: readonly FollowUp[]): void {
    for (const followUp of followUps) this.#inBackground(this.#carryOut(followUp));
  }

  /** What the voice hears of an event; before its follow-ups. */
  happened(event: AriEvent): void {
    const { voice } = this.#context;
    if (event.type === "PlaybackFinished") this.#inBackground(voice.finished(event.playback.id));
    if (event.type === "StasisEnd" || event.type === "ChannelDestroyed") voice.gone(event.channel.id as CallId);
  }

  /** In the background. */
  announce(id: CallId, announcement: Announcement): void {
    const { mirror, voice } = this.#context;
    const say = async () => {
      const call = mirror.calls.get(id);
      if (call?.stage !== "prompted" && call?.stage !== "entered") return;
      const isAmongOthers = mirror.hasOthersBeside(call);
      const aloneIn = isAmongOthers ? null : mirror.bridgeOf(call);
      await voice.say(id, announcement, { aloneIn, isAmongOthers });
    };
    this.#inBackground(inOrder(this.#context, id, say));
  }

  /** The link is over: what waits fails. */
  stop(): void {
    this.#context.voice.close();
    this.#context.pauses.stop();
  }

  #inBackground(action: Promise<unknown>): void {
    action.catch((error) => {
      if (!(error instanceof AriFailure)) throw error;
      this.#options.failed(error.message);
    });
  }

  async #carryOut(followUp: FollowUp): Promise<unknown> {
    const context = this.#context;
    const { ari, mirror, voice } = context;
    switch (followUp.type) {
      case "answer":
        return inOrder(context, followUp.call, () => answer(context, followUp.call));
      case "write-notes":
        return inOrder(context, followUp.call, () => writeCall(context, followUp.call));
      case "dial":
        return inOrder(context, followUp.call, () => dialFound(context, followUp.call));
      case "settle-dial":
        return settleDial(context, followUp.call);
      case "dial-extension":
        return inOrder(context, followUp.call, () => dialExtension(context, followUp.call));
      case "limit-ringing":
        return limitRinging(context, followUp.call);
      case "hang-up":
        return ari.ask("hangUp", { channelId: followUp.call, reason: "normal" });
      case "turn-away":
        this.#options.turnedAway(followUp.dialled);
        return ari.ask("hangUp", { channelId: followUp.call, reason: "unallocated" });
      case "turn-away-undescribed":
        this.#options.turnedAwayUndescribed();
        return ari.ask("hangUp", { channelId: followUp.call, reason: "normal" });
      case "enter-main-room":
        return inOrder(context, followUp.call, () => enterMainRoom(context, followUp.call));
      case "apply-mute":
        return inOrder(context, followUp.call, () => applyMute(context, followUp.call));
      case "detect-talking":
        await detectTalking(context, followUp.call, false);
        return detectTalking(context, followUp.call, true);
      case "watch-sound":
        return watchSound(context, mirror.calls.get(followUp.call));
      case "hush":
        return voice.hush(followUp.call);
      case "await-keys":
        return awaitKeys(context, followUp.call);
      case "watch-calls":
        return watchCalls(context);
      case "destroy-bridge":
        mirror.bridgeGone(followUp.bridge);
        await ari.ask("destroyBridge", { bridgeId: followUp.bridge });
        // Asterisk would keep for good what is written about a conference. A room has nothing there.
        return ari.ask("setGlobalVar", { variable: conferenceVariable(followUp.bridge) });
      case "play-leave-tone":
        return playTone(context, followUp.bridge, LEAVE_TONE);
      default:
        return assertNever(followUp);
    }
  }
}
