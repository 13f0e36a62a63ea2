import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { freePorts } from "../../simulators/free-ports.ts";

test("the simulated WebEx finds the edge by PORT or ADAPTER_URL", async () => {
  expect(await firstLine({ PORT: "12345" })).toMatch(
    /^simulated WebEx: .*, adapter http:\/\/127\.0\.0\.1:12345\/tsp\/local\n/,
  );
  expect(await firstLine({ PORT: "12345", ADAPTER_URL: "https://a.example/tsp/acme" })).toContain(
    "adapter https://a.example/tsp/acme\n",
  );
  const both = { BRIDGEHEAD_URL: "https://b.example", ADAPTER_URL: "https://a.example/tsp/acme" };
  expect(await firstLine(both)).toContain("adapter https://b.example/tsp/acme\n");
});

test.each([
  [{ WEBEX_PORT: "x" }, 'simulated WebEx: WEBEX_PORT is "x"; it must be a port from 1 to 65535, for example 8795\n'],
  [
    { ADAPTER_URL: "edge" },
    'simulated WebEx: ADAPTER_URL is "edge"; it must be an address such as http://127.0.0.1:8787/tsp/local\n',
  ],
])("refuses %j in one line", async (env, line) => {
  expect(await firstLine(env)).toBe(line);
});

/** The first line that the program prints; then it is ended. */
async function firstLine(env: Readonly<Record<string, string>>): Promise<string> {
  const [port] = await freePorts(1);
  const child = spawn(process.execPath, ["simulators/webex/main.ts"], { env: { WEBEX_PORT: String(port), ...env } });
  const exited = once(child, "exit");
  const line = await Promise.race([once(child.stdout, "data"), once(child.stderr, "data")]);
  child.kill("SIGKILL");
  await exited;
  return String(line[0]);
}
