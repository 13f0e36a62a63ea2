import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findAsterisk } from "../../scripts/tools/find-asterisk.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-get-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A path with these programs of the system alone. */
function pathWith(...programs: readonly string[]): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of programs) symlinkSync(`/bin/${program}`, join(bin, program));
  return bin;
}

test("skips an installed Asterisk that is too old", async () => {
  const packages = join(folder, "packages");
  packagesIn(packages);
  vi.stubEnv("ASTERISK_ROOT", "");
  vi.stubEnv("PATH", `${join(folder, "usr", "sbin")}:${pathWith("sh", "mkdir", "ls", "grep")}`);

  const installed = installedIn(join(folder, "usr"), "20.1.0");
  expect(await findAsterisk({ folder: packages })).toMatchObject({ value: { asterisk: installed, sipp: "" } });
  expect(await findAsterisk({ folder: packages, withSipp: true })).toMatchObject({
    value: { version: "Asterisk 22.1.0", sipp: join(packages, "bin", "sipp") },
  });

  installedIn(join(folder, "usr"), "13.38.3");
  expect(await findAsterisk({ folder: packages })).toMatchObject({ value: { version: "Asterisk 22.1.0" } });
  expect(await findAsterisk({ folder })).toEqual({
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

test("npm test runs the rest without Asterisk, with a reason", () => {
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
