import * as v from "valibot";
import { type Fact, type FactKind, type FactRow, facts } from "../conference/facts.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type Person, persons, type Show, showOf } from "../foundation/shown.ts";

type FieldsOf<Kind extends FactKind> = Readonly<v.InferOutput<(typeof facts)[Kind]>>;
type Fields = { readonly [Kind in FactKind]?: readonly (keyof FieldsOf<Kind>)[] };

/** What the domain's directory gets of a conference, for its list, records and webhooks: these fields of these facts. */
const fields = {
  "conference-requested": ["life", "host"],
  "conference-created": ["life", "createdAt", "host", "bridge"],
  "conference-taken-over": ["host"],
  "conference-detached": [],
  "conference-locked": ["locked"],
  "conference-not-created": ["record"],
  "conference-ended": ["record"],
  "call-entered": [
    ...(["call", "life", "began", "direction", "number", "attendeeId", "extCallId", "participantType"] as const),
  ],
  "call-merged": ["call", "attendeeId"],
  "call-left": ["call", "record"],
  "call-not-entered": ["record"],
  "room-opened": ["room"],
  "room-closed": ["room"],
  "talk-opened": ["room"],
  "talk-ended": ["room"],
  "speakers-followed": [],
  "speaker-changed": ["call", "speaking"],
  "post-given-up": ["transId", "host", "attempts", "why", "messages"],
} as const satisfies Fields;

type DirectoryFactKind = keyof typeof fields;

/** A fact as the directory gets it. */
export type DirectoryFact = {
  readonly [Kind in DirectoryFactKind]: { readonly kind: Kind } & Pick<
    FieldsOf<Kind>,
    Extract<(typeof fields)[Kind][number], keyof FieldsOf<Kind>>
  >;
}[DirectoryFactKind];

/** A fact of a conference, and where its journal has it. */
export interface PlacedFact {
  readonly row: number;
  /** Among the facts of the row. */
  readonly index: number;
  readonly at: EpochMs;
  readonly fact: DirectoryFact;
}

const shows = new Map<FactKind, Show>(
  Object.entries<readonly string[]>(fields).map(([name, picked]) => {
    const kind = name as DirectoryFactKind;
    const { entries } = facts[kind] as v.ObjectSchema<v.ObjectEntries, undefined>;
    const own = Object.entries(entries).filter(([field]) => picked.includes(field));
    return [kind, showOf(v.object({ kind: v.literal(kind), ...Object.fromEntries(own) })) as Show];
  }),
);

/** The directory gets it only while somebody watches: the bridge says often who speaks. */
export function isSpeech({ kind }: Fact | DirectoryFact): boolean {
  return kind === "speaker-changed" || kind === "speakers-followed";
}

export function concernsDirectory({ kind }: Fact): boolean {
  return shows.has(kind);
}

/** A record or a webhook may wait for it, or the list: it comes to the directory though the conference never says anything again. */
export function isOwed(fact: Fact): boolean {
  return "record" in fact || (owed.has(fact.kind) && !isProbe(fact));
}

/** It was to find out whether its server is back. */
function isProbe(fact: Fact): boolean {
  return fact.kind === "post-given-up" && fact.probe === true;
}

const owed: ReadonlySet<FactKind> = new Set<DirectoryFactKind>([
  ...(["conference-requested", "conference-created", "call-entered", "post-given-up"] as const),
]);

/** Those facts of a row that the directory gets. `person`: as the domain's settings have records show people. */
export function directoryFacts(
  { seq: row, at, facts }: FactRow,
  person: Person,
  withSpeech: boolean,
): readonly PlacedFact[] {
  return facts.flatMap((said, index) => {
    if ((isSpeech(said) && !withSpeech) || isProbe(said)) return [];
    const fact = shows.get(said.kind)?.(said, person) as DirectoryFact | undefined;
    return fact ? [{ row, index, at, fact: person === persons.full ? fact : withoutTopic(fact) }] : [];
  });
}

/** People write names into the name of a meeting, so it is kept only where all else of them is. */
function withoutTopic(fact: DirectoryFact): DirectoryFact {
  if (fact.kind !== "conference-ended" && fact.kind !== "conference-not-created") return fact;
  return { ...fact, record: { ...fact.record, topic: "" } };
}
