import { expect, test } from "vitest";
import type { DomainName } from "../../../src/foundation/ids.ts";
import { hourMs } from "../../../src/foundation/time/timers.ts";
import { answerXml } from "../../../webex-interfaces/doors/site.ts";
import { noon } from "../../../webex-interfaces/doors/tests.ts";
import { answerOf, diskOf, domain, html, limited, never, serverError, World } from "./world.ts";

test("differences of a former site are counted no longer", async () => {
  const world = new World().as("site.admin");
  await world.check();
  expect((await world.object.provisioning(domain)).last).not.toBeNull();

  world.settings = { ...world.settings, site: "https://other.webex.example/other" };
  await world.object.settingsRead(domain);

  expect((await world.object.provisioning(domain)).last).toBeNull();
});

test("the check finds what differs, each in a sentence with what to do", async () => {
  const world = new World({
    expects: { numbers: ["+1 408 555 0142", "+1 408 555 0177", "+1 800 555 0142", "+1 800 555 0177", "14085550199"] },
  }).as("site.admin");
  world.simulated.site.run("UPDATE tsp_accounts SET participant = '4711001' WHERE participant = '4711009'");

  const { last, running, failure } = await world.check();

  expect([running, failure]).toEqual([null, null]);
  expect(last).toMatchObject({ users: 4, more: 0, notCompared: [expect.stringContaining("webexSite.expects.edge")] });
  const found = last?.differences.map(({ about, says }) => `${about}: ${says}`) ?? [];
  expect(found).toEqual([
    expect.stringMatching(
      /^site: The site's telephony domain is harbour\.webex\.example, and webex\.hosts has no host of it/,
    ),
    expect.stringMatching(/^user site\.admin: The user may host and has no TSP account/),
    expect.stringMatching(/^user site\.viewer: The user may host and has no TSP account/),
    expect.stringMatching(
      /^user anna\.berg, account 2: Its toll number 14085550143 is none of the domain's: correct it/,
    ),
    expect.stringMatching(/^user anna\.berg, account 2: Its toll-free number 18005550143 is none/),
    expect.stringMatching(
      /^user ben\.cole, account 1, participant access code: It is also that of user anna\.berg, account 1/,
    ),
  ]);
  // Codes are in no sentence.
  expect(found.join()).not.toMatch(/4711/);
  expect(world.sql.exec("SELECT * FROM code")).toEqual([]);
  expect(world.lines).toEqual([
    { level: "warn", event: "provisioning-checked", domain, differences: 6, users: 4, tookMs: expect.any(Number) },
  ]);
});

/** A user with the access codes of another, pages behind that one. */
function addSharedCodes({ simulated }: World): void {
  simulated.site.run(
    "INSERT INTO tsp_accounts (user_id, account_index, toll, participant, subscriber, is_default) SELECT user_id, 1, '14085550142', '880011', '94711001', 1 FROM users WHERE web_ex_id = 'user44'",
  );
}

const sharedCode = {
  about: "user user44, account 1, subscriber access code",
  says: expect.stringMatching(/^It is also that of user anna\.berg, account 1, subscriber access code/),
};

test("no access code of an account is on the disk while a check runs, and two that are equal are found over pages and restarts", async () => {
  const world = new World().as("site.admin");
  world.addUsers(45);
  addSharedCodes(world);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);

  expect(world.sql.exec("SELECT * FROM code").length).toBeGreaterThan(2);
  const disk = diskOf(world.sql);
  expect(disk).toContain("user anna.berg, account 1, subscriber access code");
  expect(disk).not.toMatch(/94711|880011|471100/);

  world.open();
  await world.object.settingsRead(domain);
  await world.time.pass(20_000);
  const { last } = await world.object.provisioning(domain);
  expect(last?.differences).toContainEqual(sharedCode);
  expect(last?.notCompared.join()).not.toContain("codes");
  expect(diskOf(world.sql)).not.toMatch(/94711|880011|471100/);
});

