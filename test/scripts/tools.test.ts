import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findChromium } from "../../scripts/chromium/find-chromium.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-tool-"));
  vi.stubEnv("CHROMIUM", "");
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test("an installed Chromium is taken first; one that only says where to get it is passed over", async () => {
  const bin = join(folder, "bin");
  program(bin, "chromium", "echo 'install the snap' >&2; exit 1");
  const chrome = program(bin, "google-chrome", "echo Google Chrome 150.0.1");
  vi.stubEnv("PATH", bin);

  expect(await findChromium()).toEqual({ ok: true, value: { program: chrome, version: "Google Chrome 150.0.1" } });
});

test("CHROMIUM names one, which must run", async () => {
  const own = program(folder, "own", "echo Chromium 1.2");
  vi.stubEnv("CHROMIUM", own);
  expect(await findChromium()).toEqual({ ok: true, value: { program: own, version: "Chromium 1.2" } });

  vi.stubEnv("CHROMIUM", "/nowhere/chromium");
  expect(await findChromium()).toEqual({ ok: false, error: "CHROMIUM=/nowhere/chromium does not run" });
});

test("a folder that is complete is taken as it is, at once and without a network", async () => {
  const made = program(join(folder, "bin"), "chromium", "echo Chromium 1.2");
  writeFileSync(join(folder, "VERSION"), "Chromium 1.2\n");
  vi.stubEnv("PATH", pathWith("sh", "mkdir"));

  expect(await findChromium(folder)).toEqual({ ok: true, value: { program: made, version: "Chromium 1.2" } });
});

test("a folder with anything else in it is refused, and stays as it is", async () => {
  for (const name of ["home/root", "home/new"]) mkdirSync(join(folder, name), { recursive: true });
  const home = join(folder, "home");

  expect(await findChromium(home)).toEqual({
    ok: false,
    error: `${home} is not empty, and has no Chromium of this script: name another folder, or remove what is there`,
  });
  expect(readdirSync(home)).toEqual(["new", "root"]);
});

test("where there is no apt, it says that this is no Debian", async () => {
  vi.stubEnv("PATH", pathWith("sh", "mkdir", "ls", "grep"));

  expect(await findChromium(join(folder, "home"))).toEqual({
    ok: false,
    error: "this is no Debian system: it has no apt-get",
  });
});

test.skipIf(!existsSync("/usr/share/keyrings/debian-archive-keyring.gpg"))(
  "without a network it says what cannot be reached, at once",
  async () => {
    const settings = join(folder, "apt.conf");
    const proxies = ["http", "https"].map((scheme) => `Acquire::${scheme}::Proxy "http://127.0.0.1:1";\n`);
    writeFileSync(settings, `Dir::Etc::parts "/dev/null";\nDir::Etc::main "/dev/null";\n${proxies.join("")}`);
    vi.stubEnv("APT_CONFIG", settings);

    expect(await findChromium(join(folder, "home"))).toEqual({
      ok: false,
      error: expect.stringMatching(/^Debian's packages cannot be had: Failed to fetch .* 127\.0\.0\.1:1 /),
    });
  },
);

/** A path with these programs of the system alone. */
function pathWith(...programs: readonly string[]): string {
  const bin = join(folder, "path");
  mkdirSync(bin);
  for (const name of programs) symlinkSync(`/bin/${name}`, join(bin, name));
  return bin;
}

function program(place: string, name: string, does: string): string {
  mkdirSync(place, { recursive: true });
  const path = join(place, name);
  writeFileSync(path, `#!/bin/sh\n${does}\n`);
  chmodSync(path, 0o755);
  return path;
}
