import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { operatorToken } from "../../scripts/local-settings.ts";

let folder: string;
let file: string;

beforeEach(() => {
  vi.stubEnv("OPERATOR_TOKEN", "");
  folder = mkdtempSync(join(tmpdir(), "bridgehead-token-"));
  file = join(folder, "operator-token");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("makes the token again after a full disk cut it short", () => {
  const script = `
    import { operatorToken } from "./scripts/local-settings.ts";
    try { operatorToken(${JSON.stringify(folder)}); } catch (error) { console.log(error.constructor.name, error.message); }`;

  const args = ["--fsize=0:unlimited", process.execPath, "--input-type=module", "-e", script];
  const full = spawnSync("prlimit", args, { encoding: "utf8" });
  const left = readdirSync(folder);
  const { token, from } = operatorToken(folder);

  expect(full.stdout).toMatch(/^StartError cannot write the operator's token to \S+operator-token [^\n]*\n$/);
  expect(left).toEqual([]);
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(from).toBe(file);
  expect(readdirSync(folder)).toEqual(["operator-token"]);
  expect(readFileSync(file, "utf8")).toBe(token);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(operatorToken(folder).token).toBe(token);
});

test.each([
  ["", /operator-token is empty; remove it, and the next start makes a new token$/],
  [" \n", /operator-token is empty; remove it/],
  ["to ken", /operator-token holds a blank or a letter outside ASCII, which no request could send; remove it/],
])("refuses a token file with %j and says what to do", (content, line) => {
  writeFileSync(file, content);

  expect(() => operatorToken(folder)).toThrow(line);
});

test("names a folder in place of the token file", () => {
  mkdirSync(file);

  expect(() => operatorToken(folder)).toThrow(/^cannot read \S+operator-token \(a folder of this name is in the way\)/);
});
