import type { StoryLine, StorySide } from "../src/rpc.ts";
import type { BridgeAgents, ConferenceOfDomain } from "./operator-client.ts";
import { duration, localTime, type Terminal, wrapped } from "./terminal.ts";
import { bare, conferenceHead, outstandingText } from "./views.ts";

/** What belongs together: a request, an event or a deadline, with all that followed from it. */
type Thing = [StoryLine, ...StoryLine[]];

/** From when to when, in milliseconds since 1970, both included. */
export interface Period {
  readonly since: number;
  readonly until: number;
}

/** A conference's story for people: what happened in a period, thing by thing, and what is outstanding now. */
export function storyText(
  conference: ConferenceOfDomain,
  lines: readonly StoryLine[],
  bridges: readonly BridgeAgents[],
  now: number,
  terminal: Terminal,
  period: Period = { since: 0, until: Number.POSITIVE_INFINITY },
): readonly string[] {
  const startedAt = new Map<string, number>();
  for (const { from, to, facts, at } of lines) {
    if (from !== "edge") continue;
    if (facts.transId && !startedAt.has(facts.transId)) startedAt.set(facts.transId, at);
    // Ids begin with the conference's key, which may be masked.
    const command =
      to === "bridge" && conference.commands.find(({ id }) => facts.commandId?.endsWith(tail(id, conference)));
    if (command) startedAt.set(command.id, at);
  }
  const told = { host: conference.host as string };
  const { agents = null } = bridges.find(({ bridge }) => bridge === conference.bridge) ?? {};
  const shown = thingsOf(lines).filter((thing) => isWithin(thing, period));
  return [
    ...conferenceHead(conference, now, terminal),
    ...(shown.length === 0 ? ["", "nothing is known of that time"] : []),
    ...shown.flatMap((thing) => ["", ...thingText(thing, told, terminal)]),
    ...outstandingText(conference, { now, agents, startedAt }, terminal),
  ];
}

/** The lines of all things that something happened to in the period. */
export function linesWithin(lines: readonly StoryLine[], period: Period): readonly StoryLine[] {
  const kept = new Set(
    thingsOf(lines)
      .filter((thing) => isWithin(thing, period))
      .flat(),
  );
  return lines.filter((line) => kept.has(line));
}

function isWithin(thing: Readonly<Thing>, { since, until }: Period): boolean {
  return thing.some(({ at }) => at >= since && at <= until);
}

function tail(id: string, { key }: ConferenceOfDomain): string {
  return id.startsWith(key) ? id.slice(key.length) : id;
}

/** The lines in groups of what belongs together, in the order in which they began. */
export function thingsOf(lines: readonly StoryLine[]): readonly Readonly<Thing>[] {
  const things: Thing[] = [];
  const byId = new Map<string, Thing>();
  /** One document may carry messages of several things. */
  const byDocument = new Map<string, Set<Thing>>();
  /** Calls that ring, which what becomes of them belongs to. */
  const dialled = new Map<string, Thing>();
  let causeSeq = 0;
  let cause: Thing | undefined;
  for (const line of lines) {
    const { from, seq } = line;
    const document = documentOf(line);
    const carried = line.facts.msgId === undefined && document !== null ? byDocument.get(document) : undefined;
    if (carried) {
      for (const thing of carried) thing.push(line);
      continue;
    }
    const id = idOf(line);
    // What the edge does follows from the last input of the same row, if it does not answer an earlier one.
    const sameRow = from === "edge" && causeSeq === seq ? cause : undefined;
    const { call = "" } = line.facts;
    const ofDial = from === "bridge" ? dialled.get(call) : undefined;
    if (ofDial) dialled.delete(call);
    let thing = (id === null ? undefined : byId.get(id)) ?? ofDial ?? sameRow;
    if (thing) thing.push(line);
    else {
      thing = [line];
      things.push(thing);
    }
    if (id !== null && !byId.has(id)) byId.set(id, thing);
    if (line.what === "dial") dialled.set(call, thing);
    if (document !== null) byDocument.set(document, (byDocument.get(document) ?? new Set()).add(thing));
    if (from !== "edge" || causeSeq !== seq) [causeSeq, cause] = [seq, thing];
  }
  const inOrder = (one: StoryLine, other: StoryLine) => one.at - other.at || one.seq - other.seq;
  return things.map((thing) => thing.toSorted(inOrder) as Thing);
}

