import type { Standing } from "../messages.ts";
import type { Stage } from "../player/stage.ts";
import type { TraceEntry } from "../player/traffic.ts";
import type { Webex } from "../player/webex.ts";
import type { ClauseResult } from "../run.ts";

/** A rule of the interface, and its check. */
export type Clause = {
  /** Id in the protocol note, with a letter if a rule has several checks. */
  readonly id: string;
  readonly standing: Standing;
  /** Document and section. */
  readonly reference: string;
  readonly title: string;
} & Check;

type Check =
  /** `alone`: played while no other clause runs. */
  | { readonly kind: "played"; readonly alone: boolean; readonly play: Script }
  /** A rule for all traffic of a run. */
  | { readonly kind: "judged"; readonly judge: Judge }
  /** A rule that cannot be observed from outside, such as a duty of WebEx. */
  | { readonly kind: "unobservable"; readonly why: string };

/** Resolves with anything, or with a sentence of measurements. Throws `NotAsDocumented` or `NotTestable`. */
type Script = (stage: Stage) => Promise<unknown>;

type Judge = (traffic: Traffic) => Verdict;

export interface Traffic {
  readonly webex: Webex;
  /** Results of played clauses by id. Traffic of undocumented clauses proves nothing about the documents. */
  readonly results: ReadonlyMap<string, ClauseResult>;
  /** Stages of played clauses by id. */
  readonly stages: ReadonlyMap<string, Stage>;
}

export interface Verdict {
  readonly outcome: "passed" | "failed" | "not-testable";
  /** If not testable, with the option to give. */
  readonly why: string;
  /** `unobservable` in any run, or `nothing` to check in this one. If absent, another option tests it. */
  readonly because?: "unobservable" | "nothing";
  readonly trace?: readonly TraceEntry[];
}

export const GUIDE = "TSP implementation guide";
export const SEQUENCES = "Call sequences";
export const REFERENCE = "API Messages Initiated by the TSP Partner";
export const HYBRID = "Hybrid audio SDK, TSP API";

/** Documented limits for a create and for a join. */
export const CREATE_LIMIT_MS = 20_000;
export const JOIN_LIMIT_MS = 10_000;
/** Most attempts to post a document (guide). */
export const MOST_ATTEMPTS = 3;

/** Builds the clauses of one section of a document. Keys are `ID: TITLE`. */
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
/** Clauses that disturb others, because the bridge is slow or a TSP server fails. */
export const documentedAlone = played("documented", true);
/** Clauses about messages that no public document names. */
export const unconfirmed = played("unconfirmed");
/** Clauses that follow from the documents without being written there. */
export const inferred = played("inferred");

export const judged = section<Judge>("documented", (judge) => ({ kind: "judged", judge }));
export const unobservable = section<string>("documented", (why) => ({ kind: "unobservable", why }));
