// A conventional server that confirms the same posts: Fastify, and Redis that flushes each write to the disk before it answers. A
// program with packages of its own, so that those of the project stay few.
import { createClient } from "@redis/client";
import Fastify from "fastify";

const [port, socket] = process.argv.slice(2);

// The three records of the floor: the repeat check, the outbox, the state. Requests that come together share a round trip and
// a flush: the client sends them in one go, and Redis flushes once for all that it has read.
const redis = createClient({
  socket: { path: socket },
});
const commit = `
  if redis.call("SET", "seen:" .. KEYS[1], "1", "NX", "EX", 7200) then
    redis.call("RPUSH", "outbox", ARGV[1])
    redis.call("HSET", "state", KEYS[2], ARGV[1])
  end`;
await redis.connect();
const sha = await redis.scriptLoad(commit);

const app = Fastify();
app.addContentTypeParser("text/xml", { parseAs: "string" }, (_request, body, done) => done(null, body));
app.post("/", async ({ body }, reply) => {
  const transId = between(body, "<TransID>", "<");
  await redis.evalSha(sha, { keys: [transId, between(body, 'ExtConfID="', '"')], arguments: [body] });
  reply.type("text/xml; charset=UTF-8");
  return (
    `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>` +
    '<Confirmation Result="0"></Confirmation></WbxTSPSchema>'
  );
});
await app.listen({ host: "127.0.0.1", port: Number(port) });

function between(text, start, end) {
  const from = text.indexOf(start) + start.length;
  return text.slice(from, text.indexOf(end, from));
}
