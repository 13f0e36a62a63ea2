import { portFrom } from "../port.ts";
import { describe, WebexServer } from "./server.ts";

/** A TSP server as a program: names the callers, and prints every message of the adapter. docs/settings.md has its settings. */
const port = portFrom("WEBEX_PORT", 8795, fail);
const adapterUrl = process.env.ADAPTER_URL || `http://127.0.0.1:${portFrom("PORT", 8787, fail)}/tsp/local`;
if (!/^https?:\/\/[^/]/.test(adapterUrl) || !URL.canParse(adapterUrl)) {
  fail(`ADAPTER_URL is "${adapterUrl}"; it must be an address such as http://127.0.0.1:8787/tsp/local`);
}

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
