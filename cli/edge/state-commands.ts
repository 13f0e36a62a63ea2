import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { printable } from "../../src/foundation/text/printable.ts";
import { systemReason } from "../system-reason.ts";
import { isDatabase, placeOfDatabase } from "./database.ts";
import { loadEdgeSettings, settingsFile } from "./edge-settings.ts";
import { holdEdgeState, stateFile } from "./edge-state.ts";
import { print, StartError } from "./program.ts";
import { backUp, restore } from "./state-file.ts";

interface StateOptions {
  readonly settings?: string;
}

/** Commands for the state of the edge of this machine. */
export function addStateCommands(program: Command): void {
  stateCommand(program, "backup", "Copy the state into a new file; the edge may run")
    .argument("<file>", "the backup", fileName)
    .addHelpText("after", "\nA state in PostgreSQL is backed up by pg_dump.")
    .action((file: string, options: StateOptions) =>
      done(`back up the state to ${file}`, async () => {
        const { state } = stateOf(options);
        if (isDatabase(state))
          throw new StartError(
            `the state is in ${placeOfDatabase(state)}: back it up with pg_dump --schema=bridgehead`,
          );
        print(`backed up ${stateFile(state)} to ${file}: ${backUp(stateFile(state), file)}`);
      }),
    );

  stateCommand(program, "restore", "Put a backup in the place of a state that was moved away; the edge is stopped")
    .summary("Put a backup in the place of the state")
    .argument("[file]", "the backup; none after psql or pg_restore", fileName)
    .addHelpText("after", "\npg_restore restores a dump of PostgreSQL; this command then marks it as restored.")
    .action((file: string | undefined, options: StateOptions) =>
      done("restore the state", async () => {
        const { state, from } = stateOf(options);
        if (isDatabase(state)) {
          const { restoreDatabase } = await import("./shared-state.ts");
          return print(await restoreDatabase(state, Date.now(), file));
        }
        if (file === undefined) throw new StartError("name the backup: bridgehead restore FILE");
        holdEdgeState(state, from);
        print(`restored ${file} to ${stateFile(state)}: ${restore(file, stateFile(state), Date.now())}`);
      }),
    );
}

function stateCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option(
      "--settings <file>",
      `settings of the edge; else those of the local run in BRIDGEHEAD_STATE, or ${settingsFile}`,
    );
}

function fileName(file: string): string {
  if (file !== "" && !file.endsWith("/")) return file;
  throw new InvalidArgumentError("It must be the name of a file.");
}

/** The state of the edge, and the setting that names it. */
function stateOf({ settings }: StateOptions): { readonly state: string; readonly from: string } {
  const { BRIDGEHEAD_STATE } = process.env;
  const file = settings ?? (BRIDGEHEAD_STATE ? join(BRIDGEHEAD_STATE, "edge.json") : settingsFile);
  const loaded = loadEdgeSettings(file);
  if (!loaded.ok) throw new StartError(loaded.error);
  return { state: loaded.value.state, from: `state in ${file}` };
}

/** What a person can put right is one line on stderr and exit code 1. */
async function done(what: string, work: () => Promise<void>): Promise<void> {
  process.umask(0o077);
  try {
    await work();
  } catch (error) {
    // A fault of ours keeps its trace.
    if (error instanceof TypeError) throw error;
    const isWhole = error instanceof StartError;
    console.error(printable(isWhole ? error.message : `cannot ${what}: ${systemReason(error)}`));
    process.exitCode = 1;
  }
}
