import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { Fact, FactRow } from "../../src/conference/facts.ts";
import type { Head } from "../../src/conference/head.ts";
import { rowsOf } from "../../src/conference/rows.ts";
import type { Caller, CallOut, PendingCommand } from "../../src/conference/state.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { type CallRecord, isNeverDialled } from "../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import {
  type CallRow,
  type ConferenceRow,
  recordOfConference,
  shownCall,
  shownConference,
} from "../../src/records/rows.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import type { StoredEntries } from "../../src/timeline/history.ts";
import { conferenceOn, type Database } from "../kit/database.ts";
import type { Bridges } from "./bridge.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import { topicOf } from "./meeting.ts";

/** What a conference's journal says, by counting alone. */
interface Counted {
  /** Call → how often it was over: the bridge may be found to hold one that was taken for gone. */
  readonly ends: Map<CallId, number>;
  readonly open: Set<CallId>;
  /** Calls to be dialled no longer: WebEx was told so before the bridge did anything. */
  readonly cancelled: Set<CallId>;
  conferences: number;
  isOngoing: boolean;
}

/** Judges the directory by the journals of all conferences, and by what the bridges themselves know of their calls. */
export function checkRecords({
  context,
  edge,
  bridges,
}: {
  readonly context: WorldContext;
  readonly edge: Edge;
  readonly bridges: Bridges;
}): void {
  const { violated } = context;
  const { records, running, inside } = stored(edge.directory.disk);
  checkRows(context, edge, [...records, ...inside]);
  const calls = Map.groupBy(
    records.filter((record) => record.kind === "call"),
    (record) => `${record.conference} ${record.call}`,
  );
  const conferences = Map.groupBy(
    records.filter((record) => record.kind === "conference"),
    ({ conference }) => conference,
  );
  const known = new Set<CallId>();
  const cancelled = new Set<CallId>();
  for (const [key, { disk }] of edge.conferences) {
    const counted = countIn(disk);
    for (const [call, ends] of counted.ends) {
      known.add(call);
      const told = calls.get(`${key} ${call}`) ?? [];
      const least = told.filter((record) => !isMomentary(record, told)).length;
      if (ends < least || ends > told.length)
        violated("each call that is over has one record", `${key} ${call}: ${told.length}, not ${ends}`);
      calls.delete(`${key} ${call}`);
    }
    for (const call of counted.open) known.add(call);
    for (const call of counted.cancelled) cancelled.add(call);
    const { length } = conferences.get(key) ?? [];
    if (length !== counted.conferences)
      violated("each conference that is over has one record", `${key}: ${length}, not ${counted.conferences}`);
    if (running.filter((one) => one === key).length !== (counted.isOngoing ? 1 : 0))
      violated("the directory lists the conferences that run", `${key}: it ${counted.isOngoing ? "runs" : "is over"}`);
  }
  const { recordsPersonal } = edge.domain.settings;
  const keptTopic = (handle: string) => (recordsPersonal === "full" ? topicOf(handle) : "");
  for (const record of records) {
    if (
      record.kind === "conference" &&
      !record.fromBridge &&
      !record.extConfIds.some((handle) => record.topic === keptTopic(handle))
    )
      violated("a record has its meeting's name", `${record.conference}: ${record.topic}, of ${record.extConfIds}`);
  }
  for (const [name, told] of calls) {
    // One that left before the edge had found its conference has its record alone.
    if (!told.every((record) => isMomentary(record, told) || record.fromBridge))
      violated("each call that is over has one record", `${name}: there was none`);
  }
  checkBridges({ context, edge, bridges }, records, { known, cancelled });
}

/** What the directory has stored is what the journals say, to the letter. */
function checkRows(
  { violated }: WorldContext,
  { conferences, domain }: Edge,
  stored: readonly (DirectoryRecord | CallRow)[],
): void {
  const person = personShown(domain.settings);
  const expected = [...conferences.values()].flatMap(({ disk }) => {
    if (!hasTable(disk, "journal")) return [];
    const { state, journal, progress, identity } = conferenceOn(disk);
    const of = {
      ...{ confKey: identity?.confKey ?? ("" as ConfKey), bridge: progress.bridge, state, isFailing: false },
      ...{ customerReference: domain.settings.customerReference ?? "", lateSince: null, aheadMs: 0 },
    };
    const open = [...state.callers.keys(), ...state.callOuts.keys()];
    const named: FactRow = {
      ...{ seq: 0, at: 0 },
      facts: open.map((call) => ({ kind: "call-merged", call: call as CallId, attendeeId: null, by: [] })),
    };
    const { conferences, calls } = rowsOf(of, [...journal.facts(0), named]);
    return [
      ...calls.map((row) => shownCall(row, person)),
      ...conferences
        .filter(({ endedAt }) => endedAt !== null)
        .map((row) => recordOfConference(shownConference(row, person))),
    ];
  });
  const textOf = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
  const [is, wanted] = [textOf(stored), textOf(expected)];
  const missing = wanted.find((row) => !is.includes(row));
  if (missing) violated("the directory shows what is so", `${missing} is not there`);
  const wrong = is.find((row) => !wanted.includes(row));
  if (wrong) violated("the directory shows what is so", `${wrong} is there`);
}

