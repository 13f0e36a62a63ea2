import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { NumberedReport, Report } from "../src/bridge/events.ts";
import type { KeypadCodes } from "../src/bridge/keypad.ts";
import type { CommandId, ConfKey, EpochMs, StreamId } from "../src/foundation/ids.ts";
import type { Task, TaskPhase } from "./task.ts";

/** What is known of a conference apart from its tasks and reports. */
export interface ConferenceRecord {
  readonly anonymousId: string | null;
  readonly locked: boolean;
  /** Whether callers can still be led into it. */
  readonly live: boolean;
}

/** What must be known before the edge is heard for the first time. */
export interface Standing {
  readonly active: boolean;
  /** Whether the bridge has no other agent. */
  readonly alone: boolean;
  /** Of the last word of the edge about it. */
  readonly epoch: number;
  readonly keypad: KeypadCodes;
}

export interface JournalContents {
  readonly standing: Standing | null;
  /** What the bridge last called itself. */
  readonly bootId: string | null;
  /** Those that are live, or of which something is untold. */
  readonly conferences: readonly {
    readonly conference: ConfKey;
    readonly record: ConferenceRecord;
    readonly stream: StreamId;
    /** The number of the next report. */
    readonly next: number;
    /** The reports that the edge has not taken yet, in order. */
    readonly untaken: readonly NumberedReport[];
  }[];
  /** Unfinished ones, oldest first. */
  readonly tasks: readonly { readonly task: Task; readonly phase: TaskPhase }[];
}

/** All that outlives the process. What one turn writes is on disk together or not at all. */
export interface Journal {
  transaction<Value>(work: () => Value): Value;
  load(): JournalContents;
  keepStanding(standing: Standing): void;
  keepBootId(bootId: string): void;
  /** Makes the conference known, with a new stream in which nothing was told yet; its name is like no other. */
  beginStream(conference: ConfKey, record: ConferenceRecord): StreamId;
  keepConference(conference: ConfKey, record: ConferenceRecord): void;
  /** All but its tasks: they are kept to know repeats. */
  forget(conference: ConfKey): void;
  /** False when a task of this name was taken before. */
  take(task: Task, at: EpochMs): boolean;
  enter(conference: ConfKey, id: CommandId, phase: TaskPhase): void;
  append(conference: ConfKey, report: NumberedReport): void;
  /** Drops the reports up to this number. */
  taken(conference: ConfKey, upTo: number): void;
  prune(now: EpochMs): void;
}

/** A repeat of an order comes within seconds; a day leaves time for any repair of the edge. */
const FINISHED_FOR_MS = 24 * 3_600_000;
const FINISHED_AT_MOST = 200_000;

const phases = ["taken", "begun", "ringing", "finished"] as const satisfies readonly TaskPhase[];

const schema = `
  CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS conference (
    key TEXT PRIMARY KEY, record TEXT NOT NULL, next INTEGER NOT NULL, stream TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS task (
    seq INTEGER PRIMARY KEY, conference TEXT NOT NULL, id TEXT NOT NULL, made_by TEXT NOT NULL, work TEXT NOT NULL,
    begin_by INTEGER, phase INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (conference, id)
  );
  CREATE TABLE IF NOT EXISTS report (
    conference TEXT NOT NULL, number INTEGER NOT NULL, report TEXT NOT NULL, PRIMARY KEY (conference, number)
  ) WITHOUT ROWID;
`;

interface ConferenceRow {
  readonly key: ConfKey;
  readonly record: string;
  readonly next: number;
  readonly stream: StreamId;
}

interface TaskRow {
  readonly conference: ConfKey;
  readonly id: CommandId;
  readonly made_by: Task["by"];
  readonly work: string;
  readonly begin_by: EpochMs | null;
  readonly phase: number;
  readonly at: EpochMs;
}

