// A conventional server that does the same whole way of a mute: Fastify, and SQLite with one flush for all that came in a turn of the
// event loop. Like the floor it decides nothing. A program with packages of its own, so that those of the project stay few.
import { DatabaseSync } from "node:sqlite";
import Fastify from "fastify";
import { WebSocketServer } from "ws";

const [port, file] = process.argv.slice(2);

// The three records of the floor: the repeat check, the outbox, the state.
const db = new DatabaseSync(file);
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE seen (trans_id TEXT PRIMARY KEY, body TEXT);
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY, body TEXT);
  CREATE TABLE state (conference TEXT PRIMARY KEY, body TEXT);
`);
const see = db.prepare("INSERT OR IGNORE INTO seen VALUES (?, ?)");
const queue = db.prepare("INSERT INTO outbox (body) VALUES (?)");
const keep = db.prepare("INSERT INTO state VALUES (?, ?) ON CONFLICT (conference) DO UPDATE SET body = excluded.body");

let waiting = [];
function commit() {
  const all = waiting;
  waiting = [];
  db.exec("BEGIN");
  for (const { write } of all) write();
  db.exec("COMMIT");
  for (const { resolve } of all) resolve();
}

/** Resolves once it is on disk. */
function written(write) {
  return new Promise((resolve) => {
    if (waiting.push({ write, resolve }) === 1) setImmediate(commit);
  });
}

const app = Fastify();
const agents = new WebSocketServer({ server: app.server, perMessageDeflate: false });
let agent;
let answers = 0;
agents.on("connection", (socket) => {
  agent = socket;
  socket.on("message", async (frame) => {
    const { conference, replyTo, commands } = JSON.parse(String(frame));
    const [{ id: msgId }] = commands;
    const body = document(
      `${conference}-${++answers}`,
      `<A2W_RspUpdateUser MsgID="${msgId}" Result="0" ExtCallID="70001"></A2W_RspUpdateUser>` +
        '<A2W_NotifyUserChange MsgID="26324000002" ExtConfID="B200000001" ExtCallID="70001" Status="1"></A2W_NotifyUserChange>',
    );
    await written(() => {
      queue.run(body);
      keep.run(conference, body);
    });
    const headers = { "content-type": "text/xml; charset=UTF-8" };
    await (await fetch(`http://${replyTo}/`, { method: "POST", headers, body })).text();
  });
});

app.addContentTypeParser("text/xml", { parseAs: "string" }, (_request, body, done) => done(null, body));
app.get("/ready", (_request, reply) => reply.code(agent ? 200 : 503).send());
app.post("/whole/:conference", async ({ body, params: { conference }, query: { transId, msgId, replyTo } }, reply) => {
  await written(() => {
    see.run(transId, body);
    queue.run(body);
    keep.run(conference, body);
  });
  const commands = [{ id: msgId, command: { type: "mute", call: "c1000" } }];
  agent.send(JSON.stringify({ type: "commands", epoch: 1, conference, replyTo, commands }));
  reply.type("text/xml; charset=UTF-8");
  return document(transId, '<Confirmation Result="0"></Confirmation>');
});
await app.listen({ host: "127.0.0.1", port: Number(port) });

function document(transId, content) {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${content}</WbxTSPSchema>`;
}
