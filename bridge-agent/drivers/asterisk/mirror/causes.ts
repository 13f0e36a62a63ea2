import type { EndReason } from "../../../../src/bridge/events.ts";

/** What Asterisk said of a dialled call until it was over without an answer. */
interface DialEnd {
  /** The hang-up cause of Q.850; 0 where Asterisk does not know one. */
  readonly cause: number;
  /** As last reported by `Dial`; `null`: never. */
  readonly dialStatus: string | null;
}

const reasons: Readonly<Record<number, EndReason>> = {
  1: "invalid-number", // unallocated
  2: "invalid-number", // no route to this network
  3: "invalid-number", // no route to this destination
  17: "busy",
  18: "no-answer", // no response
  19: "no-answer", // alerted, no answer
  20: "no-answer", // absent
  21: "rejected",
  22: "invalid-number", // changed
  27: "no-answer", // out of order
  28: "invalid-number", // address incomplete
};

/**
 * Why a dialled call ended that was never answered. The cause counts: `Dial` names a rejected call and an unknown number "NOANSWER".
 * Through a Local channel the cause may be lost; then its word is all there is. Trouble on the way, congestion for example, is "refused", and
 * so is a normal clearing (16): that is Asterisk or an agent hanging up, for a telephone that rejects the call says so.
 */
export function reasonOfDial({ cause, dialStatus }: DialEnd): EndReason {
  const reason = reasons[cause];
  if (reason !== undefined) return reason;
  if (dialStatus === "BUSY") return "busy";
  if (cause === 0 && (dialStatus === null || dialStatus === "NOANSWER" || dialStatus === "RINGING")) return "no-answer";
  return "refused";
}

/** Whether it may be the agent's own hang-up. Anything else is the telephone's word, or the network's. */
export function mayBeOwnHangUp({ cause, dialStatus }: DialEnd): boolean {
  return dialStatus !== "BUSY" && (cause === 0 || cause === 16 || cause === 19);
}
