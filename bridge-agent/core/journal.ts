import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { NumberedReport, Report } from "../../src/bridge/events.ts";
import type { KeypadCodes } from "../../src/bridge/keypad-codes.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type { AccessCodes } from "../../src/bridge/schemas.ts";
import type { CommandId, ConfKey, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { sqliteCode } from "../../src/foundation/text/reason.ts";
import type { CommandPhase, JournaledCommand, NewCommand, OpenCommand } from "./pending-commands.ts";

/** The agent's record of a conference, apart from its commands and reports. */
export interface JournaledConference {
  readonly anonymousId: string | null;
  readonly accessCodes?: AccessCodes | null;
  readonly locked: boolean;
  /** Beyond so many nobody who dials in is led in; `null`: any number; absent: this agent does not know, the bridge does. */
  readonly maxCallers?: number | null;
  /** Whether callers can still enter it. */
  readonly live: boolean;
  /** Start of the time in which an agent with this journal has known it; `null` if it is not live. */
  readonly since: EpochMs | null;
}

/** The agent's role as the edge last gave it. It counts from the start on, before the edge is there. */
export interface Assignment {
  readonly active: boolean;
  /** Whether the bridge has no other agent. */
  readonly alone: boolean;
  readonly epoch: number;
  readonly keypad: KeypadCodes;
  /** Another agent has acted, and this one has not seen the bridge's state since. */
  readonly unseen?: true;
}

/** A dialled call; `name` is its command's. */
export interface JournaledDial {
  readonly name: string;
  readonly at: EpochMs;
}

export interface JournalContents {
  readonly assignment: Assignment | null;
  readonly bootId: string | null;
  /** Those that are live, or have events that the edge has not acknowledged. */
  readonly conferences: readonly {
    readonly conference: ConfKey;
    readonly record: JournaledConference;
    readonly stream: StreamId;
    /** The number of the next report. */
    readonly next: number;
    readonly reports: readonly NumberedReport[];
  }[];
  /** Unfinished ones, oldest first. */
  readonly commands: readonly JournaledCommand[];
  readonly dials: readonly JournaledDial[];
  /** Since when calls and conferences last, as the policy names them, and since when calls are inside, as `Legs` does. */
  readonly starts: readonly { readonly name: string; readonly at: EpochMs }[];
  /** Calls at the prompt that are not over, or that the edge has not acknowledged, in the order of their numbers. */
  readonly promptCalls: readonly { readonly number: number; readonly call: PromptCall }[];
}

/** The boot of the agent's machine. */
export interface Boot {
  /** Like that of no other boot; `null`: nobody knows. */
  readonly id: string | null;
  /** When it was, by the time of this life of the agent. */
  readonly at: EpochMs;
}

/** As a life leaves it for the next one. */
interface KeptBoot extends Boot {
  /** By how much the machine's clock was set in that life. */
  readonly setMs: number;
}

/** Before the id of a call that was inside already when an agent first saw it, among all whose begin the journal has. */
export const INSIDE = "inside ";
/** Before that of one that was seen to enter since the machine's boot. */
export const ENTERED = "entered ";

/** Reason of a failed write. `busy`: another program has locked the file. `full` passes when there is room again. */
export interface JournalFailure {
  readonly kind: "busy" | "full" | "damaged" | "other-format" | "unwritable";
  readonly sentence: string;
}

/** All that outlives the process. What one turn writes is on disk together or not at all. */
export type OpenJournal = ReturnType<typeof journalOf>;
export type AgentJournal = Omit<OpenJournal, "close">;

/** The edge repeats a command within seconds; a day leaves time for any repair of the edge. */
const FINISHED_FOR_MS = 24 * 3_600_000;
const FINISHED_AT_MOST = 200_000;

const phases = ["received", "begun", "ringing", "finished"] as const satisfies readonly CommandPhase[];

/** Longest wait for another program's lock, such as a backup's. Only a start blocks the process meanwhile. */
export const LOCKED_FOR_MS = 5_000;
const NO_WAIT = "PRAGMA busy_timeout = 0";

/** Format of the tables and their values. The agent refuses a journal of another format. */
const FORMAT = 1;

const schema = `
  BEGIN;
  CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS conference (
    key TEXT PRIMARY KEY, record TEXT NOT NULL, next INTEGER NOT NULL, stream TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS command (
    seq INTEGER PRIMARY KEY, conference TEXT NOT NULL, id TEXT NOT NULL, origin TEXT NOT NULL, command TEXT NOT NULL,
    begin_before INTEGER, phase INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (conference, id)
  );
  CREATE TABLE IF NOT EXISTS report (
    conference TEXT NOT NULL, number INTEGER NOT NULL, report TEXT NOT NULL, PRIMARY KEY (conference, number)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS since (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS prompt_call (
    call TEXT NOT NULL, at INTEGER NOT NULL, number INTEGER NOT NULL, story TEXT NOT NULL, PRIMARY KEY (call, at)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${FORMAT};
  COMMIT;
`;

interface ConferenceRow {
  readonly key: ConfKey;
  readonly record: string;
  readonly next: number;
  readonly stream: StreamId;
}

interface CommandRow {
  readonly conference: ConfKey;
  readonly id: CommandId;
  readonly origin: OpenCommand["origin"];
  readonly command: string;
  readonly begin_before: EpochMs | null;
  readonly phase: number;
  readonly at: EpochMs;
}

/** Opens the journal of this file and makes sure that it can be written. */
export function openJournal(
  file: string,
  open: (file: string) => DatabaseSync = (file) => new DatabaseSync(file, { timeout: LOCKED_FOR_MS }),
): Result<OpenJournal, JournalFailure> {
  let db: DatabaseSync | null = null;
  try {
    db = open(file);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    // What is deleted is overwritten: it may be somebody's number.
    db.exec("PRAGMA secure_delete = ON");
    const otherFormat = formatFault(db, file);
    if (otherFormat) {
      db.close();
      return err(otherFormat);
    }
    db.exec(schema);
    db.exec("INSERT OR REPLACE INTO fact VALUES ('opened', hex(randomblob(2048)))"); // More than a full disk takes.
    return ok(journalOf(db, file));
  } catch (error) {
    const failure = failureOf(error, file);
    if (db?.isOpen) db.close();
    return err(failure);
  }
}

function journalOf(db: DatabaseSync, file: string) {
  const { toWrite, ...transactions } = transactionsOf(db, file);
  let life: Boot = { id: null, at: 0 };
  const facts = factsOf(toWrite, () => life);
  return {
    ...transactions,
    /** From now on all times are as this life of the agent counts them. */
    beginLife(boot: Boot): Result<void, JournalFailure> {
      life = boot;
      const begun = transactions.transaction(() => {
        countAnew(db, toWrite, boot);
        facts.saveClockSet(0);
      });
      db.exec(NO_WAIT);
      return begun;
    },
    load: () => contentsOf(db),
    ...facts,
    ...conferencesOf(toWrite),
    ...commandsOf(toWrite),
    close: () => db.close(),
  };
}

function transactionsOf(db: DatabaseSync, file: string) {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  let hasWritten: boolean | null = null; // `null` outside of a transaction.
  function toWrite(sql: string) {
    const statement = db.prepare(sql);
    return (...values: SQLInputValue[]) => {
      if (hasWritten === false) hasWritten = true;
      return statement.run(...values);
    };
  }

  return {
    toWrite,

    /** Fails as `busy` before it calls `work`. */
    transaction<Value>(work: () => Value): Result<Value, JournalFailure> {
      try {
        begin.run();
        hasWritten = false;
        const value = work();
        commit.run();
        return ok(value);
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        return err(failureOf(error, file));
      } finally {
        hasWritten = null;
      }
    },

    /** Empties SQLite's log, which holds deleted rows. Returns false if the journal is in use. */
    clean(): boolean {
      try {
        db.exec(NO_WAIT);
        return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
      } catch {
        return false; // The next transaction reports the failure.
      }
    },

    /** Whether this turn has written anything: what else is written then costs no flush of its own. */
    isWriting: () => hasWritten === true,
  };
}

type ToWrite = ReturnType<typeof transactionsOf>["toWrite"];

const keptBoot = "boot";
/** A machine's clock that parts by less from the time that has passed was not set. */
export const NOTICED_MS = 1_000;
const measuredNoMore = `
  UPDATE OR REPLACE since SET name = ?1 || substr(name, length(?2) + 1) WHERE name LIKE ?2 || '%'
`;

/**
 * A life goes on at its own pace, whoever sets the machine's clock. The next one begins by that clock,
 * so all that lasts moves with it: by what their times of one boot are apart, or by what the last life noticed.
 */
function countAnew(db: DatabaseSync, toWrite: ToWrite, boot: Boot): void {
  const row = db.prepare("SELECT value FROM fact WHERE name = ?").get(keptBoot);
  const kept = row && (JSON.parse(String(row.value)) as KeptBoot);
  const isSame = kept?.id != null && kept.id === boot.id;
  if (!isSame) toWrite(measuredNoMore)(INSIDE, ENTERED);
  const ms = isSame ? boot.at - kept.at : (kept?.setMs ?? 0);
  if (Math.abs(ms) < NOTICED_MS) return;
  toWrite("UPDATE since SET at = at + ?")(ms);
  toWrite("UPDATE command SET at = at + ?1, begin_before = begin_before + ?1")(ms);
  toWrite(`
    UPDATE conference SET record = json_set(record, '$.since', json_extract(record, '$.since') + ?)
      WHERE json_extract(record, '$.since') IS NOT NULL
  `)(ms);
  toWrite(`
    UPDATE fact SET value = (SELECT json_group_array(json_set(value, '$.at', value ->> '$.at' + ?)) FROM json_each(fact.value)) WHERE name = 'dials'
  `)(ms);
}

/** Nobody else writes these rows, so they are not checked. */
function contentsOf(db: DatabaseSync): JournalContents {
  function read<Row>(sql: string): Row[] {
    return db.prepare(sql).all() as Row[];
  }
  const facts = new Map(
    read<{ name: string; value: string }>("SELECT * FROM fact").map(({ name, value }) => [name, value]),
  );
  const reports = Map.groupBy(
    read<{ conference: ConfKey; number: number; report: string }>("SELECT * FROM report ORDER BY conference, number"),
    (row) => row.conference,
  );
  const assignment = facts.get("assignment");
  return {
    assignment: assignment === undefined ? null : (JSON.parse(assignment) as Assignment),
    bootId: facts.get("bridge") ?? null,
    conferences: read<ConferenceRow>("SELECT * FROM conference").map(({ key, record, next, stream }) => {
      const rows = reports.get(key) ?? [];
      return {
        conference: key,
        record: JSON.parse(record) as JournaledConference,
        stream,
        next: Math.max(next, (rows.at(-1)?.number ?? 0) + 1),
        reports: rows.map(({ number, report }) => ({ number, report: JSON.parse(report) as Report })),
      };
    }),
    commands: read<CommandRow>("SELECT * FROM command WHERE phase < 3 ORDER BY seq").map((row) => ({
      pending: {
        conference: row.conference,
        id: row.id,
        origin: row.origin,
        command: JSON.parse(row.command) as OpenCommand["command"],
        ...(row.begin_before !== null && { begin: { from: row.at, before: row.begin_before } }),
      },
      phase: phases[row.phase] ?? "finished",
    })),
    dials: JSON.parse(facts.get("dials") ?? "[]") as JournaledDial[],
    starts: read<{ name: string; at: EpochMs }>("SELECT * FROM since"),
    promptCalls: read<{ number: number; story: string }>("SELECT number, story FROM prompt_call ORDER BY number").map(
      ({ number, story }) => ({ number, call: JSON.parse(story) as PromptCall }),
    ),
  };
}

function factsOf(toWrite: ToWrite, life: () => Boot) {
  const saveFact = toWrite("INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const saveStart = toWrite("INSERT OR REPLACE INTO since VALUES (?, ?)");
  const deleteStart = toWrite("DELETE FROM since WHERE name = ?");
  const savePromptCall = toWrite("INSERT OR REPLACE INTO prompt_call VALUES (?, ?, ?, ?)");
  const deletePromptCall = toWrite("DELETE FROM prompt_call WHERE call = ? AND at = ?");
  return {
    saveAssignment: (assignment: Assignment) => void saveFact("assignment", JSON.stringify(assignment)),
    /** By how much the machine's clock was set in this life. */
    saveClockSet: (setMs: number) => void saveFact(keptBoot, JSON.stringify({ ...life(), setMs } satisfies KeptBoot)),
    saveBootId: (bootId: string) => void saveFact("bridge", bootId),
    saveDials: (dials: readonly JournaledDial[]) => void saveFact("dials", JSON.stringify(dials)),
    saveStart: (name: string, at: EpochMs) => void saveStart(name, at),
    deleteStart: (name: string) => void deleteStart(name),
    savePromptCall: (number: number, story: PromptCall) =>
      void savePromptCall(story.call, story.at, number, JSON.stringify(story)),
    deletePromptCall: ({ call, at }: PromptCall) => void deletePromptCall(call, at),
  };
}

function conferencesOf(toWrite: ToWrite) {
  const beginStream = toWrite("INSERT OR REPLACE INTO conference VALUES (?, ?, 1, ?)");
  const saveConference = toWrite("UPDATE conference SET record = ? WHERE key = ?");
  const deleteConference = toWrite("DELETE FROM conference WHERE key = ?");
  const saveNext = toWrite("UPDATE conference SET next = max(next, ?) WHERE key = ?");
  const appendReport = toWrite("INSERT INTO report VALUES (?, ?, ?)");
  const deleteReports = toWrite("DELETE FROM report WHERE conference = ? AND number <= ?");
  return {
    /** Makes the conference known, with a new stream that has no reports yet; its id is like no other. */
    beginStream(conference: ConfKey, record: JournaledConference): StreamId {
      const stream = randomUUID();
      beginStream(conference, JSON.stringify(record), stream);
      deleteReports(conference, Number.MAX_SAFE_INTEGER);
      return stream as string as StreamId;
    },

    saveConference: (conference: ConfKey, record: JournaledConference) =>
      void saveConference(JSON.stringify(record), conference),
    /** All but its commands: they are kept to know repeats. */
    deleteConference: (conference: ConfKey) => void deleteConference(conference),
    appendReport: (conference: ConfKey, { number, report }: NumberedReport) =>
      void appendReport(conference, number, JSON.stringify(report)),
    /** Up to this number, which is kept: no later report may have it again. */
    deleteReports(conference: ConfKey, upTo: number): void {
      saveNext(upTo + 1, conference);
      deleteReports(conference, upTo);
    },
  };
}

function commandsOf(toWrite: ToWrite) {
  const addCommand = toWrite(
    `INSERT INTO command (conference, id, origin, command, begin_before, phase, at) VALUES (?, ?, ?, ?, ?, 0, ?)
     ON CONFLICT DO NOTHING`,
  );
  const beginCommand = toWrite("UPDATE command SET phase = ?, begin_before = ? WHERE conference = ? AND id = ?");
  const setPhase = toWrite("UPDATE command SET phase = ? WHERE conference = ? AND id = ?");
  const prune = toWrite(
    `DELETE FROM command WHERE phase = 3 AND (at < ? OR seq <= (SELECT max(seq) FROM command) - ?)
       AND (origin <> 'edge' OR conference NOT IN (SELECT conference FROM report))`,
  );
  return {
    /** False when there is a command of this id already. */
    addCommand({ conference, id, origin, command, begin }: NewCommand, at: EpochMs): boolean {
      return addCommand(conference, id, origin, JSON.stringify(command), begin?.before ?? null, at).changes === 1;
    },

    /** Its last moment to be begun again is written, too. */
    begin: ({ conference, id, begin }: OpenCommand) =>
      void beginCommand(phases.indexOf("begun"), begin?.before ?? null, conference, id),
    setPhase: (conference: ConfKey, id: CommandId, phase: CommandPhase) =>
      void setPhase(phases.indexOf(phase), conference, id),
    /** The edge repeats a command whose result it does not have, however late: such a command stays known. */
    prune: (now: EpochMs) => void prune(now - FINISHED_FOR_MS, FINISHED_AT_MOST),
  };
}

/** A file without tables is of every format. */
function formatFault(db: DatabaseSync, file: string): JournalFailure | null {
  const { tables } = db.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as { tables: number };
  const { user_version: format } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (tables === 0 || format === FORMAT) return null;
  const why = `is of format ${format}, and this version of the agent reads format ${FORMAT} alone`;
  return { kind: "other-format", sentence: moveAway(file, why) };
}

/** Returns why the file cannot be read; `null` if it can. Leaves its folder as it is. */
export function journalFault(file: string): JournalFailure | null {
  // An open journal has a -wal from its first write on. Where nobody has it open, it is read as immutable: else SQLite
  // makes files beside it, and leaves them.
  if (!existsSync(`${file}-wal`)) return faultIn(`${pathToFileURL(file)}?immutable=1`, file);
  if (existsSync(`${file}-shm`)) return faultIn(file, file);
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-journal-"));
  try {
    const copy = join(folder, "journal.sqlite");
    for (const end of ["", "-wal"]) copyFileSync(`${file}${end}`, `${copy}${end}`);
    return faultIn(copy, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function faultIn(database: string, file: string): JournalFailure | null {
  try {
    using db = new DatabaseSync(database, { readOnly: true, timeout: LOCKED_FOR_MS });
    const [found] = db.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
    return found?.quick_check === "ok"
      ? formatFault(db, file)
      : damaged(file, found?.quick_check ?? "it cannot be checked");
  } catch (error) {
    return failureOf(error, file);
  }
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;

/** Throws where the trouble is not the file's but a bug. */
function failureOf(error: unknown, file: string): JournalFailure {
  if (error instanceof Error && "syscall" in error) {
    return { kind: "unwritable", sentence: `journal ${file} cannot be written: ${error.message}` };
  }
  const code = sqliteCode(error);
  if (!(error instanceof Error) || code === null) throw error;
  if (code === SQLITE_CORRUPT || code === SQLITE_NOT_A_DATABASE) return damaged(file, error.message);
  if (code === SQLITE_FULL) return { kind: "full", sentence: `journal ${file} cannot grow: ${error.message}` };
  if (code === SQLITE_BUSY) return { kind: "busy", sentence: `journal ${file} is locked by another program` };
  if (code === 1) throw error; // A mistake in our SQL.
  return { kind: "unwritable", sentence: `journal ${file} cannot be written: ${error.message}` };
}

function damaged(file: string, why: string): JournalFailure {
  return { kind: "damaged", sentence: moveAway(file, `is damaged (${why})`) };
}

function moveAway(file: string, why: string): string {
  return (
    `journal ${file} ${why}. With the agent stopped, move it away together with ${file}-wal and ${file}-shm, and ` +
    "start the agent: it makes a new one. Calls and conferences go on. Lost are reports that the edge has not " +
    "acknowledged (it compares with the bridge instead), commands under way (the edge repeats them), what the keys of callers at " +
    "the prompt brought about, and, where the bridge's state does not show them, the IDs of silent monitors of the conferences that run"
  );
}
