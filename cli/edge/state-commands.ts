import { accessSync, constants, existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import {
  type Backup,
  backUp,
  backUpOf,
  requireBackup,
  requireSettled,
  restore,
  restoreInto,
  type StateSource,
} from "../../durable-objects/node/log/backup.ts";
import { type Copied, copyState } from "../../durable-objects/node/log/copy-state.ts";
import { isSame } from "../../durable-objects/node/log/files.ts";
import { SqliteDisk } from "../../durable-objects/node/log/sqlite-disk.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { codeOf, reasonOf } from "../../src/foundation/text/reason.ts";
import { systemReason } from "../system-reason.ts";
import { faultOfDatabase, isDatabase, placeOfDatabase } from "./database-url.ts";
import { loadEdgeSettings, settingsFile } from "./edge-settings.ts";
import {
  holdEdgeState,
  leftByCopy,
  noteMoved,
  requireLatest,
  requireNoState,
  requireSetClock,
  stateFile,
  whileCopying,
} from "./edge-state.ts";
import { print, StartError } from "./program.ts";

/** Commands for the state of the edge of this machine. */
export function addStateCommands(program: Command): void {
  program
    .command("migrate")
    .summary("Copy a state from a folder to a database, or back")
    .description(
      "Copy the state of a folder into a database or back, once, while no edge runs; the source stays as it is",
    )
    .option("--settings <file>", "settings of the edge, JSON", settingsFile)
    .requiredOption(
      "--from <state>",
      "of an edge on plain Node: a folder, which goes into a database, or a database, which goes into a folder",
    )
    .action(({ settings, from }: MigrateOptions) => done(() => moveState(settings, from)));

  fileCommand(program, "backup", "Copy the state into a new file; the edge may run").action(
    (file: string, options: StateOptions) =>
      done(async () => {
        const { state } = stateOf(options);
        if (isDatabase(state)) return backUpDatabase(state, file);
        requireState(state);
        const backup = await orSay("back up", () => backUp(stateFile(state), file));
        report(`backed up ${stateFile(state)} to ${file}`, backup);
      }),
  );

  fileCommand(program, "restore", "Put a backup into an empty folder or database").action(
    (file: string, options: StateOptions) =>
      done(async () => {
        const { state, from } = stateOf(options);
        if (!existsSync(file)) throw new StartError(`there is no ${file}`);
        if (isDatabase(state)) return restoreDatabase(state, file);
        holdEdgeState(state, from);
        requireNoState(state);
        const restored = await orSay("restore", () => {
          requireBackup(file);
          if (leftByCopy(state).some((left) => isSame(left, file)))
            throw new Error(`${file} is the name of what a copy has left: give the backup another one`);
          return whileCopying(state, () => restore(file, stateFile(state), Date.now()));
        });
        report(`restored ${file} to ${stateFile(state)}`, restored);
      }),
  );

  stateCommand(
    program,
    "reset-clock",
    "Continue the state by this machine's clock, after an edge ran by one that was ahead; while no edge runs",
  )
    .summary("Continue by this machine's clock, which was ahead")
    .action((options: StateOptions) => done(() => resetClock(options)));
}

interface MigrateOptions {
  readonly settings: string;
  readonly from: string;
}

interface StateOptions {
  readonly settings?: string;
}

function stateCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option(
      "--settings <file>",
      `settings of the edge; else the state is BRIDGEHEAD_STATE, or that of ${settingsFile}`,
    );
}

function fileCommand(program: Command, name: string, description: string): Command {
  return stateCommand(program, name, description).argument("<file>", "the backup", (file) => {
    if (file !== "" && !file.endsWith("/")) return file;
    throw new InvalidArgumentError("It must be the name of a file.");
  });
}

/** The state folder, and what names it. */
function stateOf({ settings }: StateOptions): { readonly state: string; readonly from: string } {
  const { BRIDGEHEAD_STATE } = process.env;
  if (settings === undefined && BRIDGEHEAD_STATE) {
    const fault = isDatabase(BRIDGEHEAD_STATE) ? faultOfDatabase(BRIDGEHEAD_STATE) : null;
    if (fault) throw new StartError(`BRIDGEHEAD_STATE ${fault}`);
    return { state: BRIDGEHEAD_STATE, from: "BRIDGEHEAD_STATE" };
  }
  const file = settings ?? settingsFile;
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) throw new StartError(loaded.error);
  return { state: loaded.value.state, from: `state in ${file}` };
}

async function backUpDatabase(url: string, file: string): Promise<void> {
  const { PostgresReader } = await import("../../durable-objects/node/shared/postgres-database.ts");
  const place = placeOfDatabase(url);
  const backup = await orSay("back up", () => backUpOf(new PostgresReader(url), place, file));
  report(`backed up ${place} to ${file}`, backup);
}

async function restoreDatabase(url: string, file: string): Promise<void> {
  const { copyInto } = await import("../../durable-objects/node/shared/whole-copy.ts");
  const place = placeOfDatabase(url);
  const copied = await orSay(`restore into ${place}`, () => {
    requireBackup(file);
    return copyInto(url, (disk) => restoreInto(disk, file, Date.now()));
  });
  print(`restored ${file} to ${place}: ${copiedText(copied)}`);
}

