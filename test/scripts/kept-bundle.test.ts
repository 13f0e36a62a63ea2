import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { keptBundle } from "../../scripts/kept-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-bundles-"));
afterAll(() => rmSync(folder, { recursive: true }));

const input = join(folder, "input.ts");
let kept: string;
let made = 0;
beforeEach(() => {
  kept = mkdtempSync(join(folder, "kept-"));
  made = 0;
  writeFileSync(input, "one");
});

const aSecondLater = () => Date.now() + 1_000;

/** What a start gets: how many bundles were made until then. */
async function bundled(name = "edge", inputs: readonly string[] = [input]): Promise<string> {
  const make = async () => ({ contents: Buffer.from(`bundle\n${++made}`), inputs });
  return Buffer.from(await keptBundle(kept, name, make, aSecondLater)).toString();
}

test("makes a bundle once for each name", async () => {
  expect([await bundled(), await bundled(), await bundled("worker"), await bundled()]).toEqual([
    "bundle\n1",
    "bundle\n1",
    "bundle\n2",
    "bundle\n1",
  ]);
});

test("makes a bundle again after a file changed or went", async () => {
  await bundled();
  writeFileSync(input, "two");
  expect([await bundled(), await bundled()]).toEqual(["bundle\n2", "bundle\n2"]);

  const other = join(folder, "other.ts");
  writeFileSync(other, "");
  await bundled("two files", [input, other]);
  rmSync(other);
  expect(await bundled("two files")).toBe("bundle\n4");
});

test("keeps no bundle of files that changed during the build", async () => {
  const make = async () => {
    writeFileSync(input, "three");
    return { contents: Buffer.from(`bundle\n${++made}`), inputs: [input] };
  };
  await keptBundle(kept, "edge", make);

  expect(readdirSync(kept)).toEqual([]);
});
