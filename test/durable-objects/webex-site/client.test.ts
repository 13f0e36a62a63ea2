import { expect, test } from "vitest";
import type { ConfKey } from "../../../src/foundation/ids.ts";
import { hourMs } from "../../../src/foundation/time/timers.ts";
import { noon, seeded } from "../../../webex-interfaces/doors/tests.ts";
import { measuredText } from "../fakes.ts";
import { diskOf, domain, html, limited, never, serverError, slowSite, World } from "./world.ts";

test("a site that the settings lose while its secret is looked at, or while a check waits for it, breaks nothing", async () => {
  const world = new World().as("site.admin");
  const right = world.secret;
  world.secret = "not-the-password-7";
  await world.meeting();
  const before = world.object.settingsRead(domain);
  world.settings = null;
  await Promise.all([before, world.object.settingsRead(domain)]);
  expect(world.sql.exec("SELECT name FROM sqlite_master")).toEqual([]);

  world.secret = right;
  world.settings = {};
  world.as("site.admin");
  const answer = slowSite(world);
  await world.object.beginCheck(domain);
  await world.time.pass(100);
  world.settings = null;
  await world.object.settingsRead(domain);
  answer(new Response("<html>"));
  await world.time.pass(60_000);

  expect(world.events()).toEqual(["webex-site-fails"]);
  expect(world.sql.exec("SELECT name FROM sqlite_master")).toEqual([]);
});

test.each([
  ["HTML", html, "not-xml"],
  ["a server's error", () => new Response("no", { status: 502 }), "http-status"],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
    "redirected",
  ],
  ["a site that is away", () => Promise.reject(new Error("connect refused")), "not-reached"],
])("%s is told once in the log, with what to do, and left alone for longer and longer", async (_, instead, why) => {
  const world = new World();
  world.instead = instead;

  for (let minute = 0; minute < 24 * 60; minute += 1) {
    await world.meeting();
    await world.time.pass(60_000);
  }

  expect(world.events()).toEqual(["webex-site-fails"]);
  expect(world.lines[0]).toMatchObject({ level: "warn", domain, why, msg: expect.stringContaining("; check ") });
  // Each ask is repeated once after a second where that may help, and so is the question whether the site answers anything.
  expect(world.asked.length).toBeLessThan(130);

  world.instead = null;
  await world.time.pass(hourMs);
  expect((await world.meeting()).failure).toBeNull();
  expect(world.events()).toEqual(["webex-site-fails", "webex-site-works-again"]);
});

test("a wrong password is tried again by the hour at most, so that no account is locked, and by a check by hand at once", async () => {
  const world = new World();
  const right = world.secret;
  world.secret = "not-the-password-7";
  for (let minute = 0; minute < 12 * 60; minute += 10) {
    await world.meeting();
    await world.time.pass(600_000);
  }
  expect(world.asked.length).toBeLessThan(6);
  expect(world.events()).toEqual(["webex-site-fails"]);
  expect(world.lines[0]?.msg).toMatch(/check webExId or email of webexSite and the secret WEBEX_SECRET_HARBOUR/);
  expect(JSON.stringify(world.lines)).not.toContain("not-the-password-7");

  world.as("site.admin");
  await world.check();
  world.settings = { webExId: "anna.berg" };
  world.secret = right;
  world.open();

  expect((await world.check()).failure).not.toBeNull(); // She may not list users,
  expect((await world.meeting()).failure).toBeNull(); // and sees her meeting.
});

test("a rate limit is waited for", async () => {
  const world = new World();
  world.simulated.site.run("UPDATE sites SET rate_limit = 0");

  const limited = await world.meeting();
  expect(limited.failure).toMatch(
    /000045.*if it lasts, let other programs ask this site less often; it is not asked again before/,
  );
  world.simulated.site.run("UPDATE sites SET rate_limit = 600");
  await world.time.pass(30_000);
  expect((await world.meeting()).failure).toMatch(/000045/);
  await world.time.pass(61_000);

  expect((await world.meeting()).failure).toBeNull();
  expect(world.events()).toEqual(["webex-site-fails", "webex-site-works-again"]);
});

