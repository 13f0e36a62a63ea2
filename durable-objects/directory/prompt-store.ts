import {
  isLedInAtOnce,
  isRefused,
  MAX_PROMPT_STEPS,
  type PromptCall,
  promptCall,
} from "../../src/bridge/prompt-call.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { setLimited } from "../../src/foundation/limits.ts";
import { type Person, type Show, showOf } from "../../src/foundation/shown.ts";
import { isWholeNumber, numberMatcher } from "../../src/foundation/text/spelled.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { DroppedPromptCalls } from "../../src/link/messages.ts";
import {
  type KeptPromptCall,
  type PromptCallPage,
  type PromptCallPlace,
  type PromptCallQuery,
  type PromptCallsOfBridge,
  type PromptCallsOfNumberQuery,
  type PromptCallsRpc,
  promptCallPlace,
  type RefusedCaller,
} from "../../src/rpc/directory-feed.ts";
import type { Sql, SqlRow } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import { UnsettledCalls } from "./unsettled-calls.ts";

/** Rows kept for one domain: no flood of callers fills the disk. */
const mostInAll = 5_000;
/** Rows of calls that could not get in, and have not since: others have room beside them. */
const mostRefused = 4_000;
const mostPage = 1_000;
/** Journals of agents that are remembered: more than a domain has in years. */
const mostSources = 200;
/** Numbers of which is remembered when they last entered. */
const mostEntered = 10_000;
/** So many calls that did not get in are more than a mistake. */
const often = 3;
/** A message may be under way for so long: less says nothing of an agent's clock. */
const leastAheadMs = 1_000;
/** No caller is at the prompt for longer. Some bridges give the id of a call to another one some day. */
const longestPromptMs = 30 * 60_000;

/** `mended`: its number got in since. Ids rise. */
const tables = [
  "CREATE INDEX IF NOT EXISTS prompt_call_name ON prompt_call (name)",
  `CREATE TABLE IF NOT EXISTS prompt_call (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, number TEXT NOT NULL,
   state TEXT NOT NULL, mended INTEGER NOT NULL DEFAULT 0, data TEXT NOT NULL)`,
];

/** By bridge and agent's journal: how many it has dropped, and how many of them are not older than the records. */
const dropsTable = `CREATE TABLE IF NOT EXISTS prompt_drops (source TEXT PRIMARY KEY, at INTEGER NOT NULL, count INTEGER NOT NULL, shown INTEGER NOT NULL)
  WITHOUT ROWID`;

interface PromptStorePorts {
  /** All or nothing; keeps whose directory this is. */
  transaction(domain: DomainName, work: () => void): void;
  /** How the domain's settings have records show people. */
  person(domain: DomainName): Person;
  now(): EpochMs;
  /** Who entered, as far as the disk says: who is inside, and whose calls are over since then. */
  enteredSince(since: EpochMs): Iterable<EnteredAt>;
  /** The name of a conference that runs and had begun by then, where it is known and may be kept. */
  topicOf(domain: DomainName, conference: ConfKey, at: EpochMs): string | undefined;
  /** Called when a change that people see is committed. */
  changed(): Promise<void>;
}

type Story = Omit<KeptPromptCall, "id">;

/** When somebody with this number entered. */
export type EnteredAt = readonly [number: string, at: EpochMs];

/** Whether a number, as it is kept, is this one. */
export type IsNumber = (kept: string) => boolean;

interface Place {
  readonly conference: ConfKey;
  /** `null`: not known. */
  readonly bridge: BridgeName | null;
}

interface Entered {
  readonly call: string;
  readonly number: string;
}

const show = showOf(promptCall) as Show as Show<PromptCall>;

/** The calls at the prompt that were not led in at once: a row for each. The first one makes the tables. */
export class PromptStore implements PromptCallsRpc {
  readonly #sql: Sql;
  readonly #tables: LazyTables;
  readonly #drops: LazyTables;
  readonly #ports: PromptStorePorts;
  /** What a caller who enters may change, by id, so that no row is read for it; `null`: not read since a change failed. */
  #unsettled: UnsettledCalls | null = null;

