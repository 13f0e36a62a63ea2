import { singleFacts } from "../conference/facts.ts";
import type { InputRow } from "../conference/inputs.ts";
import { numberMatcher } from "../foundation/text/spelled.ts";
import type { Explanation } from "../rpc/story.ts";
import { fold } from "./fold.ts";
import { notNamed, ofCalls } from "./why/calls.ts";
import { ConferenceQuestions } from "./why/conference.ts";
import { Known } from "./why/known.ts";
import { Posts } from "./why/posts.ts";

/** Answers what people ask about a conference, each answer with the rows of the journal that prove it. */
export class Why {
  readonly known = new Known();
  readonly #answers: Explanation[] = [];
  readonly #conference = new ConferenceQuestions(this.known);
  readonly #posts = new Posts(this.known);

  read({ facts, ...row }: InputRow): void {
    const all = { ...row, facts: facts.flatMap(singleFacts) };
    this.known.read(all);
    this.#answers.push(...all.facts.flatMap((fact) => fold(ofCalls, fact, all, this.known) ?? []));
    this.#conference.read(all);
    this.#posts.read(all);
  }

  /**
   * In order of time. `notYet`: what is pending now. It comes last, since it goes once it is done. `call`: of this
   * call alone, or of this number's.
   */
  answers(notYet: readonly Explanation[], call?: string): readonly Explanation[] {
    const names = call === undefined ? null : this.#namesOf(call);
    const folds = [...this.#conference.answers(), ...this.#posts.answers()];
    const isWanted = ({ calls }: Explanation) => names === null || calls.some((one) => names.has(one));
    return [[...this.#answers, ...notNamed(this.known), ...folds], notYet].flatMap((answers) =>
      answers
        .filter(isWanted)
        .toSorted((one, other) => one.at - other.at || (one.rows[0]?.seq ?? 0) - (other.rows[0]?.seq ?? 0)),
    );
  }

  /** All names of the calls that somebody means: by an id, by WebEx's name, or by a number in any spelling. */
  #namesOf(call: string): ReadonlySet<string | null | undefined> {
    const isOfNumber = numberMatcher(call);
    const calls = [...this.known.calls.values()].filter(
      (one) => one.call === call || one.extCallId === call || (one.number !== "" && isOfNumber(one.number)),
    );
    return new Set([call, ...calls.flatMap((one) => [one.call, one.extCallId])]);
  }
}