test("a secret that is not set is told by its name, and nothing is sent", async () => {
  const world = new World();
  world.secret = undefined;

  expect((await world.meeting()).failure).toMatch(/^the secret WEBEX_SECRET_HARBOUR is not set/);
  await world.time.pass(2 * hourMs);
  await world.meeting();
  expect([world.asked, world.events()]).toEqual([[], ["webex-site-fails"]]);

  world.secret = world.simulated.user("anna.berg").password;
  await world.time.pass(61_000);
  expect((await world.meeting()).failure).toBeNull();
});

test("a question that had no answer is asked again after a minute, and until then says when", async () => {
  const world = new World();
  const unknown = "999" as ConfKey;
  await world.meeting(unknown);
  await world.time.pass(59_000);

  expect((await world.meeting(unknown)).failure).toMatch(
    /refused.*; it is not asked again before 2026-11-21T12:01:00.000Z$/,
  );
  expect(world.asked).toHaveLength(1);
  await world.time.pass(1_000);
  expect((await world.meeting(unknown)).failure).toMatch(/; it is not asked again before 2026-11-21T12:02:00.000Z$/);
  expect(world.asked).toHaveLength(2);

  await world.time.pass(61_000);
  expect((await world.meeting(unknown, { sessionKey: null })).failure).not.toMatch(/asked again/);
});

test("what is known of a site that the settings lost while the edge was down is gone within a day", async () => {
  const world = new World();
  await world.object.settingsRead(domain);
  await world.object.beginCheck(domain);
  await world.time.pass(30_000);
  expect(diskOf(world.sql)).toContain("anna.berg");

  world.settings = null;
  world.open();
  await world.time.pass(24 * hourMs);

  expect(world.sql.exec("SELECT name FROM sqlite_master")).toEqual([]);
});

test("after a clock that was set back by days, a meeting, a site in trouble and its numbers are asked again at once", async () => {
  const world = new World({ globalNumbers: true, cacheMs: hourMs }).as("site.admin");
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);
  await world.meeting();
  world.asked.length = 0;

  world.setBackMs = 3 * 24 * hourMs;
  await world.meeting();
  await world.time.pass(1_000);
  expect(world.asked).toEqual(["GetSessionInfo", "GetSite"]);

  world.instead = html;
  expect((await world.meeting("999" as ConfKey)).failure).toMatch(/HTML/);
  world.instead = null;
  world.setBackMs = 6 * 24 * hourMs;
  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
});

test("after a clock that was set back by days, a site that fails has no longer pause for a trouble before", async () => {
  const world = new World();
  world.instead = html;
  for (let minute = 0; minute < 120; minute += 1) {
    await world.meeting();
    await world.time.pass(60_000);
  }
  world.instead = null;
  await world.time.pass(hourMs);
  await world.meeting();

  world.setBackMs = 3 * 24 * hourMs;
  world.instead = html;
  await world.meeting("999" as ConfKey);
  await world.time.pass(30_000);
  world.instead = null;

  expect(await world.meeting(String(seeded.AO) as ConfKey)).toMatchObject({ failure: null });
});

test("after a clock that was set back by days, a check does not wait for a site that was in trouble before", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = (body) => (body.includes("LstsummaryUser") ? limited(body) : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(1_000);
  expect((await world.object.provisioning(domain)).running?.waits).not.toBeNull();
  world.insteadOf = null;

  world.setBackMs = 3 * 24 * hourMs;
  expect((await world.object.provisioning(domain)).running?.waits).toBeNull();
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);

  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 4 });
});

test("a site that tells its version to nobody without a password has refused no password of ours", async () => {
  const world = new World();
  const nobody = "<siteName>harbour</siteName><webExID>nobody</webExID><password>none</password>";
  const noUser = () => new Response(world.simulated.ask("site.GetSite", "", nobody));
  world.insteadOf = (body) => {
    if (body.includes("GetAPIVersion")) return noUser();
    return body.includes("<sessionKey>999<") ? serverError() : undefined;
  };

  const odd = await world.meeting("999" as ConfKey);
  const other = await world.meeting();

  expect(odd.failure).toMatch(/HTTP 500/);
  expect(other.failure).toBeNull();
  expect(world.askedFor("GetAPIVersion")).toBe(1);
  expect(world.events()).toEqual([]);
});