/** The journal in one SQLite file. What it reads back it wrote itself, so rows are trusted as they are. */
export function openJournal(file: string): Journal & { close(): void } {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
  db.exec(schema);
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const fact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const keepFact = db.prepare("INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const beginStream = db.prepare("INSERT OR REPLACE INTO conference VALUES (?, ?, 1, ?)");
  const keepConference = db.prepare("UPDATE conference SET record = ? WHERE key = ?");
  const forget = db.prepare("DELETE FROM conference WHERE key = ?");
  const take = db.prepare(
    `INSERT INTO task (conference, id, made_by, work, begin_by, phase, at) VALUES (?, ?, ?, ?, ?, 0, ?)
     ON CONFLICT DO NOTHING`,
  );
  const enter = db.prepare("UPDATE task SET phase = ? WHERE conference = ? AND id = ?");
  const keepNext = db.prepare("UPDATE conference SET next = ? WHERE key = ?");
  const append = db.prepare("INSERT INTO report VALUES (?, ?, ?)");
  const taken = db.prepare("DELETE FROM report WHERE conference = ? AND number <= ?");

  function read<Row>(sql: string): Row[] {
    return db.prepare(sql).all() as Row[];
  }
  function readFact(name: string): string | null {
    return (fact.get(name) as { value: string } | undefined)?.value ?? null;
  }

  return {
    transaction<Value>(work: () => Value): Value {
      begin.run();
      try {
        const value = work();
        commit.run();
        return value;
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },

    load(): JournalContents {
      const reports = Map.groupBy(
        read<{ conference: ConfKey; number: number; report: string }>(
          "SELECT * FROM report ORDER BY conference, number",
        ),
        (row) => row.conference,
      );
      const standing = readFact("standing");
      return {
        standing: standing === null ? null : (JSON.parse(standing) as Standing),
        bootId: readFact("bridge"),
        conferences: read<ConferenceRow>("SELECT * FROM conference").map(({ key, record, next, stream }) => ({
          conference: key,
          record: JSON.parse(record) as ConferenceRecord,
          stream,
          next,
          untaken: (reports.get(key) ?? []).map(({ number, report }) => ({
            number,
            report: JSON.parse(report) as Report,
          })),
        })),
        tasks: read<TaskRow>("SELECT * FROM task WHERE phase < 3 ORDER BY seq").map((row) => ({
          task: {
            conference: row.conference,
            id: row.id,
            by: row.made_by,
            work: JSON.parse(row.work) as Task["work"],
            ...(row.begin_by !== null && { toBegin: { from: row.at, before: row.begin_by } }),
          },
          phase: phases[row.phase] ?? "finished",
        })),
      };
    },

    keepStanding(standing: Standing): void {
      keepFact.run("standing", JSON.stringify(standing));
    },

    keepBootId(bootId: string): void {
      keepFact.run("bridge", bootId);
    },

    beginStream(conference: ConfKey, record: ConferenceRecord): StreamId {
      const stream = randomUUID();
      beginStream.run(conference, JSON.stringify(record), stream);
      taken.run(conference, Number.MAX_SAFE_INTEGER);
      return stream as string as StreamId;
    },

    keepConference(conference: ConfKey, record: ConferenceRecord): void {
      keepConference.run(JSON.stringify(record), conference);
    },

    forget(conference: ConfKey): void {
      forget.run(conference);
    },

    take({ conference, id, by, work, toBegin }: Task, at: EpochMs): boolean {
      return take.run(conference, id, by, JSON.stringify(work), toBegin?.before ?? null, at).changes === 1;
    },

    enter(conference: ConfKey, id: CommandId, phase: TaskPhase): void {
      enter.run(phases.indexOf(phase), conference, id);
    },

    append(conference: ConfKey, { number, report }: NumberedReport): void {
      append.run(conference, number, JSON.stringify(report));
      keepNext.run(number + 1, conference);
    },

    taken(conference: ConfKey, upTo: number): void {
      taken.run(conference, upTo);
    },

    prune(now: EpochMs): void {
      // What the edge does not know to be done it tells again, however late.
      db.prepare(
        `DELETE FROM task WHERE phase = 3 AND (at < ? OR seq <= (SELECT max(seq) FROM task) - ?)
           AND conference NOT IN (SELECT conference FROM report)`,
      ).run(now - FINISHED_FOR_MS, FINISHED_AT_MOST);
    },

    close(): void {
      db.close();
    },
  };
}
