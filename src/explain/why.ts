import { type SingleFact, singleFacts } from "../conference/facts.ts";
import type { InputRow } from "../conference/inputs.ts";
import type { Explanation } from "../rpc/story.ts";
import { ConferenceQuestions } from "./why/conference.ts";
import { ends } from "./why/ends.ts";
import { Known, type WhyRow } from "./why/known.ts";
import { mutes } from "./why/mutes.ts";
import { notNamed } from "./why/names.ts";
import { Posts } from "./why/posts.ts";

type Answer = (fact: SingleFact, row: WhyRow, known: Known) => Explanation | null;

const questions = [mutes, ends] as readonly Readonly<Partial<Record<string, Answer>>>[];

/** Answers what people ask about a conference, each answer with the rows of the journal that prove it. */
export class Why {
  readonly known = new Known();
  readonly #answers: Explanation[] = [];
  readonly #conference = new ConferenceQuestions(this.known);
  readonly #posts = new Posts(this.known);

  read({ facts, ...row }: InputRow): void {
    if (facts === null) return; // A row of version 0.1 does not say what happened.
    const all = { ...row, facts: facts.flatMap(singleFacts) };
    this.known.read(all);
    for (const fact of all.facts)
      for (const asked of questions) this.#answers.push(...[asked[fact.kind]?.(fact, all, this.known) ?? []].flat());
    this.#conference.read(all);
    this.#posts.read(all);
  }

  /** In order of time. `notYet`: what is pending now. `call`: of this call alone, by its id or by WebEx's name for it. */
  answers(notYet: readonly Explanation[], call?: string): readonly Explanation[] {
    const calls = [...this.known.calls.values()].filter((one) => one.call === call || one.extCallId === call);
    const named = new Set(calls.map((one) => one.call));
    const folds = [...this.#conference.answers(), ...this.#posts.answers()];
    const answers = [...this.#answers, ...notNamed(this.known), ...folds, ...notYet];
    const wanted = call === undefined ? answers : answers.filter(({ calls }) => calls.some((one) => named.has(one)));
    return wanted.toSorted((one, other) => one.at - other.at || (one.rows[0]?.seq ?? 0) - (other.rows[0]?.seq ?? 0));
  }
}