test("an answer that shows nothing of the password ends no pause after a wrong one", async () => {
  const world = new World();
  world.secret = "not-the-password-7";
  await world.meeting();
  await world.time.pass(60_000);
  world.insteadOf = (body) => (body.includes("GetSite") ? serverError() : undefined);
  await world.check();
  expect(world.asked).toEqual(["GetSessionInfo", "GetSite", "GetAPIVersion"]);

  expect((await world.meeting()).failure).toMatch(/030002/);
  expect(world.asked).toHaveLength(3);
  expect(world.events()).not.toContain("webex-site-works-again");
});

test("a site that works for a moment and fails again is left alone for longer and longer all the same", async () => {
  const world = new World({ cacheMs: 60_000 });
  let asks = 0;
  const away = () => Promise.reject(new Error("connect refused"));
  world.insteadOf = () => (Math.floor(asks++ / 4) % 2 === 0 ? away() : undefined);

  for (let minute = 0; minute < 8 * 60; minute += 1) {
    await world.meeting();
    await world.time.pass(60_000);
  }

  // Every five minutes it would be 96.
  const begins = world.events().filter((event) => event === "webex-site-fails");
  expect([begins.length > 3, begins.length < 16]).toEqual([true, true]);
});

test("questions that come at once send a wrong password once", async () => {
  const world = new World();
  world.secret = "not-the-password-7";
  const keys = Array.from({ length: 12 }, (_, n) => String(n + 100) as ConfKey);

  const answers = await Promise.all(keys.map((key) => world.meeting(key)));

  expect(world.asked).toHaveLength(1);
  for (const { failure } of answers) expect(failure).toMatch(/030002.*check webExId or email of webexSite/);
  expect(world.events()).toEqual(["webex-site-fails"]);
});

test("once the password was right, two questions are under way at once", async () => {
  const world = new World();
  await world.meeting();
  world.instead = never;
  for (const key of ["100", "101", "102"])
    void world.object.meeting({ domain, confKey: key as ConfKey, sessionKey: key, attendeeId: undefined });
  await world.time.pass(100);

  expect(world.asked).toHaveLength(3);
});

test("questions to a site that hangs are few, and it is told in a line within half a minute, for the right reason", async () => {
  const world = new World();
  world.instead = never;
  for (let n = 100; n < 160; n += 1)
    void world.object.meeting({ domain, confKey: String(n) as ConfKey, sessionKey: String(n), attendeeId: undefined });
  await world.time.pass(28_000);

  expect(world.asked.length).toBeLessThan(5);
  expect(world.lines).toEqual([
    expect.objectContaining({
      event: "webex-site-fails",
      why: "timed-out",
      msg: expect.stringContaining("did not answer"),
    }),
  ]);
  expect((await world.meeting("159" as ConfKey)).failure).toMatch(
    /did not answer within.*it is not asked again before/,
  );

  await world.time.pass(300_000);
  expect(world.asked.length).toBeLessThan(5);
});

test("a request that was not sent ends no trouble, and is not counted", async () => {
  const world = new World();
  world.instead = html;
  await world.meeting();
  await world.time.pass(61_000);
  const before = [world.asked.length, measuredText(world.measures, [world.domain()])];

  const odd = await world.meeting("a-b" as ConfKey);

  expect(odd.failure).toMatch(/sessionKey must be digits/);
  expect([world.asked.length, measuredText(world.measures, [world.domain()])]).toEqual(before);
  expect(world.events()).toEqual(["webex-site-fails"]);
});

test("what a former site answers after a reload is not the new site's: neither its numbers nor its users", async () => {
  const world = new World({ globalNumbers: true, cacheMs: hourMs }).as("site.admin");
  let answer: (response: Response) => void = () => {};
  world.instead = () =>
    new Promise<Response>((resolve) => {
      answer = resolve;
    });
  await world.object.settingsRead(domain);
  await world.object.beginCheck(domain);
  await world.time.pass(200);
  const [ofFormer] = [world.simulated.ask("site.GetSite", "")];

  world.settings = { ...world.settings, site: "https://other.webex.example/other" };
  await world.object.settingsRead(domain);
  world.instead = html;
  await world.object.beginCheck(domain);
  answer(new Response(ofFormer));
  await world.time.pass(1_000);

  expect(await world.object.numbers(domain)).toEqual([]);
  const { running } = await world.object.provisioning(domain);
  expect(running).toMatchObject({ users: 0, of: null });
  expect(world.askedFor("LstsummaryUser")).toBe(0);
});

