import { type ConferenceState, isOngoing, namedAs } from "../conference/state.ts";
import type { CallId, EpochMs, RoomId, WebexHost } from "../foundation/ids.ts";
import { type Person, showFields } from "../foundation/shown.ts";
import type { PlacedFact } from "./directory-facts.ts";

/** Who is in a conference, by what people are looked for: the other end's number, and the attendee ID, if any. */
export interface PersonInside {
  readonly number: string;
  readonly attendeeId: string;
}

/** A conference that is being created or runs, as its facts tell it. */
export interface RunningFold {
  /** Which conference of this key: the row of its journal in which it began. */
  readonly life: number;
  readonly createdAt: EpochMs;
  phase: "creating" | "running";
  webexHost: WebexHost;
  attached: boolean;
  locked: boolean;
  readonly people: Map<CallId, PersonInside>;
  /** Sub-conferences and rooms of private talks. */
  readonly rooms: Set<RoomId>;
  /** As far as the bridge says so, and somebody watches. */
  readonly speaking: Set<CallId>;
}

/** The same as of a row, to be sent. */
export interface RunningView extends Omit<RunningFold, "people" | "rooms" | "speaking"> {
  readonly row: number;
  readonly people: readonly (readonly [CallId, PersonInside])[];
  readonly rooms: readonly RoomId[];
  readonly speaking: readonly CallId[];
}

const showPerson = showFields<PersonInside>({ number: "personal", attendeeId: "personal" });
const showView = showFields<RunningView>({
  ...{ row: "open", life: "open", createdAt: "open", phase: "open", webexHost: "address", attached: "open" },
  ...{ locked: "open", rooms: "open", speaking: "open" },
  people: (people: RunningView["people"], person) => people.map(([call, one]) => [call, showPerson(one, person)]),
});

export function foldOf({ row: _, people, rooms, speaking, ...rest }: RunningView): RunningFold {
  return { ...rest, people: new Map(people), rooms: new Set(rooms), speaking: new Set(speaking) };
}

/** The fold with one fact more, in place: to copy a thousand people costs more than all else. `null`: none is being created or runs. */
export function withFact(fold: RunningFold | null, { at, fact }: PlacedFact): RunningFold | null {
  if (fact.kind === "conference-requested") {
    const { life, host: webexHost } = fact;
    const nobody = { people: new Map(), rooms: new Set<RoomId>(), speaking: new Set<CallId>() };
    return { life, createdAt: at, phase: "creating", webexHost, attached: true, locked: false, ...nobody };
  }
  if (!fold) return null;
  switch (fact.kind) {
    case "conference-created":
      fold.phase = "running";
      break;
    case "conference-taken-over":
      fold.webexHost = fact.host;
      fold.attached = true;
      break;
    case "conference-detached":
      fold.attached = false;
      break;
    case "conference-locked":
      fold.locked = fact.locked;
      break;
    case "conference-not-created":
    case "conference-ended":
      return null;
    case "call-entered":
      fold.people.set(fact.call, { number: fact.number, attendeeId: fact.attendeeId ?? "" });
      break;
    case "call-merged":
      fold.people.set(fact.call, { number: "", ...fold.people.get(fact.call), attendeeId: fact.attendeeId ?? "" });
      break;
    case "call-left":
      fold.people.delete(fact.call);
      fold.speaking.delete(fact.call);
      break;
    case "room-opened":
    case "talk-opened":
      fold.rooms.add(fact.room);
      break;
    case "room-closed":
    case "talk-ended":
      fold.rooms.delete(fact.room);
      break;
    case "speakers-followed":
      fold.speaking.clear();
      break;
    case "speaker-changed":
      if (fact.speaking) fold.speaking.add(fact.call);
      else fold.speaking.delete(fact.call);
      break;
    default:
      break;
  }
  return fold;
}

/** What the facts of a conference up to this row tell of it, as its state has it; `null`: none is being created or runs. */
export function viewOf(
  { head, callers, rooms, commands }: ConferenceState,
  row: number,
  person: Person,
): RunningView | null {
  if (!isOngoing(head)) return null;
  const { life } = head;
  // One that WebEx closes before the bridge has created it does not run yet.
  const phase = life.runningAt === null ? "creating" : "running";
  const { attached = true, locked = false, talk, speech } = head.phase === "running" ? head : {};
  const opening = new Set(
    [...commands.values()].flatMap(({ command }) => (command.type === "create-room" ? [command.room] : [])),
  );
  const here = [...callers.values()].filter(({ left }) => !left);
  const view: RunningView = {
    ...{ row, life: life.row, createdAt: life.createdAt, phase, attached, locked },
    webexHost: head.host,
    people: here.map((caller) => [caller.call, { number: caller.number, attendeeId: namedAs(caller, head) ?? "" }]),
    rooms: [
      ...[...rooms.keys()].filter((room) => !opening.has(room)),
      ...(talk && talk.stage !== "opening" && !talk.neverOpened ? [talk.room] : []),
    ],
    speaking: speech?.speaking ?? [],
  };
  return showView(view, person);
}