  /** When this life began: what came to the prompt before then may have entered without its knowledge. */
  readonly #begunAt: EpochMs;
  /** When each number last entered, as far as this life knows. */
  readonly #enteredAt = new Map<string, EpochMs>();

  constructor(sql: Sql, ports: PromptStorePorts) {
    this.#sql = sql;
    const [index = "", calls = ""] = tables;
    this.#tables = new LazyTables(sql, "prompt_call", calls, index);
    this.#drops = new LazyTables(sql, "prompt_drops", dropsTable);
    this.#ports = ports;
    this.#begunAt = ports.now();
  }

  async keepPromptCalls(
    domain: DomainName,
    { bridge, calls, dropped, aheadMs: saidAheadMs = 0 }: PromptCallsOfBridge,
  ): Promise<void> {
    const person = this.#ports.person(domain);
    const shown = calls.map((call) => show(call, person));
    const aheadMs = Math.abs(saidAheadMs) < leastAheadMs ? 0 : saidAheadMs;
    this.#readEntered(shown, aheadMs);
    this.#change(domain, () => {
      this.#tables.make();
      for (const call of shown) this.#keep(domain, bridge, call, aheadMs);
      if (dropped) this.#keepDropped(bridge, dropped);
      this.#deleteTooMany();
    });
    await this.#ports.changed();
  }

  /** An agent that was away says late who could not get in: an earlier life may have seen that the caller then got in. */
  #readEntered(calls: readonly PromptCall[], aheadMs: number): void {
    const before = this.#begunAt + leastAheadMs + aheadMs;
    const late = calls.filter((call) => isRefused(call) && isWholeNumber(call.number) && call.at < before);
    if (late.length === 0) return;
    const numbers = new Set(late.map(({ number }) => number));
    const since = Math.min(...late.map((call) => call.at)) - aheadMs - leastAheadMs;
    for (const [number, at] of this.#ports.enteredSince(since)) if (numbers.has(number)) this.#noteEntered(number, at);
  }

  #noteEntered(number: string, at: EpochMs): void {
    setLimited(this.#enteredAt, number, Math.max(at, this.#enteredAt.get(number) ?? 0), mostEntered);
  }

  #keepDropped(bridge: BridgeName, { journal, count }: DroppedPromptCalls): void {
    const keep = `INSERT INTO prompt_drops (source, at, count, shown) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET
                  at = excluded.at, shown = shown + excluded.count - count, count = excluded.count WHERE excluded.count > count`;
    this.#drops.make();
    this.#sql.exec(keep, `${bridge} ${journal}`, this.#ports.now(), count, count);
    const old = "SELECT source FROM prompt_drops ORDER BY at DESC LIMIT -1 OFFSET ?";
    this.#sql.exec(`DELETE FROM prompt_drops WHERE source IN (${old})`, mostSources);
  }

  /** Adds a call, or what is new in the story of one that is there. */
  #keep(domain: DomainName, bridge: BridgeName, call: PromptCall, aheadMs: number): void {
    const name = `${bridge} ${call.call}`;
    const rows = this.#sql.exec("SELECT id, data FROM prompt_call WHERE name = ? ORDER BY id DESC", name).map(toKept);
    const known = rows.find(({ at }) => at === call.at) ?? rows.find((row) => isAtOneTime(row, call));
    const { unfinished: _, ...before } = known ?? { id: null, bridge, ...(aheadMs !== 0 && { aheadMs }), ...call };
    const story = { ...before, ...(known ? joined(known, call) : call) };
    const id = known && isRefused(story) && !isRefused(known) ? this.#placeLast(known.id) : before.id;
    this.#write({ ...this.#withTopic(domain, story, known), id });
    if (call.end?.why === "entered") this.#mend(call.number, call.end.at - aheadMs);
    // The conference may have said so before the agent said this.
    const enteredAt = this.#enteredAt.get(call.number);
    if (enteredAt !== undefined) this.#mend(call.number, enteredAt);
  }

  /** With the name of the conference whose key it has keyed last: who asks later may ask when that is over. */
  #withTopic(domain: DomainName, story: Story, known?: KeptPromptCall): Story {
    const { topic: _, ...call } = story;
    const conference = conferenceOf(call);
    if (conference === undefined) return call;
    const keyedAt = (call.end ?? call.unfinished ?? call).at - (call.aheadMs ?? 0) + leastAheadMs;
    const isSame = known !== undefined && conferenceOf(known) === conference;
    const topic = (isSame ? known.topic : undefined) ?? this.#ports.topicOf(domain, conference, keyedAt);
    return { ...call, ...(topic !== undefined && { topic }) };
  }

  /** A call's place is that of its end: what somebody acknowledged while it was at the prompt does not cover it. */
  #placeLast(id: number): number {
    const place = this.#nextId();
    this.#sql.exec("UPDATE prompt_call SET id = ? WHERE id = ?", place, id);
    this.#unsettled?.delete(id);
    return place;
  }

  /** By the clock, so that no id comes twice, also where no call is left: some are acknowledged. */
  #nextId(): number {
    const [row] = this.#sql.exec("SELECT max(id) AS last FROM prompt_call");
    return Math.max(Number(row?.last ?? 0) + 1, this.#ports.now());
  }

  #write({ id, ...row }: Omit<KeptPromptCall, "id"> & { readonly id: number | null }): void {
    if (isLedInAtOnce(row)) {
      if (id !== null) this.#delete(id);
      return;
    }
    const state = row.end === null ? "open" : isRefused(row) ? "refused" : "over";
    const [written] = this.#sql.exec(
      `INSERT INTO prompt_call (id, name, at, number, state, data) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
       SET at = excluded.at, number = excluded.number, state = excluded.state, data = excluded.data
       RETURNING id, mended`,
      ...[id ?? this.#nextId(), `${row.bridge} ${row.call}`, cameAt(row), row.number, state, JSON.stringify(row)],
    );
    const kept = { ...row, id: Number(written?.id) };
    if (state === "open" || (state === "refused" && written?.mended === 0)) this.#unsettled?.set(kept);
    else this.#unsettled?.delete(kept.id);
  }

  /** The oldest first. A flood of others does not push out who could not get in, nor do all of these who is at the prompt. */
  #deleteTooMany(): void {
    const refused = "state = 'refused' AND mended = 0";
    for (const [all, which, most] of [
      [refused, refused, mostRefused],
      ["TRUE", `NOT (${refused})`, mostInAll],
    ] as const) {
      const [row] = this.#sql.exec(`SELECT count(*) AS count FROM prompt_call WHERE ${all}`);
      const tooMany = Number(row?.count) - most;
      if (tooMany <= 0) continue;
      const old = `SELECT id FROM prompt_call WHERE ${which} ORDER BY id LIMIT ?`;
      for (const { id } of this.#sql.exec(`DELETE FROM prompt_call WHERE id IN (${old}) RETURNING id`, tooMany))
        this.#unsettled?.delete(Number(id));
    }
  }

  #delete(id: number): void {
    this.#sql.exec("DELETE FROM prompt_call WHERE id = ?", id);
    this.#unsettled?.delete(id);
  }

  /** What is in memory goes with the disk, also where the change fails. */
  #change(domain: DomainName, work: () => void): void {
    try {
      this.#ports.transaction(domain, work);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Called after a failed transaction in which callers entered: what is in memory goes with the disk. */
  forget(): void {
    this.#unsettled = null;
  }

  /**
   * A caller is in a conference. That it could not get in before is mended. An agent that has died since cannot say that
   * it got in. Within a transaction.
   */
  entered(domain: DomainName, { conference, bridge }: Place, { call, number }: Entered, at: EpochMs): void {
    const isItself = (one: KeptPromptCall) => one.end === null && Math.abs(cameAt(one) - at) <= longestPromptMs;
    if (isWholeNumber(number)) this.#noteEntered(number, at);
    const unsettled = this.#read();
    const row = unsettled.ofCall(bridge, call).find(isItself);
    if (!row && !(isWholeNumber(number) && unsettled.ofNumber(number).length > 0)) return;
    if (row) {
      const { id, unfinished: _, ...before } = row;
      const end = { at, why: "entered", conference } as const;
      this.#write({ ...this.#withTopic(domain, { ...before, end }, row), id });
    }
    this.#mend(number, at);
  }

  #mend(number: string, at: EpochMs): void {
    if (!isWholeNumber(number)) return;
    this.#sql.exec("UPDATE prompt_call SET mended = 1 WHERE number = ? AND at <= ? AND mended = 0", number, at);
    for (const one of this.#unsettled?.ofNumber(number) ?? [])
      if (one.end !== null && cameAt(one) <= at) this.#unsettled?.delete(one.id);
  }

  async promptCalls({ number, since, before, limit }: PromptCallQuery): Promise<PromptCallPage> {
    const count = Math.min(limit, mostPage);
    const found = this.#latestFirst(number, since).filter(
      (call) => before === null || byPlace(before, promptCallPlace(call)) < 0,
    );
    const calls = found.slice(0, count);
    const last = found.length > count ? calls.at(-1) : undefined;
    const [dropped] = this.#drops.read("SELECT sum(shown) AS count FROM prompt_drops");
    return {
      calls,
      next: last ? promptCallPlace(last) : null,
      notKept: Number(dropped?.count ?? 0),
    };
  }

  async promptCallsOfNumber({ number, from, limit }: PromptCallsOfNumberQuery): Promise<readonly KeptPromptCall[]> {
    const isFrom = (call: KeptPromptCall) => from === null || byPlace(from, promptCallPlace(call)) <= 0;
    return this.#latestFirst(number).filter(isFrom).slice(0, Math.min(limit, mostPage));
  }

  #latestFirst(number: string | undefined, since: EpochMs = 0 as EpochMs): readonly KeptPromptCall[] {
    const isMeant = number === undefined ? () => true : numberMatcher(number);
    return this.#tables
      .read("SELECT id, number, data FROM prompt_call WHERE at >= ?", since)
      .filter((row) => isMeant(String(row.number)))
      .map((row) => this.#shown(toKept(row)))
      .sort((one, other) => byPlace(promptCallPlace(one), promptCallPlace(other)));
  }

  /** An agent whose journal was lost never says what became of a call. */
  #shown(call: KeptPromptCall): KeptPromptCall {
    const until = Math.max(call.at, call.steps.at(-1)?.at ?? 0, call.unfinished?.at ?? 0) + longestPromptMs;
    return call.end === null && this.#ports.now() > until ? { ...call, end: { at: until, why: "lost" } } : call;
  }

  /** `isOpen`: whether a call counts; all do, unless somebody has acknowledged some. */
  async refusedCallers(isOpen: (call: KeptPromptCall) => boolean = () => true): Promise<readonly RefusedCaller[]> {
    const latelyFrom = this.#ports.now() - dayMs;
    // Nobody knows whether somebody without a whole number got in since: those calls count for a day.
    const calls = this.#read()
      .all()
      .filter((call) => isRefused(call) && (isWholeNumber(call.number) || call.at >= latelyFrom) && isOpen(call))
      .sort((one, other) => other.id - one.id);
    return [...Map.groupBy(calls, ({ number }) => number)].flatMap(([number, calls]): RefusedCaller[] => {
      const [latest] = calls;
      const first = calls.at(-1);
      if (calls.length < often || !latest || !first) return [];
      return [{ number, calls: calls.length, since: first.at, latest }];
    });
  }

  /** The numbers that some call is kept of. */
  numbers(): ReadonlySet<string> {
    return new Set(this.#tables.read("SELECT DISTINCT number FROM prompt_call").map(({ number }) => String(number)));
  }

  #read(): UnsettledCalls {
    if (this.#unsettled) return this.#unsettled;
    const rows = this.#tables.read(
      "SELECT id, data FROM prompt_call WHERE state = 'open' OR (state = 'refused' AND mended = 0)",
    );
    this.#unsettled = new UnsettledCalls(rows.map(toKept));
    return this.#unsettled;
  }

  /** Takes a person's number out of all rows, and returns of how many. Nobody knows then who could not get in, nor that the person gets in later: it counts as mended. */
  eraseNumber(isMeant: IsNumber): number {
    for (const number of this.#enteredAt.keys()) if (isMeant(number)) this.#enteredAt.delete(number);
    const numbers = [...this.numbers()].filter(isMeant);
    if (numbers.length === 0) return 0;
    this.#unsettled = null;
    return this.#sql.transaction(() => {
      const rows = numbers.flatMap((number) =>
        this.#sql.exec("UPDATE prompt_call SET mended = 1 WHERE number = ? RETURNING id, data", number),
      );
      for (const row of rows) this.#write({ ...toKept(row), number: "" });
      return rows.length;
    });
  }

  deleteBefore(at: EpochMs): void {
    if (!this.#tables.areThere) return;
    this.#unsettled = null;
    this.#sql.transaction(() => {
      this.#sql.exec("DELETE FROM prompt_call WHERE at < ?", at);
      if (this.#drops.areThere) this.#sql.exec("UPDATE prompt_drops SET shown = 0 WHERE at < ?", at);
    });
  }
}

