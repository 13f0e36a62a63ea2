import type { RecordPage } from "../../../rpc/directory.ts";

/** What an export is made of. */
interface Export {
  /** Before all lines. */
  readonly head: string;
  /** At most so many records. */
  readonly most: number;
  line(record: RecordPage["records"][number]): string;
  /** The records behind this place. */
  pageBehind(place: number): Promise<RecordPage>;
}

/**
 * All records from the first page on, as bytes. A page is asked for when the one before is sent, so one is in memory at a time, whoever reads how
 * slowly. Where a page fails the answer breaks off, so that nobody takes it for whole.
 */
export function exported(first: RecordPage, { head, most, line, pageBehind }: Export): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let ahead = head;
  let left = most;
  let page: () => Promise<RecordPage> = async () => first;
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      // A page may have no record that fits; a pull must give something.
      for (let isSent = false; !isSent; ) {
        const { records, next } = await page();
        const shown = records.slice(0, left);
        const text = ahead + shown.map(line).join("");
        ahead = "";
        left -= shown.length;
        isSent = text !== "";
        if (isSent) controller.enqueue(encoder.encode(text));
        if (next === null || left === 0) return controller.close();
        page = () => pageBehind(next);
      }
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
