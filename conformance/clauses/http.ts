import type { Stage } from "../player/stage.ts";
import type { Spelling } from "../ports.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const post = `${GUIDE}, Logically Asynchronized Message Exchanges (requests come by HTTP post)`;

/** Documents that need nothing and change nothing, in posts written so. */
async function postsSo(stage: Stage, how: Spelling, count = 1): Promise<void> {
  const conference = stage.newConference();
  const messages = Array.from({ length: count }, () => conference.message("W2A_SomethingNew"));
  await stage.postsSpelled(messages, how);
}

const types = [
  "application/xml",
  "text/plain",
  "application/x-www-form-urlencoded",
  "TEXT/XML",
  'text/xml;charset="utf-8"',
  "text/xml; charset=utf8",
  "text/xml; charset=US-ASCII",
  "",
];

export const httpClauses = [
  documented(
    "T6a",
    post,
    "a post is read with the names of its headers in any case, and behind another one on the same connection",
    async (stage) => {
      await postsSo(stage, { isUpperCase: true });
      await postsSo(stage, {}, 3);
    },
  ),
  inferred(
    "T6b",
    "content types, which no document names",
    "a document is read whatever its content type",
    async (stage) => {
      for (const contentType of types) await postsSo(stage, { contentType });
    },
  ),
  inferred("T6c", "encodings of XML", "a document in UTF-16 with a byte order mark is read", async (stage) => {
    await postsSo(stage, { isUtf16: true, contentType: "text/xml; charset=UTF-16" });
    await postsSo(stage, { isUtf16: true, contentType: "text/xml" });
  }),
  inferred(
    "T6d",
    "HTTP/1.1: its clients may write so, and no document says it",
    "a chunked post is read, and one that waits for 100 Continue",
    async (stage) => {
      for (const framing of ["chunked", "expect"] as const) await postsSo(stage, { framing });
    },
  ),
  inferred("T6e", "HTTP: Content-Encoding", "a post that is compressed by gzip is read", async (stage) => {
    await postsSo(stage, { framing: "gzip" });
  }),
  inferred(
    "T6f",
    "HTTP/1.0, which no document rules out",
    "a post by HTTP/1.0 is read, with Host and without",
    async (stage) => {
      await postsSo(stage, { version: "1.0" });
      await postsSo(stage, { version: "1.0", isWithoutHost: true });
    },
  ),
  inferred(
    "T6g",
    "HTTP/1.1: pipelining",
    "posts that come on one connection before the first is answered are answered all, in their order",
    async (stage) => {
      await postsSo(stage, { isPipelined: true }, 4);
    },
  ),
];
