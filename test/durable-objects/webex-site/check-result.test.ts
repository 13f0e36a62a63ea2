import { expect, test } from "vitest";
import type { DomainName } from "../../../src/foundation/ids.ts";
import { hourMs } from "../../../src/foundation/time/timers.ts";
import { measuredText } from "../fakes.ts";
import { domain, html, limited, noSuchUser, serverError, World } from "./world.ts";

const ofSite = [
  "14085550142",
  "14085550143",
  "14085550177",
  "18005550142",
  "18005550143",
  "18005550177",
  "14085550199",
];

/** A site that differs in nothing from the settings. */
function fineWorld(more: object = {}): World {
  const world = new World({ expects: { numbers: ofSite, edge: "https://edge.example" }, ...more }).as("site.admin");
  world.simulated.site.run(`UPDATE users SET profile = '{"privilege":{"host":false}}'`);
  world.insteadOf = (body) => (body.includes("GetSite") ? new Response(fineSite(world)) : undefined);
  return world;
}

function fineSite({ simulated }: World): string {
  return simulated
    .ask("site.GetSite", "", simulated.as("site.admin"))
    .replace(/<(\S*telephonyDomain)>.*?<\/\1>/g, "")
    .replace(/<(\S*primaryAdaptorURL)>.*?<\/\1>/gi, "<$1>https://edge.example/tsp/local</$1>");
}

test("a check that finds nothing is no warning, and has compared all that it can", async () => {
  const world = fineWorld();

  const { last } = await world.check();

  expect(last).toMatchObject({ users: 4, differences: [], more: 0, notCompared: [] });
  expect(world.lines).toEqual([expect.objectContaining({ level: "info", event: "provisioning-checked" })]);
  expect(measuredText(world.measures, [world.domain()])).toMatch(
    /provisioning_checks_total\{domain="local",outcome="done"\} 1\n/,
  );
});

test("a check that did not come to its end is a warning with the reason, though it found nothing", async () => {
  const world = fineWorld();
  const fine = world.insteadOf;
  world.insteadOf = (body) => (/GetUser.*<webExId>ben\.cole/s.test(body) ? limited(body) : fine?.(body));
  await world.object.beginCheck(domain);
  await world.time.pass(5 * hourMs);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ differences: [] });
  expect(world.lines).toEqual([
    expect.objectContaining({
      level: "warn",
      event: "provisioning-checked",
      msg: expect.stringMatching(/^after 4 hours \d of 4 users/),
    }),
  ]);
});

test("a check says what the settings do not let it compare", async () => {
  const { last } = await new World().as("site.admin").check();

  expect(last?.notCompared).toEqual([
    expect.stringContaining("set webexSite.expects.numbers"),
    expect.stringContaining("set webexSite.expects.edge"),
  ]);
});

test("a check that fails leaves no digest of an access code on the disk", async () => {
  const world = new World().as("site.admin");
  world.addUsers(45);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);
  expect(world.sql.exec("SELECT * FROM code").length).toBeGreaterThan(2);
  world.insteadOf = (body) => (body.includes("LstsummaryUser") ? serverError() : undefined);
  await world.time.pass(hourMs);

  expect(await world.object.provisioning(domain)).toMatchObject({ running: null, failure: expect.anything() });
  expect(world.sql.exec("SELECT * FROM code")).toEqual([]);
  expect(measuredText(world.measures, [world.domain()])).toMatch(
    /provisioning_checks_total\{domain="local",outcome="failed"\} 1\n/,
  );
});

test("a code that one account has twice is no code of two accounts", async () => {
  const world = new World().as("site.admin");
  world.simulated.site.run("UPDATE tsp_accounts SET subscriber = participant");

  const { last } = await world.check();

  expect(last?.differences.filter(({ says }) => says.startsWith("It is also that of"))).toEqual([]);
});

