import type { Standing } from "../messages.ts";
import type { Stage } from "../player/stage.ts";
import type { TraceEntry } from "../player/traffic.ts";
import type { Webex } from "../player/webex.ts";
import type { ClauseResult } from "../run.ts";

/** A rule of the interface, and how to see whether an adapter keeps it. */
export type Clause = {
  /** As in the protocol note, followed by a letter if one has several checks. */
  readonly id: string;
  readonly standing: Standing;
  /** Document and section. */
  readonly reference: string;
  readonly title: string;
} & Check;

type Check =
  /** `alone`: played while no other clause is. */
  | { readonly kind: "played"; readonly alone: boolean; readonly play: Script }
  /** A rule for all traffic of a run. */
  | { readonly kind: "judged"; readonly judge: Judge }
  /** A rule that cannot be observed from outside, such as a duty of WebEx. */
  | { readonly kind: "unobservable"; readonly why: string };

/** It may resolve with a sentence, what it measured. Throws `NotAsDocumented` or `NotTestable`. */
type Script = (stage: Stage) => Promise<unknown>;

type Judge = (traffic: Traffic) => Verdict;

export interface Traffic {
  readonly webex: Webex;
  /** Of played clauses, by their ids: what those that are not documented provoke proves nothing about the documents. */
  readonly results: ReadonlyMap<string, ClauseResult>;
  /** The stages of played clauses, by their ids. */
  readonly stages: ReadonlyMap<string, Stage>;
}

export interface Verdict {
  readonly outcome: "passed" | "failed" | "not-testable";
  /** If not testable, also what would make it so. */
  readonly why: string;
  /** Why it is not testable in any run, or in this one. If absent, a run with other options tests it. */
  readonly because?: "unobservable" | "nothing";
  readonly trace?: readonly TraceEntry[];
}

export const GUIDE = "TSP implementation guide";
export const SEQUENCES = "Call sequences";
export const REFERENCE = "API Messages Initiated by the TSP Partner";
export const HYBRID = "Hybrid audio SDK, TSP API";

/** The documented limits for a conference and for a caller. */
export const CREATE_LIMIT_MS = 20_000;
export const JOIN_LIMIT_MS = 10_000;
/** Attempts to post a document, by the guide. */
export const MOST_ATTEMPTS = 3;

/** Clauses of one section of a document, by `ID: TITLE`. */
type Section<What> = (reference: string, clauses: Readonly<Record<string, What>>) => readonly Clause[];

function section<What>(standing: Standing, check: (what: What) => Check): Section<What> {
  return (reference, clauses) =>
    Object.entries(clauses).map(([head, what]) => {
      const end = head.indexOf(": ");
      return { id: head.slice(0, end), standing, reference, title: head.slice(end + 2), ...check(what) };
    });
}

const played = (standing: Standing, alone = false) =>
  section<Script>(standing, (play) => ({ kind: "played", alone, play }));

export const documented = played("documented");
/** For clauses that slow down the bridge, or in which a TSP server fails: others would notice. */
export const documentedAlone = played("documented", true);
/** About a message that no public document names. */
export const unconfirmed = played("unconfirmed");
/** Follows from the documents only by reason. */
export const inferred = played("inferred");

export const judged = section<Judge>("documented", (judge) => ({ kind: "judged", judge }));
export const unobservable = section<string>("documented", (why) => ({ kind: "unobservable", why }));