test("the same code has another digest in each check", async () => {
  const world = new World().as("site.admin");
  world.addUsers(45);
  const codes = async () => {
    await world.object.beginCheck(domain);
    await world.time.pass(5_000);
    const rows = world.sql.exec("SELECT code FROM code").map(({ code }) => String(code));
    await world.time.pass(30_000);
    return rows;
  };

  const [first, second] = [await codes(), await codes()];

  expect(first.length).toBeGreaterThan(2);
  expect(second.filter((code) => first.includes(code))).toEqual([]);
});

test.each(["operator's token", "site's secret"])(
  "where the %s changes during a check, it says whose access codes it could not compare with the others",
  async (what) => {
    const world = new World().as("site.admin");
    world.addUsers(45);
    addSharedCodes(world);
    await world.object.beginCheck(domain);
    await world.time.pass(5_000);
    if (what === "operator's token") world.token = "another";
    else {
      world.secret = "another";
      world.simulated.site.run("UPDATE users SET password = 'another' WHERE web_ex_id = 'site.admin'");
    }
    world.open();
    await world.object.settingsRead(domain);
    await world.time.pass(20_000);

    const { last } = await world.object.provisioning(domain);
    expect(last).toMatchObject({ users: 49, more: 0 });
    expect(last?.differences).not.toContainEqual(sharedCode);
    expect(last?.notCompared.at(-1)).toMatch(
      /^The secret of webexSite or the edge's operator token was changed.*of the first 20 users/,
    );
  },
);

test("without an operator's token, codes are not taken for equal", async () => {
  const world = new World().as("site.admin");
  world.token = "";

  const { last } = await world.check();

  expect(last?.differences.filter(({ says }) => says.startsWith("It is also that of"))).toEqual([]);
});

test("a check goes page by page, and goes on over a restart and a site that is away meanwhile", async () => {
  const world = new World().as("site.admin");
  world.addUsers(45);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);
  expect((await world.object.provisioning(domain)).running).toMatchObject({ users: 20, of: 49 });

  world.instead = html;
  await world.time.pass(20_000);
  world.instead = null;
  world.open();
  await world.object.settingsRead(domain);
  await world.time.pass(120_000);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 49, more: 0 });
  expect(world.asked.filter((operation) => operation === "LstsummaryUser")).toHaveLength(4);
});

test("a check that waits for a site that is left alone goes on at once when somebody asks for one", async () => {
  const world = new World().as("site.admin");
  await world.object.beginCheck(domain);
  await world.time.pass(10);
  world.instead = html;
  await world.time.pass(5_000);
  world.instead = null;
  expect((await world.object.provisioning(domain)).running).toMatchObject({ users: 0 });

  const { last } = await world.check();

  expect(last).toMatchObject({ users: 4, begunAt: noon });
});

test("the check runs by itself once a night, at its hour", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 3 }).as("site.admin");
  await world.object.settingsRead(domain);
  expect(world.asked).toEqual([]);
  const { nextAt } = await world.object.provisioning(domain);
  expect(new Date(nextAt ?? 0).toISOString()).toMatch(/^2026-11-22T03:\d\d:00\.000Z$/);

  await world.time.pass(24 * hourMs);
  expect((await world.object.provisioning(domain)).last?.begunAt).toBe(nextAt);
  await world.time.pass(2 * 24 * hourMs);

  expect(world.events()).toEqual(["provisioning-checked", "provisioning-checked", "provisioning-checked"]);
});

test("the checks of several domains come at minutes of their own, the same in each life", async () => {
  const minuteOf = async (name: string) => {
    const { object } = new World({ nightlyCheck: true, checkHour: 3 });
    await object.settingsRead(name as DomainName);
    return new Date((await object.provisioning(name as DomainName)).nextAt ?? 0).getUTCMinutes();
  };
  const minutes = await Promise.all(["north", "south", "harbour", "quay"].map(minuteOf));

  expect(new Set(minutes).size).toBe(4);
  expect(await minuteOf("north")).toBe(minutes[0]);
});

