import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { LegalVariations } from "../kit/legal-variations.ts";

interface Clause {
  readonly id: string;
  readonly standing: string;
  readonly outcome: string;
  readonly why: string;
}

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

/** Clauses in which each kind of document comes, and none that waits. */
const fast = ["--quiet", "100", "--at-once", "40"];
const quick =
  "4.1a,4.1b,4.13a,4.13b,4.13d,4.13g,4.15a,4.17a,4.18c,4.2,4.3,4.4,4.7,4.9a,4.9b,4.9e,4.9o,5.,F2,F7,T11,T24,T38a,T44,T5";

let run: LocalRun;
beforeAll(async () => {
  run = await LocalRun.start({ domain });
});
afterAll(() => run.stop());

test("Bridgehead passes every documented clause of the conformance kit", async () => {
  const [port] = await freePorts(1);

  const { code, clauses } = await played("--adapter", run.adapterUrl, "--listen", `127.0.0.1:${port}`);

  expect(failures(clauses)).toEqual([]);
  const notTestable = clauses.filter(({ outcome }) => outcome === "not-testable").map(({ id }) => id);
  expect(notTestable.toSorted()).toEqual(cannotBeSeen);
  expect(code).toBe(0);
}, 240_000);

test("legal variations of what Bridgehead writes fail no documented clause", async () => {
  const servers = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const proxy = await LegalVariations.start(run.adapterUrl, servers);
  const addresses = servers.flatMap((server, n) => ["--listen", server, "--announce", proxy.hosts[n] ?? ""]);

  const { clauses } = await played("--adapter", proxy.adapterUrl, ...addresses, "--only", quick, ...fast);
  proxy.stop();

  expect(failures(clauses)).toEqual([]);
  expect(clauses.filter(({ outcome }) => outcome === "passed").length).toBeGreaterThan(80);
});

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

/** Plays the kit; the first who dials in is the host. Returns the documented clauses. */
async function played(...options: string[]): Promise<{ readonly code: number; readonly clauses: readonly Clause[] }> {
  const json = join(run.state, "report.json");
  const all = [...options, "--bridge", run.bridgeUrl, "--host-keys", "{key}#{attendee}#", "--json", json];
  const { code } = await conformance(...all);
  const { clauses }: { readonly clauses: readonly Clause[] } = JSON.parse(readFileSync(json, "utf8"));
  return { code, clauses: clauses.filter(({ standing }) => standing === "documented") };
}

function failures(clauses: readonly Clause[]): string[] {
  return clauses.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`);
}

function conformance(...options: string[]) {
  return new Promise<{ readonly code: number; readonly output: string; readonly errors: string }>((done) => {
    const all = ["conformance/main.ts", ...options];
    const child = execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (_, output, errors) => {
      done({ code: child.exitCode ?? -1, output, errors });
    });
  });
}
