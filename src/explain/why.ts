import { type InputRow, singleFacts } from "../conference/facts.ts";
import type { Explanation } from "../rpc/story.ts";
import { ConferenceQuestions } from "./why/conference.ts";
import { Ends } from "./why/ends.ts";
import { Entries } from "./why/entries.ts";
import { Known } from "./why/known.ts";
import { Mutes } from "./why/mutes.ts";
import { Posts } from "./why/posts.ts";
import type { Question } from "./why/words.ts";

/** Answers what people ask about a conference, each answer with the rows of the journal that prove it. */
export class Why {
  readonly #known = new Known();
  readonly #questions: readonly Question[];

  constructor() {
    const known = this.#known;
    this.#questions = [
      new Entries(known),
      new Mutes(known),
      new Ends(known),
      new Posts(known),
      new ConferenceQuestions(known),
    ];
  }

  read({ facts, ...row }: InputRow): void {
    if (facts === null) return; // A row of version 0.1 does not say what happened.
    const all = { ...row, facts: facts.flatMap(singleFacts) };
    this.#known.read(all);
    for (const question of this.#questions) question.read(all);
  }

  /** In order of time. `call`: of this call alone, by its id or by WebEx's name for it. */
  answers(call?: string): readonly Explanation[] {
    const calls = [...this.#known.calls.values()].filter((one) => one.call === call || one.extCallId === call);
    const named = new Set(calls.map((one) => one.call));
    const answers = this.#questions.flatMap((question) => question.answers());
    const wanted = call === undefined ? answers : answers.filter(({ calls }) => calls.some((one) => named.has(one)));
    return wanted.toSorted((one, other) => one.at - other.at || (one.rows[0]?.seq ?? 0) - (other.rows[0]?.seq ?? 0));
  }
}
