import type { Element, Message } from "../xml.ts";
import type { ReferenceAdapter } from "./adapter.ts";
import type { BridgeCall, BridgeEvent } from "./bridge.ts";
import { admitCallee, callOut, calloutFailed, cancelCallout } from "./call-outs.ts";
import type { Deviation } from "./defects.ts";
import { Owed } from "./owed.ts";
import { privateTalkAdded } from "./private-talk.ts";
import { speakerChanged } from "./speakers.ts";
import { subConferenceAsked } from "./sub-conferences.ts";

/** A call of a conference, as WebEx is told about it. */
export interface Leg {
  readonly call: BridgeCall;
  extCallId: string | null;
  readonly isMonitor: boolean;
  /** The MsgID of the notification that WebEx has yet to answer. */
  naming: string | null;
  /** Told when the call has a name. */
  waiting: ((extCallId: string) => void)[];
  entered: boolean;
  /** Mute state of the main conference, while in a sub-conference. */
  muted: boolean;
  sub: string | null;
  /** WebEx has heard that it talked, and that it is silent again. */
  hasSpoken: boolean;
}

type Attributes = Readonly<Record<string, string | undefined>>;

const AGAIN_MS = 250;

/** One conference of the reference adapter. */
export class ReferenceConference {
  readonly adapter: ReferenceAdapter;
  readonly key: string;
  host: string;
  extConfId: string;
  anonymousId: string;
  wasTakenOver = false;
  /** ExtConfIDs that other creates have replaced. */
  readonly formerIds = new Set<string>();
  /** Servers that were replaced. */
  readonly #formerHosts = new Set<string>();
  /** With a defect: what the new server's notifications wait for. */
  #held: Promise<unknown> = Promise.resolve();
  /** The creation of its last room. */
  #rooms: Promise<unknown> = Promise.resolve();
  readonly #created = Promise.withResolvers<boolean>();
  hadPrivateTalk = false;
  /** Of private talks: who was it in the first one. */
  talkHost: Leg | null = null;
  readonly owed: Owed;
  readonly legs = new Map<string, Leg>();
  /** MsgIDs of call-outs, by call. */
  readonly callouts = new Map<string, { readonly request: Element; isOver: boolean }>();
  readonly subs = new Set<string>();
  readonly closedSubs = new Set<string>();
  /** Sub-conferences from which a call was removed. */
  readonly removed = new Set<string>();
  readonly #left: string[] = [];
  #reportsSpeakers = false;
  #hasStopped = false;
  #isAttached = true;
  readonly #departed: Leg[] = [];
  readonly #toldAsMuted = new Set<string>();
  readonly #renamed = new Set<Leg>();
  /** Had no name when another server took over. */
  readonly #unnamed = new Set<Leg>();
  #wasLocked = false;
  #most = 100;
  #otherNames: string[] = [];

  constructor(adapter: ReferenceAdapter, key: string, extConfId: string, host: string, anonymousId: string) {
    this.adapter = adapter;
    this.key = key;
    this.extConfId = extConfId;
    this.host = host;
    this.anonymousId = anonymousId;
    const isUnnamed = ({ attributes: { MsgID } }: Message) =>
      [...this.legs.values()].some(({ naming }) => naming === MsgID);
    this.owed = new Owed(
      adapter.ports,
      adapter.has,
      (messages) => this.#post(messages),
      isUnnamed,
      () => adapter.outbox.msgId(""),
    );
  }

  has(name: Deviation): boolean {
    return this.adapter.has(name);
  }

  isCalled(extConfId: string | undefined): boolean {
    return extConfId === this.extConfId || this.#otherNames.includes(extConfId ?? "");
  }

