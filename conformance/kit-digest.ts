import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Of the kit's program: its one file as it was packed, or all of its files in a checkout. */
export function kitDigest(): string {
  const { filename } = import.meta;
  const folder = dirname(filename);
  const isCheckout = filename.endsWith(".ts");
  const files = isCheckout
    ? globSync("**/*.ts", { cwd: folder })
        .map((file) => join(folder, file))
        .sort()
    : [filename];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}
