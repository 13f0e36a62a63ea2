import { NoState } from "../../durable-objects/node/rows/disk.ts";
import {
  advisoryLock,
  durabilityFault,
  hostsOf,
  requireOwnSession,
  Session,
  sessionSettings,
  stateIn,
} from "../../durable-objects/node/rows/postgres-disk.ts";
import { type CheckResult, right, warn } from "../../src/foundation/text/finding.ts";
import { networkReason } from "../../src/foundation/text/reason.ts";
import { placeOfDatabase } from "./database.ts";
import { StartError } from "./program.ts";

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

/** Notes that the database was put back from a backup. `now`: ms since 1970. Throws if an edge is active. */
export function markDatabaseRestored(url: string, now: number): Promise<string> {
  return inDatabase(url, async (session, place) => {
    const { rows } = await session.ask(`SELECT pg_try_advisory_lock(${advisoryLock}) AS mine`);
    if (!rows[0]?.mine) throw new StartError(`an edge is active on ${place}: stop both edges first`);
    if (!(await stateIn(session))) throw new StartError(`${place} has no state: restore one with psql first`);
    await session.ask(
      `UPDATE bridgehead.state SET trusts_clock = true,
       restored_at = greatest($1::bigint, at, coalesce(restored_at, 0) + 1)`,
      [now],
    );
    return place;
  });
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
