import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { Announcement } from "../../../src/bridge/announcements.ts";
import type { BridgeCommand, Command, CommandResult, RefusalReason } from "../../../src/bridge/commands.ts";
import type { BridgeEvent, EndReason } from "../../../src/bridge/events.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../../src/foundation/ids.ts";
import { assertNever } from "../../../src/foundation/result.ts";
import type { Timers } from "../../../src/foundation/timers.ts";
import { type Ari, type AriAnswer, type AriEvent, AriFailure, bridge, isDone, read, variable } from "./ari.ts";
import { type Book, type Call, type Conference, newNotes, type Task } from "./book.ts";
import {
  bridgeId,
  bridgeName,
  CALL_VARIABLE,
  type CallNotes,
  type ConferenceNotes,
  conferenceVariable,
  probeId,
  type RoomName,
  readBridgeName,
  readCallNotes,
} from "./names.ts";
import { Pauses } from "./pauses.ts";
import { type AsteriskSettings, endpointFor } from "./settings.ts";
import { Voice } from "./voice.ts";

export const JOIN_TONE = "sound:confbridge-join";
export const LEAVE_TONE = "sound:confbridge-leave";
/** Should every agent be gone, Asterisk ends the ringing itself. */
const RINGS_AT_MOST_LONGER_S = 10;

/** Asterisk 16 looks five times a second whether it is to dial, or to write a variable. */
const DIALS_WITHIN_MS = 1_000;

/** Who has just answered may not listen for keys yet. */
const BEFORE_EXTENSION_MS = 500;

/** Who is hung up on at the prompt hears why, but holds its place no longer than this. */
const LAST_WORDS_MS = 5_000;

const done: CommandResult = { done: true };
const refused = (reason: RefusalReason): CommandResult => ({ done: false, reason });

interface WorkOptions {
  readonly ari: Ari;
  readonly book: Book;
  readonly settings: AsteriskSettings;
  readonly owner: string;
  readonly timers: Timers;
  /** Reports what follows from a command, after its result. */
  report(reports: readonly BridgeEvent[]): void;
  /** For operations staff: what Asterisk does, as the end of a sentence. */
  notice(what: string): void;
  /** Somebody dialled this number, which is none of this agent's owner's. */
  strangeNumber(dialled: string): void;
  /** Asterisk does not answer what nobody waits for. */
  failed(why: string): void;
}

/** Has Asterisk do what commands ask for and events call for, as long as one link lasts. */
export class Work {
  readonly #ari: Ari;
  readonly #book: Book;
  readonly #options: WorkOptions;
  readonly #voice: Voice;
  /** What is done for a call, or written down for a conference, is done in order: the end of the last thing. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #pauses: Pauses;
  /** Callers on their way from the prompt into a conference. */
  readonly #admitted = new Map<CallId, ConfKey>();
  /** What Asterisk could not make a channel for at the last try. */
  #trouble: "none" | "going-away" | "endpoint" = "none";

  constructor(options: WorkOptions) {
    this.#ari = options.ari;
    this.#book = options.book;
    this.#options = options;
    this.#pauses = new Pauses(options.timers);
    this.#voice = new Voice(options.ari, options.settings, options.timers, this.#pauses);
  }

