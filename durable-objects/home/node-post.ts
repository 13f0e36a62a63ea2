import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { request } from "undici";
import { answerTooLong, type HttpAnswer, maxBodyBytes, type PostRequest, postBy } from "../platform/post.ts";

/** A quarter of the CPU that `fetch` takes on Node. By the same proxy, if Node is told to use one. */
export function nodePost(asked: PostRequest): Promise<HttpAnswer> {
  return postBy(async (url, sent) => {
    const { statusCode: status, headers, body } = await request(url, { ...sent, method: "POST" });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBodyBytes) throw answerTooLong();
      chunks.push(chunk);
    }
    return { status, body: decompressed(Buffer.concat(chunks), headers["content-encoding"]) };
  }, asked);
}

/** No compression is asked for, and some servers compress all the same. What is cut off at its end is read as far as it goes. */
function decompressed(body: Buffer, coding: string | readonly string[] | undefined): Buffer {
  const limit = { maxOutputLength: maxBodyBytes };
  const whole = { ...limit, finishFlush: constants.Z_SYNC_FLUSH };
  if (body.length === 0) return body;
  try {
    if (coding === "gzip") return gunzipSync(body, whole);
    if (coding === "br") return brotliDecompressSync(body, { ...limit, finishFlush: constants.BROTLI_OPERATION_FLUSH });
    // RFC 9110, section 8.4.1.2: with the header of zlib, which some leave out.
    if (coding === "deflate")
      return ((body[0] ?? 0) & 15) === 8 ? inflateSync(body, whole) : inflateRawSync(body, whole);
    return body;
  } catch (error) {
    throw error instanceof RangeError ? answerTooLong() : error;
  }
}
