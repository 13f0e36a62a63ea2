import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import { freePorts } from "../../simulators/free-ports.ts";

interface Clause {
  readonly id: string;
  readonly outcome: string;
  readonly why: string;
}

/** One at least for each thing that these telephones do: dial in, take calls and refuse them, key, talk, hear. */
const played = ["T28", "4.19a", "4.3b", "4.4a", "4.16f", "4.13b"];
/** With keys that mute nobody: what is heard is heard. */
const fails = "2.2.2a";
/** What they cannot do, and a word of the reason. */
const notPlayed = { "4.17b": "tone", "4.10b": "keys", "1.3e": "51", "2.2.4a": "keys", T28a: "slow" };

let run: LocalRun;
beforeAll(async () => {
  run = await LocalRun.start({ bridge: "asterisk" });
}, 60_000);
afterAll(() => run?.stop());

test("the conformance kit plays with telephones over SIP, and says what they cannot", { timeout: 60_000 }, async () => {
  const { dialIn, sip, trunk } = run.telephones ?? { dialIn: "", sip: 0, trunk: 0 };
  const [port] = await freePorts(1);
  const json = join(run.state, "conformance.json");
  const options = ["--adapter", run.adapterUrl, "--listen", `127.0.0.1:${port}`, "--json", json, "--mute-keys", "99"];
  options.push("--phones", "sip", "--sipp", inject("asterisks")[0]?.sipp ?? "");
  options.push("--at-once", "3", "--dial-in", `sip:${dialIn}@127.0.0.1:${sip}`, "--trunk", `127.0.0.1:${trunk}`);
  options.push("--only", [...played, fails, ...Object.keys(notPlayed)].join());

  const code = await conformance(options);

  const { clauses }: { readonly clauses: readonly Clause[] } = JSON.parse(readFileSync(json, "utf8"));
  const of = (id: string) => clauses.find((one) => one.id === id);
  const failed = clauses.filter(({ id, outcome }) => id !== fails && outcome === "failed");
  expect(failed.map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  expect(played.map((id) => [id, of(id)?.outcome])).toEqual(played.map((id) => [id, "passed"]));
  expect(of(fails)).toMatchObject({ outcome: "failed", why: expect.stringMatching(/ hears .* muted itself/) });
  for (const [id, why] of Object.entries(notPlayed))
    expect(of(id)).toMatchObject({ outcome: "not-testable", why: expect.stringContaining(why) });
  expect(code).toBe(0);
});

function conformance(options: readonly string[]): Promise<number> {
  return new Promise((done) => {
    const all = ["conformance/main.ts", ...options];
    const child = execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, () => done(child.exitCode ?? -1));
  });
}