/** The latest first. */
function byPlace(one: PromptCallPlace, other: PromptCallPlace): number {
  return other.at - one.at || other.id - one.id;
}

function toKept({ id, data }: SqlRow): KeptPromptCall {
  return { id: Number(id), ...(JSON.parse(String(data)) as Omit<KeptPromptCall, "id">) };
}

function conferenceOf({ end, unfinished }: PromptCall): ConfKey | undefined {
  return end === null ? unfinished?.conference : end.conference;
}

/** By the edge's clock, by which entries are. */
function cameAt({ at, aheadMs = 0 }: Pick<KeptPromptCall, "at" | "aheadMs">): EpochMs {
  return at - aheadMs;
}

/** Whether these two may be one call, which two agents report; else the bridge has given its id to another one. */
function isAtOneTime(one: PromptCall, other: PromptCall): boolean {
  return one.at <= lastOf(other) && other.at <= lastOf(one);
}

function lastOf({ at, end }: PromptCall): EpochMs {
  return end && end.why !== "lost" ? end.at : at + longestPromptMs;
}

/** All that either says of it, and what stands there now. What was kept of its caller stays: the number may have been erased. */
function joined(known: PromptCall, said: PromptCall): Pick<PromptCall, "at" | "steps" | "end" | "unfinished"> {
  const steps = new Map([...numbered(known.steps), ...numbered(said.steps)]);
  const ends = [known.end, said.end].filter((end) => end !== null);
  const end = ends.find(({ why }) => why !== "lost") ?? ends[0] ?? null;
  return {
    at: Math.min(known.at, said.at),
    steps: [...steps.values()].sort((one, other) => one.at - other.at).slice(-MAX_PROMPT_STEPS),
    end,
    ...(end === null && said.unfinished && { unfinished: said.unfinished }),
  };
}

/** Steps of one moment are told apart by their order. */
function numbered(steps: PromptCall["steps"]): readonly (readonly [string, PromptCall["steps"][number]])[] {
  return steps.map((step, index) => [
    `${step.at} ${steps.slice(0, index).filter(({ at }) => at === step.at).length}`,
    step,
  ]);
}
