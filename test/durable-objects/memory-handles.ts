import { HandleIndex, type HandleIndexPorts } from "../../durable-objects/handle-index.ts";
import { Database } from "../simulation/database.ts";

/** A domain's handle index over a database in memory; no conference holds its handle for long. */
export function memoryHandles(now: () => number, more: Partial<HandleIndexPorts> = {}): HandleIndex {
  const sql = new Database();
  return new HandleIndex({
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