  async create(attributes: Attributes, transId: string): Promise<void> {
    const { MsgID = "", MaxNumAttendee, SubscriberCode, ParticipantCode } = attributes;
    const { host, extConfId } = this;
    const { codes } = this.adapter.bridge;
    if (SubscriberCode) codes.set(SubscriberCode, { key: this.key, isSubscriber: !this.has("subscriber-is-no-host") });
    if (ParticipantCode && !this.has("participant-code-unknown"))
      codes.set(ParticipantCode, { key: this.key, isSubscriber: false });
    this.#most = Number(MaxNumAttendee ?? 100);
    if (this.has("slow-create")) await this.adapter.ports.sleep(20_500);
    const creating = this.adapter.bridge.createConference(this.key);
    const isCreated = this.has("create-answered-at-once") || (await creating);
    this.#created.resolve(isCreated);
    if (!isCreated) this.adapter.conferences.delete(this.key);
    const answer: Message = {
      name: "A2W_RspCreateConference",
      attributes: { MsgID, Result: isCreated ? "0" : "3" },
    };
    const started = this.notification("A2W_NotifyConferenceChange", { Status: "0" });
    const recorder = {
      Status: "4",
      NBRPhoneNumber: "1,408,9041708",
      NBRDialSequence: this.has("sequence-without-end") ? "P15D12#" : "P15D12#P0",
    };
    const sequence = this.notification("A2W_NotifyConferenceChange", recorder);
    if (this.has("being-created-told"))
      await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "1" }));
    if (this.has("status-0-before-answer")) await this.tell(started);
    if (isCreated && this.has("answer-and-start-together"))
      return void (await this.adapter.outbox.send(this.key, host, [answer, started, sequence]));
    if (this.has("answer-with-trans-id-of-request")) await this.adapter.outbox.send(this.key, host, [answer], transId);
    else if (!this.has("create-not-answered")) await this.answer(host, answer);
    // Another create came meanwhile: that server is told the rest.
    if (!isCreated || this.extConfId !== extConfId) return;
    if (!this.has("no-status-0") && !this.has("status-0-before-answer")) await this.tell(started);
    await this.tell(sequence);
  }

  /** Whether the bridge has it, as soon as that is known. */
  get created(): Promise<boolean> {
    return this.#created.promise;
  }

  /** A request is a sign of life of its server. */
  heardFrom(host = this.host): void {
    if (host === this.host) void this.owed.catchUp();
  }

  /** A request about this conference that is no create. */
  async asked(request: Element): Promise<void> {
    const { name, attributes } = request;
    const host = attributes.WbxHostName ?? this.host;
    const isUpdate = name === "W2A_UpdateConference" || name === "W2A_CreateSubConference";
    if (this.has("notifications-to-last-host") || (isUpdate && this.has("notifications-to-host-of-update")))
      this.host = host;
    if (name.includes("SubConference")) return subConferenceAsked(this, request);
    const leg = this.legOf(attributes.ExtCallID);
    const respond = async (answer: string, result = "0") => {
      // All of these names are unconfirmed.
      if (this.has("only-documented-messages")) return;
      await this.answer(host, { name: answer, attributes: { MsgID: attributes.MsgID, Result: result } });
    };
    switch (name) {
      case "W2A_CloseConference":
        return this.#close(attributes, (result) => respond("A2W_RspCloseConference", result));
      case "W2A_Callout":
        return callOut(this, request);
      case "W2A_CancelCallout":
        return cancelCallout(this, attributes, () => respond("A2W_RspCancelCallout"));
      case "W2A_UpdateConference":
        return this.#update(attributes, (result) => respond("A2W_RspUpdateConference", result));
      case "W2A_UpdateUser": {
        await respond("A2W_RspUpdateUser", leg ? "0" : "5");
        if (leg) await this.#mute(leg, attributes.Privilege === "1");
        return;
      }
      case "W2A_DropUser":
        await respond("A2W_RspDropUser", leg ? "0" : "5");
        if (leg) await this.adapter.bridge.expel(leg.call);
        return;
    }
  }

  async #update(attributes: Attributes, respond: (result: string) => Promise<void>): Promise<void> {
    const code = attributes.ActionCode;
    const known = ["1", "2", "3", "4", "6", "8", "9"];
    if (!known.includes(code ?? "")) {
      await respond("14");
      if (this.has("unknown-action-told-as-unmuted"))
        for (const leg of this.legs.values()) if (leg.call.muted) this.change(leg, { Status: "0" });
      return;
    }
    await respond("0");
    if (this.wasTakenOver && this.has("new-server-cannot-update")) return;
    if (this.wasTakenOver && code === "8" && this.has("new-server-hears-no-speakers")) return;
    if (code === "6") return privateTalkAdded(this, attributes.ExtCallID ?? "");
    if (code === "8" && !(this.#hasStopped && this.has("speakers-on-once"))) this.#reportsSpeakers = true;
    this.#hasStopped ||= code === "9";
    if (code === "9" && !this.has("speakers-after-9")) this.#reportsSpeakers = false;
    const conference = this.adapter.bridge.conferences.get(this.key);
    if ((code === "1" || code === "2") && conference) {
      await this.adapter.bridge.act("lock");
      conference.locked = code === "1";
      await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: conference.locked ? "2" : "0" }));
    }
    if (code === "3" || code === "4") {
      const [, ...others] = [...this.legs.values()].filter(({ entered }) => entered);
      for (const leg of others)
        if (
          (!leg.isMonitor || (code === "4" && this.has("unmute-all-unmutes-monitors"))) &&
          !(leg.sub && this.has("mute-all-skips-subs"))
        )
          await this.#mute(leg, code === "3");
    }
  }

  async #mute(leg: Leg, muted: boolean): Promise<void> {
    await this.adapter.bridge.mute(leg.call, muted);
    leg.muted = muted;
    this.change(leg, { Status: muted ? "1" : "0" });
  }

  async #close({ KeepAlive }: Attributes, respond: (result?: string) => Promise<void>): Promise<void> {
    if (!this.#isAttached && this.has("kept-for-good")) return respond("1");
    const isTooSoon = this.has("keep-alive-while-creating-ends") && !this.adapter.bridge.conferences.has(this.key);
    if (this.wasTakenOver && this.has("new-server-cannot-close")) return respond();
    const isKept = isTooSoon || this.has("keep-alive-ends") ? false : /^(?:1|true)$/i.test(KeepAlive ?? "");
    await respond();
    if (isKept || this.has("close-keeps-calls") || (this.has("keep-alive-0-keeps") && KeepAlive === "0")) {
      this.#isAttached = false;
      this.owed.clear();
      await this.#comeTogether();
      if (this.has("keep-alive-ends-callouts"))
        for (const { call } of this.legs.values()) if (call.direction === "out") await this.adapter.bridge.expel(call);
      return;
    }
    await this.adapter.bridge.endConference(this.key, this.has("close-keeps-callouts"));
    if (this.has("close-ends-others"))
      for (const { key } of this.adapter.conferences.values()) await this.adapter.bridge.endConference(key);
    await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "3" }));
    this.adapter.conferences.delete(this.key);
  }

  /** All into the main room: nobody is left who could bring them back. */
  async #comeTogether(): Promise<void> {
    const { bridge } = this.adapter;
    for (const leg of this.legs.values()) {
      const stays = leg.sub ? "keep-alive-leaves-rooms" : "keep-alive-leaves-a-talk";
      if (leg.call.room === "main" || this.has(stays)) continue;
      if (leg.sub && leg.call.muted !== leg.muted) await bridge.mute(leg.call, leg.muted);
      leg.sub = null;
      await bridge.move(leg.call, "main");
    }
  }

  async createRoom(): Promise<void> {
    const { bridge } = this.adapter;
    const isSlow = this.has("rooms-one-by-one") || this.has("callers-wait-for-rooms");
    this.#rooms = isSlow ? this.#rooms.then(() => bridge.act("create-room")) : bridge.act("create-room");
    await this.#rooms;
  }

  /** The call of this name. */
  legOf(name: string | undefined): Leg | undefined {
    const all = this.has("names-of-all-conferences") ? [...this.adapter.conferences.values()] : [this];
    const legs = all.flatMap((conference) => [...conference.legs.values()]);
    return legs.find(({ extCallId }) => extCallId !== null && extCallId === name);
  }

  /** Who has left while in this sub-conference. */
  departedFrom(SubConfID: string): readonly Leg[] {
    return this.#departed.filter(({ sub }) => sub === SubConfID);
  }

  /** Something happened on the bridge. */
  async happened(event: BridgeEvent): Promise<void> {
    switch (event.type) {
      case "prompted":
        return this.#admitCaller(event.call);
      case "answered":
        return admitCallee(this, event.call);
      case "not-answered":
        return calloutFailed(this, event.call, event.outcome);
      case "locked":
        return this.#lockChanged(event.locked);
      case "ended": {
        this.adapter.conferences.delete(this.key);
        this.adapter.closed.set(this.key, this);
        return void (await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "3" })));
      }
      default:
        return this.#ofLeg(event);
    }
  }

  async #lockChanged(locked: boolean): Promise<void> {
    if (this.has("lock-not-told") || (this.#wasLocked && this.has("second-lock-not-told"))) return;
    this.#wasLocked ||= locked;
    if (this.has("sends-unknown-message")) await this.tell(this.notification("A2W_NotifyHello", {}));
    if (this.has("sends-message-of-webex")) await this.tell(this.notification("W2A_NotifyHello", {}));
    if (this.has("answers-what-nobody-asked"))
      await this.tell(this.notification("A2W_RspUpdateConference", { Result: "0" }));
    const Status = this.has("status-unknown") ? "8" : locked ? "2" : "0";
    const ExtConfID = this.has("other-ext-conf-id") ? `${this.extConfId}9` : this.extConfId;
    await this.tell(this.notification("A2W_NotifyConferenceChange", { ExtConfID, Status }));
  }

  #ofLeg({ type, call }: BridgeEvent & { readonly call: BridgeCall }): void {
    const own = this.legs.get(call.id);
    if (type === "muted" && own?.isMonitor && !this.has("monitor-unmutes-itself"))
      return void this.adapter.bridge.mute(call, true);
    const isOfFirst =
      (type === "identified" && this.has("merge-told-of-the-first")) ||
      (type === "muted" && this.has("mute-told-of-the-first"));
    const leg = isOfFirst ? [...this.legs.values()][0] : own;
    if (!leg) return;
    const isAnonymous = type === "identified" && this.anonymousId !== "" && call.attendeeId === this.anonymousId;
    if (isAnonymous && this.has("merge-makes-silent")) void this.adapter.bridge.mute(call, true);
    if (type === "left") return this.#hasLeft(leg);
    if (type === "identified" && this.has("merge-by-entry")) return void this.tell(this.entry(leg));
    if (type === "identified" && !this.has("merge-ignored"))
      this.change(leg, {
        Status: status(call),
        [this.has("merge-by-another-name") ? "KeyedID" : "AttendeeID"]: this.has("merge-loses-zeros")
          ? String(Number(call.attendeeId))
          : (call.attendeeId ?? ""),
      });
    const remembersTold =
      this.has("failover-old-mutes") ||
      this.has("mute-corrected-at-failover") ||
      this.has("failover-correction-taken-back");
    if (type === "muted" && remembersTold) return void this.#changeTold(leg);
    if (type === "muted" && !this.has("self-mute-not-told")) this.change(leg, { Status: status(call) });
    if (type === "muted" && this.has("muted-told-as-unmuted")) this.change(leg, { Status: "0" });
    if (type === "muted" && this.has("status-told-again")) void this.#tellStatusAgain(leg);
    if (type === "talking" && this.#reportsSpeakers && !this.has("speakers-not-told")) speakerChanged(this, leg);
  }

  async #changeTold({ call, extCallId }: Leg): Promise<void> {
    const change = { ExtCallID: extCallId ?? "null", Status: status(call) };
    if (!(await this.tell(this.notification("A2W_NotifyUserChange", change)))) return;
    if (change.Status === "1") this.#toldAsMuted.add(call.id);
    else this.#toldAsMuted.delete(call.id);
  }

  async #tellStatusAgain(leg: Leg): Promise<void> {
    await this.adapter.ports.sleep(AGAIN_MS);
    if (this.legs.has(leg.call.id)) this.change(leg, { Status: status(leg.call) });
  }

  #hasLeft(leg: Leg): void {
    this.legs.delete(leg.call.id);
    const { extCallId } = leg;
    this.#departed.push(leg);
    if (extCallId && !this.has("failover-forgets-left")) this.#left.push(extCallId);
    this.change(leg, { Status: "2" });
    if (this.has("all-told-as-left")) for (const one of this.legs.values()) this.change(one, { Status: "2" });
    if (leg.call.room?.startsWith("private")) {
      for (const one of this.legs.values())
        if (one.call.room === leg.call.room) void this.adapter.bridge.move(one.call, "main");
    }
    if ((!this.#isAttached || this.has("empty-conference-forgotten")) && this.legs.size === 0) {
      void this.adapter.bridge.endConference(this.key);
      this.adapter.conferences.delete(this.key);
    }
  }

  async #admitCaller(call: BridgeCall): Promise<void> {
    if (this.has("callers-wait-for-rooms")) await this.#rooms;
    if (this.legs.size >= this.#most) return this.adapter.bridge.expel(call);
    const isIt = this.has("anonymous-id-as-prefix")
      ? call.attendeeId?.startsWith(this.anonymousId)
      : call.attendeeId === this.anonymousId;
    const isLate = this.has("one-monitor") && [...this.legs.values()].some((leg) => leg.isMonitor);
    const isMonitor = this.anonymousId !== "" && isIt === true && !isLate;
    const isKnown = [...this.legs.values()].some(({ call: { attendeeId } }) => attendeeId === call.attendeeId);
    if (call.attendeeId && isKnown && this.has("attendee-id-once")) return this.adapter.bridge.expel(call);
    const muted = isMonitor && !this.has("monitor-dials-in-heard");
    await this.adapter.bridge.admit(call, { muted, joinTone: !isMonitor || this.has("monitor-dials-in-with-tone") });
    if (this.has("two-rooms-for-one-key")) call.room = call.id;
    const isLoaded = this.has("slow-entry-under-load") && this.adapter.conferences.size > 20;
    if (this.has("slow-entry") || isLoaded) await this.adapter.ports.sleep(10_500);
    const leg = this.add(call, null, isMonitor);
    if (this.has("call-ids-invented")) leg.extCallId = call.id;
    if (this.has("running-told-again") && this.legs.size === 1)
      await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "0" }));
    await this.enter(leg);
    if (this.has("enters-twice")) await this.enter(leg);
  }

  /** A call that has been admitted. */
  add(call: BridgeCall, extCallId: string | null, isMonitor: boolean): Leg {
    const leg: Leg = {
      call,
      extCallId,
      isMonitor,
      naming: null,
      waiting: [],
      entered: false,
      muted: call.muted,
      sub: null,
      hasSpoken: false,
    };
    this.legs.set(call.id, leg);
    return leg;
  }

  /** The call has entered, and is told. */
  async enter(leg: Leg, more: Attributes = {}): Promise<void> {
    const { firstHost, outbox } = this.adapter;
    const message = this.entry(leg, more);
    if (this.has("entries-to-first-server")) await outbox.send(this.key, firstHost, [message]);
    else await this.tell(message);
  }

  /** A2W_NotifyUserEnter for a call. */
  entry(leg: Leg, more: Attributes = {}): Message {
    const { call, isMonitor } = leg;
    const keyed = this.has("long-attendee-id-cut") ? call.attendeeId?.slice(0, 8) : call.attendeeId;
    const attendeeId = this.has("attendee-id-as-number") && keyed ? String(Number(keyed)) : keyed;
    const message = this.notification("A2W_NotifyUserEnter", {
      ExtCallID: this.has("enters-without-call-id") && !leg.extCallId ? undefined : (leg.extCallId ?? "null"),
      AttendeeID: this.has("attendee-id-not-told")
        ? undefined
        : (attendeeId ?? (this.has("empty-attendee-id") ? "" : undefined)),
      ParticipantType: isMonitor && !this.has("monitor-as-participant") ? "6" : this.#ordinary(),
      DID: this.#did(call),
      ActionResult: "0",
      ...(this.has("enters-a-private-talk") && call.direction === "in" && { ActionCode: "2" }),
      ...more,
    });
    leg.entered = true;
    leg.naming = message.attributes.MsgID ?? null;
    return message;
  }

  #ordinary(): string | undefined {
    if (this.has("no-participant-type")) return undefined;
    return this.has("participant-type-1") ? "1" : "2";
  }

  #did(call: BridgeCall): string | undefined {
    if (this.has("no-did")) return undefined;
    if (this.has("did-of-the-bridge")) return "18005551234";
    if (this.has("did-as-address")) return `sip:+${call.number}@10.0.0.1:5060`;
    const [first] = this.legs.values();
    if (this.has("did-of-another") && first) return first.call.number;
    return this.has("ampersand-not-escaped") && call.direction === "in" && !call.attendeeId ? "1&2" : call.number;
  }

  /** WebEx has given a name to the call that this message told. */
  named(msgId: string, extCallId: string): void {
    const isNone = /^(?:null)?$/i.test(extCallId);
    if (isNone && !this.has("null-is-a-name")) return;
    const isLate = this.has("late-names-count") && this.#formerNamings.get(msgId);
    const isOf = [...this.legs.values()].find(({ naming }) => naming === msgId);
    const known = isOf ?? this.#gone.get(msgId) ?? this.#named.get(msgId);
    if (isLate) isLate.extCallId = extCallId;
    const byOrder = [...this.legs.values()].find((one) => one.extCallId === null);
    const leg = known && this.has("names-by-order") ? (byOrder ?? known) : known;
    if (!leg) return;
    leg.naming = null;
    if (!isNone && !this.has("first-name-for-good")) this.#named.set(msgId, leg);
    if (this.#unnamed.has(leg) && this.has("names-of-who-came-meanwhile-lost")) return;
    const [first] = this.legs.values();
    if (this.has("name-of-another-call")) leg.extCallId = first?.extCallId ?? extCallId;
    else if (this.#isNameTaken(leg)) leg.extCallId = extCallId;
    if (this.has("names-of-called-lost") && leg.call.direction === "out") leg.extCallId = "0";
    for (const tell of leg.waiting.splice(0)) tell(leg.extCallId ?? "");
    if (this.has("status-after-naming") && this.legs.has(leg.call.id)) this.change(leg, { Status: status(leg.call) });
  }

  #isNameTaken(leg: Leg): boolean {
    if (!this.wasTakenOver || !leg.extCallId) return true;
    const isRenamed = this.#renamed.has(leg);
    this.#renamed.add(leg);
    return !this.has("new-server-names-ignored") && !(isRenamed && this.has("third-server-names-ignored"));
  }

  readonly #gone = new Map<string, Leg>();
  /** By the MsgIDs under which the server has named them: it may do so again. */
  readonly #named = new Map<string, Leg>();
  /** By the MsgIDs that replaced servers were sent. */
  readonly #formerNamings = new Map<string, Leg>();

  /** Calls back with the call's name, when it has one. */
  whenNamed(leg: Leg, tell: (extCallId: string) => void): void {
    if (leg.extCallId !== null && leg.naming === null) return tell(leg.extCallId);
    if (leg.naming) this.#gone.set(leg.naming, leg);
    leg.waiting.push(tell);
  }

  /** A2W_NotifyUserChange for a call, when it has a name. */
  change(leg: Leg, attributes: Attributes): void {
    const shown =
      this.has("status-not-told") && attributes.AttendeeID ? { ...attributes, Status: undefined } : attributes;
    this.whenNamed(
      leg,
      (ExtCallID) => void this.tell(this.notification("A2W_NotifyUserChange", { ExtCallID, ...shown })),
    );
  }

  /** Another server takes over (or the same one creates again). */
  async takenOver(extConfId: string, host: string, MsgID: string, anonymousId: string): Promise<void> {
    const [oldId, oldHost] = [this.extConfId, this.host];
    this.#isAttached = true;
    if (anonymousId !== "") this.anonymousId = anonymousId;
    const isRefused = this.formerIds.has(extConfId) && this.has("former-id-never-again");
    const isEarlier = this.has("first-create-wins") && !this.adapter.bridge.conferences.has(this.key);
    const Result = isRefused ? "2" : "0";
    const answer: Message = { name: "A2W_RspCreateConference", attributes: { MsgID, Result } };
    if (isRefused || isEarlier) return this.answer(host, answer);
    if (oldHost !== host && !this.has("replaced-server-still-told")) this.adapter.outbox.drop(this.key, oldHost);
    this.adapter.outbox.resume(this.key, host);
    if (extConfId === oldId) return this.answer(host, answer);
    if (host === oldHost && this.has("takeover-known-by-host")) {
      this.#otherNames = [extConfId];
      return this.answer(host, answer);
    }
    this.wasTakenOver = true;
    this.formerIds.add(oldId);
    this.formerIds.delete(extConfId);
    if (oldHost !== host) this.#formerHosts.add(oldHost);
    this.#formerHosts.delete(host);
    this.#named.clear();
    this.owed.clear();
    for (const leg of this.legs.values()) if (leg.naming) this.#formerNamings.set(leg.naming, leg);
    for (const leg of this.legs.values()) if (leg.extCallId === null) this.#unnamed.add(leg);
    if (this.has("failover-loses-call-outs")) this.callouts.clear();
    if (this.has("failover-takes-all"))
      for (const one of this.adapter.conferences.values()) if (one.host === oldHost) one.host = host;
    if (this.has("failover-forgets-mute-of-sub")) for (const leg of this.legs.values()) if (leg.sub) leg.muted = false;
    this.#reportsSpeakers = false;
    this.extConfId = this.has("failover-keeps-ext-conf-id") ? oldId : extConfId;
    if (this.extConfId === oldId) this.#otherNames = [extConfId];
    this.host = this.has("failover-keeps-host") ? oldHost : host;
    if (this.has("failover-answered-to-old") || this.host === oldHost) this.adapter.outbox.resume(this.key, oldHost);
    const isCreated = await this.#created.promise;
    const outcome = isCreated ? answer : { ...answer, attributes: { MsgID, Result: "3" } };
    await this.answer(this.has("failover-answered-to-old") ? oldHost : host, outcome);
    if (!isCreated) return;
    await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "0" }));
    if (this.has("failover-told-as-ended"))
      await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "3" }));
    if (this.has("lock-told-at-failover") && this.adapter.bridge.conferences.get(this.key)?.locked)
      await this.tell(this.notification("A2W_NotifyConferenceChange", { Status: "2" }));
    await this.#tellAll();
  }

  /** The whole state, to a new server. */
  async #tellAll(): Promise<void> {
    const { bridge } = this.adapter;
    const conference = bridge.conferences.get(this.key);
    if (this.has("failover-unlocks") && conference) conference.locked = false;
    if (this.has("failover-unmutes-monitors"))
      for (const { call, isMonitor } of this.legs.values()) if (isMonitor) await bridge.mute(call, false);
    if (this.has("failover-hangs-up")) for (const { call } of this.legs.values()) await bridge.expel(call);
    for (const { call } of this.legs.values()) {
      if (call.room?.startsWith("private") && !this.has("failover-keeps-private-talk")) await bridge.move(call, "main");
    }
    const known = [...this.legs.values()].filter(
      ({ extCallId, naming }) => !this.has("failover-forgets-new") || (extCallId && !naming),
    );
    const told = this.has("failover-tells-nobody")
      ? []
      : this.has("failover-tells-one")
        ? known.slice(0, 1)
        : [...known];
    if (this.has("first-fifty-told")) told.splice(50);
    const isTwice = this.has("failover-tells-new-twice");
    for (const leg of told) if (isTwice && leg.naming && !leg.extCallId) await this.tell(this.entry(leg));
    if (this.has("entries-last-first")) told.reverse();
    const entries = told.map((leg) => this.entry(leg, this.#toldAgain(leg)));
    if (this.has("entries-one-by-one")) for (const entry of entries) await this.tell(entry);
    else if (entries.length > 0) await this.tell(...entries);
    const all =
      this.has("failover-privilege-of-all") ||
      this.has("failover-tells-all-as-muted") ||
      (this.subs.size > 0 && !this.has("failover-privilege-of-muted-only"));
    const muted = told.filter(({ call, isMonitor }) => call.muted && !isMonitor);
    if (this.has("failover-old-mutes"))
      muted.splice(0, muted.length, ...told.filter(({ call }) => this.#toldAsMuted.has(call.id)));
    if (this.has("failover-tells-one-muted")) muted.splice(1);
    if (this.has("failover-mute-not-told")) muted.splice(0);
    for (const leg of told) if (all || muted.includes(leg)) await this.#tellPrivilege(leg);
    if (this.has("failover-mute-taken-back")) for (const leg of muted) this.change(leg, { Status: "0" });
    const isTakenBack = this.has("failover-correction-taken-back");
    if (isTakenBack || this.has("mute-corrected-at-failover"))
      for (const leg of told)
        if (this.#toldAsMuted.has(leg.call.id) && !leg.call.muted)
          for (const Status of isTakenBack ? ["1", "0", "1"] : ["1", "0"]) this.change(leg, { Status });
    if (this.has("failover-unmutes")) for (const { call } of muted) await bridge.mute(call, false);
    if (this.has("failover-tells-gone")) for (const leg of this.#departed) await this.tell(this.entry(leg));
    if (this.has("failover-tells-all-as-left"))
      this.#left.push(...[...this.legs.values()].flatMap(({ extCallId }) => extCallId ?? []));
    if (this.has("failover-tells-one-left")) this.#left.splice(1);
    for (const name of this.#left.splice(0)) {
      const ExtCallID = this.has("left-without-name") ? "null" : name;
      await this.tell(this.notification("A2W_NotifyUserChange", { ExtCallID, Status: "2" }));
    }
    for (const SubConfID of this.has("failover-tells-one-sub") ? [...this.subs].slice(0, 1) : this.subs) {
      if (!this.has("failover-sub-not-told"))
        await this.tell(
          this.notification("A2W_NotifySubConferenceChange", {
            SubConfID: this.has("failover-sub-by-another-id") ? `${SubConfID}9` : SubConfID,
            Status: this.has("failover-sub-as-new") ? "0" : "2",
          }),
        );
      const gone = this.has("failover-tells-gone-of-sub") ? this.departedFrom(SubConfID) : [];
      for (const leg of [...this.legs.values(), ...gone]) {
        if (leg.sub !== SubConfID || this.has("failover-sub-calls-not-told")) continue;
        this.whenNamed(leg, (name) => {
          const ExtCallID = this.has("joined-by-another-name") ? `${name}9` : name;
          const id = this.has("joined-in-another-sub") ? `${SubConfID}9` : SubConfID;
          void this.tell(this.notification("A2W_NotifyJoinSubConference", { SubConfID: id, ExtCallID }));
        });
      }
    }
  }

  /** What an entry says otherwise to a new server. */
  #toldAgain({ call: { attendeeId } }: Leg): Attributes {
    return {
      ...(this.has("failover-monitor-as-participant") && { ParticipantType: "2" }),
      ...(this.has("failover-as-null") && { ExtCallID: "null" }),
      ...(this.has("failover-attendee-ids-not-told") && { AttendeeID: undefined }),
      ...(this.has("failover-other-attendee-ids") && attendeeId && { AttendeeID: `9${attendeeId}` }),
    };
  }

  /** Waits for the name that the new server gives: what follows goes under it. */
  #tellPrivilege(leg: Leg): Promise<void> {
    return new Promise((done) => {
      this.whenNamed(leg, (ExtCallID) => {
        const Status = this.has("failover-tells-all-as-muted") ? "1" : status(leg.call);
        void this.tell(this.notification("A2W_NotifyUserChange", { ExtCallID, Status })).then(() => done());
      });
    });
  }

  notification(name: string, attributes: Attributes): Message {
    const MsgID = this.adapter.outbox.msgId(name);
    return { name, attributes: { MsgID, ExtConfID: this.extConfId, ...attributes } };
  }

  async answer(host: string, message: Message): Promise<void> {
    if (this.#formerHosts.has(host)) return this.#answerOwed(host, message);
    if (host === this.host && this.owed.isBehind) return this.owed.add([message]);
    const isTold = await this.adapter.answer(this.key, host, message);
    if (!isTold && host === this.host) this.owed.add([message]);
  }

  /** To a server that was replaced. */
  async #answerOwed(host: string, message: Message): Promise<void> {
    if (this.has("owed-answers-dropped")) return;
    const isAstray = this.has("owed-answers-to-the-new-server");
    if (isAstray) return void (await this.adapter.outbox.send(this.key, this.host, [message]));
    const sent = this.adapter.outbox.sendOnce(host, [message]);
    if (this.has("owed-answers-hold-up")) this.#held = sent;
  }

  /** Resolves with whether the conference's server confirmed it. */
  async tell(...messages: Message[]): Promise<boolean> {
    if (!this.#isAttached) return true;
    await this.#held;
    const { extConfId } = this;
    const isTold = !this.owed.isBehind && (await this.#post(messages));
    if (!isTold && this.has("ends-without-webex")) await this.adapter.bridge.endConference(this.key);
    if (!isTold && this.extConfId === extConfId) this.owed.add(messages);
    return isTold;
  }

  async #post(messages: readonly Message[]): Promise<boolean> {
    const isTold = await this.adapter.outbox.send(this.key, this.host, messages);
    const isEnd = messages.some(({ attributes: { Status } }) => Status === "3");
    if (isTold && isEnd && !this.has("told-end-remembered")) this.adapter.closed.delete(this.key);
    return isTold;
  }
}

function status({ muted }: BridgeCall): string {
  return muted ? "1" : "0";
}