/** From one runtime on plain Node to that of the settings, which is empty. */
async function moveState(settings: string, from: string): Promise<void> {
  const loaded = loadEdgeSettings(settings);
  if (!loaded.ok) throw new StartError(loaded.error);
  const { state } = loaded.value;
  if (from === "") throw new StartError("--from is empty: name a folder, or a database as postgresql://…");
  const fault = isDatabase(from) ? faultOfDatabase(from) : null;
  if (fault) throw new StartError(`--from ${fault}`);
  if (isDatabase(state) && isDatabase(from))
    throw new StartError(
      `--from and the state in ${settings} are both databases: \`bridgehead backup\` copies from one, \`bridgehead restore\` into the other`,
    );
  if (!isDatabase(state) && !isDatabase(from))
    throw new StartError(
      `--from and the state in ${settings} are both folders: copy the folder while no edge runs on it`,
    );
  const { copyInto } = await import("../../durable-objects/node/shared/whole-copy.ts");
  if (isDatabase(state)) {
    requireState(from, "--from is the state folder of an edge on plain Node, or the URL of a database");
    holdEdgeState(from, "--from");
    requireLatest(from);
    const source = new SqliteDisk(stateFile(from), { readOnly: true });
    const place = placeOfDatabase(state);
    const copied = await orSay(`copy the state to ${place}`, async () => {
      requireSettled(stateFile(from));
      return copyInto(state, async (disk) => {
        const all = await copyState(source, disk);
        noteMoved(from, place);
        return all;
      });
    });
    return print(
      `copied ${stateFile(from)} to ${place}: ${copiedText(copied)}; the file was not changed, and no edge starts on it`,
    );
  }
  const place = placeOfDatabase(from);
  holdEdgeState(state, `state in ${settings}`);
  requireNoState(state);
  const made = await orSay(`copy the state of ${place}`, () => moveFrom(from, state));
  report(`copied ${place} to ${stateFile(state)}`, made);
}

/** No edge may act until all is copied, nor then. */
async function moveFrom(url: string, folder: string): Promise<Backup> {
  const { holdDatabase } = await import("../../durable-objects/node/shared/whole-copy.ts");
  const { disk, stored, release } = await holdDatabase(url, false);
  const source: StateSource = {
    open: async () => stored,
    read: (object, positions) => disk.read(object, positions),
    close: async () => {},
  };
  try {
    return await whileCopying(folder, async () => {
      const copying = backUpOf(source, placeOfDatabase(url), stateFile(folder));
      // It may go on, though another edge acts.
      const copied = await disk.renewing(copying).finally(() => copying.catch(() => {}));
      await release("moved").catch((error: unknown) => {
        throw new Error(
          `all is in ${stateFile(folder)}, and the database may not have heard that it goes on there: ${reasonOf(error)}; \`bridgehead check\` says more`,
        );
      });
      return copied;
    });
  } catch (error) {
    await release().catch(() => {});
    throw error;
  }
}

function copiedText({ objects, conferences, at }: Copied): string {
  return `${counted(objects, "object")} (${counted(conferences, "conference")}), as of ${new Date(at).toISOString()}`;
}

async function resetClock(options: StateOptions): Promise<void> {
  const now = Date.now();
  requireSetClock(now);
  const { state, from } = stateOf(options);
  const [place, open] = isDatabase(state) ? ofDatabase(state) : ofFolder(state, from);
  const byMs = await orSay(`set ${place} back`, async () => {
    const { disk, close } = await open();
    try {
      return await disk.setBack(now);
    } finally {
      await close();
    }
  });
  const time = new Date(now).toISOString();
  if (byMs <= 0) return print(`${place} goes on by this machine's clock (${time}): it was not ahead`);
  const before = new Date(now + byMs).toISOString();
  print(`${place} goes on by this machine's clock (${time}); it had come to ${before}`);
}

/** A state whose clock may be set back, as people name it. */
type Settable = readonly [
  place: string,
  open: () => Promise<{ readonly disk: Pick<SqliteDisk, "setBack">; close(): Promise<void> }>,
];

function ofFolder(folder: string, from: string): Settable {
  requireState(folder);
  holdEdgeState(folder, from);
  const disk = new SqliteDisk(stateFile(folder));
  return [stateFile(folder), async () => ({ disk, close: () => disk.close() })];
}

function ofDatabase(url: string): Settable {
  const open = async () => {
    const { holdDatabase } = await import("../../durable-objects/node/shared/whole-copy.ts");
    const { disk, release } = await holdDatabase(url, false);
    return { disk, close: release };
  };
  return [placeOfDatabase(url), open];
}

function requireState(
  folder: string,
  otherwise = "name the edge's settings by --settings, or its state folder by BRIDGEHEAD_STATE",
): void {
  const file = stateFile(folder);
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const code = codeOf(error);
    throw new StartError(
      code === "ENOENT" ? `there is no ${file}: ${otherwise}` : `cannot read ${file} (${systemReason(error)})`,
    );
  }
}

async function orSay<Done>(what: string, work: () => Promise<Done>): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    // A fault of ours keeps its trace.
    if (error instanceof TypeError) throw error;
    throw new StartError(`cannot ${what}: ${systemReason(error)}`);
  }
}

function report(what: string, { bytes, at }: Backup): void {
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  print(`${what}: ${size}, as of ${new Date(at).toISOString()}`);
}

/** What a person can put right is one line on stderr and exit code 1. */
async function done(work: () => Promise<void>): Promise<void> {
  process.umask(0o077);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(printable(systemReason(error)));
    process.exitCode = 1;
  }
}
