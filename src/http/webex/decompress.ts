import { err, ok, type Result } from "../../foundation/result.ts";
import { type Timers, wait, within } from "../../foundation/time/timers.ts";

const formats: Readonly<Record<string, "gzip" | "deflate">> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" };

/** What a piece becomes is held in memory: at most 1,032 times as much, if all of it are zeros. */
const PIECE_BYTES = 4 * 1024;
const WITHIN_MS = 10_000;

/** Why the bytes cannot be had; `says` is for the log. */
export interface NotDecompressed {
  readonly kind: "too-long" | "broken" | "unknown-encoding";
  readonly says: string;
}

/** What was compressed as this Content-Encoding says: the bytes themselves where there is none. Of more than `limit` bytes no more are made. */
export async function decompress(
  bytes: Uint8Array,
  contentEncoding: string | null,
  limit: number,
  timers: Timers,
): Promise<Result<Uint8Array, NotDecompressed>> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return ok(bytes);
  const format = Object.hasOwn(formats, encoding) ? formats[encoding] : undefined;
  if (!format) return err({ kind: "unknown-encoding", says: "its Content-Encoding is neither gzip nor deflate" });
  const stream = new DecompressionStream(format);
  const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()];
  const decompressed = new Uint8Array(limit);
  let length = 0;
  const read = async () => {
    while (length <= limit) {
      const { done, value } = await reader.read();
      if (done) return;
      if (length + value.byteLength <= limit) decompressed.set(value, length);
      length += value.byteLength;
    }
  };
  const write = async () => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await writer.write(new Uint8Array(bytes.subarray(at, at + PIECE_BYTES)));
      // workerd takes all pieces at once, however much they become: the next one waits until all of this one was read.
      for (let before = -1; before < length; await wait(timers, 0)) before = length;
    }
    await writer.close();
  };
  const reading = read();
  try {
    await within(timers, WITHIN_MS, "the decompression", Promise.race([reading, write().then(() => reading)]));
  } catch {
    return err({ kind: "broken", says: `it is broken: not all of it is ${encoding}` });
  } finally {
    // Of either the other one may be the cause.
    writer.abort().catch(() => undefined);
    reader.cancel().catch(() => undefined);
  }
  if (length > limit) return err({ kind: "too-long", says: `it has more than ${limit} bytes when it is decompressed` });
  return ok(decompressed.subarray(0, length));
}
