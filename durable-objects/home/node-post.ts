import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import {
  answerTooLong,
  type Exchange,
  type HttpAnswer,
  maxBodyBytes,
  type PostRequest,
  postBy,
} from "../platform/post.ts";

/** By Node's own client: half the CPU of its `fetch`, which refuses a server that sends a 100 (Continue) unasked. */
export function nodePost(asked: PostRequest): Promise<HttpAnswer> {
  return postBy(exchange, asked);
}

const exchange: Exchange = (url, { headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const request = url.startsWith("https:") ? requestSecure : requestPlain;
    const sent = request(url, { method: "POST", headers }, (answer) => {
      const { statusCode: status = 0, headers } = answer;
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBodyBytes) fail(answerTooLong());
        else chunks.push(chunk);
      });
      answer.on("end", () => {
        try {
          resolve({ status, body: decompressed(Buffer.concat(chunks), headers["content-encoding"]) });
        } catch (error) {
          reject(error);
        }
      });
      answer.on("error", reject);
    });
    const fail = (error: unknown) => {
      reject(error);
      sent.destroy();
    };
    sent.on("error", reject);
    signal.addEventListener("abort", () => fail(signal.reason));
    sent.end(body);
  });

/** No compression is asked for, and some servers compress all the same. What is cut off at its end is read as far as it goes. */
function decompressed(body: Buffer, coding: string | undefined): Buffer {
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
