import { callerNamed } from "./callers.ts";
import type { OperatorRequest } from "./input.ts";
import type { Turn } from "./turn.ts";

/** What operations staff ask for: data for a caller's client (protocol 2.3.11, 4.22), or new connect data. */
export function takeOperatorRequest(turn: Turn, request: OperatorRequest): void {
  const { bound } = turn;
  if (!bound) return;
  const { extConfId } = bound;
  const msgId = turn.around.msgId();
  if (request.type === "hybrid-data") {
    const { connectData: hybridConnectData } = request;
    return turn.notify({ type: "conference-changed", msgId, extConfId, status: "hybrid-data", hybridConnectData });
  }
  const { extCallId, data } = request;
  if (callerNamed(turn, extCallId)) turn.notify({ type: "client-passthrough", msgId, extConfId, extCallId, data });
}