test("after a clock that was set back by days, the check comes in the night that comes next", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 3 }).as("site.admin");
  await world.object.settingsRead(domain);
  world.setBackMs = 3 * 24 * hourMs;

  const { nextAt } = await world.object.provisioning(domain);

  expect(new Date(nextAt ?? 0).toISOString()).toMatch(/^2026-11-19T03:\d\d/);
});

test("after a clock that was set back by a month, the check comes each night from the restart on", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 3 }).as("site.admin");
  await world.object.settingsRead(domain);
  world.setBackMs = 30 * 24 * hourMs;
  await world.open().settingsRead(domain);

  await world.time.pass(3 * 24 * hourMs);

  expect(world.events()).toEqual(["provisioning-checked", "provisioning-checked", "provisioning-checked"]);
});

test("after a clock that was set back by days, a check that is running goes on at once", async () => {
  const world = new World().as("site.admin");
  world.addUsers(30);
  await world.object.beginCheck(domain);
  await world.time.pass(1_000);
  expect((await world.object.provisioning(domain)).running).toMatchObject({ users: 20, of: 34 });

  world.setBackMs = 3 * 24 * hourMs;
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);

  expect(await world.object.provisioning(domain)).toMatchObject({ running: null, last: { users: 34 } });
  expect(world.lines.at(-1)).toMatchObject({ event: "provisioning-checked", tookMs: 100 });
});

test("five hundred differences are listed, and the others counted", async () => {
  const world = new World().as("site.admin");
  world.addUsers(600);
  world.simulated.site.run("UPDATE users SET profile = '{}'");
  await world.object.beginCheck(domain);
  await world.time.pass(300_000);

  const { last } = await world.object.provisioning(domain);
  expect([last?.users, last?.differences.length]).toEqual([604, 500]);
  expect(last?.more).toBeGreaterThan(100);
});

test.each([
  [30_000, ["Only the first 20000 of 30000 users were compared."]],
  [20_000, []],
])(
  "of a site with %i users, the first 20,000 are compared, and the check says whether others were not",
  async (total, says) => {
    const world = new World().as("site.admin");
    world.insteadOf = (body) => {
      if (!body.includes("LstsummaryUser")) return undefined;
      // The list is that of four users, who are said to be the last of the 20,000.
      const first = body.replace(/<startFrom>\d+</, "<startFrom>1<");
      const many = answerXml(world.simulated.site, first).replace(/(total>)\d+/, `$1${total}`);
      return new Response(many, { headers: { "content-type": "text/xml" } });
    };
    await world.object.beginCheck(domain);
    await world.time.pass(10);
    world.sql.exec("UPDATE entry SET value = json_set(value, '$.next', 19997) WHERE key = 'check'");
    await world.time.pass(60_000);

    const { last } = await world.object.provisioning(domain);
    expect(last?.users).toBe(4);
    expect(last?.notCompared.filter((line) => line.startsWith("Only"))).toEqual(says);
  },
);

test("users who are deleted while a check runs are told, since others may then be missing from its pages", async () => {
  const world = new World().as("site.admin");
  world.addUsers(20);
  const deleted = (user: string) => world.simulated.site.run("DELETE FROM users WHERE web_ex_id = ?", user);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);
  // The second was on the first page, so that user16 moves there.
  deleted("user19");
  deleted("user0");
  await world.time.pass(10_000);

  const { last } = await world.object.provisioning(domain);
  expect(last?.users).toBe(22);
  expect(last?.notCompared.at(-1)).toMatch(
    /^Users were deleted at the site during the check.*have the check made again/,
  );
  expect((await world.check()).last?.notCompared.join()).not.toContain("deleted");
});

test.each([
  ["all users of a page", 16, ["user0", "user1", "user2"]],
  ["the last two", 15, ["user0", "user1"]],
  ["more than a page", 20, Array.from({ length: 20 }, (_, n) => `user${n}`)],
])("the end of the list is found although %s are deleted before it", async (_, users, deleted) => {
  const world = new World().as("site.admin");
  world.addUsers(users + 3);
  await world.object.beginCheck(domain);
  await world.time.pass(5_000);
  for (const user of deleted) world.simulated.site.run("DELETE FROM users WHERE web_ex_id = ?", user);
  await world.time.pass(10_000);

  expect((await world.object.provisioning(domain)).last?.notCompared.at(-1)).toMatch(/^Users were deleted/);
});

