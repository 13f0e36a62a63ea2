import { isOngoing, namedAs } from "../conference/head.ts";
import type { ConferenceState } from "../conference/state.ts";
import { dialledDigits } from "../foundation/dial-rules.ts";
import type { CallId, EpochMs, ExtCallId, RoomId, WebexHost } from "../foundation/ids.ts";
import { type Person, showFields } from "../foundation/shown.ts";
import type { DirectoryFact, PlacedFact } from "./directory-facts.ts";

/** Who is in a conference, by what people are looked for: the other end's number, and the attendee ID, if any. */
export interface PersonInside {
  readonly number: string;
  readonly attendeeId: string;
  /** The call's name at WebEx; absent: it has none yet. */
  readonly extCallId?: ExtCallId;
  /** Absent while the call rings. */
  readonly enteredAt?: EpochMs;
  /** Of one that is being called: since when; absent as before. */
  readonly dialledAt?: EpochMs;
}

/** A conference that is being created or runs, as its facts say. */
export interface RunningFold {
  /** Which conference of this key: the row of its journal in which it began. */
  readonly life: number;
  readonly createdAt: EpochMs;
  phase: "creating" | "running";
  webexHost: WebexHost;
  attached: boolean;
  /** The edge found it on the bridge, and WebEx has not created it again. */
  isOrphan?: true;
  locked: boolean;
  readonly people: Map<CallId, PersonInside>;
  /** Who is being called, and has not entered. */
  readonly ringing: Map<CallId, PersonInside>;
  /** Sub-conferences and rooms of private talks. */
  readonly rooms: Set<RoomId>;
  /** As far as the bridge says so, and somebody watches. */
  readonly speaking: Set<CallId>;
}

/** The same as of a row, to be sent. */
export interface RunningView extends Omit<RunningFold, "people" | "ringing" | "rooms" | "speaking"> {
  readonly row: number;
  readonly people: readonly (readonly [CallId, PersonInside])[];
  /** Absent: nobody is. */
  readonly ringing?: RunningView["people"];
  readonly rooms: readonly RoomId[];
  readonly speaking: readonly CallId[];
}

const showPerson = showFields<PersonInside>({
  ...{ number: "personal", attendeeId: "personal", extCallId: "open", enteredAt: "open", dialledAt: "open" },
});
const showPeople = (people: RunningView["people"], person: Person) =>
  people.map(([call, one]) => [call, showPerson(one, person)] as const);
const showView = showFields<RunningView>({
  ...{
    row: "open",
    life: "open",
    createdAt: "open",
    phase: "open",
    webexHost: "address",
    attached: "open",
    isOrphan: "open",
  },
  ...{ locked: "open", rooms: "open", speaking: "open" },
  ...{ people: showPeople, ringing: showPeople },
});

export function foldOf({ row: _, people, ringing = [], rooms, speaking, ...rest }: RunningView): RunningFold {
  return {
    ...rest,
    people: new Map(people),
    ringing: new Map(ringing),
    rooms: new Set(rooms),
    speaking: new Set(speaking),
  };
}

/** The fold with one fact more, in place: to copy a thousand people costs more than all else. `null`: none is being created or runs. */
export function withFact(fold: RunningFold | null, { at, fact }: PlacedFact): RunningFold | null {
  const nobody = { people: new Map(), ringing: new Map(), rooms: new Set<RoomId>(), speaking: new Set<CallId>() };
  if (fact.kind === "conference-requested") {
    const { life, host: webexHost } = fact;
    return { life, createdAt: at, phase: "creating", webexHost, attached: true, locked: false, ...nobody };
  }
  if (fact.kind === "conference-found") {
    const { life, createdAt, locked } = fact;
    const found = { phase: "running", webexHost: "" as WebexHost, attached: false, locked, isOrphan: true } as const;
    return { life, createdAt, ...found, ...nobody };
  }
  if (!fold || fact.kind === "conference-not-created" || fact.kind === "conference-ended") return null;
  const change = changes[fact.kind] as Change<DirectoryFact> | undefined;
  change?.(fold, fact, at);
  return fold;
}

/** Whether a fact changes the fold, and not only who speaks. */
export function changesRunning({ kind }: DirectoryFact): boolean {
  return kind in changes ? kind !== "speakers-followed" && kind !== "speaker-changed" : beginsOrEnds.has(kind);
}

