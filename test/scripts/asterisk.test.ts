import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findAsterisk, findAsteriskWithSipp } from "../../scripts/asterisk/find-asterisk.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-get-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function get(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/asterisk/find-asterisk.ts", ...args], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, says: stderr.trim().split("\n").at(-1) };
}

/** A path with these programs of the system alone. */
function pathWith(...programs: readonly string[]): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of programs) symlinkSync(`/bin/${program}`, join(bin, program));
  return bin;
}

test("a folder that apt cannot work in is named", () => {
  const { status, says } = get([join(folder, "my asterisk")], { PATH: process.env.PATH ?? "" });

  expect({ status, says }).toEqual({
    status: 1,
    says: `apt cannot work in ${folder}/my asterisk: only letters, digits and . _ / + - may be in its path`,
  });
});

test("a folder that is complete is taken as it is, at once and without a network", () => {
  const home = join(folder, "asterisk");
  const asterisk = packagesIn(home);

  const { status, stdout, says } = get([home], { PATH: process.env.PATH ?? "", http_proxy: "http://127.0.0.1:1" });

  expect({ status, says }).toEqual({ status: 0, says: "" });
  expect(stdout.split("\n")).toEqual([
    "version   Asterisk 22.1.0",
    `asterisk  ${asterisk}`,
    `sipp      ${join(home, "bin", "sipp")}`,
    `modules   ${join(home, "modules")}`,
    `data      ${join(home, "share")}`,
    `sounds    ${join(home, "sounds-en")}`,
    "",
  ]);
});

test("a folder that was begun and not finished is no other one", () => {
  const home = join(folder, "home");
  mkdirSync(join(home, "new", "root"), { recursive: true });
  writeFileSync(join(home, ".asterisk-root.lock"), "");

  const { says } = get([home], { PATH: pathWith("sh", "mkdir", "ls", "grep") });

  expect(says).toBe("this is no Debian system: it has no apt-get");
});

test("an installed Asterisk that is too old is left alone, and one without sipp has that of the packages", async () => {
  const packages = join(folder, "packages");
  packagesIn(packages);
  vi.stubEnv("ASTERISK_ROOT", "");
  vi.stubEnv("PATH", `${join(folder, "usr", "sbin")}:${pathWith("sh", "mkdir", "ls", "grep")}`);

  const installed = installedIn(join(folder, "usr"), "20.1.0");
  expect(await findAsterisk({ otherwise: packages })).toMatchObject({ value: { asterisk: installed, sipp: null } });
  expect(await findAsteriskWithSipp({ otherwise: packages })).toMatchObject({
    value: { asterisk: installed, sipp: join(packages, "bin", "sipp") },
  });

  installedIn(join(folder, "usr"), "13.38.3");
  expect(await findAsterisk({ otherwise: packages })).toMatchObject({ value: { version: "Asterisk 22.1.0" } });
  expect(await findAsterisk({ otherwise: folder })).toEqual({
    ok: false,
    error: expect.stringMatching(/^the installed Asterisk 13\.38\.3 is older than 16; .* is not empty/),
  });
});

/** As the script leaves them. Returns the program. */
function packagesIn(home: string): string {
  const asterisk = program(join(home, "bin"), "asterisk", "22.1.0+dfsg-1");
  writeFileSync(join(home, "VERSION"), "Asterisk 22.1.0\n");
  return asterisk;
}

function installedIn(prefix: string, version: string): string {
  const modules = join(prefix, "lib", "x86_64-linux-gnu", "asterisk", "modules");
  for (const path of [modules, join(prefix, "share", "asterisk", "rest-api")]) mkdirSync(path, { recursive: true });
  writeFileSync(join(modules, "res_ari.so"), "");
  return program(join(prefix, "sbin"), "asterisk", version);
}

function program(place: string, name: string, version: string): string {
  mkdirSync(place, { recursive: true });
  const path = join(place, name);
  writeFileSync(path, `#!/bin/sh\necho Asterisk ${version}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("where no Asterisk can be had, npm test says so in one line, and runs the rest", () => {
  writeFileSync(join(folder, "letter"), "mine");
  const env = { ...process.env, ASTERISK_ROOT: folder };

  const { status, stdout } = spawnSync(
    process.execPath,
    ["scripts/test.ts", "--only", "tests", "test/agent/asterisk-sample-config.test.ts"],
    { encoding: "utf8", env },
  );

  expect(stdout.split("\n").filter((line) => !line.startsWith("tests: "))).toEqual([
    `asterisk: left out, because ${folder} is not empty, and has no Asterisk of this script: name another folder, or remove what is there`,
    expect.stringMatching(/^[1-9]\d* passed, 0 failed$/),
    "",
  ]);
  expect(status).toBe(0);
});