  /** Throws `AriFailure` when nobody knows what became of it. */
  async execute(id: CommandId, key: ConfKey | null, command: BridgeCommand): Promise<CommandResult> {
    if (key === null) {
      const call = command.type === "expel" ? this.#book.call(command.call) : undefined;
      if (command.type !== "expel") return refused("no-such-conference");
      if (call?.stage !== "prompted") return refused("no-such-call");
      return this.#hangUpInOrder(call.id, "refused", () => this.#voice.spoken(call.id, LAST_WORDS_MS));
    }
    if (command.type === "create-conference") return this.#heldFor(key, () => this.#createConference(id, key, command));
    const conference = this.#book.conference(key);
    if (!conference) return refused("no-such-conference");
    switch (command.type) {
      case "end-conference":
        return this.#heldFor(key, () => this.#endConference(conference));
      case "lock":
      case "unlock":
        conference.locked = command.type === "lock";
        return this.#writeConference(conference);
      case "create-room":
        return this.#heldFor(key, () => this.#createRoom(id, conference, command));
      case "close-room":
        return this.#heldFor(key, () => this.#closeRoom(conference, command.room));
      case "report-speakers":
      case "stop-reporting-speakers":
        return this.#reportSpeakers(conference, command.type === "report-speakers");
      case "dial":
        return this.#dial(conference, command);
      case "cancel-dial": {
        const call = this.#callOf(conference, command.call);
        if (!call || call.direction === "in" || call.stage === "entered") return refused("no-such-call");
        return this.#hangUpInOrder(call.id, "cancelled");
      }
      case "expel": {
        const call = this.#callOf(conference, command.call);
        return call ? this.#hangUpInOrder(call.id, "expelled") : refused("no-such-call");
      }
      case "admit":
        return this.#inOrder(command.call, () => this.#admit(conference, command));
      case "move":
        return this.#inOrder(command.call, () => this.#enter(conference, command));
      case "mute":
      case "unmute":
        return this.#inOrder(command.call, () => this.#mute(conference, command.call, command.type === "mute"));
      default:
        return assertNever(command);
    }
  }

  /** The link is over: what waits fails. */
  stop(): void {
    this.#voice.close();
    this.#pauses.stop();
  }

  /** In the background. */
  begin(tasks: readonly Task[]): void {
    for (const task of tasks) this.#inBackground(this.#doTask(task));
  }

  /** Before what the book makes of it. */
  happened(event: AriEvent): void {
    if (event.type === "ChannelDtmfReceived") this.#inBackground(this.#voice.hush(event.channel.id as CallId));
    if (event.type === "PlaybackFinished") this.#inBackground(this.#voice.finished(event.playback.id));
    if (event.type === "StasisEnd" || event.type === "ChannelDestroyed") this.#voice.gone(event.channel.id as CallId);
  }

