import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-get-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function get(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/asterisk.ts", ...args], {
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

test("where there is no apt, it says that this is no Debian", () => {
  const path = pathWith("sh", "mkdir");

  expect(get([join(folder, "asterisk")], { PATH: path })).toEqual({
    status: 1,
    stdout: "",
    says: "this is no Debian system: it has no apt-get",
  });
});

test("a folder that apt cannot work in is named", () => {
  const { status, says } = get([join(folder, "my asterisk")], { PATH: process.env.PATH ?? "" });

  expect({ status, says }).toEqual({
    status: 1,
    says: `apt cannot work in ${folder}/my asterisk: only letters, digits and . _ / + - may be in its path`,
  });
});

test.skipIf(!existsSync("/usr/share/keyrings/debian-archive-keyring.gpg"))(
  "without a network it says what cannot be reached, at once",
  () => {
    const proxy = "http://127.0.0.1:1";
    const { status, says } = get([join(folder, "asterisk")], {
      PATH: process.env.PATH ?? "",
      http_proxy: proxy,
      https_proxy: proxy,
    });

    expect(status).toBe(1);
    expect(says).toMatch(/^Debian's packages cannot be had: Failed to fetch .* 127\.0\.0\.1:1 /);
  },
);

test("a folder that is complete is taken as it is, at once and without a network", () => {
  const home = join(folder, "asterisk");
  mkdirSync(join(home, "bin"), { recursive: true });
  const asterisk = join(home, "bin", "asterisk");
  writeFileSync(asterisk, "#!/bin/sh\necho Asterisk 22.1.0+dfsg-1\n");
  chmodSync(asterisk, 0o755);
  writeFileSync(join(home, "VERSION"), "Asterisk 22.1.0\n");

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
