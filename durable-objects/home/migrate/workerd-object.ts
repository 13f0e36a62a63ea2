import { copyFileSync, existsSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { deserialize } from "node:v8";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { hasTable } from "../../platform/platform.ts";
import { keptIn } from "../log/kept-values.ts";
import { ObjectDatabase } from "../log/object-database.ts";
import { Texts } from "../log/texts.ts";

/** Opens a copy of a database of workerd, whose own files stay as they are, with what their log has beside them. */
export function copyOf(file: string, copy: string): ObjectDatabase {
  if (statSync(file).size === 0)
    throw new Error("it is empty, and what it held is lost: put a copy in its place, or move it away");
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
  return new ObjectDatabase(new Texts([]), { file: copy });
}

/** When workerd wakes the object; `null`: never, or `_cf_ALARM` of its class alone says when. */
export function alarmIn(database: ObjectDatabase): EpochMs | null {
  if (!hasTable(database, "_cf_METADATA")) return null;
  const [row] = database.exec("SELECT value / 1000000 AS at FROM _cf_METADATA WHERE key = 1 AND value IS NOT NULL");
  return row ? Number(row.at) : null;
}

/** The alarms of a class, by the id of the object: when, and its name. */
export function alarmsOfClass(metadata: ObjectDatabase): ReadonlyMap<string, { at: EpochMs; name: string | null }> {
  if (!hasTable(metadata, "_cf_ALARM")) return new Map();
  const hasNames = metadata.exec("SELECT 1 FROM pragma_table_info('_cf_ALARM') WHERE name = 'actor_name'").length > 0;
  const name = hasNames ? "actor_name" : "NULL";
  const rows = metadata.exec(`SELECT actor_id AS id, scheduled_time / 1000000 AS at, ${name} AS name FROM _cf_ALARM`);
  return new Map(
    rows.map(({ id, at, name }) => [String(id), { at: Number(at), name: name === null ? null : String(name) }]),
  );
}

/** Puts the values by name where the home has them, and takes out what is workerd's own. */
export function convert(database: ObjectDatabase): void {
  if (hasTable(database, "_cf_KV")) {
    const kept = keptIn(database);
    for (const { key, value: bytes } of database.exec("SELECT key, hex(value) AS value FROM _cf_KV ORDER BY key")) {
      const value: unknown = deserialize(Buffer.from(String(bytes), "hex"));
      if (!isDeepStrictEqual(value, JSON.parse(JSON.stringify(value)))) throw new Error(`its value ${key} is no JSON`);
      kept.put(String(key), value);
    }
  }
  const own = database.exec(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '\\_cf\\_%' ESCAPE '\\'",
  );
  for (const { name } of own) database.exec(`DROP TABLE ${name}`);
}
