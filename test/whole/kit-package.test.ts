import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const execute = promisify(execFile);

test("the npm package of the conformance kit is installed without a network, and says what it can", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-kit-"));
  try {
    await execute(process.execPath, ["scripts/package.ts", "--only", "npm", "--version", "1.0.0", "--out", folder]);
    writeFileSync(join(folder, "package.json"), "{}");
    const install = ["install", "--offline", "--no-audit", "--no-fund", "bridgehead-conformance-1.0.0.tgz"];
    // The npm that is beside this Node, if there is one, else the machine's; its programs take the first Node of the path.
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    await execute("npm", install, { cwd: folder, env });

    const { stdout } = await execute("npx", ["--offline", "bridgehead-conformance", "--help"], { cwd: folder, env });

    expect(stdout).toContain("Usage: bridgehead-conformance");
    expect(readdirSync(join(folder, "node_modules"))).toEqual([".bin", ".package-lock.json", "bridgehead-conformance"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