/** Each user takes the site so long. */
function slowUsers(world: World, ms: number): void {
  world.insteadOf = (body) =>
    body.includes("GetUser") ? world.time.wait(ms).then(() => answerOf(world, body)) : undefined;
}

test("a check of a slow site ends after four hours with what was compared, and says how far it came", async () => {
  const world = new World().as("site.admin");
  // Two have no account: one is listed early, and one last.
  world.addUsers(1_600);
  world.simulated.site.run("UPDATE users SET web_ex_id = 'zoe', profile = '{}' WHERE web_ex_id = 'user1599'");
  slowUsers(world, 9_500);
  await world.object.beginCheck(domain);
  await world.time.pass(4 * hourMs - 300_000);
  expect((await world.object.provisioning(domain)).running).toMatchObject({ waits: null });
  await world.time.pass(600_000);

  const { running, failure, last } = await world.object.provisioning(domain);
  expect({ running, failure }).toEqual({ running: null, failure: null });
  expect(last?.users).toBeGreaterThan(1_500);
  expect(last?.notCompared[0]).toBe(
    `After 4 hours ${last?.users} of 1604 users were compared: the site was too slow. The others were not.`,
  );
  const about = last?.differences.map(({ about }) => about);
  expect(about).toContain("user site.admin");
  expect(about).not.toContain("user zoe");
  expect(world.lines).toEqual([
    expect.objectContaining({ level: "warn", event: "provisioning-checked", users: last?.users }),
  ]);
});

test("a check that did not come to all accounts lets numbers of the one before be seen, for a week from that", async () => {
  const world = new World({ globalNumbers: true, cacheMs: 12 * hourMs }).as("site.admin");
  const numbers = async () => (await world.object.numbers(domain)).map(({ number }) => number);
  await world.check();
  const before = await numbers();
  expect(before).toContain("14085550142");
  world.simulated.site.run("UPDATE tsp_accounts SET toll = '14085550188'");
  world.insteadOf = (body) => (/GetUser.*<webExId>ben\.cole/s.test(body) ? limited(body) : undefined);
  await world.time.pass(24 * hourMs);
  await world.object.beginCheck(domain);
  await world.time.pass(5 * hourMs);

  expect((await world.object.provisioning(domain)).last?.notCompared[0]).toMatch(
    /^After 4 hours 3 of 4 users were compared: .*000045.*\. The others were not\.$/,
  );
  expect((await numbers()).toSorted()).toEqual([...before, "14085550188"].toSorted());
  await world.time.pass(6 * 24 * hourMs);
  expect(await numbers()).toEqual(["14085550199"]);
});

test("a turn begins seven seconds after the one before began, or at once after one that took longer", async () => {
  const tookMs = async (ofUserMs: number) => {
    const world = new World().as("site.admin");
    world.addUsers(96);
    slowUsers(world, ofUserMs);
    await world.object.beginCheck(domain);
    await world.time.pass(10 * 60_000);
    return world.lines.find(({ event }) => event === "provisioning-checked")?.tookMs as number;
  };

  // Five turns of twenty users: of four seconds each, and of ten.
  expect(await tookMs(200)).toBeLessThan(4 * 7_000 + 4_000 + 1_000);
  expect(await tookMs(200)).toBeGreaterThan(4 * 7_000 + 4_000 - 1);
  expect(await tookMs(500)).toBeLessThan(5 * 10_000 + 1_000);
});

test("a clock that is set back by days during a turn keeps the next one no longer", async () => {
  const world = new World().as("site.admin");
  world.addUsers(40);
  slowUsers(world, 200);
  await world.object.beginCheck(domain);
  await world.time.pass(2_000);
  world.setBackMs = 3 * 24 * hourMs;
  await world.time.pass(30_000);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 44 });
});

