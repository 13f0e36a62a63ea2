import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { wholeNumber } from "../../scripts/command.ts";
import { smallNursery } from "../../scripts/edge.ts";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Readonly<Record<string, string>> };

/** What a command of package.json says to wrong options. */
function wrongly(name: string, ...options: readonly string[]) {
  const [, file = ""] = /scripts\/run\.mjs (\S+)/.exec(scripts[name] ?? "") ?? [];
  const { status, stderr, stdout } = spawnSync(process.execPath, [file, ...options], { encoding: "utf8" });
  return { status, stderr, stdout };
}

test.each(["0", "-3", "1.5", "abc", "", " 1", "1e3", "0x10", "9999999999999999"])(
  'rejects "%s" as a number of worlds',
  (text) => {
    expect(() => wholeNumber(1)(text)).toThrow("It must be a whole number from 1 on.");
  },
);

test("accepts whole numbers, and 0 as a seed", () => {
  expect([wholeNumber(1)("1"), wholeNumber(1)("100000"), wholeNumber(0)("0")]).toEqual([1, 100_000, 0]);
});

test("packages give V8 the young generation of npm start", () => {
  expect(readFileSync("packaging/command", "utf8")).toContain(`node}" ${smallNursery} `);
});

const wrongOptions: readonly (readonly [name: string, options: readonly string[], says: string])[] = [
  ["simulate", ["--seeds", "abc"], "'--seeds <count>' argument 'abc' is invalid. It must be a whole number from 1 on."],
  ["simulate:mutants", ["--only", "nix"], "'--only <text>' argument 'nix' is invalid. No defect has it in its name"],
  [
    "prove:kills",
    ["--bridge", "none"],
    "'--bridge <kind>' argument 'none' is invalid. Allowed choices are simulated, asterisk.",
  ],
  ["prove:kills", ["--sed", "1"], "unknown option '--sed' (Did you mean --seed?)"],
  ["bench", ["--only", "nix"], "'--only <text>' argument 'nix' is invalid. No figure has it in its name"],
  ["demo", ["--flow", "nix"], "'--flow <name>' argument 'nix' is invalid. Allowed choices are access-codes, batch, "],
  [
    "test",
    ["--only", "types,nix"],
    "argument 'types,nix' is invalid. The stages are types, style, tests, protocol, defects.",
  ],
  ["docs", ["nix"], "'nix' is invalid for argument 'page'. Allowed choices are protocol.md, reference/alerts.md, "],
];
test.each(wrongOptions)("%s %j prints one line and exits with 1", (name, options, says) => {
  const { status, stderr, stdout } = wrongly(name, ...options);

  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(says);
  expect(stderr.match(/\n/g)).toHaveLength(1);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP", null] as const)(
  "a command ended by %s kills its processes, then removes its folder",
  async (signal) => {
    const command = `
      import { spawn } from "node:child_process";
      import { existsSync } from "node:fs";
      import { atExit, exitOnSignals, killGroup, temporaryFolder } from "./scripts/at-exit.ts";
      exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
      const folder = temporaryFolder("test");
      const { pid } = spawn("sleep", ["600"], { detached: true, stdio: ["ignore", "inherit", "ignore"] });
      atExit(() => killGroup(pid));
      atExit(() => console.log(existsSync(folder)));
      console.log(folder);
      if (${signal === null}) throw new Error("a fault");
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", command], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    // Comes when nobody can write to its output any more.
    const closed = new Promise((done) => child.once("close", done));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (signal !== null) child.kill(signal);
    });

    expect(await closed).toBe(signal === null ? 1 : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(lines).toEqual([expect.stringContaining("bridgehead-test-"), "true"]);
    expect(existsSync(lines[0] ?? "")).toBe(false);
  },
);
