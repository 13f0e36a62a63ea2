import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { KeypadCodes, NumberedReport, Report } from "../src/bridge/orders.ts";
import type { CommandId, ConfKey, EpochMs, JournalId } from "../src/foundation/ids.ts";
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
  /** Those that are live, or that have something unfinished or untold. */
  readonly conferences: readonly { readonly conference: ConfKey; readonly record: ConferenceRecord }[];
  /** Unfinished ones, oldest first. */
  readonly tasks: readonly { readonly task: Task; readonly phase: TaskPhase }[];
  /** Those the edge has not taken yet, in order. */
  readonly reports: readonly { readonly conference: ConfKey; readonly reports: readonly NumberedReport[] }[];
}

/** All that outlives the process. What one turn writes is on disk together or not at all. */
export interface Journal {
  /** Another one after each `renumber`. */
  id(): JournalId;
  transaction<Value>(work: () => Value): Value;
  load(): JournalContents;
  keepStanding(standing: Standing): void;
  keepBootId(bootId: string): void;
  keepConference(conference: ConfKey, record: ConferenceRecord, at: EpochMs): void;
  /** False when a task of this name was taken before. */
  take(task: Task, at: EpochMs): boolean;
  enter(conference: ConfKey, id: CommandId, phase: TaskPhase): void;
  /** The number that the conference's next report gets. */
  nextNumber(conference: ConfKey): number;
  append(conference: ConfKey, report: NumberedReport): void;
  /** Drops the reports up to this number. */
  taken(conference: ConfKey, upTo: number): void;
  /** Takes a new id. Under that, these reports of all conferences are untaken, and the numbers of new ones follow on them. */
  renumber(reports: JournalContents["reports"]): void;
  prune(now: EpochMs): void;
}

/** A repeat of an order comes within seconds; a day leaves time for any repair of the edge. */
const FINISHED_FOR_MS = 24 * 3_600_000;
const FINISHED_AT_MOST = 200_000;

const phases = ["taken", "begun", "ringing", "finished"] as const satisfies readonly TaskPhase[];

const schema = `
  CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS conference (
    key TEXT PRIMARY KEY, record TEXT NOT NULL, live INTEGER NOT NULL, next INTEGER NOT NULL, at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS task (
    seq INTEGER PRIMARY KEY, conference TEXT NOT NULL, id TEXT NOT NULL, made_by TEXT NOT NULL, work TEXT NOT NULL,
    begin_by INTEGER, phase INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (conference, id)
  );
  CREATE TABLE IF NOT EXISTS report (
    conference TEXT NOT NULL, number INTEGER NOT NULL, report TEXT NOT NULL, PRIMARY KEY (conference, number)
  ) WITHOUT ROWID;
`;

interface TaskRow {
  readonly conference: ConfKey;
  readonly id: CommandId;
  readonly made_by: Task["by"];
  readonly work: string;
  readonly begin_by: EpochMs | null;
  readonly phase: number;
}

/** The journal in one SQLite file. What it reads back it wrote itself, so rows are trusted as they are. */
export function openJournal(file: string): Journal & { close(): void } {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
  db.exec(schema);
  // A file of the first version has no such column.
  const columns = db.prepare("SELECT name FROM pragma_table_info('task')").all();
  if (!columns.some(({ name }) => name === "begin_by")) db.exec("ALTER TABLE task ADD COLUMN begin_by INTEGER");
  db.prepare("INSERT INTO fact VALUES ('journal', ?) ON CONFLICT DO NOTHING").run(randomUUID());
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const fact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const keepFact = db.prepare("INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const keepConference = db.prepare(
    `INSERT INTO conference VALUES (?, ?, ?, 1, ?)
     ON CONFLICT DO UPDATE SET record = excluded.record, live = excluded.live, at = excluded.at`,
  );
  const take = db.prepare(
    `INSERT INTO task (conference, id, made_by, work, begin_by, phase, at) VALUES (?, ?, ?, ?, ?, 0, ?)
     ON CONFLICT DO NOTHING`,
  );
  const enter = db.prepare("UPDATE task SET phase = ? WHERE conference = ? AND id = ?");
  const next = db.prepare("SELECT next FROM conference WHERE key = ?");
  const keepNext = db.prepare("UPDATE conference SET next = ? WHERE key = ?");
  const append = db.prepare("INSERT INTO report VALUES (?, ?, ?)");
  const taken = db.prepare("DELETE FROM report WHERE conference = ? AND number <= ?");

  function read<Row>(sql: string): Row[] {
    return db.prepare(sql).all() as Row[];
  }
  function readFact(name: string): string | null {
    return (fact.get(name) as { value: string } | undefined)?.value ?? null;
  }

  const journal = {
    id: () => readFact("journal") as JournalId,

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
        conferences: read<{ key: ConfKey; record: string }>(
          `SELECT key, record FROM conference WHERE live = 1 OR key IN (SELECT conference FROM report)
             OR key IN (SELECT conference FROM task WHERE phase < 3)`,
        ).map(({ key, record }) => ({ conference: key, record: JSON.parse(record) as ConferenceRecord })),
        tasks: read<TaskRow>("SELECT * FROM task WHERE phase < 3 ORDER BY seq").map((row) => ({
          task: {
            conference: row.conference,
            id: row.id,
            by: row.made_by,
            work: JSON.parse(row.work) as Task["work"],
            ...(row.begin_by !== null && { beginBy: row.begin_by }),
          },
          phase: phases[row.phase] ?? "finished",
        })),
        reports: [...reports].map(([conference, rows]) => ({
          conference,
          reports: rows.map(({ number, report }) => ({ number, report: JSON.parse(report) as Report })),
        })),
      };
    },

    keepStanding(standing: Standing): void {
      keepFact.run("standing", JSON.stringify(standing));
    },

    keepBootId(bootId: string): void {
      keepFact.run("bridge", bootId);
    },

    keepConference(conference: ConfKey, record: ConferenceRecord, at: EpochMs): void {
      keepConference.run(conference, JSON.stringify(record), record.live ? 1 : 0, at);
    },

    take({ conference, id, by, work, beginBy }: Task, at: EpochMs): boolean {
      return take.run(conference, id, by, JSON.stringify(work), beginBy ?? null, at).changes === 1;
    },

    enter(conference: ConfKey, id: CommandId, phase: TaskPhase): void {
      enter.run(phases.indexOf(phase), conference, id);
    },

    nextNumber(conference: ConfKey): number {
      return (next.get(conference) as { next: number } | undefined)?.next ?? 1;
    },

    append(conference: ConfKey, { number, report }: NumberedReport): void {
      append.run(conference, number, JSON.stringify(report));
      keepNext.run(number + 1, conference);
    },

    taken(conference: ConfKey, upTo: number): void {
      taken.run(conference, upTo);
    },

    renumber(reports: JournalContents["reports"]): void {
      keepFact.run("journal", randomUUID());
      db.exec("DELETE FROM report; UPDATE conference SET next = 1");
      for (const { conference, reports: untaken } of reports) {
        for (const report of untaken) journal.append(conference, report);
      }
    },

    prune(now: EpochMs): void {
      db.prepare("DELETE FROM task WHERE phase = 3 AND at < ?").run(now - FINISHED_FOR_MS);
      db.prepare("DELETE FROM task WHERE phase = 3 AND seq <= (SELECT max(seq) FROM task) - ?").run(FINISHED_AT_MOST);
      // A conference's small row stays for ever: the edge counts on with its report numbers.
    },

    close(): void {
      db.close();
    },
  };
  return journal;
}