test("a clock that is set back while a check runs gives a slow site no more than its four hours", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = limited;
  await world.object.beginCheck(domain);
  await world.time.pass(2 * hourMs);

  world.setBackMs = 3 * 24 * hourMs;
  await world.object.settingsRead(domain);
  await world.time.pass(2 * hourMs - 120_000);
  expect((await world.object.provisioning(domain)).running).not.toBeNull();
  await world.time.pass(240_000);

  expect(await world.object.provisioning(domain)).toMatchObject({ running: null, failure: expect.anything() });
});

test("a rate limit that lasts ends a check after four hours", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = limited;
  await world.object.beginCheck(domain);
  await world.time.pass(4 * hourMs - 120_000);
  expect((await world.object.provisioning(domain)).running).not.toBeNull();
  await world.time.pass(240_000);

  expect(await world.object.provisioning(domain)).toMatchObject({
    running: null,
    failure: { says: expect.stringContaining("000045") },
  });
  expect(world.events()).toEqual(["provisioning-not-checked"]);
});

test("a user who may not list others is told, and what was found before stays", async () => {
  const world = new World().as("site.admin");
  const before = await world.check();
  world.simulated.site.run("UPDATE users SET role = 'host' WHERE web_ex_id = 'site.admin'");

  const { last, failure } = await world.check();

  expect(last).toEqual(before.last);
  expect(failure?.says).toMatch(/refused/);
  expect(world.events()).toEqual(["provisioning-checked", "provisioning-not-checked"]);
});