/** Judges the receiver of webhooks by the facts in the journals: each event comes at least once, always by one id. */
export function checkWebhooks({ context, edge }: { readonly context: WorldContext; readonly edge: Edge }): void {
  const expected = new Set(
    [...edge.conferences].flatMap(([key, { disk }]) => {
      const { state, journal } = conferenceOn(disk);
      const facts = journal.facts(0).flatMap((row) => row.facts);
      const { life } = state.head.phase === "running" ? state.head : {};
      const inside = [...state.callers.values()].flatMap(({ left, call, history: { began, enteredAt } }) =>
        left || !life ? [] : [`call.joined:${key}:${life.row}:${began}:${call}:${enteredAt}`],
      );
      return [...facts.flatMap((fact) => eventsOf(key, fact)), ...inside].map((id) => id.replaceAll(".", "_"));
    }),
  );
  const missing = [...expected].find((id) => !edge.webhooks.has(id));
  if (missing) context.violated("receivers of webhooks hear of each fact", `${missing} did not come`);
  const wrong = [...edge.webhooks].find((id) => !expected.has(id));
  if (wrong) context.violated("receivers of webhooks hear of each fact", `there was no ${wrong}`);
}

/** The events of which this fact says that they have happened, by their ids. */
function eventsOf(key: ConfKey, fact: Fact): readonly string[] {
  if (fact.kind === "conference-created") return [`conference.started:${key}:${fact.life}:${fact.createdAt}`];
  if (!("record" in fact)) return [];
  const { record } = fact;
  if (record.kind === "conference") return [`conference.ended:${key}:${record.life}:${record.createdAt}`];
  const { life, began, call, enteredAt, endedAt } = record;
  const id = `${key}:${life}:${began}:${call}`;
  return [`call.left:${id}:${endedAt}`, ...(enteredAt === null ? [] : [`call.joined:${id}:${enteredAt}`])];
}

/**
 * One that entered and left in one moment leaves nothing but its reports in the journal. `told`: all records of this id, which another
 * bridge may have given to another call.
 */
function isMomentary({ bridge, enteredAt, endedAt }: CallRecord, told: readonly CallRecord[]): boolean {
  return enteredAt === endedAt && told.filter((record) => record.bridge === bridge).length === 1;
}

/** A call that came and went while nothing told of it, or that another owner had, is nobody's. */
function checkBridges(
  { context, edge, bridges }: { readonly context: WorldContext; readonly edge: Edge; readonly bridges: Bridges },
  records: readonly DirectoryRecord[],
  { known, cancelled }: { readonly known: ReadonlySet<CallId>; readonly cancelled: ReadonlySet<CallId> },
): void {
  const { violated, faults } = context;
  const person = personShown(edge.domain.settings);
  const held = new Map(
    bridges.all.flatMap((bridge) => bridge.everyCall.map((call) => [`${bridge.name} ${call.id}`, call])),
  );
  const recorded = new Set<string>();
  for (const record of records) {
    if (record.kind !== "call") continue;
    recorded.add(`${record.bridge} ${record.call}`);
    const call = held.get(`${record.bridge} ${record.call}`);
    const how = `${record.conference} ${record.call}`;
    // One that no event told of shows no more than its number.
    const isUnsure = faults.lastAt >= 0 || record.repairs > 0 || record.fromBridge;
    // The bridge did not get the command to dial.
    if (!call && record.direction === "out" && record.answeredAt === null) continue;
    const isDialledOne = record.dialled === (call && person(call.dialled)) || (record.dialled === "" && isUnsure);
    if (record.direction === "in" && !isDialledOne)
      violated("a record is of a call of the bridge", `${how}: dialled ${record.dialled}, not ${call?.dialled}`);
    if (
      call?.conference !== record.conference ||
      person(call.number) !== record.number ||
      call.direction !== record.direction
    )
      violated("a record is of a call of the bridge", how);
    else if (faults.lastAt < 0 && !isAlike(record, call.endReason, cancelled)) {
      violated("a record is of a call of the bridge", `${how}: ${record.reason}, but ${call.endReason}`);
    }
  }
  if (faults.lastAt >= 0) return;
  for (const [name, { id, conference }] of held) {
    // One that entered and left in one moment has a record, and may be nowhere else.
    const isKnown = known.has(id) || recorded.has(name);
    if (conference !== null && edge.conferences.has(conference) && !isKnown)
      violated("each call that is over has one record", `${conference} ${id}: none, and the bridge had it`);
  }
}