test("the log counts all differences, also those that are not listed", async () => {
  const world = new World().as("site.admin");
  world.addUsers(600);
  world.simulated.site.run("UPDATE users SET profile = '{}'");
  await world.object.beginCheck(domain);
  await world.time.pass(300_000);

  const { last } = await world.object.provisioning(domain);
  expect(world.lines.at(-1)).toMatchObject({ differences: 500 + (last?.more ?? 0) });
});

test("users whom the site refuses, as those who were deleted, are told one by one, and the check goes on", async () => {
  const world = new World().as("site.admin");
  world.addUsers(30);
  world.insteadOf = (body) => (/GetUser.*<webExId>user\d/s.test(body) ? noSuchUser(world) : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(60_000);

  const { last, failure } = await world.object.provisioning(domain);
  expect([last?.users, failure]).toEqual([4, null]);
  const notCompared = last?.differences.filter(({ says }) => says.startsWith("It was not compared: "));
  expect(notCompared).toHaveLength(30);
});

test("a check that waited long for the rate limit has all its tries of a list that is answered wrongly", async () => {
  const world = new World().as("site.admin");
  let instead: (body: string) => Response = limited;
  world.insteadOf = (body) => (body.includes("LstsummaryUser") ? instead(body) : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(10 * 60_000);
  instead = serverError;
  await world.time.pass(61_000);
  expect((await world.object.provisioning(domain)).running?.waits?.says).toMatch(/HTTP 500/);
  world.insteadOf = null;
  await world.time.pass(hourMs);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 4 });
});

test.each(["GetSite", "LstsummaryUser", "GetUser"])(
  "operators do not wait where %s of a check meets the rate limit",
  async (operation) => {
    const world = new World().as("site.admin");
    world.insteadOf = (body) => (body.includes(operation) ? limited(body) : undefined);
    await world.check();
    expect(measuredText(world.measures, [world.domain()])).toMatch(
      /webex_site_requests_total\{domain="local",outcome="failed"\} 1\n/,
    );

    expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  },
);

test("a list that is answered wrongly is asked for again after half a minute, one, two and four", async () => {
  const world = new World().as("site.admin");
  const at: number[] = [];
  world.insteadOf = (body) => {
    if (!body.includes("LstsummaryUser")) return undefined;
    at.push(world.time.now);
    return serverError();
  };
  await world.object.beginCheck(domain);
  await world.time.pass(hourMs);

  const pauses = at.slice(1).map((time, n) => time - (at[n] ?? 0));
  expect(pauses.map((ms) => Math.round(ms / 1_000))).toEqual([30, 60, 120, 240]);
});

test("between two turns a check waits for nothing, and for a site in trouble until the pause is over", async () => {
  const world = new World().as("site.admin");
  world.addUsers(45);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);
  expect((await world.object.provisioning(domain)).running).toMatchObject({ users: 20, of: 49, waits: null });

  world.instead = html;
  await world.time.pass(5_000);
  const { running } = await world.object.provisioning(domain);
  expect((running?.waits?.until ?? 0) - world.time.now).toBeGreaterThan(20_000);
});

test("a check by hand that runs when the night comes is not begun anew", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 23 }).as("site.admin");
  world.addUsers(45);
  await world.object.settingsRead(domain);
  const { nextAt } = await world.object.provisioning(domain);
  await world.time.pass((nextAt ?? 0) - world.time.now - 2_000);
  const begunAt = world.time.now;
  await world.object.beginCheck(domain);
  await world.time.pass(60_000);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ begunAt, users: 49 });
  expect(world.askedFor("GetSite")).toBe(1);
});

test("the first night is today's where its hour is still to come", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 23 });
  await world.object.settingsRead(domain);

  const { nextAt } = await world.object.provisioning(domain);
  expect(new Date(nextAt ?? 0).toISOString()).toMatch(/^2026-11-21T23:/);
});

test("a domain with a long name has its minute of the night, too", async () => {
  const name = "harbour-".repeat(40) as DomainName;
  const { object } = new World({ nightlyCheck: true, checkHour: 3 });
  await object.settingsRead(name);

  expect(new Date((await object.provisioning(name)).nextAt ?? 0).toISOString()).toMatch(/^2026-11-22T03:/);
});