test("an answer that cannot be kept is told as such, and not asked for anew by each question", async () => {
  const world = new World();
  const exec = world.sql.exec.bind(world.sql);
  world.sql.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO meeting") && query.includes("answer")) throw new Error("string or blob too big");
    return exec(query, ...bindings);
  };

  const first = await world.meeting();
  await world.meeting();

  expect(first).toMatchObject({
    meeting: null,
    failure:
      "the site's answer could not be kept here: string or blob too big; the log has a line about it; it is not asked again before 2026-11-21T12:01:00.000Z",
  });
  expect(world.asked).toHaveLength(1);
  expect(world.lines).toMatchObject([{ level: "error", event: "webex-site-look-up-broke" }]);
});

test("an answer that would need much memory is not read, and is no trouble of the site", async () => {
  const world = new World();
  const large = `<a>${" ".repeat(300_000)}</a>`;
  world.insteadOf = (body) => (body.includes("GetSessionInfo") ? new Response(large) : undefined);

  const { failure } = await world.meeting();

  expect(failure).toMatch(/longer than 262144 bytes/);
  expect(world.events()).toEqual([]);
  for (const operation of ["site.GetSite", "user.LstsummaryUser"])
    expect(world.as("site.admin").simulated.ask(operation, "").length).toBeLessThan(100_000);
});

test("a check that meets the site's rate limit waits a minute each time, and operators do not wait with it", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = (body) => (body.includes("GetSite") ? limited(body) : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(10 * 60_000 - 1_000);

  expect(world.asked).toEqual(Array(10).fill("GetSite"));
  expect((await world.object.provisioning(domain)).running?.waits).toEqual({
    says: expect.stringMatching(/000045.*let other programs ask this site less often$/),
    until: noon + 600_000,
  });
  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  expect(world.events()).toEqual([]);

  world.insteadOf = null;
  await world.time.pass(20_000);
  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 4 });
});

test("an operator whom the rate limit refuses waits a minute, also the second and the third time", async () => {
  const world = new World();
  world.simulated.site.run("UPDATE sites SET rate_limit = 0");

  for (let minute = 0; minute < 5; minute += 1) {
    await world.meeting();
    await world.time.pass(60_000);
  }

  expect(world.asked).toHaveLength(5);
  expect(world.events()).toEqual(["webex-site-fails"]);
});

test("checks by hand do not make the pause of a site that is away longer", async () => {
  const world = new World().as("site.admin");
  world.instead = html;

  for (let n = 0; n < 20; n += 1) await world.check();

  // Each came to its answer some seconds ago.
  const { running } = await world.object.provisioning(domain);
  const pauseMs = (running?.waits?.until ?? 0) - world.time.now;
  expect([pauseMs > 0, pauseMs <= 30_000]).toEqual([true, true]);
});

test("checks by hand send a refused password once a minute at most", async () => {
  const world = new World().as("site.admin");
  const right = world.secret;
  world.secret = "not-the-password-7";
  for (let n = 0; n < 18; n += 1) await world.check();
  expect(world.asked).toEqual(["GetSite", "GetSite", "GetSite"]);
  expect((await world.object.provisioning(domain)).failure?.says).toMatch(
    /030002.*a provisioning check by hand tries it again, once a minute at most; the last try was less than a minute ago$/,
  );

  world.simulated.site.run("UPDATE users SET password = 'not-the-password-7' WHERE web_ex_id = 'site.admin'");
  await world.time.pass(20_000);
  expect((await world.check()).failure).toBeNull();
  expect(JSON.stringify([world.lines, diskOf(world.sql)])).not.toMatch(new RegExp(`not-the-password-7|${right}`));
});