/** Without any fault the bridge and the record give one reason; but a telephone may be busy, or silent for too long, just when WebEx cancels. */
function isAlike({ call, reason }: CallRecord, endReason: string | null, cancelled: ReadonlySet<string>): boolean {
  return (
    endReason === null ||
    reason === endReason ||
    (reason === "cancelled" && cancelled.has(call)) ||
    reason === "not-found" ||
    endReason === "expelled" ||
    endReason === "cancelled"
  );
}

function stored(disk: Database): {
  readonly records: readonly DirectoryRecord[];
  readonly running: readonly ConfKey[];
  readonly inside: readonly CallRow[];
} {
  const rows = hasTable(disk, "call")
    ? disk.exec("SELECT arrival, data FROM call WHERE life >= 0 UNION ALL SELECT arrival, data FROM conference")
    : [];
  const parsed = rows.map(({ arrival, data }) => ({
    arrival,
    row: JSON.parse(String(data)) as CallRow | ConferenceRow,
  }));
  const over = parsed.filter(({ arrival }) => arrival !== null).map(({ row }) => row);
  const open = parsed.filter(({ arrival }) => arrival === null).map(({ row }) => row);
  return {
    records: over.map((row) => (row.kind === "conference" ? recordOfConference(row) : (row as CallRecord))),
    running: open.filter(({ kind }) => kind === "conference").map(({ conference }) => conference as ConfKey),
    inside: open.filter((row) => row.kind === "call"),
  };
}

function countIn(disk: Database): Counted {
  const counted: Counted = {
    ends: new Map(),
    open: new Set(),
    cancelled: new Set(),
    conferences: 0,
    isOngoing: false,
  };
  const [callers, callOuts] = [new Map<string, Caller>(), new Map<string, CallOut>()];
  let isCreating = false;
  for (const changes of changesOn(disk)) {
    const cameAndWent: CallId[] = [];
    for (const [key, value] of changes) {
      const call = key.slice("caller/".length) as CallId;
      const isGone = key.startsWith("caller/") && (value as Caller | null)?.left === true;
      if (isGone && !callers.has(call) && !counted.open.has(call)) cameAndWent.push(call);
      if (key.startsWith("caller/")) put(callers, key.slice("caller/".length), value);
      if (key.startsWith("call-out/")) put(callOuts, key.slice("call-out/".length), value);
      const { command } = key.startsWith("command/") ? ((value ?? {}) as Partial<PendingCommand>) : {};
      if (command?.type === "cancel-dial") counted.cancelled.add(command.call);
      if (key !== "head") continue;
      const { phase } = value as Head;
      const wasOngoing = counted.isOngoing;
      counted.isOngoing = phase === "creating" || phase === "running";
      const isAnew = phase === "creating" && (!isCreating || createsAnew(changes));
      if (wasOngoing && (!counted.isOngoing || isAnew)) counted.conferences += 1;
      isCreating = phase === "creating";
    }
    const open = new Set([...callers.keys(), ...callOuts.keys()] as CallId[]);
    for (const [call, { left }] of callers) if (left && !callOuts.has(call)) open.delete(call as CallId);
    // Two bridges may give one id to two calls of a conference that was on both.
    for (const call of [...cameAndWent, ...[...counted.open].filter((call) => !open.has(call))])
      counted.ends.set(call, (counted.ends.get(call) ?? 0) + 1);
    counted.open.clear();
    for (const call of open) counted.open.add(call);
  }
  // A call-out that the edge refused is in no state.
  for (const call of refusedOn(disk)) counted.ends.set(call, (counted.ends.get(call) ?? 0) + 1);
  return counted;
}

function refusedOn(disk: Database): readonly CallId[] {
  if (!hasTable(disk, "journal")) return [];
  const facts = conferenceOn(disk)
    .journal.facts(0)
    .flatMap((row) => row.facts);
  return facts.flatMap((fact) => (fact.kind === "call-not-entered" && isNeverDialled(fact.record) ? fact.call : []));
}

/** The changes of each row that concern conferences and calls, in order. */
function* changesOn(disk: Database): Iterable<StoredEntries> {
  if (!hasTable(disk, "journal")) return;
  for (const { changes } of disk.exec("SELECT changes FROM journal WHERE changes IS NOT NULL ORDER BY seq")) {
    const text = String(changes);
    // Most rows say nothing of them, and need not be read.
    if (/"(?:caller\/|call-out\/|cancel-dial"|head")/.test(text)) yield JSON.parse(text) as StoredEntries;
  }
}

/** In one transaction the bridge refused one, and WebEx asked for the next. */
function createsAnew(changes: StoredEntries): boolean {
  const commands = changes.filter(([key]) => key.startsWith("command/"));
  return commands.some(([, value]) => value === null) && commands.some(([, value]) => value !== null);
}

function put<Value>(map: Map<string, Value>, key: string, value: unknown): void {
  if (value === null) map.delete(key);
  else map.set(key, value as Value);
}
