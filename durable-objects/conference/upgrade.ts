import type { CommandType } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, EndReason } from "../../src/bridge/events.ts";
import type { Fact, LeaveReason } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { MAX_FORMER_SECRETS } from "../../src/conference/parts/entry-rules.ts";
import { noLife } from "../../src/conference/records.ts";
import {
  type CallEnd,
  type Caller,
  type CallHistory,
  type CallOut,
  type Changes,
  type ConferenceState,
  emptyState,
  type Head,
  isOngoing,
  type Life,
  type PendingCommand,
  type Room,
  secretsOf,
} from "../../src/conference/state.ts";
import { givenUp } from "../../src/conference/transaction.ts";
import {
  type ActionId,
  type BridgeName,
  type CallId,
  type CommandId,
  type ConfKey,
  type EpochMs,
  type ExtConfId,
  MAIN_ROOM,
  type TransId,
  type WebexHost,
} from "../../src/foundation/ids.ts";
import type { CallRecord, Ender } from "../../src/records/call-record.ts";
import { type DirectoryRecord, wholeRecord } from "../../src/records/conference-record.ts";
import { isOwed } from "../../src/records/directory-facts.ts";
import type { OpenRequest } from "../../src/tsp/answers.ts";

/*
 * Goes with version 0.3. Up to version 0.1 a journal had no facts, and a state nothing of what records need: it is worked out here,
 * once for each conference, from the journal that version kept.
 */

/** What a conference of an older version has left out. */
export interface Upgrade {
  readonly changes: Changes;
  /** Row → what happened in it that the directory was not told of; in order. */
  readonly owed: ReadonlyMap<number, readonly Fact[]>;
}

/** `rows`: the whole journal. `book`: what rows say that were pruned. `told`: up to this row the directory knows of everything. */
export function upgrade(
  confKey: ConfKey,
  state: ConferenceState,
  {
    rows,
    book,
    told,
  }: { readonly rows: readonly RecordedRow[]; readonly book: BookData | null; readonly told: number },
): Upgrade {
  const records = new RecordBook(confKey, book ?? undefined);
  records.read(rows.filter(({ seq }) => seq > records.seq));
  records.settle(state, rows.at(-1)?.at ?? 0);
  const { life, calls, commands: known } = records.data();
  const asked = new Map(known);
  const opened = new Map(calls.map((call) => [call.call, call]));
  const histories = new Map(calls.map((call) => [call.call, historyOf(call)]));
  const none: CallHistory = { began: 0 };
  const { head } = state;
  const callers = [...state.callers].map(([call, caller]) => {
    return [call, { ...caller, history: histories.get(call) ?? none }] as const;
  });
  const callOuts = [...state.callOuts].map(([call, callOut]) => {
    const { action, ...rest } = callOut as CallOut & { readonly action?: ActionId };
    const by = action === undefined ? requestCauses(callOut.request) : actionCauses([action]);
    const end = callOut.stage === "dropping" ? (opened.get(call)?.cause as CallEnd | undefined) : undefined;
    return [call, { ...rest, by, history: histories.get(call) ?? none, ...(end && { end }) }] as const;
  });
  const commands = [...state.commands].map(([id, pending]) => {
    const { actions = [], ...rest } = pending as PendingCommand & { readonly actions?: readonly ActionId[] };
    const isWebex = pending.request !== null || asked.get(id)?.by === "webex";
    const by = actions.length > 0 ? actionCauses(actions) : requestCauses(pending.request, isWebex);
    return [id, { ...rest, by }] as const;
  });
  const { head: _, ...unchanged }: Changes = emptyState();
  const rooms = [...state.rooms]
    .filter(([, { stage }]) => stage === "closing")
    .map(([room, closing]) => [room, { ...closing, by: byWebex }] as const);
  const entries = {
    ...{ callers: new Map(callers), callOuts: new Map(callOuts) },
    ...{ commands: new Map(commands), rooms: new Map(rooms) },
  };
  const changes = { ...unchanged, ...entries };
  const inside = callers.filter(([, { left }]) => !left).length;
  const owed = records.saidAfter(told, rows[0]?.seq ?? 0);
  const { formerSecrets } = records;
  const talk = head.phase === "running" && head.talk;
  return {
    owed,
    changes: {
      ...changes,
      ...(isOngoing(head) && {
        head: {
          ...{ ...head, formerSecrets, life: lifeOf(life, inside) },
          ...(talk && { talk: { ...talk, by: byWebex } }),
        },
      }),
    },
  };
}

