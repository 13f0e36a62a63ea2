import { describe, WebexServer } from "./server.ts";

/** A TSP server as a program: prints what an adapter tells it. WEBEX_PORT, ADAPTER_URL. */
const server = new WebexServer({
  port: Number(process.env.WEBEX_PORT ?? 8795),
  adapterUrl: process.env.ADAPTER_URL ?? "http://127.0.0.1:8787/tsp/local",
});
server.onMessage = ({ at, transId, message }) => {
  console.log(`${new Date(at).toISOString().slice(11, 23)} TransID ${transId} ${describe(message)}`);
};
await server.start();
console.log(`simulated WebEx: WbxHostName="${server.host}"`);
