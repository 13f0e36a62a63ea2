import type { CallId } from "../foundation/ids.ts";
import type { Person } from "../foundation/shown.ts";
import type { About, HistoryRow } from "../replay/history.ts";
import { replay } from "../replay/replay.ts";
import type { Explanation } from "../rpc/story.ts";
import { ConferenceQuestions } from "./why/conference.ts";
import { Ends } from "./why/ends.ts";
import { Entries } from "./why/entries.ts";
import { Mutes } from "./why/mutes.ts";
import { Posts } from "./why/posts.ts";

export interface Wanted {
  /** Of this call alone: its id, or WebEx's name for it. */
  readonly call?: string | undefined;
}

/**
 * Answers what people ask about a conference, each answer with the rows of the journal that prove it, in order of time. `person`: how a
 * number or code of a person is shown.
 */
export function explain(
  rows: Iterable<HistoryRow>,
  about: About,
  person: Person,
  { call }: Wanted = {},
): readonly Explanation[] {
  const questions = [
    new Entries(person),
    new Mutes(person),
    new Ends(person),
    new Posts(person),
    new ConferenceQuestions(),
  ];
  const named = new Set<CallId>();
  for (const step of replay(rows, about)) {
    for (const question of questions) question.read(step);
    if (call === undefined) continue;
    const { callers, callOuts } = step.changes;
    for (const one of [...callers.values(), ...callOuts.values()])
      if (one && (one.call === call || one.extCallId === call)) named.add(one.call);
  }
  const answers = questions.flatMap((question) => question.answers());
  const wanted = call === undefined ? answers : answers.filter(({ calls }) => calls.some((one) => named.has(one)));
  return wanted.toSorted((one, other) => one.at - other.at || (one.rows[0]?.seq ?? 0) - (other.rows[0]?.seq ?? 0));
}
