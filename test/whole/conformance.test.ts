import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** With a recorder and hybrid audio, so that there is something to judge. */
const domain = {
  recording: { number: { country: "1", area: "408", local: "9041708" }, sequence: "P15D123456789#P10D1234#P0" },
  hybrid: { clientUrl: "https://client.example/", connectData: "a|b", adhocInstall: true, appDetection: "app" },
};

/** Documented clauses about what is not to be seen from outside, or what this adapter never sends. */
const cannotBeSeen: readonly string[] = [
  "1.6",
  "2.3.11:CSPClientPassthrough",
  "2.3.2b",
  "2.3.2c",
  "T10",
  "T2",
  "T2a",
  "T3",
  "T33",
  "T9",
  "T9c",
];

test("Bridgehead passes every documented clause of the conformance kit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-conformance-"));
  const run = await LocalRun.start({ domain });
  try {
    const [port] = await freePorts(1);
    const json = join(folder, "report.json");
    const options = ["--adapter", run.adapterUrl, "--listen", `127.0.0.1:${port}`, "--bridge", run.bridgeUrl];
    // The first who dials in is the host.
    options.push("--host-keys", "{key}#{attendee}#");

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
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--json", "/nowhere/report"], "--json"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--numbers", "1-408-5550123"], "--numbers"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "0.0.0.0:9100"], "--announce"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "[::]:9100", "--announce", "a:9100"], "--announce"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--only", "T4,nope"], "nope"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0", "--https", "/nowhere"], "--https"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0"], "--adapter"],
])("refuses %j in one sentence that names the option, with exit code 2", async (options, named) => {
  const { code, errors } = await conformance(...options);

  expect(code).toBe(2);
  expect(errors.trim().split("\n")).toEqual([expect.stringContaining(named)]);
});

function conformance(...options: string[]) {
  return new Promise<{ readonly code: number; readonly output: string; readonly errors: string }>((done) => {
    const all = ["conformance/main.ts", ...options];
    const child = execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (_, output, errors) => {
      done({ code: child.exitCode ?? -1, output, errors });
    });
  });
}
