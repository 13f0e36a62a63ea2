import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as requestPlain } from "node:http";
import { request as requestSecure, Agent as SecureAgent } from "node:https";
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import {
  answerTooLong,
  type Exchange,
  type HttpAnswer,
  maxBodyBytes,
  type PostRequest,
  postBy,
} from "../platform/post.ts";

/**
 * Posts a document. It uses half the CPU of Node's `fetch`, which also fails if a server sends an unrequested 100
 * (Continue). `mayLeave` is awaited after connecting, which can take seconds.
 */
export function nodePost(asked: PostRequest, mayLeave: () => Promise<void> = async () => {}): Promise<HttpAnswer> {
  // A repeat uses a new connection, so a document gets at most one silent repeat in all its attempts.
  return postBy((url, sent) => exchange(url, sent, mayLeave, asked.isRepeat ? freshAgents : agents), asked);
}

/** Most servers close an idle connection after five seconds or more. */
const connections = {
  ...{ keepAlive: true, timeout: 4_000 },
  ...(process.env.NODE_USE_ENV_PROXY === "1" && { proxyEnv: process.env }),
};
/** Longest wait for the end of a dropped body. After it, the next post needs a new connection. */
const dropWithinMs = 1_000;
const agents = agentsOf(connections);
const freshAgents = agentsOf({ ...connections, keepAlive: false });

function agentsOf(options: typeof connections) {
  return { plain: new PlainAgent(options), secure: new SecureAgent(options) };
}

/**
 * A server may close an idle connection just as a post is written to it. After a reset before the first byte of the
 * response, the edge sends the same bytes once more, on a new connection.
 */
function exchange(
  url: string,
  asked: Parameters<Exchange>[1],
  mayLeave: () => Promise<void>,
  by = agents,
): ReturnType<Exchange> {
  const { headers, body, signal, bodyCounts } = asked;
  return new Promise((resolve, reject) => {
    const { href, protocol } = new URL(url);
    const isSecure = protocol === "https:";
    const [request, agent] = isSecure ? [requestSecure, by.secure] : [requestPlain, by.plain];
    const sent = request(href, { method: "POST", headers, agent });
    let readBefore = 0;
    let hasFailed = false;
    const fail = (error: unknown) => {
      const isStale = sent.reusedSocket && isReset(error) && sent.socket?.bytesRead === readBefore;
      if (isStale && !hasFailed) resolve(exchange(url, asked, mayLeave, freshAgents));
      else reject(error);
      hasFailed = true;
      sent.destroy();
    };
    signal.addEventListener("abort", () => fail(signal.reason));
    read(sent, bodyCounts, fail, ({ statusCode: status = 0, headers: answered }, whole) => {
      try {
        const contentType = answered["content-type"] ?? null;
        resolve({ status, contentType, body: decompressed(whole, answered["content-encoding"]) });
      } catch (error) {
        reject(error);
      }
    });
    const leave = () => void mayLeave().then(() => sent.end(body), fail);
    sent.on("socket", (socket) => {
      readBefore = socket.bytesRead;
      if (socket.connecting) socket.once(isSecure ? "secureConnect" : "connect", leave);
      else leave();
    });
  });
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}

function read(
  sent: ClientRequest,
  bodyCounts: (status: number) => boolean,
  fail: (error: unknown) => void,
  done: (answer: IncomingMessage, body: Buffer) => void,
): void {
  let answer: IncomingMessage | undefined;
  // Ignore socket errors after the response is complete.
  sent.on("error", (error) => answer?.complete || fail(error));
  sent.on("upgrade", () => fail(new Error("the server changes to another protocol (HTTP status 101)")));
  sent.on("response", (begun) => {
    answer = begun;
    const chunks: Buffer[] = [];
    let length = 0;
    begun.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBodyBytes) fail(answerTooLong());
      else chunks.push(chunk);
    });
    begun.on("error", fail);
    if (bodyCounts(begun.statusCode ?? 0)) begun.on("end", () => done(begun, Buffer.concat(chunks)));
    else {
      done(begun, Buffer.alloc(0));
      setTimeout(() => begun.complete || sent.destroy(), dropWithinMs).unref();
    }
  });
}

/** Some servers compress although the edge does not accept it. Reads a truncated body up to its end. */
function decompressed(body: Buffer, coding: string | undefined): Buffer {
  const limit = { maxOutputLength: maxBodyBytes };
  const whole = { ...limit, finishFlush: constants.Z_SYNC_FLUSH };
  if (body.length === 0) return body;
  try {
    if (coding === "gzip") return gunzipSync(body, whole);
    if (coding === "br") return brotliDecompressSync(body, { ...limit, finishFlush: constants.BROTLI_OPERATION_FLUSH });
    // RFC 9110, section 8.4.1.2 requires the zlib header. Some servers omit it.
    if (coding === "deflate")
      return ((body[0] ?? 0) & 15) === 8 ? inflateSync(body, whole) : inflateRawSync(body, whole);
    return body;
  } catch (error) {
    throw error instanceof RangeError ? answerTooLong() : error;
  }
}