/** Who it was is not known any more. */
function actionCauses(actions: readonly ActionId[]): NonNullable<PendingCommand["by"]> {
  return actions.map((action) => ({ type: "action", action, person: "" }));
}

/** In which document WebEx asked is not known any more. */
function requestCauses(request: OpenRequest | null, isWebex = request !== null): NonNullable<PendingCommand["by"]> {
  return isWebex ? [{ type: "request", transId: "" as TransId, ...(request && { msgId: request.msgId }) }] : [];
}

/** WebEx alone has talks begun and sub-conferences closed. */
const byWebex = requestCauses(null, true);

function lifeOf(book: BookData["life"], callers: number): Life {
  if (!book) return { ...noLife, callers, mostCallers: callers };
  const { seq: row, isOperators: _, ...life } = book;
  return { ...noLife, ...life, row, callers };
}

function historyOf(call: OpenCall): CallHistory {
  const { began, dialled, dialledAt, answeredAt, enteredAt, mutes, mutedMs, mutedAt, rooms, failovers, repairs } = call;
  return {
    ...{ began, mutes, mutedMs, rooms, failovers, repairs },
    ...(dialled !== undefined && { dialled }),
    ...(dialledAt !== null && { dialledAt }),
    ...(answeredAt !== null && { answeredAt }),
    ...(enteredAt !== null && { enteredAt }),
    ...(mutedAt !== null && { mutedAt }),
  };
}

function factOf(record: DirectoryRecord): Fact {
  if (record.kind === "call") {
    const about = { call: record.call as CallId, why: record.reason as LeaveReason, record, by: [] };
    return record.enteredAt === null ? { kind: "call-not-entered", ...about } : { kind: "call-left", ...about };
  }
  const { endedBy, reason: why } = record;
  if (record.runningAt === null) return { kind: "conference-not-created", why, record, by: [] };
  return { kind: "conference-ended", endedBy, why, callers: 0, record, by: [] };
}

/** What the rows so far add up to, as JSON. */
export interface BookData {
  /** The last row that was read. */
  seq: number;
  head: Head;
  bridge: BridgeName | null;
  life: BookLife | null;
  calls: OpenCall[];
  commands: [CommandId, KnownCommand][];
  /** Room → as a record names it. */
  rooms: [string, string][];
  ended: Ended[];
}

const newBook: BookData = {
  ...{ seq: 0, head: { phase: "absent" }, bridge: null, life: null },
  ...{ calls: [], commands: [], rooms: [], ended: [] },
};

/** A record, and the row of the journal after which it is true. */
interface Ended {
  readonly seq: number;
  readonly record: DirectoryRecord;
}

/** What the directory needs, and the row in which it happened. */
interface OwedFact {
  readonly seq: number;
  readonly fact: Fact;
}

interface OpenCall {
  readonly call: CallId;
  readonly began: number;
  readonly direction: "in" | "out";
  /** Absent: nobody told, or an older version kept it. */
  dialled?: string;
  number: string;
  attendeeId: string;
  extCallId: string;
  participantType: string;
  keyedHostCode: boolean;
  readonly dialledAt: EpochMs | null;
  answeredAt: EpochMs | null;
  enteredAt: EpochMs | null;
  muted: boolean;
  mutedAt: EpochMs | null;
  mutedMs: number;
  mutes: number;
  room: string | null;
  rooms: string[];
  failovers: number;
  repairs: number;
  /** Known before the call is over: WebEx has cancelled it, or nobody answered. */
  cause?: Cause;
  /** An operator asked for its end. */
  isOperators?: true;
}

interface BookLife {
  readonly seq: number;
  readonly createdAt: EpochMs;
  runningAt: EpochMs | null;
  extConfIds: ExtConfId[];
  webexHosts: WebexHost[];
  mostCallers: number;
  calls: number;
  callMinutes: number;
  failovers: number;
  repairs: number;
  givenUp: number;
  /** As WebEx named it with a create. */
  topic?: string;
  /** An operator asked for its end. */
  isOperators?: true;
}

