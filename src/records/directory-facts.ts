import * as v from "valibot";
import { type Fact, type FactKind, type FactRow, facts, probeAsFailed } from "../conference/facts.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type Person, persons, type Show, showOf } from "../foundation/shown.ts";
import { outcomesOf } from "./outcomes.ts";

type FactFields<Kind extends FactKind> = Readonly<v.InferOutput<(typeof facts)[Kind]>>;

/**
 * `owed`: a record, a webhook, the list, or a figure waits for it, also where the conference never says anything again. `listed`: the list alone
 * shows it, and a later page or a view says it too. `searched`: as `listed`, and it comes with others, since it alone is worth no page.
 * `counted`: a figure lacks it until it comes, with others. `watched`: as `listed`, and only while somebody watches.
 */
type Need = "owed" | "counted" | "listed" | "searched" | "watched";
type Needs = { readonly [Kind in FactKind]?: readonly [need: Need, ...fields: (keyof FactFields<Kind>)[]] };

/** What the domain's directory gets of a conference, for its list, records and webhooks: these fields of these facts. */
const needs = {
  "conference-requested": ["owed", "life", "host"],
  "conference-created": ["owed", "life", "createdAt", "host", "bridge"],
  "conference-found": ["owed", "life", "createdAt", "locked"],
  "conference-taken-over": ["owed", "host"],
  "conference-detached": ["listed"],
  "conference-locked": ["listed", "locked"],
  "conference-not-created": ["owed", "record"],
  "conference-ended": ["owed", "record"],
  "call-entered": [
    ...(["owed", "call", "life", "began", "direction", "number", "attendeeId", "extCallId"] as const),
    "participantType",
  ],
  "call-dialled": ["searched", "call", "number", "extCallId"],
  "call-named": ["searched", "call", "extCallId"],
  "call-merged": ["listed", "call", "attendeeId"],
  "call-left": ["owed", "call", "record"],
  "call-not-entered": ["owed", "record"],
  "room-opened": ["listed", "room"],
  "room-closed": ["listed", "room"],
  "talk-opened": ["listed", "room"],
  "talk-ended": ["listed", "room"],
  "speakers-followed": ["watched"],
  "speaker-changed": ["watched", "call", "speaking"],
  "post-given-up": ["owed", "transId", "host", "attempts", "why", "messages", "owed", "lastFailed"],
  "document-confirmed": ["counted"],
  "post-confirmed": ["counted", "at", "host", "tookMs", "refused"],
  "post-failed": ["counted", "at", "host", "why"],
  "call-out-denied": ["counted"],
  "command-failed": ["counted", "why", "late"],
  "command-expired": ["counted"],
  "server-reached": ["owed", "byRequest"],
  "server-settled": ["owed", "host", "expired", "messages"],
} as const satisfies Needs;

type DirectoryFactKind = keyof typeof needs;
/** Receivers of webhooks get events of these alone: whatever they get is owed. */
export type OwedFactKind = {
  [Kind in DirectoryFactKind]: (typeof needs)[Kind][0] extends "owed" ? Kind : never;
}[DirectoryFactKind];

/** A fact as the directory gets it. */
export type DirectoryFact = {
  readonly [Kind in DirectoryFactKind]: { readonly kind: Kind } & Pick<
    FactFields<Kind>,
    Extract<(typeof needs)[Kind][number], keyof FactFields<Kind>>
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
  Object.entries<readonly string[]>(needs).map(([name, [, ...picked]]) => {
    const kind = name as DirectoryFactKind;
    const { entries } = facts[kind] as v.ObjectSchema<v.ObjectEntries, undefined>;
    const own = Object.entries(entries).filter(([field]) => picked.includes(field));
    return [kind, showOf(v.object({ kind: v.literal(kind), ...Object.fromEntries(own) })) as Show];
  }),
);

function needOf({ kind }: Fact | DirectoryFact): Need | undefined {
  return (needs as Needs)[kind]?.[0];
}

/** The directory gets it only while somebody watches: the bridge says often who speaks. */
export function isSpeech(fact: Fact | DirectoryFact): boolean {
  return needOf(fact) === "watched";
}

export function isForDirectory(fact: Fact): boolean {
  return shows.has(fact.kind) && (needOf(fact) !== "counted" || isCounted(fact));
}

/** It comes to the directory though the conference never says anything again. */
export function isOwed(fact: Fact): boolean {
  return (needOf(fact) === "owed" && !isProbe(fact)) || isCounted(fact) || outcomesOf(fact).length > 0;
}

/** Figures or counts lack it until the directory has it, and nobody else waits for it. */
export function isCounted(fact: Fact | DirectoryFact): boolean {
  if (needOf(fact) !== "counted") return isProbe(fact);
  if (fact.kind === "post-confirmed" || fact.kind === "post-failed") return fact.host !== undefined;
  return fact.kind === "document-confirmed" || outcomesOf(fact).length > 0;
}

/** A figure counts it, or an outcome that operations staff watch. */
export function isInCounts(fact: DirectoryFact): boolean {
  return (
    isCounted(fact) || fact.kind === "post-given-up" || fact.kind === "server-settled" || outcomesOf(fact).length > 0
  );
}

/** It comes to the directory with others: a figure or a search lacks it for some seconds. */
export function isGathered(fact: Fact | DirectoryFact): boolean {
  return isCounted(fact) || needOf(fact) === "searched";
}

/** It was to find out whether its server is back. */
function isProbe(fact: Fact | DirectoryFact): boolean {
  return fact.kind === "post-given-up" && "probe" in fact && fact.probe === true;
}

/** Those facts of a row that the directory gets. `person`: as the domain's settings have records show people. */
export function directoryFacts(
  { seq: row, at, facts }: FactRow,
  person: Person,
  withSpeech: boolean,
): readonly PlacedFact[] {
  return facts.flatMap((one, index) => {
    const said = probeAsFailed(one, at);
    if ((isSpeech(said) && !withSpeech) || !isForDirectory(said)) return [];
    const fact = shows.get(said.kind)?.(said, person) as DirectoryFact | undefined;
    return fact ? [{ row, index, at, fact: person === persons.full ? fact : withoutTopic(fact) }] : [];
  });
}

/** People write names into the name of a meeting, so it is kept only where all else of them is. */
function withoutTopic(fact: DirectoryFact): DirectoryFact {
  return "record" in fact ? ({ ...fact, record: { ...fact.record, topic: "" } } as DirectoryFact) : fact;
}
