import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../../simulators/free-ports.ts";
import { content, message, outcomeOf } from "./site-on-test.ts";

const folder = mkdtempSync(join(tmpdir(), "webex-site-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the program keeps its site in its folder, for nobody else to read, and goes on with it after a kill", async () => {
  const [port = 0] = await freePorts(1);
  const env = { WEBEX_SITE_PORT: String(port), WEBEX_SITE_FOLDER: folder };
  const ask = async (type: string, body: string) => {
    const password = JSON.parse(readFileSync(join(folder, "passwords.json"), "utf8"))["anna.berg"];
    const context = `<siteName>harbour</siteName><webExID>anna.berg</webExID><password>${password}</password>`;
    const url = `http://127.0.0.1:${port}/WBXService/XMLService`;
    return outcomeOf(await (await fetch(url, { method: "POST", body: message(context, content(type, body)) })).text());
  };
  const contact = "<contact><name>Jo</name><email>jo@visitor.example</email></contact>";

  const first = await started(env);
  expect(first.line).toBe(`simulated site: http://127.0.0.1:${port}/harbour/\n`);
  expect(await ask("ep.CreateContacts", contact)).toBe("SUCCESS");
  await first.kill();
  const second = await started(env);
  expect(await ask("ep.CreateDistList", "<distList><name>Crew</name><contactID>2</contactID></distList>")).toBe(
    "SUCCESS",
  );
  await second.kill();

  expect(readdirSync(folder).filter((name) => statSync(join(folder, name)).mode & 0o077)).toEqual([]);
});

test("a port that is none is refused in one line", async () => {
  const { line } = await started({ WEBEX_SITE_PORT: "x" });

  expect(line).toBe('simulated site: WEBEX_SITE_PORT is "x"; it must be a port from 1 to 65535, for example 8796\n');
});

/** The first line that the program prints. */
async function started(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["simulators/webex-site/main.ts"], { env: { ...process.env, ...env } });
  const exited = once(child, "exit");
  const [data] = await Promise.race([once(child.stdout, "data"), once(child.stderr, "data")]);
  return {
    line: String(data),
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
