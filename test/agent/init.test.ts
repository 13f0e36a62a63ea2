import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { init, initDefaults } from "../../bridge-agent/service/init.ts";

/** What another user does just after a file was written. */
let meanwhile = () => {};
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeFileSync: typeof fs.writeFileSync = (...args) => {
    fs.writeFileSync(...args);
    meanwhile();
  };
  return { ...fs, writeFileSync };
});

const SERVICE = 65_534;
let folder: string;
let state: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-init-"));
  chmodSync(folder, 0o755);
  state = join(folder, "state");
  mkdirSync(state);
});
afterEach(() => {
  meanwhile = () => {};
  rmSync(folder, { recursive: true });
});

function initAt(file: string): void {
  init(file, { ...initDefaults, edge: "wss://tsp.example.com", domain: "acme", state });
}

/** Mode, user and group. */
function rightsOf(path: string) {
  const { mode, uid, gid } = statSync(path);
  return [(mode & 0o777).toString(8), uid, gid];
}

test.skipIf(process.getuid?.() !== 0)(
  "init by root gives away its own file alone, whatever is put in its place",
  () => {
    chownSync(state, SERVICE, SERVICE);
    const [file, written, other] = ["agent.json", "written", "other"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(other, "", { mode: 0o600 });
    const before = rightsOf(other);
    meanwhile = () => {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
      meanwhile = () => {};
      renameSync(file, written);
      symlinkSync(other, file);
    };

    initAt(file);

    expect(rightsOf(written)).toEqual(["640", 0, SERVICE]);
    expect(rightsOf(other)).toEqual(before);
  },
);

test("init follows no link that replaced its file", () => {
  const [file, other] = [join(folder, "agent.json"), join(folder, "other")];
  writeFileSync(other, "mine");
  meanwhile = () => {
    meanwhile = () => {};
    symlinkSync(other, file);
  };

  expect(() => initAt(file)).toThrow(/EEXIST/);

  expect(readFileSync(other, "utf8")).toBe("mine");
});
