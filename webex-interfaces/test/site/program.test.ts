import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../doors/programs.ts";
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
  expect(await first.lines(2)).toEqual([
    `simulated site: http://127.0.0.1:${port}/harbour/`,
    `the passwords of its users are in ${join(folder, "passwords.json")}`,
  ]);
  expect(await ask("ep.CreateContacts", contact)).toBe("SUCCESS");
  await first.kill();
  const second = await started(env);
  await second.lines(1);
  expect(await ask("ep.CreateDistList", "<distList><name>Crew</name><contactID>2</contactID></distList>")).toBe(
    "SUCCESS",
  );
  await second.kill();

  expect(readdirSync(folder).filter((name) => statSync(join(folder, name)).mode & 0o077)).toEqual([]);
});

test("the file of passwords has them as they are now", async () => {
  const [port = 0] = await freePorts(1);
  const { lines, kill } = await started({ WEBEX_SITE_PORT: String(port), WEBEX_SITE_FOLDER: folder });
  await lines(1);
  const passwords = () => JSON.parse(readFileSync(join(folder, "passwords.json"), "utf8"));
  const before = passwords();
  const setUser = (body: string) => {
    const context = `<siteName>harbour</siteName><webExID>site.admin</webExID><password>${before["site.admin"]}</password>`;
    const sent = message(context, content("user.SetUser", `<webExId>anna.berg</webExId>${body}`));
    return fetch(`http://127.0.0.1:${port}/WBXService/XMLService`, { method: "POST", body: sent });
  };

  expect(outcomeOf(await (await setUser("<password>Lines-42</password>")).text())).toBe("SUCCESS");
  expect(passwords()).toEqual({ ...before, "anna.berg": "Lines-42" });
  expect(outcomeOf(await (await setUser("<newWebExId>anna.holm</newWebExId>")).text())).toBe("SUCCESS");
  expect(Object.keys(passwords())).toContain("anna.holm");
  await fetch(`http://127.0.0.1:${port}/control/reset`, { method: "POST" });
  // Whoever has another name by then is somebody else.
  expect(passwords()).toEqual({ ...before, "anna.berg": expect.not.stringContaining("Lines-42") });
  await kill();
});

test("without a folder, it says that its passwords are known to nobody", async () => {
  const [port = 0] = await freePorts(1);
  const { lines, kill } = await started({ WEBEX_SITE_PORT: String(port), WEBEX_SITE_FOLDER: "" });

  expect((await lines(2))[1]).toContain("WEBEX_SITE_FOLDER names a folder");
  await kill();
});

test("a port that is none is refused in one line", async () => {
  const { lines } = await started({ WEBEX_SITE_PORT: "x" });

  expect(await lines(1)).toEqual([
    'simulated site: WEBEX_SITE_PORT is "x"; it must be a port from 1 to 65535, for example 8796',
  ]);
});

/** The program, with what it prints, on either stream. */
async function started(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["webex-interfaces/site/main.ts"], { env: { ...process.env, ...env } });
  const exited = once(child, "exit");
  const printed: string[] = [];
  const waiting = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      printed.push(line);
      for (const look of waiting) look();
    });
  }
  return {
    /** Its first lines, when there are so many. */
    lines: (count: number) =>
      new Promise<string[]>((resolve) => {
        const look = () => {
          if (printed.length >= count) resolve(printed.slice(0, count));
        };
        waiting.add(look);
        look();
      }),
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
