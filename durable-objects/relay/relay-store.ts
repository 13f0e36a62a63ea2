import type { BridgeName, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { setLimited } from "../../src/foundation/limits.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import type { ClockJump } from "../../src/foundation/time/clock-jump.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { LastActive, Link } from "../../src/link/relay.ts";
import type { LogLine } from "../platform/log.ts";
import type { Sql } from "../platform/platform.ts";
import { EntryTable, entryTableSql } from "../platform/tables/entry-table.ts";

/** How long a conference's row is kept: longer than it lasts, and than anything else of it is kept. */
const keptDays = 30;

/** As many conferences as a large bridge has. Keys that an agent makes up must not fill the memory. */
const MAX_REMEMBERED = 50_000;

/** When the last active agent gave its last sign of life (`null`: not known), and why it is not active any more. */
export interface Lost {
  readonly at: EpochMs | null;
  readonly why: string;
  /** Latest time at which its socket went missing. */
  readonly missedAt: EpochMs;
}

/** The relay's bridge. */
export interface Identity {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
}

/** Writes a line of the log about this agent; empty: about none. */
export type RelayLog = (event: string, agent: string, facts: LogFacts, level?: LogLine["level"]) => void;

/** What holds until an agent says otherwise, also while none is connected. `null`: it is not so. */
export interface LastSaid {
  /** Since when the bridge has been away, and since when it takes no new calls. */
  readonly awaySince: EpochMs | null;
  readonly endsSince: EpochMs | null;
  /** Since when all ports of the bridge are in use; absent: they are not. */
  readonly fullSince?: EpochMs;
  /** Of a bridge that was full: since when nobody says how many are in use; absent: the active agent does. */
  readonly unsaidSince?: EpochMs;
}

/** By agent: since when it has had no link (`link`), or has not reached its bridge (`bridge`). */
export type Absences = Readonly<Record<string, { readonly since: EpochMs; readonly why: "link" | "bridge" }>>;

export interface RelayEntries {
  readonly epoch: number;
  /** Time at which its first agent connected. */
  readonly begunAt: EpochMs;
  /** `lastSeen`: when its socket was found missing. */
  readonly active: (Pick<Link, "id" | "agent"> & { readonly lastSeen?: EpochMs }) | null;
  /** `restoredAt`: see `Platform`. What an older state says of it does not count. */
  readonly lastActive: LastActive & { readonly restoredAt?: EpochMs };
  /** When last no agent was active any more, and why. */
  readonly lost: Lost;
  /** Since when the agent had acted, and which start of the bridge it named, when all conferences were last to compare themselves with it. */
  readonly sweepBegunFor: string;
  readonly lastSaid: LastSaid;
  /** What is left of the allowance for conferences that the edge does not know, at that time. */
  readonly finding: { readonly left: number; readonly at: EpochMs };
  /** Since when the bridge takes no new conferences; `null`: it takes them. */
  readonly drainedSince: EpochMs | null;
  /** Kept where there are several agents. */
  readonly absences: { readonly identity: Identity; readonly away: Absences };
  /** Of agents whose clock is far from the edge's, by name. */
  readonly clocks: Readonly<Record<string, ClockJump>>;
  /** By name. `heardAt` is at most some minutes old. */
  readonly refusals: Readonly<Record<string, { readonly since: EpochMs; readonly heardAt: EpochMs }>>;
  /** The day on which old conferences were last deleted. */
  readonly prunedOn: number;
}

/** A relay's rows: the epoch, who is active, for which of them conferences were swept, and which conferences are the edge's own. */
export class RelayStore extends EntryTable<RelayEntries> {
  readonly #sql: Sql;
  /** Conference → the day of the last word about it, `null`: it is not the edge's. A part of what is on disk. */
  readonly #days = new Map<ConfKey, number | null>();

  constructor(sql: Sql) {
    super(sql);
    this.#sql = sql;
    sql.exec(entryTableSql);
    sql.exec("CREATE TABLE IF NOT EXISTS conference (key TEXT PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID");
    sql.exec("CREATE INDEX IF NOT EXISTS conference_by_day ON conference (day)");
  }

  /** Notes that the edge has something to do with this conference on this bridge. */
  addConference(key: ConfKey, at: EpochMs): void {
    const day = Math.floor(at / dayMs);
    if ((this.#dayOf(key) ?? Number.NEGATIVE_INFINITY) < day) this.#touch(key, day);
  }

  knows(key: ConfKey): boolean {
    return this.#dayOf(key) !== null;
  }

  /** Whether the conference is the edge's. A message of an agent about it keeps its row as a command does. */
  hasConference(key: ConfKey, at: EpochMs): boolean {
    const isKnown = this.knows(key);
    if (isKnown) this.addConference(key, at);
    return isKnown;
  }

  #dayOf(key: ConfKey): number | null {
    const known = this.#days.get(key);
    if (known !== undefined) return known;
    const [row] = this.#sql.exec("SELECT day FROM conference WHERE key = ?", key);
    const day = row ? Number(row.day) : null;
    setLimited(this.#days, key, day, MAX_REMEMBERED);
    return day;
  }

  /** A row for each conference and day. */
  #touch(key: ConfKey, day: number): void {
    this.#sql.exec("INSERT INTO conference VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET day = excluded.day", key, day);
    setLimited(this.#days, key, day, MAX_REMEMBERED);
    const prunedOn = this.read("prunedOn") ?? day - 1;
    if (prunedOn === day) return;
    this.write("prunedOn", day);
    // After days without any message, or with a clock that is far ahead, only the next day shows what is old.
    if (prunedOn < day - 1) return;
    this.#sql.exec("DELETE FROM conference WHERE day < ?", day - keptDays);
    this.#days.clear();
  }
}
