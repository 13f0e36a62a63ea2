import type { ActEntry } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { ConfKey, ExtCallId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { Attendee, Roster } from "./roster.ts";

/** A request that was confirmed. */
export interface PostedRequest {
  readonly msgId: MsgId;
  readonly type: string;
  readonly confKey: ConfKey;
  readonly replyTo: WebexHost;
  /** Milliseconds since 1970. */
  readonly confirmedAt: number;
  /** How long the adapter may take for the answer. */
  readonly withinMs: number;
  /** The call of a call-out. */
  readonly extCallId: ExtCallId | null;
  /** Another TSP server took over before the answer came: what is queued for the old one is dropped (protocol 4.9). */
  excused: boolean;
}

export interface Answer {
  readonly at: number;
  readonly result: string;
}

/** The evidence from outside. */
export interface Evidence {
  readonly requests: readonly PostedRequest[];
  /** The answers to a request, repeats of a TransID left out. */
  answers(host: WebexHost, msgId: MsgId): readonly Answer[];
  /** For each conference, the roster of the TSP server that has it now. */
  readonly rosters: ReadonlyMap<ConfKey, Roster>;
  /** The rosters of all TSP servers, replaced ones included. */
  readonly everyRoster: readonly Roster[];
  readonly acts: readonly ActEntry[];
  /** What each life of the bridge that was killed has carried out. */
  readonly earlierActs?: readonly (readonly ActEntry[])[];
  /** Dialled call → its number; each call-out has a number of its own. */
  readonly dialled: ReadonlyMap<string, string>;
  readonly bridge: VisibleState;
  /** The numbers of the real telephones that are in a call. */
  readonly telephones?: readonly string[];
}

/** Added to an answer's deadline for the post, its repeats, and a machine that is busy starting processes. */
const graceMs = 10_000;

/** One sentence for each fault. */
export interface Faults {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly diverged: readonly string[];
}

export function isFaulty({ lost, doubled, diverged }: Faults): boolean {
  return lost.length + doubled.length + diverged.length > 0;
}

/** UTC, as in the logs. */
export function timeOfDay(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

export function judge(evidence: Evidence): Faults {
  return { lost: lost(evidence), doubled: doubled(evidence), diverged: diverged(evidence) };
}

function lost({ requests, answers }: Evidence): string[] {
  return requests.flatMap((one) => {
    const [first] = answers(one.replyTo, one.msgId);
    if (first && first.at <= one.confirmedAt + one.withinMs + graceMs) return [];
    if (!first && one.excused) return [];
    const when = first ? `answered after ${first.at - one.confirmedAt} ms` : "not answered";
    return [`${one.type} ${one.msgId} of ${one.confKey}, confirmed at ${timeOfDay(one.confirmedAt)}, was ${when}`];
  });
}

function doubled({ requests, answers, everyRoster, acts, earlierActs = [], dialled }: Evidence): string[] {
  const answeredTwice = requests
    .filter(({ replyTo, msgId }) => answers(replyTo, msgId).length > 1)
    .map(({ type, msgId, confKey }) => `${type} ${msgId} of ${confKey} was answered more than once`);
  return [
    ...answeredTwice,
    ...everyRoster.flatMap(({ repeats }) => repeats),
    // What one life has done, the next one knows nothing of.
    ...[acts, ...earlierActs].flatMap((ofLife) => doneTwice(ofLife, dialled)),
  ];
}

function doneTwice(acts: readonly ActEntry[], dialled: Evidence["dialled"]): string[] {
  const done = acts.filter(({ outcome }) => outcome === "done");
  return [
    ...repeated(done, (act) => `command ${act.conference} ${act.commandId}`),
    ...repeated(
      done.filter(({ act }) => act === "dial"),
      ({ call }) => `the call-out to ${dialled.get(call ?? "") ?? call}`,
    ),
    ...repeated(
      done.filter(({ act }) => act === "create-conference"),
      ({ conference }) => `the creation of ${conference}`,
    ),
    ...repeated(
      done.filter(({ act }) => act === "admit"),
      ({ call }) => `the entry of ${call}`,
    ),
    ...pressesActedOnTwice(done),
  ];
}

/** A key press toggles. Two presses that both mute were one press that two agents acted on. */
function pressesActedOnTwice(acts: readonly ActEntry[]): string[] {
  const last = new Map<string | null, ActEntry>();
  return acts.flatMap((entry) => {
    if (entry.act !== "mute" && entry.act !== "unmute") return [];
    const before = last.get(entry.call);
    last.set(entry.call, entry);
    const byKeypad = [before, entry].every((each) => each?.commandId.startsWith("keypad-"));
    if (!byKeypad || before?.act !== entry.act || before.commandId === entry.commandId) return [];
    return [`one key press was acted on twice: ${actOnOneLine(before)}, ${actOnOneLine(entry)}`];
  });
}

function repeated(acts: readonly ActEntry[], what: (act: ActEntry) => string): string[] {
  return [...Map.groupBy(acts, what)]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => `${name} was carried out ${same.length} times: ${same.map(actOnOneLine).join(", ")}`);
}

function actOnOneLine({ n, act, call, room, outcome }: ActEntry): string {
  return [`act ${n}`, act, call, room, outcome].filter(Boolean).join(" ");
}

function diverged({ rosters, bridge, telephones = [] }: Evidence): string[] {
  // Whoever dialled in has entered, was refused, or was hung up on: nobody waits at rest.
  const left = bridge.calls
    .filter(({ state }) => state === "ringing" || state === "prompted")
    .map(({ number, conference, state }) => `${number} of ${conference ?? "no conference"} is left ${state}`);
  const unknown = bridge.conferences
    .filter(({ key }) => !rosters.has(key as ConfKey))
    .map(({ key }) => `${key} is on the bridge, and nobody has created it`);
  const headless = bridge.conferences
    .filter(({ rooms }) => rooms.filter(({ kind }) => kind === "main").length !== 1)
    .map(({ key, rooms }) => `${key} has not one main room on the bridge: ${rooms.map(({ id }) => id).join(", ")}`);
  const known = new Set(bridge.calls.flatMap(({ number, state }) => (state === "ended" ? [] : [number])));
  const deserted = telephones
    .filter((number) => !known.has(number))
    .map((number) => `${number} is in a call of which the bridge knows nothing`);
  const compared = [...rosters].flatMap(([confKey, roster]) => differences(confKey, roster, bridge));
  return [...left, ...unknown, ...headless, ...deserted, ...compared];
}

function differences(confKey: ConfKey, roster: Roster, bridge: VisibleState): string[] {
  const exists = bridge.conferences.some(({ key }) => key === confKey);
  if (exists !== (roster.state === "running")) {
    return [`${confKey} is ${roster.state} for WebEx, and ${exists ? "runs" : "is not"} on the bridge`];
  }
  const faults: string[] = [];
  const expected = new Map([...roster.attendees.values()].map((attendee) => [attendee.number, attendee]));
  const rooms = new Map<string, string>();
  for (const call of bridge.calls) {
    if (call.conference !== confKey || call.state !== "in-conference") continue;
    const attendee = expected.get(call.number);
    expected.delete(call.number);
    const held = { number: call.number, muted: call.muted, room: call.room ?? "" };
    const fault = attendee ? difference(attendee, held, rooms) : `${call.number} is on the bridge alone`;
    if (fault) faults.push(`${confKey}: ${fault}`);
  }
  for (const number of expected.keys()) faults.push(`${confKey}: ${number} is in WebEx's roster alone`);
  return faults;
}

/** The bridge's rooms have ids of our own, so only who shares a room is compared. */
function difference(expected: Attendee, held: Attendee, rooms: Map<string, string>): string | null {
  if (expected.muted !== held.muted)
    return `${held.number} is ${held.muted ? "muted" : "not muted"} on the bridge alone`;
  const known = rooms.get(held.room);
  rooms.set(held.room, expected.room);
  const same = known === undefined || known === expected.room;
  return same && (held.room === "main") === (expected.room === "main")
    ? null
    : `${held.number} is in ${held.room} on the bridge, in ${expected.room} for WebEx`;
}
