import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import { freePorts } from "../../simulators/free-ports.ts";

interface Clause {
  readonly id: string;
  readonly standing: string;
  readonly outcome: string;
  readonly why: string;
}

/** Documented clauses that Bridgehead does not keep yet, each with its reason. */
const known: Readonly<Record<string, string>> = {};

/** With a recorder, hybrid audio and a number that is refused, so that there is something to judge. */
const domain = {
  recording: { number: { country: "1", area: "408", local: "9041708" }, sequence: "P15D123456789#P10D1234#P0" },
  policy: { deny: ["+1900"] },
  hybrid: { clientUrl: "https://client.example/", connectData: "a|b", adhocInstall: true, appDetection: "app" },
};

/** Documented clauses about what is not to be seen from outside, or what this adapter never sends. */
const cannotBeSeen: readonly string[] = [
  ...["1.6", "2.3.11:CSPClientPassthrough", "2.3.2b", "2.3.2c"],
  ...["T10", "T2", "T2a", "T3", "T33", "T9", "T9c"],
];

test("Bridgehead passes every documented clause of the conformance kit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-conformance-"));
  const run = await LocalRun.start({ domain });
  try {
    const [port] = await freePorts(1);
    const json = join(folder, "report.json");
    const options = ["--adapter", run.adapterUrl, "--listen", `127.0.0.1:${port}`, "--bridge", run.bridgeUrl];
    // The first who dials in is the host.
    options.push("--host-keys", "{key}#{attendee}#", "--refused", "1-900-5550123");

    const { code, output } = await conformance(...options, "--json", json);

    const { clauses }: { readonly clauses: readonly Clause[] } = JSON.parse(readFileSync(json, "utf8"));
    const documented = clauses.filter(({ standing }) => standing === "documented");
    const failed = documented.filter(({ outcome }) => outcome === "failed");
    expect(failed.filter(({ id }) => !(id in known)).map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
    expect(Object.keys(known).filter((id) => !failed.some((one) => one.id === id))).toEqual([]);
    const notTestable = documented.filter(({ outcome }) => outcome === "not-testable").map(({ id }) => id);
    expect(notTestable.toSorted()).toEqual(cannotBeSeen);
    expect(output).toContain("documented");
    expect(code).toBe(failed.length === 0 ? 0 : 1);
  } finally {
    await run.stop();
    rmSync(folder, { recursive: true });
  }
}, 240_000);

test.each([
  [["--listen", "127.0.0.1:9"], "--adapter"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0"], "--adapter"],
  [["--adapter", "nowhere"], "--adapter"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "here"], "--listen"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--json", "/nowhere/report"], "--json"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--numbers", "1-408-5550123"], "--numbers"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--numbers", "1-415-xx"], "--numbers"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "0.0.0.0:9100"], "--announce"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "[::]:9100", "--announce", "a:9100"], "--announce"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--mute-keys", "no"], "--mute-keys"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--only", ""], "--only"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--only", "T4,nope"], "nope"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--rename", "Foo=Bar"], "--rename"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--json", "x", "--html", "./x"], "--html"],
])("wrong usage (%j) is one sentence that names the option, and exit code 2", async (options, named) => {
  const { code, errors } = await conformance(...options);

  expect(code).toBe(2);
  expect(errors.trim().split("\n")).toEqual([expect.stringContaining(named)]);
});

test("the npm package is installed without a network, and says what it can", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-kit-"));
  try {
    await execute(process.execPath, ["scripts/package.ts", "--only", "npm", "--version", "1.0.0", "--out", folder]);
    writeFileSync(join(folder, "package.json"), "{}");
    const install = ["install", "--offline", "--no-audit", "--no-fund", "bridgehead-conformance-1.0.0.tgz"];
    // The npm that is beside this Node, if there is one, else the machine's; its programs take the first Node of the path.
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    await execute("npm", install, { cwd: folder, env });

    const { stdout } = await execute("npx", ["--offline", "bridgehead-conformance", "--help"], { cwd: folder, env });

    expect(stdout).toContain("Usage: bridgehead-conformance");
    expect(readdirSync(join(folder, "node_modules"))).toEqual([".bin", ".package-lock.json", "bridgehead-conformance"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const execute = promisify(execFile);

function conformance(...options: string[]) {
  return new Promise<{ readonly code: number; readonly output: string; readonly errors: string }>((done) => {
    const all = ["conformance/main.ts", ...options];
    const child = execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (_, output, errors) => {
      done({ code: child.exitCode ?? -1, output, errors });
    });
  });
}
