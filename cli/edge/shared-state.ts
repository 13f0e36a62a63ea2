import { NoState } from "../../durable-objects/node/rows/disk.ts";
import {
  advisoryLock,
  copyInto,
  durabilityFault,
  hostsOf,
  prepare,
  requireOwnSession,
  Session,
  type StateCopy,
  sessionSettings,
  stateIn,
} from "../../durable-objects/node/rows/postgres-disk.ts";
import { type CheckResult, right, warn } from "../../src/foundation/text/finding.ts";
import { networkReason } from "../../src/foundation/text/reason.ts";
import { placeOfDatabase } from "./database.ts";
import { StartError } from "./program.ts";
import { copyOf } from "./state-file.ts";

/** What is in the database of two edges, for people. Throws if it cannot be used. */
export function checkDatabase(url: string): Promise<CheckResult> {
  return inDatabase(url, async (session, place) => {
    const state = await stateIn(session);
    const says = state ? `${place}: ${stateText(state)}` : `${place} is empty: its tables are made at the first start`;
    const fault = await durabilityFault(session, hostsOf(url).length > 1);
    return fault === null ? right(says) : warn(`${says}; ${fault}`);
  });
}

function stateText({ name, stopped, at }: NonNullable<Awaited<ReturnType<typeof stateIn>>>): string {
  const acts = stopped ? "no edge is active" : `${name} is active, or was the last one`;
  return `${acts}; as of ${new Date(Number(at)).toISOString()}`;
}

/**
 * Marks the database as restored from a backup. `file`: a backup of a SQLite state, copied into an empty database
 * first. `now`: ms since 1970. Throws if an edge is active.
 */
export function restoreDatabase(url: string, now: number, file?: string): Promise<string> {
  return inDatabase(url, async (session, place) => {
    const { rows } = await session.ask(`SELECT pg_try_advisory_lock(${advisoryLock}) AS mine`);
    if (!rows[0]?.mine) throw new StartError(`an edge is active on ${place}: stop both edges first`);
    using copy = file === undefined ? null : copyOf(file);
    if (copy) await prepare(session);
    else if (!(await stateIn(session))) throw new StartError(`${place} has no state: restore one with psql first`);
    await session.ask("BEGIN");
    if (copy) await fill(session, copy, place);
    await session.ask(
      `UPDATE bridgehead.state SET trusts_clock = true,
       restored_at = greatest($1::bigint, at, coalesce(restored_at, $2::bigint) + 1)`,
      [now, copy?.restoredAt ?? 0],
    );
    const { command } = await session.ask("COMMIT");
    if (command !== "COMMIT") throw new Error("the database has rolled the transaction back");
    return copy ? `restored ${file} to ${place}: ${copy.text}` : `marked ${place} as restored`;
  });
}

async function fill(session: Session, copy: StateCopy, place: string): Promise<void> {
  const { rows } = await session.ask("SELECT FROM bridgehead.object LIMIT 1");
  const says = `${place} has a state already: back it up, and remove it with DROP SCHEMA bridgehead CASCADE`;
  if (rows.length > 0) throw new StartError(says);
  await copyInto(session, copy);
}

/** Works with the first machine of the database that can write. */
async function inDatabase<Value>(
  url: string,
  work: (session: Session, place: string) => Promise<Value>,
): Promise<Value> {
  const faults: string[] = [];
  for (const host of hostsOf(url)) {
    const place = placeOfDatabase(host);
    const session = new Session(host);
    try {
      await session.open(sessionSettings);
      await requireOwnSession(session, host);
      return await work(session, place);
    } catch (error) {
      if (error instanceof StartError || error instanceof NoState) throw error;
      faults.push(`${place}: ${networkReason(error)}`);
    } finally {
      await session.close().catch(() => {});
    }
  }
  throw new StartError(`the database cannot be used (${faults.join("; ")})`);
}
