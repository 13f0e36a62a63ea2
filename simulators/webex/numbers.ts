import type { MsgId, TransId } from "../../src/foundation/ids.ts";

/** Gives out the numbers of one TSP server by its own scheme (protocol T33, section 5, row 19): TransIDs and MsgIDs count apart. */
export interface ServerNumbers {
  transId(): TransId;
  msgId(): MsgId;
}

/** `serverId`: 0 to 99, two servers of one pool differ in it. `now`: milliseconds since 1970. */
export function serverNumbers(serverId: number, now: () => number): ServerNumbers {
  const sequence = () => {
    let last = -1;
    return () => {
      last = (last + 1) % 10_000;
      const secondsOfDay = Math.floor((now() % 86_400_000) / 1000);
      return digits(serverId, 2) + digits(secondsOfDay, 5) + digits(last, 4);
    };
  };
  const transIds = sequence();
  const msgIds = sequence();
  return { transId: () => transIds() as TransId, msgId: () => msgIds() as MsgId };
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