/** By what a line belongs to others. Both ends number their own messages. */
function idOf({ what, facts: { commandId, msgId } }: StoryLine): string | null {
  if (commandId) return `command ${commandId}`;
  if (!msgId) return null;
  const isOfWebex = /^(W2A_(?!Rsp)|A2W_Rsp)/.test(what);
  return `${isOfWebex ? "request" : "notification"} ${msgId}`;
}

/** The document of ours that a line is about. */
function documentOf({ from, what, facts: { transId } }: StoryLine): string | null {
  return transId && (from === "edge" || what === "confirmed") ? transId : null;
}

function thingText(thing: Readonly<Thing>, told: { host: string }, terminal: Terminal): string[] {
  const [{ at: beganAt }] = thing;
  const facts = new Set<string>();
  return thing.flatMap((line, index) => {
    const time = index === 0 ? localTime(beganAt) : `+${duration(line.at - beganAt)}`.padStart(TIME);
    const way = line.from === line.to ? names[line.from] : `${names[line.from]} → ${names[line.to]}`;
    const news = factsOf(line, told).filter((fact) => !facts.has(fact) || !isRepeated(fact, line));
    for (const fact of news) facts.add(fact);
    const room = terminal.width - TIME - GAP - WAY - GAP;
    const what = isTrouble(line)
      ? terminal.style("red", line.what)
      : index === 0
        ? terminal.style("bold", line.what)
        : line.what;
    const head = `${index === 0 ? time : terminal.style("dim", time)}${" ".repeat(GAP)}${way.padEnd(WAY + GAP)}${what}`;
    const inline = news.join(" ");
    if (inline === "") return head;
    if (line.what.length + GAP + inline.length <= room)
      return `${head}${" ".repeat(GAP)}${terminal.style("dim", inline)}`;
    const indent = " ".repeat(TIME + GAP + 2);
    const below = wrapped(news, terminal.width - indent.length);
    return [head, ...below.map((text) => indent + terminal.style("dim", text))];
  });
}

/** Columns of a time, of who → who, and between columns. */
const TIME = "2026-11-21T02:40:00.000+00:00".length;
const WAY = "WebEx → edge".length + 1;
const GAP = 2;

const names: Readonly<Record<StorySide, string>> = {
  webex: "WebEx",
  edge: "edge",
  bridge: "bridge",
  "back end": "back end",
  operator: "operator",
};

/** A server is named where it is another one than before. Commands are told apart by what they are for; `--json` has their ids. */
function factsOf({ facts }: StoryLine, told: { host: string }): string[] {
  return Object.entries(facts).flatMap(([name, value]) => {
    if (name === "commandId") return [];
    if (name === "afterMs") return `after ${duration(Number(value))}`;
    if (name === "nextAt") return `next=${localTime(Date.parse(value)).slice(11, 23)}`;
    if (name !== "host") return `${name}=${/[\s="]/.test(value) ? JSON.stringify(value) : value}`;
    if (value === told.host) return [];
    told.host = value;
    return `host=${bare(value)}`;
  });
}

/** What and whom a line is about, which the lines before in its thing may have said. Which document is confirmed is always said. */
function isRepeated(fact: string, { facts: { msgId } }: StoryLine): boolean {
  return (
    /^(msgId|extCallId|call|number|did|attendeeId|room|subConfId)=/.test(fact) || (!!msgId && /^transId=/.test(fact))
  );
}

function isTrouble({ what }: StoryLine): boolean {
  return /^(not delivered|given up|dropped)|: (refused|no result)/.test(what);
}
