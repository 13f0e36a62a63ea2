import { type Disk, type ImageChange, type LogRow, lettersOf, nothing } from "./disk.ts";

/** What was copied. */
export interface Copied {
  readonly objects: number;
  readonly conferences: number;
  /** When the last of it was written. */
  readonly at: number;
}

/** Objects are written some at a time: a few large ones, or many that are small. */
const writtenTogether = 100;
const lettersTogether = 1_000_000;

/**
 * Copies a whole state from one disk to an empty one, of whichever kind: images, what the log has beyond
 * them, and alarms. Objects and rows get new numbers, which nobody outside knows.
 */
export async function copyState(
  from: Pick<Disk, "open" | "read">,
  to: Pick<Disk, "flush" | "markRestored" | "keepDoubt">,
): Promise<Copied> {
  const { objects, rows, texts, lastAt, restoredAt, doubt } = await from.open();
  const rowsOf = Map.groupBy(rows, ([, object]) => object);
  let number = 0;
  let position = 0;
  let letters = 0;
  const next = {
    texts,
    created: [] as (readonly [number, string])[],
    rows: [] as LogRow[],
    images: [] as ImageChange[],
  };
  const write = async () => {
    const flush = {
      ...{ ...nothing, texts: next.texts, created: next.created.splice(0) },
      ...{ rows: next.rows.splice(0), images: next.images.splice(0) },
    };
    next.texts = [];
    letters = 0;
    await to.flush(flush, lastAt);
  };
  for (const { object, name, alarm } of objects) {
    const positions = (rowsOf.get(object) ?? []).map(([position]) => position);
    const { image, bodies } = await from.read(object, positions);
    const own = {
      images: [{ object: ++number, upTo: 0, alarm, ...image, replaced: [], gone: [] }],
      // The alarm of the image is the one that counts, so that no row needs to set it.
      rows: bodies.map((body) => ({ position: ++position, object: number, body })),
    };
    next.created.push([number, name]);
    next.images.push(...own.images);
    for (const row of own.rows) next.rows.push(row);
    letters += lettersOf(own);
    if (next.created.length >= writtenTogether || letters >= lettersTogether) await write();
  }
  await write();
  if (restoredAt !== null) await to.markRestored(restoredAt);
  await to.keepDoubt(doubt);
  const conferences = objects.filter(({ name }) => name.startsWith("conference/")).length;
  return { objects: objects.length, conferences, at: lastAt };
}
