import type { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import { hasTable } from "../../durable-objects/platform/platform.ts";
import type { Call, RoomKind } from "../../simulators/bridge/world.ts";
import { MAIN_ROOM } from "../../src/foundation/ids.ts";
import { conferenceOn, type Database } from "../kit/database.ts";
import type { AgentProcess } from "./agent-process.ts";
import type { Association, Attendee } from "./association.ts";
import { type Bridge, type Bridges, dialIn, foreignKey } from "./bridge.ts";
import type { WorldContext } from "./context.ts";
import { checkCounts, checkWaiting } from "./counts-judge.ts";
import type { Edge } from "./edge.ts";
import { FactFold, saidBy } from "./fact-fold.ts";
import type { Meeting } from "./meeting.ts";
import { checkRecords, checkWebhooks } from "./records-judge.ts";
import type { Switches } from "./switches.ts";
import type { Obligation, Webex } from "./webex.ts";

export interface Parts {
  readonly context: WorldContext;
  readonly edge: Edge;
  readonly webex: Webex;
  readonly bridges: Bridges;
  readonly agents: readonly AgentProcess[];
  readonly meetings: readonly Meeting[];
  readonly switches: Switches;
}

/** What must be true when nothing has gone wrong for a while and nobody has asked for anything. */
export function checkAtRest({ context, edge, webex, bridges, agents, meetings }: Parts): void {
  const { violated } = context;
  for (const one of webex.obligations.values()) {
    if (!one.confirmed || one.isOver || one.answers > 0 || (one.excused && (one.posts > 0 || isUnsure(edge, one))))
      continue;
    violated("each request is answered", `${one.kind} ${one.msgId} of ${one.extConfId}: ${one.posts} documents`);
  }
  checkNothingPends({ context, edge });
  for (const meeting of meetings) {
    checkMeeting(meeting, bridges.of(meeting.key), edge, violated);
    meeting.operators?.checkAtRest(webex);
  }
  for (const bridge of bridges.all) checkOrphan(bridge, edge, violated);
  checkCallers({ context, bridges, meetings });
  checkPromptCalls({ context, edge, bridges });
  for (const bridge of bridges.all) checkBridge(bridge, { context, bridges, agents, meetings });
  checkRecords({ context, edge, bridges });
  checkWebhooks({ context, edge });
  checkCounts({ context, edge, webex });
  checkWaiting({ context, edge });
  for (const [key, { disk }] of edge.conferences) if (disk) checkFacts(key, conferenceOn(disk), violated);
}

/** Checks that each orphan to lock is locked, has a pending lock command, or waits for a retry. */
export function checkOrphansLock({ context: { violated }, edge, bridges }: Parts): void {
  for (const { name, orphanKey } of bridges.all) {
    const { disk } = edge.conferences.get(orphanKey) ?? {};
    if (!disk) continue;
    const { head, commands } = conferenceOn(disk).state;
    if (head.phase !== "running" || head.locked || !head.orphan?.locks || head.orphan.retryLockAt !== undefined)
      continue;
    const isPending = [...commands.values()].some(({ command }) => command.type === "lock");
    if (!isPending) violated("an orphan goes on without WebEx", `${name}: no lock is pending`);
  }
}

function checkOrphan({ name, orphanKey, machine }: Bridge, edge: Edge, violated: WorldContext["violated"]): void {
  const held = machine.world.conferences.get(orphanKey);
  const { disk } = edge.conferences.get(orphanKey) ?? {};
  if (!disk) return violated("an orphan goes on without WebEx", `${name}: it has no object`);
  const { head, callers } = conferenceOn(disk).state;
  const known = [...callers.keys()].sort().join();
  const inside = machine.world.callsOf(orphanKey).map(({ id }) => id);
  const isRight = held
    ? head.phase === "running" && (head.locked || head.orphan?.leftAlone) && known === inside.sort().join()
    : head.phase === "ended";
  const is = held ? `on the bridge with ${inside}` : "over on the bridge";
  if (!isRight) violated("an orphan goes on without WebEx", `${name}: ${head.phase} with ${known}, and ${is}`);
}

function checkFacts(key: string, store: ConferenceStore, violated: WorldContext["violated"]): void {
  const fold = new FactFold();
  try {
    for (const { input, facts } of store.journal.history()) {
      if (input?.type === "operator") fold.ask(input.id, input.request.type);
      if (input?.type === "probe") fold.ask(input.id, input.type);
      for (const fact of facts ?? []) fold.add(fact);
    }
  } catch (error) {
    return violated("facts and state agree", `${key}: ${error}`);
  }
  const rows = store.loadOutbox();
  const queued = rows.flatMap(({ transId, messages }) => messages.map(({ msgId }) => `${transId} ${msgId}`)).sort();
  const pairs = [
    [fold.said, saidBy(store.state)],
    [fold.queued, queued],
  ].map((pair) => pair.map((one) => JSON.stringify(one)));
  for (const [said, is] of pairs) if (said !== is) violated("facts and state agree", `${key}: ${said} and ${is}`);
}

/** A death counts as an attempt, as nobody knows whether the answer had left, and a replaced server gets no second one. */
function isUnsure({ conferences }: Edge, { committedAt, excusedAt }: Obligation): boolean {
  const since = committedAt ?? excusedAt;
  return [...conferences.values()].some(({ deaths }) => deaths.some((at) => at >= since && at <= excusedAt + postedMs));
}

function checkBridge(
  bridge: Bridge,
  { context, bridges, agents, meetings }: Pick<Parts, "context" | "bridges" | "agents" | "meetings">,
): void {
  const { violated } = context;
  const active = agents.filter(
    (agent) => agent.bridge === bridge && agent.running?.status.role === "active" && agent.running.status.edgeUp,
  );
  if (active.length !== 1)
    violated("one agent is active and done", active.map(({ name }) => name).join(", ") || "none is");
  for (const agent of active) {
    const { running = 0, unacknowledged = 0 } = agent.running?.status ?? {};
    if (running + unacknowledged > 0) {
      violated("one agent is active and done", `${agent.name}: ${running} commands, ${unacknowledged} reports`);
    }
  }
  const { conferences } = bridge.machine.world;
  if (!conferences.has(foreignKey) || !bridge.hasForeignCaller)
    violated("what is another owner's is left alone", bridge.name);
  const keys = new Set(meetings.map(({ key }) => key));
  for (const key of conferences.keys()) {
    if (key === foreignKey || key === bridge.orphanKey) continue;
    if (!keys.has(key)) violated("no bridge conference outlives its conference", key);
    if (bridges.of(key) !== bridge)
      violated("no bridge conference outlives its conference", `${key} is on ${bridge.name}, too`);
  }
}

/** Agents heal much when they are started anew; no caller may have to wait for that. */
export function checkCallers({ context, bridges, meetings }: Pick<Parts, "context" | "bridges" | "meetings">): void {
  for (const meeting of meetings) checkTalk(meeting, bridges.of(meeting.key), context.violated);
  for (const call of bridges.all.flatMap(({ machine }) => [...machine.world.calls.values()])) {
    if (call.stage === "ringing" || (call.stage === "prompted" && call.dialled === dialIn)) {
      context.violated("nobody is left on the line", `${call.number} is ${call.stage}`);
    }
  }
}

function checkPromptCalls({ context, edge, bridges }: Pick<Parts, "context" | "edge" | "bridges">): void {
  const { disk } = edge.directory;
  const [table] = disk.exec("SELECT name FROM sqlite_master WHERE name = 'call'");
  const rows = table ? disk.exec("SELECT bridge, call FROM call WHERE life = -1 AND arrival IS NOT NULL") : [];
  const ended = new Set(rows.map(({ bridge, call }) => `${bridge} ${call}`));
  for (const { name, machine } of bridges.all)
    for (const { id, conference, dialled, endReason } of machine.world.ended.values()) {
      const isHungUpOn = conference === null && dialled === dialIn && endReason === "refused";
      if (isHungUpOn && !ended.has(`${name} ${id}`))
        context.violated("who was hung up on at the prompt is told of", `${name} ${id}`);
    }
}

/** What no digest has found, before a sweep or another agent has helped. A conference that the bridge lost has no digest. */
export function differencesBeforeSweep({ edge, bridges, meetings }: Parts): ReadonlyMap<Meeting, string> {
  const differences = new Map<Meeting, string>();
  for (const meeting of meetings) {
    const { key, phase, association } = meeting;
    const bridge = bridges.of(key);
    const held = bridge.machine.world.conferences.get(key);
    const { disk } = edge.conferences.get(key) ?? {};
    if (!held || !disk || phase !== "running" || !association || association.isBehind) continue;
    const { head, rooms } = conferenceOn(disk).state;
    const talk = head.phase === "running" ? head.talk?.room : undefined;
    const leftOver = [...held.rooms.keys()].find((room) => room !== MAIN_ROOM && !rooms.has(room) && room !== talk);
    const isLocked = association.status === "locked";
    const difference =
      rosterDifference(meeting, bridge) ??
      (isLocked === held.locked ? null : `it is ${held.locked ? "locked" : "open"} on the bridge`) ??
      (leftOver ? `nobody wants the room ${leftOver}` : null);
    if (difference) differences.set(meeting, `${key}: ${difference}`);
  }
  return differences;
}

/** A difference that is still there at rest breaks another rule: nothing finds it. */
export function checkDigests({ context, bridges }: Parts, differences: ReadonlyMap<Meeting, string>): void {
  for (const [meeting, difference] of differences) {
    const isStillThere = meeting.phase === "running" && rosterDifference(meeting, bridges.of(meeting.key)) !== null;
    if (!isStillThere) context.violated("a digest finds what no event told", difference);
  }
}

/** Every command has its result, and every document of the adapter is confirmed or given up. */
export function checkNothingPends({ context, edge }: Pick<Parts, "context" | "edge">): void {
  const { violated } = context;
  for (const [key, { disk }] of edge.conferences) {
    const store = conferenceOn(disk);
    const { state } = store;
    const outbox = store.loadOutbox();
    if (outbox.length > 0) violated("outboxes are empty", `${key}: ${outbox.length} transactions`);
    for (const command of state.commands.values()) {
      violated("no command is pending", `${key}: ${JSON.stringify(command)}`);
    }
  }
  const { disk } = edge.mailbox;
  // A mailbox makes its tables with its first answer, which may have failed.
  const [table] = disk.exec("SELECT name FROM sqlite_master WHERE name = 'outbox'");
  const [outbox] = table ? disk.exec("SELECT count(*) AS rows FROM outbox") : [];
  if (outbox?.rows) violated("outboxes are empty", `mailbox: ${outbox.rows} transactions`);
}

const mutesEveryMs = 30_000;

/** Whatever fails: where nothing waits for WebEx, it shows as muted whom the conference holds for muted. */
export function watchMutes({ context, edge, meetings }: Parts): void {
  const { clock, violated } = context;
  const look = () => {
    for (const meeting of meetings) {
      const difference = muteDifference(meeting, edge);
      if (difference !== null) violated("WebEx shows who is muted", `${meeting.key}: ${difference}`);
    }
    clock.after(mutesEveryMs, look);
  };
  clock.after(mutesEveryMs, look);
}

function muteDifference({ phase, key, association }: Meeting, edge: Edge): string | null {
  if (phase !== "running" || !association?.isLive || association.isBehind) return null;
  const { disk } = edge.conferences.get(key) ?? {};
  if (!disk || !hasTable(disk, "journal")) return null;
  const store = conferenceOn(disk);
  if (store.loadOutbox().length > 0) return null;
  // Who goes back to the main room is muted or unmuted for it first, and WebEx is told of that with the move.
  const returning = new Set(
    [...store.state.commands.values()].flatMap(({ command }) =>
      command.type === "move" && command.room === MAIN_ROOM ? [command.call] : [],
    ),
  );
  for (const { call, extCallId, muted, mutedInMain, left, held } of store.state.callers.values()) {
    if (returning.has(call) && muted === mutedInMain) continue;
    const attendee = extCallId === null ? undefined : association.attendees.get(extCallId);
    if (attendee && !left && held.length === 0 && attendee.muted !== muted)
      return `${attendee.number} is ${muted ? "muted" : "unmuted"}`;
  }
  return null;
}

/** By then a takeover is committed. */
const postedMs = 20_000;
const rosterEveryMs = 4_000;
/** So often the same difference is seen only when nobody tells of it. */
const mostLooks = 3;
/** What the last fault hid has come to light by then, but for a clock that is wrong by an hour. */
const healedMs = 4 * 60_000;
const wrongMs = 120_000;
/** A probe has reached a server by then that took no posts for seconds. */
const outMs = 90_000;

export function watchRosters({ context, webex, bridges, agents, meetings }: Parts): void {
  const { clock, edgeMachines, faults, violated } = context;
  const seen = new Map<Meeting, { readonly difference: string | null; readonly looks: number }>();
  const look = () => {
    if (!faults.active) return; // From then on the roster is judged at rest.
    const clocks = [edgeMachines.skewMs, ...agents.map(({ skewMs }) => skewMs)];
    const isCalm = clock.now - faults.lastAt > healedMs && clocks.every((ms) => Math.abs(ms) < wrongMs);
    for (const meeting of meetings) {
      const isOut = webex.servers.some(({ outageEndsAt }) => clock.now - outageEndsAt < outMs);
      const isTold = isCalm && !isOut && !meeting.association?.isBehind;
      const difference = isTold ? rosterDifference(meeting, bridges.of(meeting.key)) : null;
      const before = seen.get(meeting);
      const looks = difference !== null && difference === before?.difference ? before.looks + 1 : 1;
      if (looks === mostLooks) violated("WebEx's roster follows the bridge", `${meeting.key}: ${difference}`);
      seen.set(meeting, { difference, looks });
    }
    clock.after(rosterEveryMs, look);
  };
  look();
}

function rosterDifference({ phase, key, association }: Meeting, bridge: Bridge): string | null {
  if (phase !== "running" || !association) return null;
  const entered = bridge.callsOf(key).filter(({ stage }) => stage === "entered");
  return differenceOf(association, entered, bridge.machine.world.conferences.get(key)?.rooms ?? new Map());
}

function checkMeeting(meeting: Meeting, bridge: Bridge, edge: Edge, violated: WorldContext["violated"]): void {
  const { phase, key, association } = meeting;
  const held = bridge.machine.world.conferences.get(key);
  const there = held !== undefined;
  const calls = bridge.callsOf(key);
  if ((phase === "idle" || phase === "closing") && there) {
    violated("no bridge conference outlives its conference", `${key} is ${phase}`);
  }
  if (phase === "detached" && there && calls.length === 0) violated("an empty conference ends", key);
  const apart = calls.find(({ stage, room }) => stage === "entered" && room !== MAIN_ROOM);
  if (phase === "detached" && apart)
    violated("a conference without WebEx is together", `${key}: ${apart.number} is in ${apart.room}`);
  if (phase === "creating") violated("each request is answered", `the create of ${key}`);
  if (phase !== "running" || !association) return;
  if (association.isBehind) violated("WebEx knows what is so", `${key}: its server is still behind`);
  const [forgotten] = association.forgotten;
  if (forgotten) violated("a new server hears of those who left meanwhile", `${key}: ${forgotten}`);
  if (!held) return violated("a conference that runs is on the bridge", key);
  const { maxCallers, anonymousId, accessCodes } = held;
  const [said, has] = [meeting.rules, { maxCallers, anonymousId, accessCodes }].map((rules) => JSON.stringify(rules));
  if (said !== has) violated("the latest create counts", `${key}: WebEx has said ${said}, and the bridge has ${has}`);
  for (const call of calls) {
    const waits = [...meeting.askedCalls.values()].some((asked) => asked.waits && asked.number === call.number);
    if (call.stage === "answered" && !waits) violated("nobody is left on the line", `${call.number} was answered`);
  }
  const entered = calls.filter(({ stage }) => stage === "entered");
  for (const { number, talking, muted } of entered) {
    const attendee = [...association.attendees.values()].find((one) => one.number === number);
    if (attendee && association.speakers.has(attendee.extCallId) && !(talking && !muted)) {
      violated("whom WebEx holds for a speaker talks on the bridge", `${key}: ${number}`);
    }
  }
  for (const [room, kind] of held.rooms) {
    const [invitee, host] = entered.filter((call) => call.room === room);
    if (kind === "private" && invitee && !host)
      violated("nobody is alone in a private talk", `${key}: ${invitee.number}`);
  }
  const difference =
    rosterDifference(meeting, bridge) ??
    (association.isLive ? null : `as far as WebEx knows, it is ${association.status}`) ??
    ((association.status === "locked") === held.locked ? null : `it is ${held.locked ? "locked" : "open"}`) ??
    conferenceDifference(association, edge.conferences.get(key)?.disk);
  if (difference) violated("WebEx knows what is so", `${key}: ${difference}`);
}

/** What WebEx names and the conference does: the calls by which it can be asked, the rooms, and those who speak. */
function conferenceDifference(association: Association, disk: Database | undefined): string | null {
  if (!disk) return "there is no such conference";
  const { head, callers, rooms } = conferenceOn(disk).state;
  const { attendees, speakers } = association;
  const names = new Map([...attendees.values()].map(({ number, extCallId }) => [number, extCallId]));
  for (const { number, extCallId, left } of callers.values()) {
    const name = left ? extCallId : names.get(number);
    if (name !== extCallId) return `WebEx names ${number} ${name}, and the conference ${extCallId}`;
  }
  const there = [...rooms.values()].filter(({ unannounced }) => !unannounced).map(({ subConfId }) => subConfId);
  const missing = there.find((room) => !association.rooms.has(room));
  if (missing) return `WebEx does not know the room ${missing}`;
  const gone = [...association.rooms].find(([room, stage]) => stage === "open" && !there.includes(room));
  if (gone) return `the room ${gone[0]} is in WebEx's list alone`;
  if (head.phase !== "running" || !head.speech?.reporting) return null;
  const talkRoom = head.talk?.room;
  const speaking = head.speech.speaking.flatMap((call) => {
    const { extCallId = null, room } = callers.get(call) ?? {};
    return extCallId && (talkRoom === undefined || room !== talkRoom) ? [extCallId] : [];
  });
  const silent = speaking.find((extCallId) => !speakers.has(extCallId));
  return silent ? `${silent} speaks, and WebEx does not know it` : null;
}

function checkTalk({ key, phase, association }: Meeting, bridge: Bridge, violated: WorldContext["violated"]): void {
  if (phase !== "running" || !association || association.isBehind) return;
  for (const [room, kind] of bridge.machine.world.conferences.get(key)?.rooms ?? []) {
    const calls = bridge.callsOf(key).filter((call) => call.stage === "entered" && call.room === room);
    const inside = calls.map(({ number }) => number);
    const talks = [...association.attendees.values()].some(
      (one) => one.room === "private" && inside.includes(one.number),
    );
    if (kind === "private" && inside.length > 0 && !talks)
      violated("nobody stays in a room without a talk", `${key}: ${inside}`);
  }
}

/** `null`: who is there, who is muted, and who is with whom, are the same on both sides. */
function differenceOf(
  association: Association,
  calls: readonly Call[],
  kinds: ReadonlyMap<string, RoomKind>,
): string | null {
  const told = new Map([...association.attendees.values()].map((attendee) => [attendee.number, attendee]));
  const rooms = new Map<string, string>();
  for (const call of calls) {
    const attendee = told.get(call.number);
    if (!attendee) return `${call.number} is on the bridge alone`;
    told.delete(call.number);
    // A private talk lifts the mute of its host.
    const isLifted = attendee.muted && attendee.room === "main" && kinds.get(call.room ?? "") === "private";
    if (attendee.muted !== call.muted && !isLifted)
      return `${call.number} is ${call.muted ? "muted" : "unmuted"} on the bridge`;
    const room = roomOf(call, attendee, kinds);
    const known = rooms.get(room);
    if (known !== undefined && known !== attendee.room)
      return `${call.number} is in ${call.room}, not ${attendee.room}`;
    rooms.set(room, attendee.room);
    if ((room === "main") !== (attendee.room === "main"))
      return `${call.number} is in ${call.room}, not ${attendee.room}`;
  }
  for (const number of told.keys()) return `${number} is in WebEx's roster alone`;
  return null;
}

/** WebEx is not told that the host goes to a private talk. */
function roomOf({ room }: Call, attendee: Attendee, kinds: ReadonlyMap<string, RoomKind>): string {
  if (room !== null && kinds.get(room) === "private") return attendee.room === "private" ? "private" : "main";
  return room ?? "main";
}
