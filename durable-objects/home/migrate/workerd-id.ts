import { createHash, createHmac } from "node:crypto";

/** The id that plain workerd gives the object of this name: half of it is a hash of the name, half shows that it is an id of this class. */
export function workerdId(uniqueKey: string, name: string): string {
  const key = createHash("sha256").update(uniqueKey).digest();
  const half = (of: string | Buffer) => createHmac("sha256", key).update(of).digest().subarray(0, 16);
  const first = half(name);
  return Buffer.concat([first, half(first)]).toString("hex");
}
