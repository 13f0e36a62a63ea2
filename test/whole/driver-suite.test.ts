import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("a folder outside of the project imports the suite from the npm package, with types, and runs it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-suite-"));
  const installed = join(folder, "node_modules", "bridgehead");
  try {
    await run(process.execPath, ["scripts/package.ts", "--only", "npm", "--version", "1.0.0", "--out", folder]);
    mkdirSync(installed, { recursive: true });
    await run("tar", ["xzf", join(folder, "bridgehead-1.0.0.tgz"), "--strip-components=1", "-C", installed]);
    for (const name of ["vitest", "typescript", "valibot"]) {
      symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
    }
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(folder, "bridge.test.ts"),
      `import { type Announcement, agentsOf, type BridgeDriver, type BridgeOnTest, bridgeDriverConformance, type CallId, type CommandId, type ConfKey, simulatedBridge } from "bridgehead/driver-suite";
      async function makeBridge(): Promise<BridgeOnTest> {
        const { lockByTelephone, ...bridge } = await simulatedBridge();
        const { stop }: { stop(): Promise<void> } = agentsOf("ws://127.0.0.1:9");
        return {
          ...bridge,
          without: ["lock-by-telephone"],
          heard: async (call: CallId): Promise<readonly Announcement[] | null> => null,
          truth: async (call: string) => bridge.truth?.(call as CallId) ?? null,
          stop: () => Promise.all([bridge.stop(), stop()]).then(() => {}),
        };
      }
      export function mute(driver: BridgeDriver, call: CallId) {
        driver.announce(call, "welcome");
        return driver.execute("1" as CommandId, "987654321" as ConfKey, { type: "mute", call });
      }
      export function wrong(driver: BridgeDriver, call: CallId) {
        // @ts-expect-error There is no such announcement.
        driver.announce(call, "hello");
        // @ts-expect-error There is no such command.
        return driver.execute("1" as CommandId, "987654321" as ConfKey, { type: "shout", call });
      }
      bridgeDriverConformance("of mine", makeBridge);`,
    );

    const options = [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--module",
      "nodenext",
      "--skipLibCheck",
      "--types",
      "",
    ];
    const compiled = run(process.execPath, [resolve("node_modules/typescript/bin/tsc"), ...options, "bridge.test.ts"], {
      cwd: folder,
    });
    expect(await compiled.catch(({ stdout }) => stdout)).toEqual({ stdout: "", stderr: "" });
    const vitest = [resolve("node_modules/vitest/vitest.mjs"), "run", "--reporter=json", "--outputFile=report.json"];
    await run(process.execPath, vitest, { cwd: folder, env: { ...process.env, VITEST: undefined } });
    const { default: report } = await import(join(folder, "report.json"), { with: { type: "json" } });

    expect(report).toMatchObject({ success: true, numFailedTests: 0, numPendingTests: 3 });
    expect(report.numPassedTests).toBeGreaterThan(30);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
