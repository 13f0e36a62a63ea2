import { Client } from "pg";
import { advisoryLock, format, hostsOf } from "../../durable-objects/node/rows/postgres-disk.ts";
import { networkReason } from "../../src/foundation/text/reason.ts";
import { placeOfDatabase } from "./database.ts";
import { StartError } from "./program.ts";

const connectWithinMs = 5_000;
const answersWithinMs = 10_000;

/** What is in the database of two edges, for people. Throws if it cannot be used. */
export function databaseText(url: string): Promise<string> {
  return inDatabase(url, async (client, place) => {
    const state = await stateIn(client, place);
    if (!state) return `${place} is empty: its tables are made at the first start`;
    const { name, stopped, at } = state;
    const acts = stopped ? "no edge is active" : `${name} is active, or was the last one`;
    return `${place}: ${acts}; as of ${new Date(Number(at)).toISOString()}`;
  });
}

/** Notes that the database was put back from a backup. `now`: ms since 1970. Throws if an edge is active. */
export function markDatabaseRestored(url: string, now: number): Promise<string> {
  return inDatabase(url, async (client, place) => {
    const { rows } = await client.query(`SELECT pg_try_advisory_lock(${advisoryLock}) AS mine`);
    if (!rows[0]?.mine) throw new StartError(`an edge is active on ${place}: stop both edges first`);
    if (!(await stateIn(client, place))) throw new StartError(`${place} has no state: restore one with psql first`);
    await client.query(
      `UPDATE bridgehead.state SET trusts_clock = true,
       restored_at = greatest($1::bigint, at, coalesce(restored_at, 0) + 1)`,
      [now],
    );
    return place;
  });
}

interface StateRow {
  readonly name: string;
  readonly stopped: boolean;
  readonly at: string;
}

/** `null`: nothing has been written yet. */
async function stateIn(client: Client, place: string): Promise<StateRow | null> {
  const { rows: made } = await client.query("SELECT to_regclass('bridgehead.state') AS state");
  if (made[0]?.state === null) return null;
  const { rows } = await client.query("SELECT * FROM bridgehead.state");
  const [state] = rows;
  if (state?.format !== format)
    throw new StartError(`${place} has no state of this release (format ${state?.format}, not ${format})`);
  return state;
}

/** Works with the first machine of the database that can write. */
async function inDatabase<Value>(url: string, work: (client: Client, place: string) => Promise<Value>): Promise<Value> {
  const faults: string[] = [];
  for (const host of hostsOf(url)) {
    const place = placeOfDatabase(host);
    let client: Client | null = null;
    try {
      client = new Client({
        ...{ connectionString: host, connectionTimeoutMillis: connectWithinMs, query_timeout: answersWithinMs },
      });
      client.on("error", () => {}); // A query that is under way rejects.
      await client.connect();
      const { rows } = await client.query("SELECT pg_is_in_recovery() AS replica");
      if (rows[0]?.replica) throw new Error("it is a replica");
      return await work(client, place);
    } catch (error) {
      if (error instanceof StartError) throw error;
      faults.push(`${place}: ${networkReason(error)}`);
    } finally {
      await client?.end().catch(() => {});
    }
  }
  throw new StartError(`the database cannot be used (${faults.join("; ")})`);
}