test("a wrong secret is not sent again after a restart; another one is, once", async () => {
  const world = new World({ globalNumbers: true });
  const right = world.secret;
  world.secret = "not-the-password-7";
  await world.meeting();
  world.open();
  await world.object.settingsRead(domain);
  await world.time.pass(10_000);
  expect((await world.meeting()).failure).toMatch(/030002.*it is not asked again before 2026-11-21T13:00:00.000Z/);
  expect(world.asked).toHaveLength(1);

  world.secret = "nor-is-this-8";
  world.open();
  await Promise.all([world.meeting(), world.meeting("100" as ConfKey)]);
  expect(world.asked).toHaveLength(2);
  expect(world.events()).toEqual(["webex-site-fails", "webex-site-fails"]);

  world.secret = right;
  world.open();
  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  expect(world.events()).toEqual(["webex-site-fails", "webex-site-fails", "webex-site-works-again"]);
  for (const secret of ["not-the-password-7", "nor-is-this-8", right]) expect(diskOf(world.sql)).not.toContain(secret);
});

test("a site that is away after a wrong password lets another one be tried at once, and the same once a minute", async () => {
  const world = new World().as("site.admin");
  const right = world.secret;
  world.secret = "not-the-password-7";
  await world.meeting();
  world.instead = html;
  await world.time.pass(60_000);
  for (let n = 0; n < 6; n += 1) await world.check();
  expect(world.askedFor("GetSite")).toBe(1);

  world.instead = null;
  world.secret = right;
  world.open();
  await world.object.settingsRead(domain);

  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
});

test("a site that is away when another secret is tried is left alone for longer and longer", async () => {
  const world = new World();
  world.secret = "not-the-password-7";
  await world.meeting();
  world.secret = "nor-is-this-8";
  world.open();
  world.instead = html;
  for (let minute = 0; minute < 60; minute += 1) {
    await world.meeting();
    await world.time.pass(60_000);
  }

  // After half a minute, one, two, and so on; with each the question whether the site answers at all.
  expect(world.asked.length).toBeLessThan(20);
});

test("a site that is away after a wrong password was put right is not left alone for as long as after that", async () => {
  const world = new World().as("site.admin");
  world.secret = "not-the-password-7";
  await world.meeting();
  world.simulated.site.run("UPDATE users SET password = 'not-the-password-7' WHERE web_ex_id = 'site.admin'");
  await world.time.pass(60_000);
  await world.check();
  expect(world.events().slice(0, 2)).toEqual(["webex-site-fails", "webex-site-works-again"]);

  world.instead = html;
  await world.meeting("999" as ConfKey);
  await world.time.pass(30_000);
  world.instead = null;

  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
});

test("as long as the secret is missing, its pause goes on", async () => {
  const world = new World({ globalNumbers: true });
  world.secret = undefined;
  await world.object.settingsRead(domain);
  const wakes = world.alarms;
  for (let minute = 0; minute < 30; minute += 1) {
    await world.object.settingsRead(domain);
    await world.time.pass(60_000);
  }

  expect(world.alarms - wakes).toBeLessThan(3);
});

test.each([
  ["user", { webExId: "ben.cole" }, "ben.cole"],
  ["site", { site: "https://other.webex.example/harbour" }, "anna.berg"],
])("another %s in the settings ends the pause after a wrong password", async (_, settings, user) => {
  const world = new World();
  world.secret = "not-the-password-7";
  await world.meeting();

  world.secret = world.simulated.user(user).password;
  world.settings = settings;
  await world.object.settingsRead(domain);

  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
});

test("once the site works again, no answer says that it does not", async () => {
  const world = new World({ cacheMs: hourMs });
  const other = String(seeded.AO) as ConfKey;
  await world.meeting();
  world.instead = html;
  await world.time.pass(2 * hourMs);
  expect((await world.meeting()).failure).toMatch(/it is not asked again before/);
  expect((await world.meeting(other)).failure).toMatch(/it is not asked again before/);
  world.instead = null;
  await world.object.beginCheck(domain);
  await world.time.pass(1_000);
  expect(world.events()).toContain("webex-site-works-again");

  expect((await world.meeting()).failure).toBeNull();
  expect(await world.meeting(other)).toMatchObject({ meeting: { topic: "Pilots by telephone" }, failure: null });
});
