import type { Standing } from "../messages.ts";
import type { Stage } from "../player/stage.ts";
import type { TraceEntry } from "../player/trace.ts";
import type { Webex } from "../player/webex.ts";
import type { Ability } from "../telephones/telephones.ts";

interface ClauseHead {
  /** As in the protocol note, with a letter behind it where one has several checks. */
  readonly id: string;
  readonly standing: Standing;
  /** Document and section. */
  readonly reference: string;
  readonly title: string;
}

/** A rule of the interface, and how to see whether an adapter keeps it. */
export type Clause = ClauseHead & (Played | Judged | Unseen);

/** A short script. It may resolve with a sentence, what it measured. Throws `NotAsDocumented` or `NotTestable`. */
interface Played {
  readonly kind: "played";
  readonly needs: readonly Ability[];
  /** Needs the bridge for itself. */
  readonly alone: boolean;
  readonly play: (stage: Stage) => Promise<unknown>;
}

/** A rule over all that came in a run. */
interface Judged {
  readonly kind: "judged";
  readonly judge: (traffic: Traffic) => Verdict;
}

/** A rule that is nobody's to see from outside: a duty of WebEx, or of a time longer than any run. */
interface Unseen {
  readonly kind: "unseen";
  readonly why: string;
}

export interface Traffic {
  readonly webex: Webex;
  /** The stages of the clauses that passed, by their ids. */
  readonly passed: ReadonlySet<string>;
  /** The ids of documented clauses: what others provoke proves nothing about the documents. */
  readonly documented: ReadonlySet<string>;
  readonly stages: ReadonlyMap<string, Stage>;
}

export interface Verdict {
  readonly outcome: "passed" | "failed" | "not-testable";
  /** For what is not testable also what would make it so. */
  readonly why: string;
  /** Of what is not testable: nobody sees it from outside, or there was nothing to judge. Absent: a run made otherwise tests it. */
  readonly because?: "unseen" | "nothing";
  /** Of what failed: what went wrong first, in words that are the same for all clauses that fail by it. */
  readonly cause?: string;
  readonly trace?: readonly TraceEntry[];
}

export const GUIDE = "TSP implementation guide";
export const SEQUENCES = "Call sequences";
export const REFERENCE = "API Messages Initiated by the TSP Partner";
export const HYBRID = "Hybrid audio SDK, TSP API";

type PlayedClause = ClauseHead & Played;

type Declare = (
  id: string,
  reference: string,
  title: string,
  play: Played["play"],
  needs?: readonly Ability[],
) => PlayedClause;

const declare =
  (standing: Standing): Declare =>
  (id, reference, title, play, needs = []) => ({
    ...{ id, standing, reference, title },
    ...{ kind: "played", needs, alone: false, play },
  });

export const documented = declare("documented");
/** About a message that no public document names. */
export const unconfirmed = declare("unconfirmed");
/** Follows from the documents only by reason. */
export const inferred = declare("inferred");

/** No other clause is played meanwhile. */
export function alone(clause: PlayedClause): PlayedClause {
  return { ...clause, alone: true };
}

export function judged(
  id: string,
  standing: Standing,
  reference: string,
  title: string,
  judge: Judged["judge"],
): Clause {
  return { id, standing, reference, title, kind: "judged", judge };
}

export function unseen(id: string, standing: Standing, reference: string, title: string, why: string): Clause {
  return { id, standing, reference, title, kind: "unseen", why };
}
