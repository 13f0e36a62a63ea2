import { CLOSE_CODES, type CloseReason } from "../../src/relay/messages.ts";

/** Accepts an agent's socket only to close it: a refused upgrade would not tell the agent's log why. */
export function refuseAgent(why: CloseReason): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(CLOSE_CODES[why], why);
  return new Response(null, { status: 101, webSocket: client });
}
