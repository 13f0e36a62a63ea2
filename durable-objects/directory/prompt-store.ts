import { MAX_PROMPT_STEPS, type PromptCall } from "../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { type Person, persons, shown } from "../../src/foundation/shown.ts";
import { isWholeNumber, numberMatcher } from "../../src/foundation/text/spelled.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { CallRow, PromptRow, RefusedCaller } from "../../src/records/rows.ts";
import type { PromptCallPage, PromptCallQuery } from "../../src/rpc/directory.ts";
import type { PromptCallsOfBridge } from "../../src/rpc/directory-feed.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import { type DirectoryContext, type DirectoryStore, promptCalls, reversed } from "./directory-store.ts";
import { conditionOf } from "./record-store.ts";

/** Most rows of one domain, so that a flood of callers cannot fill the disk. */
const mostKept = 5_000;
const mostPage = 1_000;
/** From this number on, refused calls are more than a mistake. */
const often = 3;
/** Longest delay of a message. A smaller difference does not show a wrong clock. */
const leastAheadMs = 1_000;
/** Longest time in the prompt. Some bridges reuse IDs of calls later. */
const longestMs = 30 * 60_000;

/** Calls in the prompt are placed by their beginning, behind each arrival there can be. */
const openPlace = 2 ** 52;

interface Placed {
  readonly place: number;
  readonly number: string;
  readonly data: string;
}

/** The rows of calls in the prompt. An admitted call has only the row of its conference. */
export class PromptStore {
  readonly #store: DirectoryStore;
  readonly #context: DirectoryContext;

  constructor(context: DirectoryContext) {
    this.#context = context;
    this.#store = context.store;
  }

