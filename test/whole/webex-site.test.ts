import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MeetingAnswer, ProvisioningState } from "../../src/rpc/webex-site.ts";
import { type SimulatedSite, startSimulatedSite, type UserRow } from "../../webex-interfaces/doors/site.ts";
import { bridgehead, type Ended } from "../bridgehead-command.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

let site: SimulatedSite;
let password: string;
let world: World;

beforeAll(async () => {
  const draw = () => randomBytes(12).toString("base64url");
  site = await startSimulatedSite(0, { file: ":memory:", now: Date.now, draw });
  password = site.site.one<UserRow>("SELECT * FROM users WHERE web_ex_id = 'site.admin'")?.password ?? "";
  process.env.WEBEX_SECRET_LOCAL = password;
  const webexSite = {
    site: `http://127.0.0.1:${site.port}/harbour`,
    webExId: "site.admin",
    passwordFrom: "WEBEX_SECRET_LOCAL",
    globalNumbers: true,
    expects: { edge: "http://127.0.0.1:8787" },
  };
  world = await startWorld({ domain: { webexSite } });
});

afterAll(async () => {
  await world?.stop();
  await site?.close();
});

test("topics, meetings, numbers and the provisioning check come from a real site, by the command and by requests", async () => {
  const meeting = new Meeting(world, "712475001");
  await meeting.create();

  const shown = await asked<MeetingAnswer>("conferences/712475001/meeting");
  expect(shown).toMatchObject({ failure: null, meeting: { topic: "Berth planning", host: { name: "Anna Berg" } } });
  expect(shown.meeting?.missing.map(({ what, why }) => `${what}: ${why}`)).toEqual([
    "numbers: needs-password",
    "access code: needs-password",
    "dial-in sequences: needs-password",
  ]);
  expect((await fetch(shown.links?.join?.url ?? "")).status).toBe(200);

  await eventually("the list has the topic of a running conference", async () =>
    /TOPIC.*\n712475001 +running +Berth planning/.test((await command("conferences")).stdout),
  );
  expect((await command("explain", "712475001")).stdout).toContain("\ntopic Berth planning\n");

  expect((await command("meeting", "712475001")).stdout).toMatch(/^Berth planning, as the site said .*\n {2}kind +MC/);

  const page = await eventually("the site's numbers", async () => {
    const text = await (await fetch(`${world.run.edgeUrl}/global-numbers/local`)).text();
    return text.includes("14085550199") && text;
  });
  expect(page).toContain("Call-in toll number");

  expect((await command("provisioning", "local", "--now")).stdout).toMatch(
    /^\d+ differences at 4 users.*\n\nsite\n.*leads to other global\s+numbers.*\nuser site\.viewer\n/s,
  );
  const state = await asked<ProvisioningState>("provisioning-check");
  // The site's seed has the adapter URL of a local run.
  expect(state.last?.differences.map(({ says }) => says).join()).not.toContain("adaptor URL");
  expect(state.running).toBeNull();
  await meeting.close();
}, 90_000);

test("conferences neither wait for a site that hangs nor ask it; one line says what to do", async () => {
  const asksBefore = requests();
  const [meeting, other] = [new Meeting(world, "712475002"), new Meeting(world, "712475003")];
  await meeting.create();
  await other.create();
  await meeting.close();
  expect(requests()).toBe(asksBefore);

  await faults({ hang: true });
  const question = asked<MeetingAnswer>("conferences/712475003/meeting");
  const begunAt = performance.now();
  const third = new Meeting(world, "712475004");
  await third.create();
  await third.close();
  await other.close();
  const tookMs = performance.now() - begunAt;

  expect(await question).toMatchObject({ meeting: null, failure: expect.stringContaining("ask again") });
  expect(tookMs).toBeLessThan(5_000);
  const log = await eventually(
    "a line about the site",
    async () => {
      const text = readFileSync(join(world.run.state, "logs", "edge.log"), "utf8");
      return text.includes("webex-site-fails") && text;
    },
    40_000,
  );
  expect(log.match(/webex-site-fails/g)).toHaveLength(1);
}, 90_000);

test("a check by the command ends with the reason, as soon as the site has no proper answer", async () => {
  await faults({ answer: "html" });
  const failed = await command("provisioning", "local", "--now");

  expect(failed).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /ago waits for the site: 0 users so far\n {2}the WebEx site answered with an\s+HTML page/,
    ),
  });
  await faults({});
  expect((await command("provisioning", "local", "--now")).stdout).not.toContain("waits for the site");
}, 90_000);

test("the password is in no file of the state folder but the environment of the edge", () => {
  const files = readdirSync(world.run.state, { recursive: true, encoding: "utf8" })
    .map((name) => join(world.run.state, name))
    .filter((file) => statSync(file).isFile());

  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => readFileSync(file).includes(password))).toEqual([]);
});

async function asked<Answer>(path: string): Promise<Answer> {
  const token = readFileSync(join(world.run.state, "operator-token"), "utf8").trim();
  const url = `${world.run.edgeUrl}/api/v1/domains/local/${path}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()) as Answer;
}

/** What is wrong with the site from now on. */
async function faults(found: object): Promise<void> {
  const init = { method: "PUT", body: JSON.stringify(found) };
  expect((await fetch(`http://127.0.0.1:${site.port}/control/faults`, init)).ok).toBe(true);
}

function command(...args: readonly string[]): Promise<Ended> {
  return bridgehead(args, { BRIDGEHEAD_STATE: world.run.state });
}

/** How many requests of the XML API the site has had. */
function requests(): number {
  return site.site.all("SELECT * FROM requests").length;
}
