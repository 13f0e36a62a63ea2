import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { Agent, EnvHttpProxyAgent, request } from "undici";
import { type HttpAnswer, maxBodyBytes, type PostRequest, postBy, tooLong } from "../platform/post.ts";

const dispatcher = process.env.NODE_USE_ENV_PROXY === "1" ? new EnvHttpProxyAgent() : new Agent();
/** None is asked for, and some servers compress all the same. */
const decompressors = { br: createBrotliDecompress, deflate: createInflate, gzip: createGunzip };

/** A quarter of the CPU that `fetch` takes on Node. */
export function nodePost(asked: PostRequest): Promise<HttpAnswer> {
  return postBy(async (url, sent) => {
    const { statusCode: status, headers, body } = await request(url, { ...sent, method: "POST", dispatcher });
    const decompress = decompressors[headers["content-encoding"] as keyof typeof decompressors];
    const read: Readable = decompress ? pipeline(body, decompress(), () => {}) : body;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of read as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBodyBytes) throw tooLong();
      chunks.push(chunk);
    }
    return { status, body: Buffer.concat(chunks) };
  }, asked);
}
