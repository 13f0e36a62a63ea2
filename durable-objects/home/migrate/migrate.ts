import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { counted } from "../../../src/foundation/text/counted.ts";
import { reasonOf } from "../../../src/foundation/text/reason.ts";
import type { ObjectName } from "../../../src/rpc/objects.ts";
import type { Image, ImageChange } from "../log/disk.ts";
import { leftOf, publish, removeDatabase } from "../log/files.ts";
import { ObjectDatabase } from "../log/object-database.ts";
import { SqliteDisk } from "../log/sqlite-disk.ts";
import { Texts } from "../log/texts.ts";
import { type DomainInSettings, kindsOnWorkerd, ObjectNames } from "./object-names.ts";
import { alarmIn, alarmsOfClass, convert, copyOf } from "./workerd-object.ts";

/** What a person must put right before the state can be taken over; nothing was changed. */
export class CannotMigrate extends Error {}

interface MigrationOptions {
  /** The edge's part of the state folder, which no edge uses now. */
  readonly folder: string;
  readonly domains: Iterable<DomainInSettings>;
  readonly at: EpochMs;
  /** What is missing is known, and goes without saying. */
  readonly acceptsLoss?: boolean;
}

/** What was taken over. */
export interface Migrated {
  readonly objects: number;
  readonly conferences: number;
  readonly rows: number;
  readonly alarms: number;
}

/** An object as it must be found again. */
interface Expected {
  readonly alarm: EpochMs | null;
  /** For each table the number of its rows, and a digest of them. */
  readonly tables: ReadonlyMap<string, TableContent>;
}

interface TableContent {
  readonly rows: number;
  readonly digest: string;
}

/** A file beside the state that says when it was taken over, and that workerd's files are older since. */
export const takenOver = "taken-over";

/** Images are written some at a time. */
const writtenTogether = 100;

/** Takes over the state of an edge on workerd, whose files stay as they are. All of it is in `state.db` then, or there is none. */
export async function migrate({ folder, domains, at, acceptsLoss = false }: MigrationOptions): Promise<Migrated> {
  const [file, draft, copy] = ["", ".draft", ".copy"].map((end) => join(folder, `state.db${end}`)) as [
    string,
    string,
    string,
  ];
  const taken = join(folder, takenOver);
  const left = leftOf(file);
  if (left === undefined && existsSync(taken))
    throw new CannotMigrate(
      `the state of workerd was taken over on ${readFileSync(taken, "utf8").trim()}, and ${file} is gone: restore a backup. Delete ${taken} only to begin once more with what workerd had then`,
    );
  if (left === file) throw new CannotMigrate(`${file} is there already: the state was taken over before`);
  if (left !== undefined) throw new CannotMigrate(`${left} is there, of a state that is gone: move it away`);
  try {
    for (const left of [draft, copy]) removeDatabase(left);
    const expected = await writeAll(join(folder, "objects"), draft, copy, new ObjectNames(domains), at);
    if (expected.size === 0)
      throw new CannotMigrate(
        `${join(folder, "objects")} has no object: is that the whole state of an edge on workerd?`,
      );
    if (!acceptsLoss) requireParts(join(folder, "objects"), expected, domains);
    await requireAll(draft, expected);
    publish(draft, file);
    writeFileSync(taken, `${new Date(at).toISOString()}\n`);
    const tables = [...expected.values()].flatMap((one) => [...one.tables.values()]);
    return {
      objects: expected.size,
      conferences: [...expected.keys()].filter((name) => name.startsWith("conference/")).length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      alarms: [...expected.values()].filter(({ alarm }) => alarm !== null).length,
    };
  } finally {
    for (const left of [draft, copy]) removeDatabase(left);
  }
}

async function writeAll(
  objects: string,
  draft: string,
  copy: string,
  names: ObjectNames,
  at: EpochMs,
): Promise<ReadonlyMap<string, Expected>> {
  requireKnownClasses(objects);
  const disk = new SqliteDisk(draft);
  const expected = new Map<string, Expected>();
  const unnamed: string[] = [];
  const images: ImageChange[] = [];
  const created: (readonly [number, string])[] = [];
  const write = () =>
    disk.flush(
      { texts: [], created: created.splice(0), rows: [], images: images.splice(0), deleted: [], droppable: null },
      at,
    );
  try {
    await disk.open();
    for (const kind of Object.keys(kindsOnWorkerd) as ObjectName[]) {
      const ofClass = join(objects, `bridgehead-${kindsOnWorkerd[kind].class}`);
      const scheduled = existsSync(join(ofClass, "metadata.sqlite"))
        ? reading(join(ofClass, "metadata.sqlite"), copy, alarmsOfClass)
        : new Map<string, never>();
      for (const id of idsIn(ofClass)) {
        const file = join(ofClass, `${id}.sqlite`);
        const listed = scheduled.get(id);
        reading(file, copy, (database) => {
          const alarm = alarmIn(database) ?? listed?.at ?? null;
          convert(database);
          const tables = contentOf(database);
          if (alarm === null && [...tables.values()].every(({ rows }) => rows === 0)) return;
          const name = names.nameOf(kind, id, database, listed?.name ?? null);
          if (name === null) return unnamed.push(file);
          expected.set(`${kind}/${name}`, { alarm, tables });
          created.push([expected.size, `${kind}/${name}`]);
          return images.push({ object: expected.size, upTo: 0, alarm, ...database.changeOfImage() });
        });
        if (images.length >= writtenTogether) await write();
      }
    }
    await write();
  } finally {
    await disk.close();
  }
  const [first] = unnamed;
  if (first !== undefined) throw new CannotMigrate(unnamedText(first, unnamed.length - 1));
  return expected;
}

