import { AliasIndex, type AliasIndexPorts } from "../../durable-objects/alias-index.ts";
import { Database } from "../simulation/database.ts";

/** A domain's alias index over a database in memory; no conference holds its handle for long. */
export function memoryAliases(now: () => number, more: Partial<AliasIndexPorts> = {}): AliasIndex {
  const sql = new Database();
  return new AliasIndex({
    sql,
    log: () => {},
    now,
    after: () => () => {},
    ensureAlarm: async () => {},
    setAlarm: () => {},
    retentionMs: () => 7 * 86_400_000,
    isHeld: async () => false,
    deleteAll: async () => sql.clear(),
    ...more,
  });
}