const beginsOrEnds: ReadonlySet<DirectoryFact["kind"]> = new Set([
  "conference-requested",
  "conference-found",
  "conference-not-created",
  "conference-ended",
]);

type Change<Fact extends DirectoryFact> = (fold: RunningFold, fact: Fact, at: EpochMs) => unknown;

const changes: {
  readonly [Kind in DirectoryFact["kind"]]?: Change<Extract<DirectoryFact, { readonly kind: Kind }>>;
} = {
  "conference-created": (fold) => Object.assign(fold, { phase: "running" }),
  "conference-taken-over": (fold, { host }) => {
    Object.assign(fold, { webexHost: host, attached: true });
    delete fold.isOrphan;
  },
  "conference-detached": (fold) => Object.assign(fold, { attached: false }),
  "conference-locked": (fold, { locked }) => Object.assign(fold, { locked }),
  "call-dialled": ({ ringing }, { call, number, extCallId }, dialledAt) =>
    ringing.set(call, { number, attendeeId: "", dialledAt, ...named(extCallId) }),
  "call-not-entered": ({ ringing }, { record }) => ringing.delete(record.call as CallId),
  "call-entered": ({ people, ringing }, { call, number, attendeeId, extCallId }, enteredAt) => [
    ringing.delete(call),
    people.set(call, { number, attendeeId: attendeeId ?? "", enteredAt, ...named(extCallId) }),
  ],
  "call-named": ({ people }, { call, extCallId }) => {
    const one = people.get(call);
    if (one) people.set(call, { ...one, extCallId });
  },
  "call-merged": ({ people }, { call, attendeeId }) =>
    people.set(call, { number: "", ...people.get(call), attendeeId: attendeeId ?? "" }),
  "call-left": ({ people, speaking }, { call }) => [people.delete(call), speaking.delete(call)],
  "room-opened": ({ rooms }, { room }) => rooms.add(room),
  "talk-opened": ({ rooms }, { room }) => rooms.add(room),
  "room-closed": ({ rooms }, { room }) => rooms.delete(room),
  "talk-ended": ({ rooms }, { room }) => rooms.delete(room),
  "speakers-followed": ({ speaking }) => speaking.clear(),
  "speaker-changed": ({ speaking }, { call, speaking: speaks }) =>
    speaks ? speaking.add(call) : speaking.delete(call),
};

function named(extCallId: ExtCallId | null): Pick<PersonInside, "extCallId"> {
  return extCallId === null ? {} : { extCallId };
}

/** What the facts of a conference up to this row say of it, as its state has it; `null`: none is being created or runs. */
export function runningView(
  { head, callers, callOuts, rooms, commands }: ConferenceState,
  row: number,
  person: Person,
): RunningView | null {
  if (!isOngoing(head)) return null;
  const { life } = head;
  // One that WebEx closes before the bridge has created it does not run yet.
  const phase = life.runningAt === null ? "creating" : "running";
  const { attached = true, locked = false, orphan, talk, speech } = head.phase === "running" ? head : {};
  const opening = new Set(
    [...commands.values()].flatMap(({ command }) => (command.type === "create-room" ? [command.room] : [])),
  );
  const here = [...callers.values()].filter(({ left }) => !left);
  const view: RunningView = {
    ...{ row, life: life.row, createdAt: life.createdAt, phase, attached, locked },
    ...(orphan && { isOrphan: true as const }),
    webexHost: head.host,
    // In the order in which facts name it: the directory compares texts.
    people: here.map((caller) => {
      const { call, number, extCallId, history } = caller;
      const since = history.enteredAt !== undefined && { enteredAt: history.enteredAt };
      return [call, { number, attendeeId: namedAs(caller, head) ?? "", ...since, ...named(extCallId) }];
    }),
    ...(callOuts.size > 0 && {
      ringing: [...callOuts.values()].map(({ call, number, extCallId, history }) => {
        const since = history.dialledAt !== undefined && { dialledAt: history.dialledAt };
        return [call, { number: dialledDigits(number), attendeeId: "", ...since, ...named(extCallId) }];
      }),
    }),
    rooms: [
      ...[...rooms.keys()].filter((room) => !opening.has(room)),
      ...(talk && talk.stage !== "opening" && !talk.neverOpened ? [talk.room] : []),
    ],
    speaking: speech?.speaking ?? [],
  };
  return showView(view, person);
}
