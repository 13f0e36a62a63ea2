import * as v from "valibot";
import type { Ability, IssuedCommand } from "../bridge/commands.ts";
import type { Fact } from "../conference/facts.ts";
import type { Head } from "../conference/head.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { Caller, CallOut, Outage, PendingCommand, Room } from "../conference/state.ts";
import type { FactLine } from "../explain/log.ts";
import type { BridgeName, ConfKey, EpochMs, TransId } from "../foundation/ids.ts";
import { as, type Checked, text, time } from "../foundation/schemas.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { seq } from "./story.ts";

/** What became of a document. */
export interface ReplayDocument {
  readonly kind: "post-confirmed" | "post-failed" | "post-given-up" | "post-dropped";
  readonly host: string;
  readonly transId: string;
  readonly at: EpochMs;
  readonly messages: readonly string[];
  readonly why?: string;
  /** Of one that failed. */
  readonly attempt?: number;
  readonly nextAt?: EpochMs;
  /** Of one that was confirmed, with another code than 0. */
  readonly refused?: true;
}

type Verdict =
  | { readonly is: "same" }
  | { readonly is: "differs"; readonly where: string }
  | { readonly is: "may differ"; readonly why: string };

const part = v.looseObject({});
const state = v.object({
  head: as<Head>(v.looseObject({ phase: v.string() })),
  callers: v.array(as<Caller>(part)),
  callOuts: v.array(as<CallOut>(part)),
  commands: v.array(as<PendingCommand>(part)),
  rooms: v.array(as<Room>(part)),
  outages: v.array(as<Outage>(v.looseObject({ host: v.string() }))),
  debts: v.pipe(
    v.array(
      as<readonly [key: string, message: ToWebex]>(v.array(v.union([v.string(), v.looseObject({ type: v.string() })]))),
    ),
    v.description("What each owed message says, and the message."),
  ),
});
export type ReplayState = Checked<typeof state>;

/** A message that left. */
const post = v.object({
  host: v.string(),
  transId: v.nullable(v.string()),
  type: v.string(),
  text: v.pipe(v.nullable(v.string()), v.description("As it is written on the wire.")),
});
export type ReplayPost = Checked<typeof post>;

export const replayDocuments = v.array(
  as<ReplayDocument>(v.looseObject({ kind: v.string(), host: v.string(), transId: v.string() })),
);

/** One row of a conference's journal again. Numbers and codes of people are shown as `recordsPersonal` of the domain says. */
export const replayStep = v.object({
  seq,
  at: time,
  version: v.pipe(v.nullable(v.string()), v.description("Of the code that decided; null: the row does not say.")),
  verdict: v.pipe(
    as<Verdict>(v.looseObject({ is: v.picklist(["same", "differs", "may differ"]) })),
    v.description("Whether today's code decides the same; `where` it differs, or `why` it may."),
  ),
  input: v.pipe(
    v.nullable(as<ConferenceInput>(v.looseObject({ type: v.string() }))),
    v.description("null: what changed follows from no input, such as a Confirmation."),
  ),
  inputText: v.pipe(v.nullable(v.string()), v.description("WebEx's messages as they may have stood on the wire.")),
  before: state,
  after: state,
  commands: v.array(as<IssuedCommand>(v.looseObject({ id: v.string() }))),
  messages: v.array(post),
  documents: v.pipe(
    replayDocuments,
    v.description(
      "What became of documents, by the kind of the fact: `post-confirmed`, `post-failed`, `post-given-up`, `post-dropped`.",
    ),
  ),
  notes: v.array(v.string()),
  repairs: v.array(v.string()),
  outcomes: v.array(as<FactLine>(v.looseObject({ event: v.string() }))),
  isCut: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description("It was longer than a page: of both states there is what changed, and of each list the first parts."),
  ),
});
export type ReplayStep = Checked<typeof replayStep>;

/** What one row of a conference's journal has of the wire. */
export type WireRow = Pick<ReplayStep, "seq" | "input" | "inputText" | "commands" | "messages" | "isCut">;

export interface ReplayPage {
  readonly steps: readonly ReplayStep[];
  /** The row before the first one; `null`: there is none. */
  readonly previous: number | null;
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}

/** What a fact says in ids and words, none of them a person's. `gathered`: the message may have overtaken some that were queued before it. */
export interface TestFact {
  readonly kind: Fact["kind"];
  readonly [part: string]: string | boolean | undefined;
}

/** One row of a journal as a test needs it. In the place of each personal or secret value is a made-up one, alike for alike. */
export interface TestRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: ConferenceInput | null;
  readonly facts: readonly TestFact[];
  readonly confirmed: readonly TransId[];
  /** When the input came. */
  readonly bridge: BridgeName | null;
  readonly cannot: readonly Ability[];
}

const testRow = v.looseObject({
  seq,
  at: time,
  input: v.nullable(v.looseObject({ type: v.string() })),
  facts: v.array(v.looseObject({ kind: v.string() })),
  confirmed: v.pipe(v.array(v.string()), v.description("TransIDs that were confirmed before the input came.")),
});

export const testRows = v.object({
  confKey: text<ConfKey>(),
  settings: v.pipe(as<object>(v.looseObject({})), v.description("That decide, and differ from those of a local run.")),
  rows: v.array(as<TestRow>(testRow)),
});
export type TestRows = Checked<typeof testRows>;

export interface TestRowsPage extends TestRows {
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}
