import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);

/** A folder of somebody who writes a driver. */
const folder = mkdtempSync(join(tmpdir(), "bridgehead-suite-"));
beforeAll(async () => {
  const installed = join(folder, "node_modules", "bridgehead");
  await run(process.execPath, ["scripts/package.ts", "--only", "npm", "--version", "1.0.0", "--out", folder]);
  mkdirSync(installed, { recursive: true });
  await run("tar", ["xzf", join(folder, "bridgehead-1.0.0.tgz"), "--strip-components=1", "-C", installed]);
  for (const name of ["vitest", "typescript", "valibot"]) {
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

test("installs the conformance kit without a network", async () => {
  const kit = join(folder, "kit");
  mkdirSync(kit);
  writeFileSync(join(kit, "package.json"), "{}");
  // Prefer the npm next to this Node. Its programs take the first Node of the path.
  const options = { cwd: kit, env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` } };
  const install = ["install", "--offline", "--no-audit", "--no-fund", "../bridgehead-conformance-1.0.0.tgz"];
  await run("npm", install, options);

  const { stdout } = await run("npx", ["--offline", "bridgehead-conformance", "--help"], options);
  expect(stdout).toContain("Usage: bridgehead-conformance");
  expect(readdirSync(join(kit, "node_modules"))).toEqual([".bin", ".package-lock.json", "bridgehead-conformance"]);
});

interface Result {
  readonly status: string;
  readonly title: string;
  readonly failureMessages: readonly string[];
}

/** Runs this file's tests, those alone whose title has this in it. */
async function runTests(name: string, text: string, only = ""): Promise<readonly Result[]> {
  writeFileSync(join(folder, `${name}.test.ts`), text);
  const to = [name, "-t", only, "--reporter=json", `--outputFile=${name}.json`];
  const vitest = run(process.execPath, [resolve("node_modules/vitest/vitest.mjs"), "run", ...to], {
    cwd: folder,
    env: { ...process.env, VITEST: undefined },
  });
  await vitest.catch(({ code }) => expect(code).toBe(1)); // A test has failed.
  const { default: report } = await import(join(folder, `${name}.json`), { with: { type: "json" } });
  return report.testResults[0].assertionResults;
}

test("a folder outside of the project imports the suite from the npm package, with types, and runs it", async () => {
  const text = `import { type Announcement, agentsOf, type BridgeDriver, type BridgeOnTest, bridgeDriverConformance, type CallId, type CommandId, type ConfKey, simulatedBridge } from "bridgehead/driver-suite";
      async function makeBridge(): Promise<BridgeOnTest> {
        const { lockByTelephone, ...bridge } = await simulatedBridge();
        const { stop }: { stop(): Promise<void> } = agentsOf("ws://127.0.0.1:9");
        return { ...bridge,
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
      bridgeDriverConformance("of mine", makeBridge);`;

  const results = await runTests("bridge", text);

  expect(results.filter(({ status }) => status === "failed")).toEqual([]);
  expect(results.filter(({ status }) => status === "skipped")).toHaveLength(3);
  expect(results.length).toBeGreaterThan(30);
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
});

/** A bridge whose driver is the simulated one's, but for what is here; a driver of its own for each test. */
function wrong(members: string): string {
  return `import { bridgeDriverConformance, simulatedBridge } from "bridgehead/driver-suite";
  bridgeDriverConformance("of mine", async () => {
    const bridge = await simulatedBridge();
    let report = () => {};
    const right = (driver) => ({ start: (to) => driver.start((report = to)),
      activate: (epoch) => driver.activate(epoch),
      announce: (call, announcement) => driver.announce(call, announcement),
      execute: (id, conference, command) => driver.execute(id, conference, command),
      state: () => driver.state(),
      stop: () => driver.stop(),
    });
    const disconnected = { type: "disconnected", why: "it speaks version 2", isReplaced: false };
    return { ...bridge, driver: right(bridge.driver), other: right(bridge.other), ${members} };
  });`;
}
const failuresOf = (results: readonly Result[]) =>
  results.flatMap(({ status, failureMessages }) => (status === "failed" ? [failureMessages.join()] : []));

test("a bridge that never connects fails one test, with what the driver says of it, and the others are not tried", async () => {
  const driver = "driver: { ...right(bridge.driver), start: (report) => report(disconnected) }";

  const results = await runTests("away", wrong(driver));

  const [failure, ...others] = failuresOf(results);
  expect(others).toEqual([]);
  expect(failure).toContain("the agent: no connection within 5 s; the driver said: it speaks version 2");
  expect(failure).toContain("The rule: a conference is created, locked, unlocked and ended, without an event\n");
  expect(results.filter(({ status }) => status === "passed")).toEqual([]);
});

test("a bridge that makes no conference and does not say so is left, too", async () => {
  const execute =
    "execute: (id, key, command) => command.type === 'create-conference' ? new Promise(() => {}) : bridge.driver.execute(id, key, command)";

  const results = await runTests("silent", wrong(`driver: { ...right(bridge.driver), ${execute} }`));

  expect(failuresOf(results)).toEqual([
    expect.stringContaining("the agent: no result of create-conference within 5 s\n"),
  ]);
});

test.each([
  [
    "a state that never comes",
    "state: async () => { report(disconnected); return null; }",
    "the driver gave no state; the driver said: it speaks version 2",
  ],
  [
    "a result that nobody can know",
    "execute: async () => { report(disconnected); return { done: 'unknown' }; }",
    'the agent is told disconnected {"why":"it speaks version 2","isReplaced":false}',
  ],
])("%s is shown with why the link was lost", async (name, member, shown) => {
  const driver = `driver: { ...right(bridge.driver), ${member} }`;

  const results = await runTests(name.replaceAll(" ", "-"), wrong(driver), "is created, locked, unlocked");

  expect(failuresOf(results)).toEqual([expect.stringContaining(shown)]);
});

test("a driver that is replaced as soon as it becomes active may know that nothing was done", async () => {
  const other = `other: { ...right(bridge.other),
    activate: () => void bridge.other.stop().then(() => report({ ...disconnected, isReplaced: true })),
  }`;

  const results = await runTests("replaced", wrong(other), "has not heard of it does not take the place back");

  expect(failuresOf(results)).toEqual([]);
  expect(results.filter(({ status }) => status === "passed")).toHaveLength(1);
});