test("users whom the site does not show end the check once they are many in a row, as one line", async () => {
  const world = new World().as("site.admin");
  world.addUsers(60);
  world.insteadOf = (body) => (body.includes("GetUser") ? serverError() : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(hourMs);

  const { last, failure, running } = await world.object.provisioning(domain);
  expect({ last, running }).toEqual({ last: null, running: null });
  expect(failure?.says).toMatch(/^20 users in a row could not be read, the last for this: .*HTTP 500/);
  expect(world.askedFor("GetUser")).toBe(20);
  expect(world.lines).toEqual([expect.objectContaining({ event: "provisioning-not-checked", msg: failure?.says })]);
});

test("a list that the site answers wrongly is tried again some times, and then told", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = (body) => (body.includes("LstsummaryUser") ? serverError() : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(hourMs);

  expect(world.askedFor("LstsummaryUser")).toBe(5);
  expect((await world.object.provisioning(domain)).failure?.says).toMatch(/users cannot be listed: .*HTTP 500/);
  expect(world.events()).toEqual(["provisioning-not-checked"]);
});

test.each([
  ["with a total", /$^/],
  ["without one", /<(\w+:)?matchingRecords>.*<\/(\w+:)?matchingRecords>/s],
])("a list that begins anew with each page, %s, ends the check", async (_, leftOut) => {
  const world = new World().as("site.admin");
  world.addUsers(60);
  world.insteadOf = (body) => {
    if (!body.includes("LstsummaryUser")) return undefined;
    const text = answerXml(world.simulated.site, body.replace(/<startFrom>\d+</, "<startFrom>1<"));
    return new Response(text.replace(leftOut, ""), { headers: { "content-type": "text/xml" } });
  };
  await world.object.beginCheck(domain);
  await world.time.pass(hourMs);

  const { failure } = await world.object.provisioning(domain);
  expect(failure?.says).toBe(
    "the site's users cannot be listed: it answers the page from user 21 on with the one before",
  );
  expect([world.askedFor("LstsummaryUser"), world.askedFor("GetUser")]).toEqual([2, 20]);
  expect(world.events()).toEqual(["provisioning-not-checked"]);
});

test("a check that a site interrupts goes on at the user where it was, with pauses that grow", async () => {
  const world = new World().as("site.admin");
  world.addUsers(30);
  let compared = 0;
  const away = () => Promise.reject(new Error("connect refused"));
  // The list works whenever it is asked for, and after ten users nothing else does.
  world.insteadOf = (body) => {
    if (body.includes("GetSite") || body.includes("LstsummaryUser")) return undefined;
    if (body.includes("GetUser")) compared += 1;
    return compared > 10 ? away() : undefined;
  };
  await world.object.beginCheck(domain);
  await world.time.pass(hourMs);

  expect(world.events()).toEqual(["webex-site-fails"]);
  expect(world.askedFor("LstsummaryUser")).toBe(1);
  // Thirty seconds, one minute, two, and so on: seven within the hour, each with a second try.
  expect(compared - 10).toBeLessThan(17);

  world.insteadOf = null;
  await world.time.pass(2 * hourMs);
  const { last } = await world.object.provisioning(domain);
  expect(last?.users).toBe(34);
  expect(world.events()).toEqual(["webex-site-fails", "webex-site-works-again", "provisioning-checked"]);
});

test.each([
  ["HTML", html, /HTML page instead of XML/],
  ["a server's error", serverError, /HTTP 500/],
  ["no connection", () => Promise.reject(new Error("connect refused")), /was not reached/],
  ["nothing", never, /did not answer within/],
])("a check that %s keeps from its end says so, and when it goes on", async (_, instead, says) => {
  const world = new World().as("site.admin");
  await world.check();
  world.instead = instead;
  await world.object.beginCheck(domain);
  await world.time.pass(26_000);

  const { running, last, failure } = await world.object.provisioning(domain);
  expect(running?.waits).toEqual({ says: expect.stringMatching(says), until: expect.any(Number) });
  expect(running?.waits?.until).toBeGreaterThan(world.time.now);
  expect([last?.users, failure]).toEqual([4, null]);

  world.instead = null;
  await world.object.beginCheck(domain);
  expect((await world.object.provisioning(domain)).running).toMatchObject({ waits: null });
  await world.time.pass(10_000);
  expect((await world.object.provisioning(domain)).running).toBeNull();
});

test("a check that waits for its list of users says so, too", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = (body) => (body.includes("LstsummaryUser") ? serverError() : undefined);

  const { running } = await world.check();

  expect(running?.waits?.says).toMatch(/^the site's users cannot be listed: .*HTTP 500/);
});

test("a check of many users stays below 200 requests a minute, so that operators are answered meanwhile", async () => {
  const world = new World().as("site.admin");
  world.addUsers(1_000);
  await world.object.beginCheck(domain);
  for (let minute = 0; minute < 5; minute += 1) {
    const before = world.asked.length;
    await world.time.pass(60_000);
    const asked = world.asked.length - before;
    expect([asked > 150, asked < 200]).toEqual([true, true]);
  }

  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  await world.time.pass(5 * 60_000);
  const { last } = await world.object.provisioning(domain);
  expect(last?.users).toBe(1_004);
  // Those who may not host need no account.
  expect(last?.differences.filter(({ about }) => /^user user\d/.test(about))).toEqual([]);
});

test("a check is no faster where the site answers with longer pages than it is asked for", async () => {
  const world = new World().as("site.admin");
  world.addUsers(400);
  world.insteadOf = (body) => {
    if (!body.includes("LstsummaryUser")) return undefined;
    const wholeList = answerXml(world.simulated.site, body.replace(/<maximumNum>\d+</, "<maximumNum>500<"));
    return new Response(wholeList, { headers: { "content-type": "text/xml" } });
  };
  await world.object.beginCheck(domain);
  await world.time.pass(60_000);
  expect(world.asked.length).toBeLessThan(200);

  await world.time.pass(120_000);
  expect(world.askedFor("LstsummaryUser")).toBe(1);
  expect((await world.object.provisioning(domain)).last?.users).toBe(404);
});

test("a check that runs is no faster for those who ask for one meanwhile", async () => {
  const world = new World().as("site.admin");
  world.addUsers(600);
  for (let n = 0; n < 120; n += 1) {
    await world.object.beginCheck(domain);
    await world.time.pass(500);
  }

  expect(world.asked.length).toBeGreaterThan(150);
  expect(world.asked.length).toBeLessThan(200);
});
