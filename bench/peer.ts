import type { Side } from "./sides.ts";

export async function startPeer(): Promise<{ pids: Side["pids"]; url: string; stop(): Promise<void> } | null> {
  return null;
}
