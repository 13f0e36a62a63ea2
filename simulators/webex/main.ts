import { parseArgs } from "node:util";
import { edgeUrlOf } from "../../src/foundation/edge-url.ts";
import { portFrom } from "../port.ts";
import { describe, WebexServer } from "./server.ts";

/** A TSP server as a program: names the callers, and prints every message of the adapter. docs/settings.md has its settings. */
const port = portFrom("WEBEX_PORT", 8795, fail);
const { edge } = parseArgs({ options: { edge: { type: "string" } } }).values;
const named = edgeUrlOf({ ...process.env, edge, PORT: String(portFrom("PORT", 8787, fail)) });
if (typeof named === "string") fail(named);
const { ADAPTER_URL } = process.env;
// The path always comes from ADAPTER_URL.
const path =
  ADAPTER_URL && URL.canParse(ADAPTER_URL) ? ADAPTER_URL.slice(new URL(ADAPTER_URL).origin.length) : "/tsp/local";
const adapterUrl = `${named?.url}${path}`;

const server = new WebexServer({ port, adapterUrl });
server.onMessage = ({ at, transId, message }) => {
  console.log(`${new Date(at).toISOString().slice(11, 23)} TransID ${transId} ${describe(message)}`);
};
await server
  .start()
  .catch((error: Error) => fail(`cannot listen on 127.0.0.1:${port} (${error.message}); set WEBEX_PORT to another`));
console.log(`simulated WebEx: WbxHostName="${server.host}", adapter ${adapterUrl}`);

function fail(problem: string): never {
  console.error(`simulated WebEx: ${problem}`);
  process.exit(1);
}
