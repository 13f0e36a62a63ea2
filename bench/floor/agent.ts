import { DatabaseSync } from "node:sqlite";
import { WebSocket } from "ws";

/**
 * The bare agent: passes each frame on once it is on disk, both ways. What came in one turn of the event loop shares one commit,
 * as in any agent that is not slow on purpose.
 */
const [edgeUrl = "", bridgeUrl = "", file = ""] = process.argv.slice(2);

const db = new DatabaseSync(file);
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS command (seq INTEGER PRIMARY KEY, frame TEXT);
  CREATE TABLE IF NOT EXISTS report (seq INTEGER PRIMARY KEY, frame TEXT);
`);

const bridge = new WebSocket(bridgeUrl, { perMessageDeflate: false });
bridge.once("open", () => {
  const edge = new WebSocket(edgeUrl, { perMessageDeflate: false });
  edge.on("message", committed("command", bridge));
  bridge.on("message", committed("report", edge));
});

function committed(table: "command" | "report", next: WebSocket): (frame: unknown) => void {
  const insert = db.prepare(`INSERT INTO ${table} (frame) VALUES (?)`);
  let waiting: string[] = [];
  const commit = () => {
    const frames = waiting;
    waiting = [];
    db.exec("BEGIN");
    for (const frame of frames) insert.run(frame);
    db.exec("COMMIT");
    for (const frame of frames) next.send(frame);
  };
  return (frame) => {
    if (waiting.push(String(frame)) === 1) setImmediate(commit);
  };
}