  announce(id: CallId, announcement: Announcement): void {
    const say = async () => {
      const call = this.#book.call(id);
      if (call?.stage !== "prompted" && call?.stage !== "entered") return;
      const isAmongOthers = call.stage === "entered" && this.#book.isPeopled(call);
      const aloneIn = isAmongOthers ? null : this.#book.bridgeOf(call);
      await this.#voice.say(id, announcement, { aloneIn, isAmongOthers });
    };
    this.#inBackground(this.#inOrder(id, say));
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error) => {
      if (!(error instanceof AriFailure)) throw error;
      this.#options.failed(error.message);
    });
  }

  async #doTask(task: Task): Promise<unknown> {
    switch (task.type) {
      case "answer":
        return this.#inOrder(task.call, async () => {
          await this.#ari.ask("answer", { channelId: task.call });
          return this.#writeNotes(task.call);
        });
      case "write-notes":
        return this.#inOrder(task.call, () => this.#writeNotes(task.call));
      case "dial":
        return this.#inOrder(task.call, () => this.#dialFound(task.call));
      case "settle-dial":
        return this.#settleDial(task.call);
      case "dial-extension":
        return this.#inOrder(task.call, () => this.#dialExtension(task.call));
      case "limit-ringing":
        return this.#limitRinging(task.call);
      case "hang-up":
        return this.#ari.ask("hangUp", { channelId: task.call, reason: "normal" });
      case "turn-away":
        this.#options.strangeNumber(task.dialled);
        return this.#ari.ask("hangUp", { channelId: task.call, reason: "unallocated" });
      case "enter-main-room": {
        const key = this.#book.call(task.call)?.conference ?? null;
        const conference = key === null ? undefined : this.#book.conference(key);
        return conference && this.#inOrder(task.call, () => this.#add(task.call, conference.mainBridge));
      }
      case "apply-mute":
        return this.#inOrder(task.call, () => this.#applyMute(task.call));
      case "detect-talking":
        await this.#detectTalking(task.call, false);
        return this.#detectTalking(task.call, true);
      case "destroy-bridge":
        return this.#ari.ask("destroyBridge", { bridgeId: task.bridge });
      case "play-leave-tone":
        return this.#ari.ask("playToBridge", { bridgeId: task.bridge, media: LEAVE_TONE });
      default:
        return assertNever(task);
    }
  }

  async #createConference(
    id: CommandId,
    key: ConfKey,
    { anonymousId, maxCallers, accessCodes }: Command<"create-conference">,
  ): Promise<CommandResult> {
    if (this.#book.conference(key)) return done;
    const { owner } = this.#options;
    const bridges = read("listBridges", v.array(bridge), await this.#ari.ask("listBridges", {}));
    const rooms = bridges.flatMap(({ name, id }) => ({ ...readBridgeName(name), bridge: id }));
    const main = rooms.find(
      ({ conference, kind, bridge }) => conference === key && kind === "main" && !this.#book.isGone(bridge),
    );
    if (main && main.owner !== owner && (await this.#isNoted(main.bridge))) return refused("refused");
    if (main?.owner === owner)
      return this.#writeConference(this.#book.addConference(key, main.bridge, anonymousId, maxCallers, accessCodes));
    // An Asterisk that is about to end makes bridges, and no calls.
    if (!(await this.#takesCalls())) {
      this.#setTrouble("going-away");
      return refused("capacity");
    }
    if (this.#trouble === "going-away") this.#setTrouble("none"); // Somebody thought better of it.
    const notes = newNotes({ anonymousId, maxCallers, accessCodes });
    const variable = conferenceVariable(bridgeId(id));
    // Before the bridge: whoever finds that must know the rest.
    const written = await this.#ari.ask("setGlobalVar", { variable, value: JSON.stringify(notes) });
    if (!isDone(written)) return refused("refused");
    const made = await this.#createBridge(id, { owner, conference: key, room: MAIN_ROOM, kind: "main" });
    if (typeof made === "string") {
      this.#book.addConference(key, made, anonymousId, maxCallers, accessCodes);
      return done;
    }
    await this.#ari.ask("setGlobalVar", { variable });
    return made;
  }

  /** A conference that is over is noted no more, though Asterisk may show its bridge for a moment. */
  async #isNoted(mainBridge: string): Promise<boolean> {
    const answer = await this.#ari.ask("getGlobalVar", { variable: conferenceVariable(mainBridge) });
    return read("getGlobalVar", variable, answer).value !== "";
  }

  /** Its id. Asterisk 16 says 500 where it has the bridge already, later ones 409. */
  async #createBridge(id: CommandId, room: RoomName): Promise<string | CommandResult> {
    const wanted = { bridgeId: bridgeId(id), name: bridgeName(room) };
    const made = await this.#ari.ask("createBridge", { ...wanted, type: "mixing,dtmf_events" });
    if (!isDone(made)) {
      const found = await this.#ari.ask("getBridge", { bridgeId: wanted.bridgeId });
      const isThere = isDone(found) && read("getBridge", bridge, found).name === wanted.name;
      if (!isThere) return refused(made.status === 503 ? "capacity" : "refused");
    }
    const { application } = this.#options.settings;
    // Else nobody hears of the end of a bridge in which nobody was.
    await this.#ari.ask("subscribe", { applicationName: application, eventSource: `bridge:${wanted.bridgeId}` });
    return wanted.bridgeId;
  }

  async #endConference(conference: Conference): Promise<CommandResult> {
    const { key, mainBridge, rooms } = conference;
    const calls = this.#book.callsOf(key);
    const ended = await Promise.all(calls.map(({ id }) => this.#hangUpInOrder(id, "conference-ended")));
    const isSomebodyLeft = ended.some((result) => !result.done && result.reason !== "no-such-call");
    if (isSomebodyLeft) return refused("refused");
    const others = [...rooms.values()].map(({ bridge }) => bridge).filter((bridge) => bridge !== mainBridge);
    await Promise.all(others.map((bridgeId) => this.#ari.ask("destroyBridge", { bridgeId })));
    // The main one last: as long as it is there, the conference is.
    await this.#ari.ask("destroyBridge", { bridgeId: mainBridge });
    // Without a value the variable itself goes.
    await this.#ari.ask("setGlobalVar", { variable: conferenceVariable(mainBridge) });
    this.#book.removeConference(key);
    return done;
  }

  async #createRoom(
    id: CommandId,
    conference: Conference,
    { room, kind }: Command<"create-room">,
  ): Promise<CommandResult> {
    if (room === MAIN_ROOM) return refused("refused");
    if (conference.rooms.has(room)) return done;
    const made = await this.#createBridge(id, { owner: this.#options.owner, conference: conference.key, room, kind });
    if (typeof made !== "string") return made;
    conference.rooms.set(room, { bridge: made, kind });
    return done;
  }

  async #closeRoom(conference: Conference, room: RoomId): Promise<CommandResult> {
    const closed = conference.rooms.get(room);
    if (room === MAIN_ROOM || !closed) return refused("no-such-room");
    const inside = this.#book.callsOf(conference.key).filter((call) => call.room === room);
    await Promise.all(
      inside.map((call) =>
        this.#inOrder(call.id, async () => {
          if (isDone(await this.#add(call.id, conference.mainBridge))) call.room = MAIN_ROOM;
        }),
      ),
    );
    await this.#ari.ask("destroyBridge", { bridgeId: closed.bridge });
    this.#book.removeRoom(conference, room);
    return done;
  }

  async #dial(conference: Conference, { call: id, number, waitMs }: Command<"dial">): Promise<CommandResult> {
    const isUsed = this.#book.call(id) || this.#book.hasEnded(id) || conference.dialled.some(({ call }) => call === id);
    if (isUsed) return refused("refused"); // Asterisk would dial again where the call is over.
    const { country, area, local, extension } = number;
    const digits = country + area + local;
    // Anything else would name another endpoint than the settings do.
    if (!/^\d+$/.test(digits) || !/^[\d*#]*$/.test(extension)) return refused("refused");
    const call = this.#book.addDialled(id, conference, digits, extension, waitMs);
    try {
      const result = await this.#inOrder(id, () => this.#createAndDial(conference, call, digits));
      if (!result.done) this.#book.removeDialled(call);
      return result;
    } catch (error) {
      this.#book.removeDialled(call);
      throw error;
    }
  }

  /** A channel that is made rings nobody: so a dial that broke off before the note is begun again, and one after it never is. */
  async #createAndDial(conference: Conference, call: Call, digits: string): Promise<CommandResult> {
    const { endpoint, application, callerId } = this.#options.settings;
    const notes = { [CALL_VARIABLE]: JSON.stringify(this.#book.notesOf(call)) };
    // The number that a called telephone shows is that of the line at this channel's other end.
    const variables = { ...notes, ...(callerId !== undefined && { "CONNECTEDLINE(num,i)": callerId }) };
    const where = { endpoint: endpointFor(endpoint, digits), app: application, channelId: call.id };
    const made = await this.#ari.ask("createChannel", { ...where, variables });
    // 409: an earlier link has asked for it, and Asterisk was late.
    if (!isDone(made) && made.status !== 409) return this.#notMade();
    this.#setTrouble("none");
    if (await this.#ring(conference, call)) return done;
    call.ending = { reason: "refused", isReported: false };
    await this.#ari.ask("hangUp", { channelId: call.id });
    this.#book.end(call, "refused");
    return refused("refused");
  }

  /** Whether Asterisk dials, as far as it says. */
  async #ring(conference: Conference, call: Call): Promise<boolean> {
    this.#book.noteDialled(conference, call);
    if (!(await this.#writeConference(conference)).done) return false;
    const timeout = Math.ceil(call.waitMs / 1_000) + RINGS_AT_MOST_LONGER_S;
    const dialled = await this.#pauses.untilReady(() => this.#ari.ask("dial", { channelId: call.id, timeout }));
    // A telephone that is not there at all may be over already: its end is reported.
    if (!isDone(dialled)) return dialled.status === 404;
    call.isDialled = true;
    await this.#writeNotes(call.id);
    return true;
  }

  /** An earlier agent or link has made its channel. */
  async #dialFound(id: CallId): Promise<void> {
    const call = this.#book.call(id);
    const conference = call?.conference ? this.#book.conference(call.conference) : undefined;
    if (!call || !conference || call.ending !== null) return;
    if (!(await this.#ring(conference, call))) await this.#giveUpDial(call);
  }

  /** An earlier agent or link was about to dial it. Nobody is rung twice: if it did not get that far, the dial has come to nothing. */
  async #settleDial(id: CallId): Promise<void> {
    await this.#pauses.pass(DIALS_WITHIN_MS);
    const call = this.#book.call(id);
    if (call?.stage !== "ringing" || call.ending !== null) return;
    const answer = await this.#ari.ask("getChannelVar", { channelId: id, variable: CALL_VARIABLE });
    const notes = isDone(answer) ? readCallNotes(read("getChannelVar", variable, answer).value) : null;
    call.isDialled ||= notes?.isDialled === true;
    if (call.isDialled) this.begin([{ type: "limit-ringing", call: id }]);
    else await this.#giveUpDial(call);
  }

  async #giveUpDial(call: Call): Promise<void> {
    call.ending = { reason: "refused", isReported: true };
    await this.#ari.ask("hangUp", { channelId: call.id });
  }

  /** Asterisk says no more than that it could not. */
  async #notMade(): Promise<CommandResult> {
    const takesCalls = await this.#takesCalls();
    this.#setTrouble(takesCalls ? "endpoint" : "going-away");
    return refused(takesCalls ? "refused" : "capacity");
  }

  /** An Asterisk that is about to end makes no channels at all. */
  async #takesCalls(): Promise<boolean> {
    const channelId = probeId(randomUUID());
    const { application } = this.#options.settings;
    const made = await this.#ari.ask("createChannel", {
      endpoint: "Local/0@bridgehead-probe",
      app: application,
      channelId,
    });
    if (isDone(made)) await this.#ari.ask("hangUp", { channelId });
    return isDone(made);
  }

  #setTrouble(trouble: "none" | "going-away" | "endpoint"): void {
    const { settings, notice } = this.#options;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === "going-away") {
      notice("takes no new calls, for it is about to end: new conferences go elsewhere until it was started anew");
    } else if (trouble === "endpoint") {
      notice(`cannot call by ${settings.endpoint}: look at this endpoint with \`asterisk -rx "pjsip show endpoints"\``);
    }
  }

  async #limitRinging(id: CallId): Promise<void> {
    const call = this.#book.call(id);
    if (!call) return;
    await this.#pauses.pass(call.waitMs);
    // What Asterisk said while this process stood still comes first.
    await new Promise((resolve) => setImmediate(resolve));
    if (call.stage !== "ringing" || this.#book.call(id) !== call || call.ending !== null) return;
    call.ending = { reason: "no-answer", isReported: true };
    // Should this agent not hear of the end, the next one hears the cause.
    await this.#ari.ask("hangUp", { channelId: id, reason: "no_answer" });
  }

  async #dialExtension(id: CallId): Promise<void> {
    const call = this.#book.call(id);
    if (!call) return;
    const dtmf = call.extension;
    call.extension = "";
    await this.#writeNotes(id);
    await this.#ari.ask("sendDtmf", { channelId: id, dtmf, before: BEFORE_EXTENSION_MS });
  }

  /** Only who dials in may find the conference full: callers to be dialled are counted before they are. */
  async #admit(conference: Conference, command: Command<"admit">): Promise<CommandResult> {
    const { key, maxCallers, locked } = conference;
    const call = this.#book.call(command.call);
    if (!maxCallers || locked || call?.stage !== "prompted") return this.#enter(conference, command);
    const inside = this.#book.callsOf(key).filter(({ stage }) => stage === "entered");
    const onTheWay = [...this.#admitted].filter(([, where]) => where === key).map(([each]) => each);
    if (new Set([...inside.map(({ id }) => id), ...onTheWay]).size >= maxCallers) return refused("capacity");
    this.#admitted.set(call.id, key);
    try {
      return await this.#enter(conference, command);
    } finally {
      this.#admitted.delete(call.id);
    }
  }

  /** From the prompt, from an answered dial, or from another room; a lock keeps out callers who are not in yet. */
  async #enter(conference: Conference, command: Command<"admit" | "move">): Promise<CommandResult> {
    const call = this.#book.call(command.call);
    if (!call || call.stage === "ringing" || call.ending !== null) return refused("no-such-call");
    const isCaller = call.stage === "prompted" && command.type === "admit";
    if (!isCaller && call.conference !== conference.key) return refused("no-such-call");
    const isNew = call.stage !== "entered";
    if (isNew && conference.locked) return refused("locked");
    const name = command.type === "admit" ? MAIN_ROOM : command.room;
    const room = conference.rooms.get(name);
    if (!room) return refused("no-such-room");

    const { muted, joinTone, attendeeId } = call;
    const wanted = command.type === "admit" ? command : { muted, joinTone, attendeeId };
    // Nobody is to hear a word of who enters muted.
    if (wanted.muted ? isNew || !muted : muted) {
      const set = await this.#ari.ask(wanted.muted ? "mute" : "unmute", { channelId: call.id, direction: "in" });
      if (!isDone(set)) return refused(set.status === 404 ? "no-such-call" : "refused");
    }
    call.muted = wanted.muted;
    // The call itself is where it was until Asterisk has let it in.
    const entry = {
      conference: conference.key,
      joinTone: wanted.joinTone,
      attendeeId: wanted.attendeeId ?? attendeeId,
      ...(command.type === "admit" && command.host && { host: true }),
    };
    await this.#writeNotes(call.id, entry);
    const { reportsSpeakers } = conference;
    if (isNew && reportsSpeakers) await this.#detectTalking(call.id, true);
    if (isNew && entry.joinTone === true) await this.#playJoinTone(conference, room.bridge);
    const added = await this.#add(call.id, room.bridge);
    if (!isDone(added)) {
      await this.#writeNotes(call.id);
      return refused(added.status === 404 ? "no-such-room" : "no-such-call");
    }
    if (this.#book.call(call.id) !== call) return refused("no-such-call"); // It has hung up meanwhile.
    Object.assign(call, entry, { stage: "entered", room: name });
    // Whoever is on the way in when that changes is not among those inside.
    if (conference.reportsSpeakers !== reportsSpeakers) await this.#detectTalking(call.id, conference.reportsSpeakers);
    this.#options.report(this.#book.speech(call));
    return done;
  }

  async #playJoinTone(conference: Conference, bridge: string): Promise<void> {
    const isPeopled = this.#book
      .callsOf(conference.key)
      .some(({ stage, room }) => stage === "entered" && room === MAIN_ROOM);
    if (isPeopled) await this.#ari.ask("playToBridge", { bridgeId: bridge, media: JOIN_TONE });
  }

  /** The keys of who is in a bridge go to nobody but us. */
  async #add(id: CallId, bridgeId: string): Promise<AriAnswer> {
    await this.#voice.makeWay(id, bridgeId);
    return this.#pauses.untilReady(
      () => this.#ari.ask("addChannel", { bridgeId, channel: id, absorbDTMF: true }),
      ({ status }) => (status === 409 || status === 422) && this.#book.call(id) !== undefined,
    );
  }

  async #mute(conference: Conference, id: CallId, muted: boolean): Promise<CommandResult> {
    const call = this.#callOf(conference, id);
    if (!call) return refused("no-such-call");
    // One that rings cannot be muted yet: it is when it enters.
    if (call.stage !== "ringing") {
      const answer = await this.#ari.ask(muted ? "mute" : "unmute", { channelId: id, direction: "in" });
      if (answer.status === 404) return refused("no-such-call");
      if (!isDone(answer)) return refused("refused");
    }
    call.muted = muted;
    await this.#writeNotes(id);
    this.#options.report(this.#book.speech(call));
    return done;
  }

  /** Harmless where Asterisk has it so already. */
  async #applyMute(id: CallId): Promise<void> {
    const call = this.#book.call(id);
    if (call) await this.#ari.ask(call.muted ? "mute" : "unmute", { channelId: id, direction: "in" });
  }

  async #reportSpeakers(conference: Conference, isOn: boolean): Promise<CommandResult> {
    conference.reportsSpeakers = isOn;
    await this.#writeConference(conference);
    const inside = this.#book.callsOf(conference.key).filter(({ stage }) => stage === "entered");
    await Promise.all(inside.map(({ id }) => this.#detectTalking(id, isOn)));
    if (!isOn) this.#book.silence(conference.key);
    return done;
  }

  async #detectTalking(id: CallId, isOn: boolean): Promise<void> {
    const { silenceMs, level } = this.#options.settings.talking;
    const variable = isOn ? "TALK_DETECT(set)" : "TALK_DETECT(remove)";
    await this.#setVariable(id, variable, isOn ? `${silenceMs},${level}` : "");
  }

  #hangUpInOrder(id: CallId, reason: EndReason, before: () => Promise<void> = async () => {}): Promise<CommandResult> {
    return this.#inOrder(id, async () => {
      await before();
      const call = this.#book.call(id);
      if (!call) return refused("no-such-call");
      const ending = { reason, isReported: false };
      call.ending = ending;
      const answer = await this.#ari.ask("hangUp", { channelId: id, reason: "normal" });
      if (!isDone(answer) && answer.status !== 404) {
        call.ending = null;
        return refused("refused");
      }
      this.begin(this.#book.endedAsTold(call, reason));
      return done;
    });
  }

  #callOf({ key }: Conference, id: CallId): Call | undefined {
    const call = this.#book.call(id);
    return call?.conference === key ? call : undefined;
  }

  /** `change`: what is not so yet. */
  async #writeNotes(id: CallId, change: Partial<CallNotes> = {}): Promise<void> {
    const call = this.#book.call(id);
    if (!call) return;
    await this.#setVariable(id, CALL_VARIABLE, JSON.stringify({ ...this.#book.notesOf(call), ...change }));
  }

  async #setVariable(id: CallId, variable: string, value: string): Promise<void> {
    await this.#voice.free(id);
    await this.#ari.ask("setChannelVar", { channelId: id, variable, value });
  }

  async #writeConference(conference: Conference): Promise<CommandResult> {
    this.#book.touch(conference);
    const written = await this.#after(`conference ${conference.key}`, async () => {
      const { mainBridge, locked, reportsSpeakers, dialled } = conference;
      const notes: ConferenceNotes = { ...newNotes(conference), locked, reportsSpeakers, dialled };
      const value = JSON.stringify(notes);
      return this.#ari.ask("setGlobalVar", { variable: conferenceVariable(mainBridge), value });
    });
    return isDone(written) ? done : refused("refused");
  }

  async #heldFor<Value>(key: ConfKey, run: () => Promise<Value>): Promise<Value> {
    const release = this.#book.hold(key, null);
    try {
      return await run();
    } finally {
      release();
    }
  }

  /** Of what is done for a call, one thing at a time. */
  #inOrder<Value>(id: CallId, run: () => Promise<Value>): Promise<Value> {
    const release = this.#book.hold(null, id);
    return this.#after(`call ${id}`, run).finally(release);
  }

  #after<Value>(topic: string, run: () => Promise<Value>): Promise<Value> {
    const result = (this.#last.get(topic) ?? Promise.resolve()).then(run);
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#last.set(topic, settled);
    void settled.then(() => {
      if (this.#last.get(topic) === settled) this.#last.delete(topic);
    });
    return result;
  }
}
