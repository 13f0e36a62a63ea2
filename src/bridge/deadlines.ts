import type { BridgeCommand } from "./commands.ts";

/** From when a request came: then it is answered with a failure, wherever its commands are. */
export const LATEST_MS = 30_000;
/** How long a bridge may be at work on one command of a request. */
export const ON_BRIDGE_MS = 10_000;
/** How long after the end of the ringing a call-out of which nothing was heard has failed. */
export const CALL_OUT_GRACE_MS = 5_000;

/**
 * Whether whoever waits for this command waits `ON_BRIDGE_MS` from when the bridge was given it. A create waits for the domain's
 * `createTimeoutMs`, a call-out for its own waiting time and `CALL_OUT_GRACE_MS`, both from when the request came.
 */
export function isTimedOnBridge({ type }: BridgeCommand): boolean {
  return type !== "create-conference" && type !== "dial";
}
