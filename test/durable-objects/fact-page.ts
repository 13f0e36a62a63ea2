import type { BridgeName, CallId, ConfKey, DomainName, EpochMs, RoomId, WebexHost } from "../../src/foundation/ids.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { DirectoryFact, PlacedFact } from "../../src/records/directory-facts.ts";
import type { PersonInside, RunningView } from "../../src/records/running.ts";
import type { FactPage, LiveState } from "../../src/rpc/directory-feed.ts";
import { worldBegins } from "../kit/world-begins.ts";

/** A conference that runs, as a test wants it. */
export interface ARunning extends Partial<Omit<RunningView, "people" | "rooms">>, Partial<LiveState> {
  /** So many, of whom nothing is known; or these. */
  readonly callers?: number | readonly PersonInside[];
  readonly rooms?: number;
}

interface Said {
  readonly key?: string;
  /** Absent: it is over. */
  readonly running?: ARunning | undefined;
  readonly records?: readonly DirectoryRecord[];
  readonly facts?: readonly DirectoryFact[];
  readonly at?: EpochMs;
}

let last = 0;

/** A page of facts that no page has had before, with a view: the directory needs to know nothing of the conference. */
export function aPage({ key = "987654321", running, records = [], facts = [], at = worldBegins }: Said = {}): FactPage {
  const placed = [...facts, ...records.map(factOf)].map((fact): PlacedFact => {
    last += 1;
    return { row: last, index: 0, at, fact };
  });
  last += 1;
  const {
    bridge = "simulated" as BridgeName,
    trouble = [],
    waiting = [],
    callers = 3,
    rooms = 0,
    topic,
    roomNames,
    lateSince,
    aheadMs,
    followsSpeakers,
    ...more
  } = running ?? {};
  const nobody = { number: "", attendeeId: "" };
  const people = typeof callers === "number" ? Array.from({ length: callers }, () => nobody) : callers;
  const view: RunningView = {
    row: last,
    life: 1,
    createdAt: worldBegins,
    phase: "running",
    webexHost: "tsp" as WebexHost,
    speaking: [],
    attached: true,
    locked: false,
    ...more,
    people: people.map((person, index) => [`c${index}` as CallId, person]),
    rooms: Array.from({ length: rooms }, (_, index) => `r${index}` as RoomId),
  };
  return {
    domain: "local" as DomainName,
    key: key as ConfKey,
    journal: "1",
    after: 0,
    place: null,
    upTo: last,
    facts: placed,
    view: running ? view : null,
    live: running
      ? {
          bridge,
          trouble,
          waiting,
          ...(topic !== undefined && { topic }),
          ...(roomNames !== undefined && { roomNames }),
          ...(lateSince !== undefined && { lateSince }),
          ...(aheadMs !== undefined && { aheadMs }),
          ...(followsSpeakers && { followsSpeakers }),
        }
      : null,
  };
}

function factOf(record: DirectoryRecord): DirectoryFact {
  if (record.kind === "conference") return { kind: "conference-ended", record };
  return { kind: "call-left", call: record.call as CallId, record };
}
