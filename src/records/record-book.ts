import type { CallRecord } from "../conference/call-record.ts";
import type { ConferenceRecord } from "../conference/conference-record.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { Caller, CallOut, ConferenceState, Head, PendingCommand, Room } from "../conference/state.ts";
import {
  type BridgeName,
  type CallId,
  type CommandId,
  type ConfKey,
  type EpochMs,
  MAIN_ROOM,
} from "../foundation/ids.ts";
import {
  type BookData,
  type Ended,
  type GivenUp,
  type Joined,
  type KnownCommand,
  type Life,
  newBook,
  type OpenCall,
} from "./book-data.ts";
import { type Cause, cause, causeOfDrop, causeOfEnd, endOfLife } from "./end-causes.ts";
import { Causes } from "./transaction-causes.ts";

/** A row of a conference's journal, as far as records need it. */
export interface RecordedRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: ConferenceInput | null;
  /** Of its whole transaction, in its last row. */
  readonly changes: readonly (readonly [key: string, value: unknown])[] | null;
  readonly bridge: BridgeName | null;
}

/** What a record has of a caller. */
type SeenCaller = Pick<
  Caller,
  "call" | "number" | "attendeeId" | "extCallId" | "participantType" | "muted" | "room" | "keyedHostCode"
>;

/** No more rooms are named in one record. */
const mostRooms = 50;

/**
 * The records of one conference, made of its journal alone: rows in, ended calls and conferences out. What an input led to
 * stands in the changes of its transaction, and why stands in its inputs; a change that no report of a transaction explains was found by the
 * snapshot among its inputs, and is a repair.
 */
export class RecordBook {
  readonly #confKey: ConfKey;
  #seq: number;
  #head: Head;
  #bridge: BridgeName | null;
  #life: Life | null;
  readonly #calls: Map<CallId, OpenCall>;
  readonly #commands: Map<CommandId, KnownCommand>;
  readonly #rooms: Map<string, string>;
  #ended: Ended[];
  #joined: Joined[];
  #givenUp: GivenUp[];
  /** Of the transaction whose last row was not read yet. */
  #inputs: ConferenceInput[] = [];

  constructor(confKey: ConfKey, data: BookData = newBook) {
    const own = structuredClone(data);
    this.#confKey = confKey;
    this.#seq = own.seq;
    this.#head = own.head;
    this.#bridge = own.bridge;
    this.#life = own.life;
    this.#calls = new Map(own.calls.map((call) => [call.call, call]));
    this.#commands = new Map(own.commands);
    this.#rooms = new Map(own.rooms);
    this.#ended = own.ended;
    this.#joined = own.joined ?? [];
    this.#givenUp = own.givenUp ?? [];
  }

  /** The last row that was read. */
  get seq(): number {
    return this.#seq;
  }

  /** What ended behind this row, in order. */
  endedAfter(seq: number): readonly Ended[] {
    return this.#ended.filter((one) => one.seq > seq);
  }

  /** Who entered behind this row and up to that one, in order. */
  joinedBetween(after: number, upTo: number): readonly Joined[] {
    return this.#joined.filter(({ seq }) => seq > after && seq <= upTo);
  }

  /** What was given up behind this row and up to that one, in order. */
  givenUpBetween(after: number, upTo: number): readonly GivenUp[] {
    return this.#givenUp.filter(({ seq }) => seq > after && seq <= upTo);
  }

  /** What ended, came in or was given up up to this row is not asked for again. */
  release(upTo: number): void {
    this.#ended = this.#ended.filter(({ seq }) => seq > upTo);
    this.#joined = this.#joined.filter(({ seq }) => seq > upTo);
    this.#givenUp = this.#givenUp.filter(({ seq }) => seq > upTo);
  }