  async keepPromptCalls(domain: DomainName, { bridge, calls, aheadMs = 0 }: PromptCallsOfBridge): Promise<void> {
    const person = personShown(this.#store.settings(domain));
    this.#store.transaction(domain, () => {
      for (const call of calls) this.#keep(bridge, byEdgeClock(call, aheadMs), person);
      this.#endLost();
      this.#store.deletePromptBeyond(mostKept);
    });
    await this.#context.changed();
  }

  #keep(bridge: BridgeName, said: PromptCall, person: Person): void {
    const known = this.#store.promptRows(bridge, said.call).find((one) => isAtOneTime(one, said));
    if (known?.end && known.end.why !== "lost") return;
    const { unfinished, end: saidEnd, ...call } = said;
    const end = saidEnd ?? known?.end ?? null;
    if (end?.why === "entered") {
      if (known) this.#store.deletePrompt(known);
      return;
    }
    // Reported by an agent before another one replaced it.
    const earlier = known?.steps.filter((step) => step.at < said.at) ?? [];
    const conference = conferenceOf({ ...said, end });
    const keyedAt = (end ?? unfinished ?? said).at + leastAheadMs;
    const topic =
      known && conference === conferenceOf(known)
        ? known.topic
        : person === persons.full && conference !== undefined && this.#topicOf(conference, keyedAt);
    const row: PromptRow = {
      kind: "prompt",
      bridge,
      ...call,
      ...(topic && { topic }),
      at: Math.min(said.at, known?.at ?? said.at),
      steps: [...earlier, ...said.steps].slice(-MAX_PROMPT_STEPS),
      ...(end === null && unfinished && { unfinished }),
      end,
    };
    this.#store.putPrompt(shown(row, person), known ?? null, this.#context.now());
  }

  /** The name of a running conference that had begun by then; empty: not known. */
  #topicOf(conference: ConfKey, at: EpochMs): string {
    const query = "SELECT name AS topic FROM conference WHERE key = ? AND arrival IS NULL AND began <= ?";
    return String(this.#store.read(query, conference, at)[0]?.topic ?? "");
  }

  /** Deletes the row of a caller who entered a conference, in case its agent died. Within a transaction. */
  entered({ bridge, call, enteredAt }: CallRow): void {
    if (bridge === "" || enteredAt === null) return;
    const isItself = ({ at, end }: PromptRow) => end === null && at >= enteredAt - longestMs;
    const row = this.#store.promptRows(bridge as BridgeName, call as CallId).find(isItself);
    if (row) this.#store.deletePrompt(row);
  }

  /** Calls in the prompt now come first, then the latest. */
  async promptCalls({ number, since = 0, before, limit, isOpen }: PromptCallQuery): Promise<PromptCallPage> {
    const isMeant = number === undefined ? () => true : numberMatcher(number);
    const { sql, values } = conditionOf("call", { number });
    const most = number === undefined ? Math.min(limit, mostPage) + 1 : mostKept;
    const read = (place: string, rows: string, below: number) =>
      this.#store.read<Placed>(
        `SELECT ${place} AS place, number, data FROM call INDEXED BY call_prompt
         WHERE life = -1 AND began >= ? AND ${sql} AND arrival ${rows} < ? ORDER BY ${place} DESC LIMIT ?`,
        ...[since, ...values, below, most],
      );
    const behind = before ?? Number.MAX_SAFE_INTEGER;
    const open = read("began", "IS NULL AND began", behind - openPlace);
    const ended = isOpen || open.length >= most ? [] : read("arrival", "", behind);
    const rows = [...open.map((row) => ({ ...row, place: row.place + openPlace })), ...ended];
    const found = rows.filter((row) => isMeant(row.number));
    const page = found.slice(0, Math.min(limit, mostPage));
    const last = page.at(-1);
    return {
      calls: page.map(({ data }) => this.#shown(JSON.parse(data))),
      next: last && found.length > page.length ? last.place : null,
    };
  }

  /** Ends the rows of calls without a report for long. Within a transaction. */
  #endLost(): void {
    const now = this.#context.now();
    const query = `SELECT data FROM ${promptCalls} WHERE arrival IS NULL AND began < ?`;
    for (const row of this.#store.data<PromptRow>(query, now - longestMs)) {
      const shown = this.#shown(row);
      if (shown.end) this.#store.putPrompt(shown, row, now);
    }
  }

  /** An agent that lost its journal never reports the end of a call. */
  #shown(row: PromptRow): PromptRow {
    const until = Math.max(row.at, row.steps.at(-1)?.at ?? 0, row.unfinished?.at ?? 0) + longestMs;
    return row.end === null && this.#context.now() > until ? { ...row, end: { at: until, why: "lost" } } : row;
  }

  /** In no order. `seenUpTo`: the arrival up to which somebody has acknowledged the calls of a number; 0: none. */
  refusedCallers(seenUpTo: (number: string) => number = () => 0): readonly RefusedCaller[] {
    const refused = [...this.#store.prompts.values()].filter((call) => call !== null);
    return Array.from(Map.groupBy(refused, ({ number }) => number)).flatMap(([number, all]): RefusedCaller[] => {
      if (all.length < often) return [];
      const [from, upTo] = [this.#triesCountFrom(number), seenUpTo(number)];
      const counted = all.filter(({ at, place }) => at > from && place > upTo);
      const calls = counted.sort((one, other) => other.place - one.place);
      const [latest, first] = [calls[0], calls.at(-1)];
      if (calls.length < often || !latest || !first) return [];
      return [{ number, calls: calls.length, since: first.at, latest, place: latest.place }];
    });
  }

  /** Replaces a number if none may be stored. */
  nameOf(number: string): string {
    return this.#store.nameOf(number).replace(" ", "-");
  }

  /** When a caller last got in. Unknown without a whole number, so those calls count for a day. */
  #triesCountFrom(number: string): EpochMs {
    if (!isWholeNumber(number)) return this.#context.now() - dayMs - 1;
    const [row] = this.#store.read("SELECT max(entered_at) AS at FROM call WHERE reversed = ?", reversed(number));
    return Number(row?.at ?? 0);
  }
}

/** The conference whose key it entered last. */
function conferenceOf({ end, unfinished }: PromptCall): ConfKey | undefined {
  return end === null ? unfinished?.conference : end.conference;
}

/** Agents date reports by their own clocks. */
function byEdgeClock(call: PromptCall, aheadMs: number): PromptCall {
  if (Math.abs(aheadMs) < leastAheadMs) return call;
  const shifted = <Dated extends { readonly at: EpochMs }>(one: Dated): Dated => ({ ...one, at: one.at - aheadMs });
  const { steps, unfinished, end } = call;
  return {
    ...shifted(call),
    steps: steps.map(shifted),
    ...(unfinished && { unfinished: shifted(unfinished) }),
    end: end && shifted(end),
  };
}

/** True if these two can be one call, reported by two agents. Otherwise the bridge reused its ID. */
function isAtOneTime(one: PromptCall, other: PromptCall): boolean {
  return one.at <= lastOf(other) && other.at <= lastOf(one);
}

function lastOf({ at, end }: PromptCall): EpochMs {
  return end && end.why !== "lost" ? end.at : at + longestMs;
}
