import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../doors/programs.ts";

/** `bridgehead webex` as a process, against a simulated site as another. */
let stop: () => Promise<unknown>;
let folder = "";
let site = "";
let password = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "webex-"));
  const [port = 0] = await freePorts(1);
  const env = { ...process.env, WEBEX_SITE_PORT: String(port), WEBEX_SITE_FOLDER: folder };
  const program = spawn(process.execPath, ["webex-interfaces/site/main.ts"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => program.once("exit", resolve));
  stop = () => {
    program.kill();
    return ended;
  };
  await new Promise((resolve) => createInterface({ input: program.stdout }).once("line", resolve));
  site = `http://127.0.0.1:${port}/harbour`;
  password = JSON.parse(readFileSync(join(folder, "passwords.json"), "utf8"))["anna.berg"];
});
afterAll(async () => {
  await stop?.();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function webex(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Run> {
  const env = { ...process.env, COLUMNS: "80", NO_COLOR: "1", FORCE_COLOR: undefined, ...variables };
  return new Promise((resolve) => {
    const asked = ["scripts/bridgehead.ts", "webex", ...words];
    const run = execFile(process.execPath, asked, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    run.stdin?.end();
  });
}

test("a form with a secret is for nobody else to read, and no file is overwritten", async () => {
  const file = join(folder, "log-in.html");
  const words = ["link", "log-in", "--site", site, "--id", "anna.berg", "--form", file];
  const made = await webex(words, { WEBEX_PASSWORD: password });
  const again = await webex(words, { WEBEX_PASSWORD: "another" });

  expect(made).toMatchObject({ code: 0, stderr: "it holds a secret: delete it afterwards\n" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(again).toEqual({ code: 1, stdout: "", stderr: `${file}: a file of this name is in the way\n` });
  expect(readFileSync(file, "utf8")).not.toContain("another");
});
