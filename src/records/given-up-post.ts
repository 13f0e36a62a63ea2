import type { GivenUpPost } from "../rpc/directory-feed.ts";

/** Whether its server has had all of it, or another server has. One that expired never got it. */
export function isSettled({ settledAt, expired }: Pick<GivenUpPost, "settledAt" | "expired">): boolean {
  return settledAt !== null && !expired;
}
