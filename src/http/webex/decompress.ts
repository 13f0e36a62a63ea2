import { err, ok, type Result } from "../../foundation/result.ts";
import { type Timers, wait, within } from "../../foundation/time/timers.ts";

const formats: Readonly<Record<string, "gzip" | "deflate">> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" };

/** A piece can grow at most 1,032-fold in memory, if it is all zeros. */
const PIECE_BYTES = 4 * 1024;
const WITHIN_MS = 10_000;

/** The failure; `says` is for the log. */
export interface NotDecompressed {
  readonly kind: "too-long" | "broken" | "unknown-encoding";
  readonly says: string;
}

/** Decompresses bytes by their Content-Encoding, if any. Stops after `limit` bytes. */
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
      // workerd would take all pieces at once, so the next one waits until this one was read.
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
    // Each of the two failures can cause the other.
    writer.abort().catch(() => undefined);
    reader.cancel().catch(() => undefined);
  }
  if (length > limit) return err({ kind: "too-long", says: `it has more than ${limit} bytes when it is decompressed` });
  return ok(decompressed.subarray(0, length));
}
