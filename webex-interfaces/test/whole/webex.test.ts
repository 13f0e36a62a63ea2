import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../doors/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "webex-"));
const programs: { kill(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const { kill } of programs) await kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the simulated site as a process. Returns its first line. */
async function startSite(port: number) {
  const env = { ...process.env, WEBEX_SITE_PORT: String(port), WEBEX_SITE_FOLDER: folder };
  const program = spawn(process.execPath, ["webex-interfaces/site/main.ts"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  const kill = () => {
    program.kill("SIGKILL");
    return ended;
  };
  programs.push({ kill });
  const [line] = await once(createInterface({ input: program.stdout }), "line");
  return { line, kill };
}

function webex(words: readonly string[], variables: Readonly<Record<string, string>>) {
  const env = { ...process.env, COLUMNS: "80", NO_COLOR: "1", FORCE_COLOR: undefined, ...variables };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const run = execFile(
      process.execPath,
      ["scripts/bridgehead.ts", "webex", ...words],
      { env },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    run.stdin?.end();
  });
}

test("the command calls a site whose private data survive a kill", async () => {
  const [port = 0] = await freePorts(1);
  const first = await startSite(port);
  const password = () => JSON.parse(readFileSync(join(folder, "passwords.json"), "utf8"))["anna.berg"];
  const variables = {
    WEBEX_SITE: `http://127.0.0.1:${port}/harbour`,
    WEBEX_ID: "anna.berg",
    WEBEX_PASSWORD: password(),
  };
  const changed = await webex(["call", "setMeeting", "meetingkey=712475001", "metaData.confName=Ebb"], variables);
  await first.kill();
  await startSite(port);
  const shown = await webex(["call", "getMeeting", "meetingKey=712475001"], variables);

  expect(first.line).toBe(`simulated site: http://127.0.0.1:${port}/harbour/`);
  expect(changed).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(shown.stdout)).toMatchObject({ metaData: { confName: "Ebb" } });
  expect(readdirSync(folder).filter((name) => statSync(join(folder, name)).mode & 0o077)).toEqual([]);
});