function unnamedText(file: string, others: number): string {
  const more = others === 0 ? "" : ` (and ${counted(others, "file")} more)`;
  return (
    `${file}${more} cannot be named: neither its rows, nor those of other objects, nor the settings say of which domain, bridge or conference it is. ` +
    "Add the domain or the bridge that it was of to the settings, or move the file away if nothing in it is needed, and begin again"
  );
}

/**
 * A copy of the files may have been cut short: where there are conferences, there is what each domain has
 * for them. One that the settings do not have any more may have lost that before them.
 */
function requireParts(objects: string, found: ReadonlyMap<string, unknown>, domains: Iterable<DomainInSettings>): void {
  const withConferences = new Set(Array.from(found.keys(), (name) => /^conference\/([^/]+)/.exec(name)?.[1]));
  for (const { name: domain } of domains) {
    const missing = (["idAllocator", "directory", "handles"] as const).find((kind) => !found.has(`${kind}/${domain}`));
    if (!withConferences.has(domain) || missing === undefined) continue;
    const folder = join(objects, `bridgehead-${kindsOnWorkerd[missing].class}`);
    throw new CannotMigrate(
      `${folder} has nothing of ${domain}, which has conferences: put the missing file back, or go on without it by --accept-loss`,
    );
  }
}

function requireKnownClasses(objects: string): void {
  const known = new Set(Object.values(kindsOnWorkerd).map((kind) => `bridgehead-${kind.class}`));
  for (const folder of readdirSync(objects, { withFileTypes: true })) {
    if (!folder.isDirectory() || known.has(folder.name)) continue;
    throw new CannotMigrate(`${join(objects, folder.name)} has objects of a kind that this version does not know`);
  }
}

function idsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => /^([0-9a-f]{64})\.sqlite$/.exec(name)?.[1] ?? [])
    .toSorted();
}

function reading<Value>(file: string, copy: string, work: (database: ObjectDatabase) => Value): Value {
  try {
    const database = copyOf(file, copy);
    try {
      return work(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw new CannotMigrate(`${file} cannot be taken over: ${reasonOf(error)}`);
  }
}

/** Reads all that was written, and compares. */
async function requireAll(file: string, expected: ReadonlyMap<string, Expected>): Promise<void> {
  const disk = new SqliteDisk(file, { readOnly: true });
  try {
    const { objects } = await disk.open();
    const found = new Set(objects.map(({ name }) => name));
    for (const name of expected.keys()) if (!found.has(name)) throw new CannotMigrate(`${name} was not written`);
    for (const { object, name, alarm } of objects) {
      const { image } = await disk.read(object, []);
      const fault = differenceOf(image, alarm, expected.get(name));
      if (fault !== null) throw new CannotMigrate(`${name} was not written as it was: ${fault}`);
    }
  } finally {
    await disk.close();
  }
}

function differenceOf(image: Image, alarm: EpochMs | null, expected: Expected | undefined): string | null {
  if (!expected) return "nobody has it";
  if (alarm !== expected.alarm) return `its alarm is ${alarm}, not ${expected.alarm}`;
  const database = new ObjectDatabase(new Texts([]));
  try {
    database.restore(image, []);
    const tables = contentOf(database);
    for (const name of new Set([...tables.keys(), ...expected.tables.keys()])) {
      const [is, was] = [tables.get(name), expected.tables.get(name)];
      if (is?.rows !== was?.rows) return `its table ${name} has ${is?.rows ?? 0} rows, not ${was?.rows ?? 0}`;
      if (is?.digest !== was?.digest) return `its table ${name} has other rows`;
    }
    return null;
  } catch (error) {
    return reasonOf(error);
  } finally {
    database.close();
  }
}

function contentOf(database: ObjectDatabase): ReadonlyMap<string, TableContent> {
  const tables = database.exec("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name));
  return new Map(
    tables.map((table) => {
      const rows = database.exec(`SELECT * FROM ${table}`);
      const digest = createHash("sha256");
      for (const row of rows) digest.update(JSON.stringify(row));
      return [table, { rows: rows.length, digest: digest.digest("hex") }];
    }),
  );
}
