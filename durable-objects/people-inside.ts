import type { Caller } from "../src/conference/state.ts";
import type { CallId } from "../src/foundation/ids.ts";
import type { PeopleChange, PersonInside } from "../src/rpc/directory-update.ts";

/** Who is inside a conference, as of a row of its journal. */
export interface PeopleInside {
  readonly row: number;
  readonly people: Map<CallId, PersonInside>;
}

/**
 * Who is inside after this change, in the map of before: a copy of a thousand costs more than all else. `null`: nobody knows, since a
 * change before it did not arrive.
 */
export function afterChange(
  before: PeopleInside | null,
  { row, since, came, gone }: PeopleChange,
): PeopleInside | null {
  // It came late, or twice: what it says is known.
  if (before !== null && (row < before.row || (row === before.row && since !== null))) return before;
  if (since === null) return { row, people: new Map(came) };
  if (before?.row !== since) return null;
  const { people } = before;
  for (const [call, person] of came) people.set(call, person);
  for (const call of gone) people.delete(call);
  return { row, people };
}

/** What one life of a conference has told of the people inside, so that it tells the changes alone. */
export class ToldPeople {
  /** `null`: all who are inside are told next. */
  #told: { readonly row: number; readonly shownAs: string } | null = null;
  readonly #changed = new Set<CallId>();

  /** Who came, left or got an attendee ID. */
  changed(calls: Iterable<CallId>): void {
    if (this.#told) for (const call of calls) this.#changed.add(call);
  }

  /** The directory does not have what was told before. */
  lost(): void {
    this.#told = null;
    this.#changed.clear();
  }

  /**
   * What is to be told as of this row; it counts as told from then on. `shownAs`: how records show people; where that is another way than
   * before, all are told anew.
   */
  next(
    row: number,
    shownAs: string,
    callers: ReadonlyMap<CallId, Caller>,
    personOf: (caller: Caller) => PersonInside,
  ): PeopleChange {
    const since = this.#told?.shownAs === shownAs ? this.#told.row : null;
    const came: (readonly [CallId, PersonInside])[] = [];
    const gone: CallId[] = [];
    for (const call of since === null ? callers.keys() : this.#changed) {
      const caller = callers.get(call);
      if (!caller || caller.left) {
        if (since !== null) gone.push(call);
        continue;
      }
      const person = personOf(caller);
      // Those who would show nothing are found by nothing.
      if (person.number !== "" || person.attendeeId !== "") came.push([call, person]);
    }
    this.#changed.clear();
    this.#told = { row, shownAs };
    return { row, since, came, gone };
  }
}