  data(): BookData {
    return structuredClone({
      ...{ seq: this.#seq, head: this.#head, bridge: this.#bridge, life: this.#life, calls: [...this.#calls.values()] },
      ...{ commands: [...this.#commands], rooms: [...this.#rooms], ended: this.#ended, joined: this.#joined },
      givenUp: this.#givenUp,
    });
  }

  /** In order, without a gap. */
  read(rows: readonly RecordedRow[]): void {
    for (const row of rows) {
      const { seq, at, input } = row;
      if (input) this.#inputs.push(input);
      if (input?.type === "undelivered" && !input.of?.probe) this.#givenUp.push({ seq, at, input });
      if (row.changes) {
        this.#apply(row, new Map(row.changes), new Causes(this.#inputs, this.#commands));
        this.#inputs = [];
      }
      this.#seq = row.seq;
      this.#bridge = row.bridge ?? this.#bridge;
    }
  }

  /**
   * All rows were read: this is the state. It differs from what they said where the changes of a transaction were too long for the
   * journal, or where the rows in which the conference began are gone.
   */
  settle(state: ConferenceState, at: EpochMs): void {
    const { callers, callOuts } = state;
    const causes = new Causes(this.#inputs, this.#commands);
    this.#inputs = [];
    const row = { seq: this.#seq, at };
    const changes = new Map<string, unknown>();
    for (const call of this.#calls.keys()) {
      if (callers.has(call) || callOuts.has(call)) continue;
      changes.set(`caller/${call}`, null);
    }
    for (const [call, caller] of callers)
      if (!this.#calls.get(call)?.enteredAt && !caller.left) changes.set(`caller/${call}`, caller);
    for (const [call, callOut] of callOuts) if (!this.#calls.has(call)) changes.set(`call-out/${call}`, callOut);
    const isOther = state.head.phase !== this.#head.phase;
    if (isOther) changes.set("head", state.head);
    if (changes.size > 0) this.#apply(row, changes, causes);
  }

  #apply(row: Pick<RecordedRow, "seq" | "at">, changes: ReadonlyMap<string, unknown>, causes: Causes): void {
    const before = this.#head;
    const head = (changes.get("head") as Head | undefined) ?? before;
    const begins = this.#begins(before, head, changes);
    const ends = this.#life !== null && (begins || !isOngoing(head)) ? endOfLife(before, this.#life, causes) : null;
    this.#noteOperators(causes);
    if (this.#life) this.#life.givenUp += causes.givenUp;
    for (const [key, value] of changes)
      if (key.startsWith("room/")) this.#room(key.slice("room/".length), value as Room | null);
    if (head.phase === "running" && head.talk) this.#rooms.set(head.talk.room, "private");
    const present = new Set(this.#calls.keys());
    for (const [key, value] of changes) {
      if (key.startsWith("call-out/")) {
        const call = key.slice("call-out/".length) as CallId;
        const entered = changes.get(`caller/${call}`);
        const isInside = entered !== undefined && entered !== null;
        if (value !== null) this.#callOut(row, value as CallOut, causes);
        else if (!isInside) this.#close(row, call, causes, ends);
      } else if (key.startsWith("caller/")) {
        const call = key.slice("caller/".length) as CallId;
        const caller = value as Caller | null;
        if (caller && !caller.left) this.#caller(row, caller, causes);
        else this.#close(row, call, causes, ends);
      }
    }
    if (before.phase === "running") this.#momentary(row, present, causes, ends);
    for (const [key, value] of changes) {
      if (key.startsWith("command/"))
        this.#command(key.slice("command/".length) as CommandId, value as PendingCommand | null);
    }
    if (ends) {
      for (const call of [...this.#calls.keys()]) this.#close(row, call, causes, ends);
      this.#endLife(row, before, ends);
    }
    if (begins) this.#life = newLife(row);
    const topic = causes.topic ?? (begins ? waitingTopic(before) : undefined);
    // A create that waits for the end of this conference is the next one's.
    if (this.#life && topic !== undefined && !(head.phase === "running" && head.closing)) this.#life.topic = topic;
    if (isOngoing(head)) this.#follow(row, before, head, begins, present, causes);
    this.#head = head;
    if (!this.#life) return;
    const inside = [...this.#calls.values()].filter(({ enteredAt }) => enteredAt !== null).length;
    this.#life.mostCallers = Math.max(this.#life.mostCallers, inside);
  }

  /** Whether a conference begins in this transaction, perhaps where another one has just ended. */
  #begins(before: Head, head: Head, changes: ReadonlyMap<string, unknown>): boolean {
    if (!isOngoing(head)) return false;
    if (!isOngoing(before) || this.#life === null) return true;
    if (head.phase !== "creating") return false;
    if (before.phase !== "creating") return true;
    // The bridge did not create the one before.
    const creates = [...this.#commands].filter(([, { type }]) => type === "create-conference");
    return creates.length > 0 && creates.every(([id]) => changes.get(`command/${id}`) === null);
  }

  #noteOperators({ operators }: Causes): void {
    for (const { type, call } of operators) {
      const open = call === null ? undefined : this.#calls.get(call);
      if (type === "expel" && open) open.isOperators = true;
      if (type === "end" && this.#life) this.#life.isOperators = true;
    }
  }

  #room(id: string, room: Room | null): void {
    if (room) this.#rooms.set(id, room.subConfId);
  }

  #command(id: CommandId, pending: PendingCommand | null): void {
    if (!pending) this.#commands.delete(id);
    if (!pending || this.#commands.has(id)) return;
    const { command, request, bridge } = pending;
    // Left over from an earlier conference.
    if (bridge !== undefined) return;
    const call = "call" in command ? command.call : null;
    const isOperators = call !== null && this.#calls.get(call)?.isOperators;
    this.#commands.set(id, { type: command.type, call, by: request ? "webex" : isOperators ? "operator" : "edge" });
  }

  #callOut({ seq, at }: Pick<RecordedRow, "seq" | "at">, callOut: CallOut, causes: Causes): void {
    const { call, extCallId, number, stage, participantType, attendeeId = "" } = callOut;
    const known = this.#calls.get(call);
    const open: OpenCall = known ?? {
      ...{ call, began: seq, direction: "out" as const, number: "", attendeeId, extCallId: extCallId ?? "" },
      ...{ participantType: String(participantType), keyedHostCode: false },
      ...{ dialledAt: at, answeredAt: null, ...newCall() },
    };
    open.number = `${number.country}${number.area}${number.local}`;
    this.#calls.set(call, open);
    const isPicked = stage === "answered" || stage === "waiting" || causes.answered.has(call);
    if (isPicked) open.answeredAt ??= at;
    if (stage === "dropping" && !open.cause) open.cause = causeOfDrop(open, causes, this.#commands);
  }

  /** Calls that entered and left within this transaction, which leave no entry behind. */
  #momentary(
    row: Pick<RecordedRow, "seq" | "at">,
    present: ReadonlySet<CallId>,
    causes: Causes,
    ends: Cause | null,
  ): void {
    for (const [call, { number, attendeeId, muted, silent, host }] of causes.entered) {
      const isFoundGone = causes.found?.callers.every((held) => held.call !== call) ?? false;
      if (present.has(call) || this.#calls.has(call)) continue;
      if (!causes.left.has(call) && !isFoundGone && !ends) continue;
      const participantType = silent ? "silent-monitor" : "participant";
      const caller = { call, number, attendeeId, extCallId: null, participantType, muted, room: MAIN_ROOM } as const;
      this.#caller(row, { ...caller, ...(host && { keyedHostCode: true }) }, causes);
      this.#close(row, call, causes, ends);
    }
  }

  #caller({ seq, at }: Pick<RecordedRow, "seq" | "at">, caller: SeenCaller, causes: Causes): void {
    const { call, number, attendeeId, extCallId, participantType, muted, room, keyedHostCode = false } = caller;
    const known = this.#calls.get(call);
    const open: OpenCall = known ?? {
      ...{ call, began: seq, direction: "in" as const, number, attendeeId: "", extCallId: "" },
      ...{ participantType: String(participantType), keyedHostCode },
      ...{ dialledAt: null, answeredAt: at, ...newCall() },
    };
    this.#calls.set(call, open);
    const dialled = causes.entered.get(call)?.dialled;
    if (dialled !== undefined) open.dialled = dialled;
    let repairs = 0;
    if (open.enteredAt === null) {
      open.enteredAt = at;
      open.answeredAt ??= at;
      const { began, direction } = open;
      const now = {
        extCallId: extCallId ?? open.extCallId,
        attendeeId: attendeeId ?? open.attendeeId,
        participantType: open.participantType,
      };
      const joined = {
        conference: this.#confKey,
        life: this.#life?.seq ?? 0,
        began,
        call,
        direction,
        number: open.number,
      };
      this.#joined.push({ seq, call: { ...joined, ...now, enteredAt: at } });
      // As it entered again, what was to become of it did not.
      delete open.cause;
      if (causes.found && !causes.entered.has(call) && !causes.done.has(call)) repairs += 1;
    } else {
      const isMuted = open.muted !== muted && !causes.muted.has(call) && !causes.done.has(call);
      const isMoved = this.#nameOf(room) !== open.room && !causes.done.has(call);
      if (causes.found) repairs += (isMuted ? 1 : 0) + (isMoved ? 1 : 0);
    }
    this.#repaired(open, repairs);
    open.attendeeId = attendeeId ?? open.attendeeId;
    open.extCallId = extCallId ?? open.extCallId;
    if (muted && !open.muted) {
      open.mutes += 1;
      open.mutedAt = at;
    } else if (!muted && open.mutedAt !== null) {
      open.mutedMs += at - open.mutedAt;
      open.mutedAt = null;
    }
    open.muted = muted;
    const name = this.#nameOf(room);
    if (open.room !== name && open.rooms.length < mostRooms) open.rooms.push(name);
    open.room = name;
  }

  #nameOf(room: string): string {
    return room === MAIN_ROOM ? MAIN_ROOM : (this.#rooms.get(room) ?? "private");
  }

  #close({ seq, at }: Pick<RecordedRow, "seq" | "at">, call: CallId, causes: Causes, ends: Cause | null): void {
    const open = this.#calls.get(call);
    if (!open) return;
    let why = open.cause ?? causeOfEnd(open, causes, this.#commands, ends);
    if (!why) {
      if (causes.found) this.#repaired(open, 1);
      why = cause("bridge", open.enteredAt === null ? "failed" : "completed", "not-found");
    }
    this.#calls.delete(call);
    if (open.mutedAt !== null) open.mutedMs += at - open.mutedAt;
    const seconds = open.answeredAt === null ? 0 : Math.round((at - open.answeredAt) / 1_000);
    const minutes = open.answeredAt === null ? 0 : Math.max(1, Math.ceil((at - open.answeredAt) / 60_000));
    const { extCallId, direction, number, attendeeId, participantType, dialledAt, answeredAt, enteredAt } = open;
    const head = this.#head;
    const { namedHost, host: webexHost = "" } = isOngoing(head) ? head : {};
    const isNamed = attendeeId !== "" && namedHost?.attendeeId === attendeeId;
    const host = open.keyedHostCode || isNamed || (extCallId !== "" && namedHost?.extCallId === extCallId);
    const record: CallRecord = {
      ...{ kind: "call", conference: this.#confKey, life: this.#life?.seq ?? 0, began: open.began, call, extCallId },
      ...{ direction, number, attendeeId, participantType, host, bridge: this.#bridge ?? "", webexHost },
      ...{ dialledAt, answeredAt, enteredAt, endedAt: at, seconds, minutes, ...why },
      ...{ mutes: open.mutes, mutedSeconds: Math.round(open.mutedMs / 1_000), rooms: open.rooms },
      ...{ failovers: open.failovers, repairs: open.repairs, dialled: open.dialled ?? "" },
    };
    this.#ended.push({ seq, record });
    if (!this.#life) return;
    this.#life.calls += 1;
    this.#life.callMinutes += minutes;
  }

  #repaired(open: OpenCall, repairs: number): void {
    open.repairs += repairs;
    if (this.#life) this.#life.repairs += repairs;
  }

  /** What the head says of a conference that goes on. */
  #follow(
    { at }: Pick<RecordedRow, "at">,
    before: Head,
    head: OngoingHead,
    begins: boolean,
    present: ReadonlySet<CallId>,
    causes: Causes,
  ): void {
    const life = this.#life;
    if (!life) return;
    // WebEx may close it before the bridge has created it.
    if (head.phase === "running" && (!head.closing || causes.isCreated)) life.runningAt ??= at;
    const isTakenOver =
      !begins && isOngoing(before) && (before.host !== head.host || before.extConfId !== head.extConfId);
    if (isTakenOver) {
      life.failovers += 1;
      for (const call of present) {
        const open = this.#calls.get(call);
        if (open) open.failovers += 1;
      }
    }
    if (life.webexHosts.at(-1) !== head.host) life.webexHosts.push(head.host);
    if (life.extConfIds.at(-1) !== head.extConfId) life.extConfIds.push(head.extConfId);
    const isLocked = before.phase === "running" && head.phase === "running" && before.locked !== head.locked;
    if (isLocked && causes.found && !causes.locks) life.repairs += 1;
  }

  #endLife({ seq, at }: Pick<RecordedRow, "seq" | "at">, before: Head, why: Cause): void {
    const life = this.#life;
    if (!life) return;
    const { createdAt, runningAt, extConfIds, webexHosts, mostCallers, calls, callMinutes } = life;
    const { failovers, repairs, givenUp } = life;
    const hasRun = before.phase === "running" && runningAt !== null;
    const record: ConferenceRecord = {
      ...{ kind: "conference", conference: this.#confKey, life: life.seq, extConfIds, webexHosts },
      ...{ bridge: this.#bridge ?? "", createdAt, runningAt, endedAt: at },
      seconds: runningAt === null ? 0 : Math.round((at - runningAt) / 1_000),
      ...{ endedBy: why.endedBy, status: hasRun ? "completed" : "failed", reason: why.reason },
      ...{ mostCallers, calls, callMinutes, failovers, repairs, givenUp, topic: life.topic ?? "" },
    };
    this.#ended.push({ seq, record });
    this.#life = null;
    this.#rooms.clear();
  }
}

/** Whether a call or the conference begins or ends with these changes. */
export function concernsRecords(
  state: ConferenceState,
  { head, callers, callOuts }: { readonly head?: Head } & Record<"callers" | "callOuts", ReadonlyMap<CallId, unknown>>,
): boolean {
  if (head && isOngoing(head) !== isOngoing(state.head)) return true;
  for (const [call, value] of callers) {
    const caller = value as Caller | null;
    const was = state.callers.get(call);
    if ((was !== undefined && !was.left) !== (caller !== null && !caller.left)) return true;
    // It entered and left at once.
    if (was === undefined && caller !== null) return true;
  }
  for (const [call, value] of callOuts) if (value === null && state.callOuts.has(call)) return true;
  return false;
}

type OngoingHead = Extract<Head, { readonly extConfId: unknown }>;

/** Whether there is a conference that is not over. */
export function isOngoing(head: Head): head is OngoingHead {
  return head.phase === "creating" || head.phase === "running";
}

/** What is alike for every call that has not entered. */
function newCall() {
  return {
    ...{ enteredAt: null, muted: false, mutedAt: null, mutedMs: 0, mutes: 0 },
    ...{ room: null, rooms: [], failovers: 0, repairs: 0 },
  };
}

function newLife({ seq, at }: Pick<RecordedRow, "seq" | "at">): Life {
  return {
    ...{ seq, createdAt: at, runningAt: null, extConfIds: [], webexHosts: [] },
    ...{ mostCallers: 0, calls: 0, callMinutes: 0, failovers: 0, repairs: 0, givenUp: 0 },
  };
}

/** The name in a create that waited for the end of the conference before. */
function waitingTopic(before: Head): string | undefined {
  if (before.phase !== "running") return undefined;
  return before.closing?.next.find(({ message }) => message.conferenceName !== undefined)?.message.conferenceName;
}