interface KnownCommand {
  readonly type: CommandType;
  readonly call: CallId | null;
  readonly by: "webex" | "operator" | "edge";
}

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
class RecordBook {
  readonly #confKey: ConfKey;
  #seq: number;
  #head: Head;
  #bridge: BridgeName | null;
  #life: BookLife | null;
  readonly #calls: Map<CallId, OpenCall>;
  readonly #commands: Map<CommandId, KnownCommand>;
  readonly #rooms: Map<string, string>;
  /** What has led in, or made a silent monitor: whoever keyed it as its attendee ID is named by nothing. */
  readonly #secrets = new Set<string>();
  readonly #owed: OwedFact[];
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
    this.#owed = own.ended.map(({ seq, record }) => ({ seq, fact: factOf(record) }));
    this.#noteSecrets(own.head);
  }

  /** The last row that was read. */
  get seq(): number {
    return this.#seq;
  }

  /** What the directory needs of what happened behind this row, by row; what happened in rows that are gone, in the `first` one. */
  saidAfter(told: number, first: number): ReadonlyMap<number, readonly Fact[]> {
    const rows = new Map<number, Fact[]>();
    for (const { seq, fact } of this.#owed) {
      if (seq <= told) continue;
      const row = Math.max(seq, first);
      const said = this.#withoutSecret(fact);
      const facts = rows.get(row);
      if (facts) facts.push(said);
      else rows.set(row, [said]);
    }
    return rows;
  }

  get formerSecrets(): readonly string[] {
    return [...this.#secrets].slice(-MAX_FORMER_SECRETS);
  }

  #noteSecrets(head: Head): void {
    for (const secret of secretsOf(head)) this.#secrets.add(secret);
  }

  #withoutSecret(fact: Fact): Fact {
    if (fact.kind === "call-entered" && this.#secrets.has(fact.attendeeId ?? "")) return { ...fact, attendeeId: null };
    if (fact.kind !== "call-left" && fact.kind !== "call-not-entered") return fact;
    return this.#secrets.has(fact.record.attendeeId) ? { ...fact, record: { ...fact.record, attendeeId: "" } } : fact;
  }

  data(): Pick<BookData, "life" | "calls" | "commands"> {
    return structuredClone({
      ...{ life: this.#life, calls: [...this.#calls.values()], commands: [...this.#commands] },
    });
  }

  /** In order, without a gap. */
  read(rows: readonly RecordedRow[]): void {
    for (const row of rows) {
      const { input } = row;
      if (input) {
        this.#inputs.push(input);
        this.#say(row.seq, ...givenUp(input).filter(isOwed));
      }
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
    this.#noteSecrets(state.head);
    for (const call of this.#calls.keys()) {
      if (callers.has(call) || callOuts.has(call)) continue;
      changes.set(`caller/${call}`, null);
    }
    for (const [call, caller] of callers)
      if (!this.#calls.get(call)?.enteredAt && !caller.left) changes.set(`caller/${call}`, caller);
    for (const [call, callOut] of callOuts) if (!this.#calls.has(call)) changes.set(`call-out/${call}`, callOut);
    const isOther = state.head.phase !== this.#head.phase;
    if (isOther) changes.set("head", state.head);
    const { length } = this.#owed;
    if (changes.size > 0) this.#apply(row, changes, causes);
    // When somebody entered, nobody knows: that was told long ago.
    const found = this.#owed.splice(length);
    this.#owed.push(...found.filter(({ fact }) => "record" in fact));
  }

  #say(seq: number, ...facts: readonly Fact[]): void {
    this.#owed.push(...facts.map((fact) => ({ seq, fact })));
  }

  #apply(row: Pick<RecordedRow, "seq" | "at">, changes: ReadonlyMap<string, unknown>, causes: Causes): void {
    const before = this.#head;
    const head = (changes.get("head") as Head | undefined) ?? before;
    this.#noteSecrets(head);
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
      this.#say(seq, {
        ...{ kind: "call-entered", call, life: this.#life?.seq ?? 0, began: open.began, direction: open.direction },
        ...{ number: open.number, attendeeId, extCallId, participantType, muted },
        ...{ room, by: [] },
      });
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
    const record = wholeRecord({
      ...{ kind: "call", conference: this.#confKey, life: this.#life?.seq ?? 0, began: open.began, call, extCallId },
      ...{ direction, number, attendeeId, participantType, host, bridge: this.#bridge ?? "", webexHost },
      ...{ dialledAt, answeredAt, enteredAt, endedAt: at, seconds, minutes, ...why },
      ...{ mutes: open.mutes, mutedSeconds: Math.round(open.mutedMs / 1_000), rooms: open.rooms },
      ...{ failovers: open.failovers, repairs: open.repairs, dialled: open.dialled ?? "" },
    });
    this.#say(seq, factOf(record));
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
    { seq, at }: Pick<RecordedRow, "seq" | "at">,
    before: Head,
    head: OngoingHead,
    begins: boolean,
    present: ReadonlySet<CallId>,
    causes: Causes,
  ): void {
    const life = this.#life;
    if (!life) return;
    // WebEx may close it before the bridge has created it.
    if (life.runningAt === null && head.phase === "running" && (!head.closing || causes.isCreated)) {
      life.runningAt = at;
      const { extConfId, host } = head;
      const about = { life: life.seq, createdAt: life.createdAt, extConfId, host, bridge: this.#bridge };
      this.#say(seq, { kind: "conference-created", ...about, by: [] });
    }
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
    const record = wholeRecord({
      ...{ kind: "conference", conference: this.#confKey, life: life.seq, extConfIds, webexHosts },
      ...{ bridge: this.#bridge ?? "", createdAt, runningAt, endedAt: at },
      seconds: runningAt === null ? 0 : Math.round((at - runningAt) / 1_000),
      ...{ endedBy: why.endedBy, status: hasRun ? "completed" : "failed", reason: why.reason },
      ...{ mostCallers, calls, callMinutes, failovers, repairs, givenUp, topic: life.topic ?? "" },
    });
    this.#say(seq, factOf(record));
    this.#life = null;
    this.#rooms.clear();
  }
}

type OngoingHead = Extract<Head, { readonly extConfId: unknown }>;

/** What is alike for every call that has not entered. */
function newCall() {
  return {
    ...{ enteredAt: null, muted: false, mutedAt: null, mutedMs: 0, mutes: 0 },
    ...{ room: null, rooms: [], failovers: 0, repairs: 0 },
  };
}

function newLife({ seq, at }: Pick<RecordedRow, "seq" | "at">): BookLife {
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

/** What the inputs of one transaction say. */
class Causes {
  readonly left = new Map<CallId, EndReason>();
  readonly entered = new Map<CallId, BridgeCaller>();
  readonly answered = new Set<CallId>();
  readonly muted = new Set<CallId>();
  /** Calls of commands that were carried out. */
  readonly done = new Set<CallId>();
  /** Calls that were hung up by command, or found gone then. */
  readonly expelled = new Map<CallId, KnownCommand>();
  /** Call → why the bridge did not dial or admit it. */
  readonly refusals = new Map<CallId, string>();
  /** Calls that WebEx has cancelled, by its names. */
  readonly cancelled = new Set<string>();
  readonly operators: { readonly type: string; readonly call: CallId | null }[] = [];
  /** Messages to WebEx. */
  givenUp = 0;
  /** All that the bridge holds was compared. */
  found: ConferenceSnapshot | null = null;
  /** It was locked or unlocked by telephone or command. */
  locks = false;
  closes = false;
  isEndedByTelephone = false;
  isCreated = false;
  createRefusal: string | null = null;
  /** What a create calls the conference. */
  topic: string | undefined;

  constructor(inputs: readonly ConferenceInput[], commands: ReadonlyMap<CommandId, KnownCommand>) {
    for (const input of inputs) {
      switch (input.type) {
        case "webex":
          for (const message of input.messages) {
            if (message.type === "cancel-call-out") this.cancelled.add(message.extCallId);
            if (message.type === "close-conference" && !message.keepAlive) this.closes = true;
            if (message.type === "create-conference") this.topic = message.conferenceName ?? this.topic;
          }
          break;
        case "bridge":
          if (input.elsewhere === undefined) this.#reports(input, commands);
          break;
        case "operator": {
          const { request } = input;
          this.operators.push({ type: request.type, call: "call" in request ? request.call : null });
          break;
        }
        case "undelivered":
          if (!input.of?.probe) this.givenUp += input.messages.length;
          break;
        case "reached":
        case "time":
          break;
      }
    }
  }

  #reports(
    { reports }: Extract<ConferenceInput, { type: "bridge" }>,
    commands: ReadonlyMap<CommandId, KnownCommand>,
  ): void {
    for (const { report } of reports) {
      if (report.type === "event") this.#event(report.event);
      else {
        const command = commands.get(report.id);
        if (command) this.#result(command, report.result);
      }
    }
  }

  #event(event: ConferenceEvent): void {
    switch (event.type) {
      case "caller-entered":
        this.entered.set(event.caller.call, event.caller);
        break;
      case "call-answered":
        this.answered.add(event.call);
        break;
      case "caller-left":
        if (!this.left.has(event.call)) this.left.set(event.call, event.reason);
        break;
      case "caller-muted":
        this.muted.add(event.call);
        break;
      case "lock-changed":
        this.locks = true;
        break;
      case "conference-ended":
        this.isEndedByTelephone = true;
        break;
      case "snapshot":
        if (event.conference) this.found = event.conference;
        break;
      default:
        break;
    }
  }

  #result(command: KnownCommand, result: { readonly done: boolean; readonly reason?: string }): void {
    const { type, call } = command;
    if (type === "lock" || type === "unlock") this.locks = true;
    if (type === "create-conference") {
      this.isCreated ||= result.done;
      if (!result.done) this.createRefusal = result.reason ?? null;
    }
    if (call === null) return;
    if (result.done) this.done.add(call);
    else if (type === "dial" || type === "admit") this.refusals.set(call, result.reason ?? "refused");
    if (type === "expel" && result.done) this.expelled.set(call, command);
  }
}

/** Who ended something, and why. */
type Cause = Pick<CallRecord, "endedBy" | "status" | "reason">;

/** Those without a result. */
type Commands = ReadonlyMap<CommandId, KnownCommand>;

/** Of the conference. */
function endOfLife(before: Head, life: BookLife, causes: Causes): Cause {
  if (before.phase !== "running") {
    if (causes.closes) return cause("webex", "failed", "conference-closed");
    return cause("bridge", "failed", causes.createRefusal ?? "bridge-timeout");
  }
  if (before.closing || causes.closes) {
    if (life.isOperators) return cause("operator", "completed", "closed");
    return before.attached || before.closing?.isAsked || causes.closes
      ? cause("webex", "completed", "closed")
      : cause("nobody", "completed", "deserted");
  }
  if (causes.isEndedByTelephone) return cause("telephone", "completed", "ended");
  return cause("bridge", "completed", "lost");
}

/** Of a call-out that is dropped: WebEx was answered already, and the bridge has still to hang up. */
function causeOfDrop(open: OpenCall, causes: Causes, commands: Commands): Cause {
  const { call, extCallId, answeredAt } = open;
  const refusal = causes.refusals.get(call);
  if (open.isOperators) return cause("operator", "canceled", "cancelled");
  if (causes.cancelled.has(extCallId)) return cause("webex", "canceled", "cancelled");
  if (refusal !== undefined) return cause("bridge", "failed", refusal);
  if (causes.answered.has(call)) return cause("policy", "failed", "conference-locked");
  const isDialling = [...commands.values()].some((one) => one.type === "dial" && one.call === call);
  if (isDialling || answeredAt !== null) return cause("bridge", "failed", "bridge-timeout");
  return cause("nobody", "no-answer", "no-answer");
}

/** Of a call that is over; `ends`: why its conference is, too. `null`: nobody told of it. */
function causeOfEnd(open: OpenCall, causes: Causes, commands: Commands, ends: Cause | null): Cause | null {
  const { call, enteredAt, answeredAt, extCallId } = open;
  const over = answeredAt === null ? "canceled" : "completed";
  const reason = causes.left.get(call);
  if (reason !== undefined) return causeOfEvent(open, reason, commands, ends);
  const expelled = causes.expelled.get(call);
  if (expelled) return cause(askedBy(open, expelled.by), over, "expelled");
  if (enteredAt === null) {
    if (causes.cancelled.has(extCallId)) return cause("webex", "canceled", "cancelled");
    const refusal = causes.refusals.get(call);
    if (refusal !== undefined) return cause("bridge", "failed", refusal);
  }
  return ends && cause(ends.endedBy, over, "conference-ended");
}

function causeOfEvent(open: OpenCall, reason: EndReason, commands: Commands, ends: Cause | null): Cause {
  const { call, enteredAt, answeredAt } = open;
  const over = answeredAt === null ? "canceled" : "completed";
  switch (reason) {
    case "hung-up":
      return cause("caller", over, reason);
    case "expelled": {
      const asked = [...commands.values()].find((one) => one.type === "expel" && one.call === call);
      return cause(asked ? askedBy(open, asked.by) : "telephone", over, reason);
    }
    case "conference-ended":
      return cause(ends?.endedBy ?? "telephone", over, reason);
    case "busy":
    case "rejected":
      return cause("caller", "busy", reason);
    case "no-answer":
      return cause("nobody", "no-answer", reason);
    case "cancelled":
      return cause(open.isOperators ? "operator" : "webex", "canceled", reason);
    case "invalid-number":
    case "refused":
      return cause("bridge", enteredAt === null ? "failed" : "completed", reason);
  }
}

function askedBy(open: OpenCall, by: KnownCommand["by"]): Ender {
  if (open.isOperators || by === "operator") return "operator";
  // The edge hangs up what nobody wants any more.
  return by === "webex" ? "webex" : "policy";
}

function cause(endedBy: Ender, status: Cause["status"], reason: string): Cause {
  return { endedBy, status, reason };
}
