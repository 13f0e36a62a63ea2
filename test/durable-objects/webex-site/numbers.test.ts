import { expect, test } from "vitest";
import { hourMs } from "../../../src/foundation/time/timers.ts";
import { domain, html, noSuchUser, World, weekly } from "./world.ts";

test("after a clock that was set back by days, numbers of a site that was in trouble are asked for at once", async () => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  world.instead = html;
  await world.object.settingsRead(domain);
  await world.time.pass(10_000);
  world.instead = null;

  world.setBackMs = 24 * hourMs;
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);

  expect(await world.object.numbers(domain)).toHaveLength(1);
});

test("two hundred numbers of accounts are kept", async () => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  world.addUsers(210);
  world.simulated.site.run(
    "INSERT INTO tsp_accounts (user_id, account_index, toll, is_default) SELECT user_id, 1, 14085560000 + user_id, 1 FROM users WHERE web_ex_id LIKE 'user%'",
  );
  await world.object.beginCheck(domain);
  await world.time.pass(120_000);

  const ofSite = 1;
  expect(await world.object.numbers(domain)).toHaveLength(200 + ofSite);
});

test("the site's numbers and those of its accounts are there for the page, and asked for anew by themselves", async () => {
  const world = new World({ globalNumbers: true, cacheMs: hourMs }).as("site.admin");
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);
  expect(await world.object.numbers(domain)).toEqual([
    { number: "14085550199", kind: "toll", label: "Call-in toll number" },
  ]);

  await world.check();
  const numbers = await world.object.numbers(domain);
  expect(numbers.map(({ number }) => number)).toEqual(expect.arrayContaining(["14085550142", "18005550142"]));
  const before = world.asked.length;
  await world.time.pass(3 * hourMs);

  expect(world.asked.slice(before)).toEqual(["GetSite", "GetSite", "GetSite"]);
});

test("the page has no number that the check calls foreign", async () => {
  const numbers = ["+1 408 555 0142", "18005550142"];
  const world = new World({ globalNumbers: true, expects: { numbers } }).as("site.admin");
  const { last } = await world.check();

  expect(last?.differences.map(({ says }) => says).join()).toContain("14085550199");
  expect((await world.object.numbers(domain)).map(({ number }) => number)).toEqual(["14085550142", "18005550142"]);

  world.settings = { ...world.settings, expects: {} };
  expect((await world.object.numbers(domain)).map(({ number }) => number)).toContain("14085550199");
});

test("numbers of accounts that no check has seen for a week are on the page no longer", async () => {
  const world = new World({ globalNumbers: true, cacheMs: 12 * hourMs }).as("site.admin");
  await world.check();
  const numbers = async () => (await world.object.numbers(domain)).map(({ number }) => number);

  await world.time.pass(7 * 24 * hourMs - 20_000);
  expect(await numbers()).toContain("14085550142");
  await world.time.pass(20_000);
  expect(await numbers()).toEqual(["14085550199"]);
});

test("settings that name another site or user let nothing of the former be seen; without a site, nothing is left", async () => {
  const world = new World();
  await world.meeting();

  world.as("ben.cole");
  expect(await world.object.topics(domain, [weekly])).toEqual(new Map());
  await world.meeting();
  world.settings = null;
  await world.object.settingsRead(domain);

  expect(world.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'")).toEqual([]);
  expect(await world.object.topics(domain, [weekly])).toEqual(new Map());
});

test.each([
  ["wrong", "not-the-password-7"],
  ["missing", undefined],
])("a secret in place of a %s one has the site's numbers asked for at once", async (_, before) => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  const right = world.secret;
  world.secret = before;
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);
  expect(await world.object.numbers(domain)).toEqual([]);

  world.secret = right;
  world.open();
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);

  expect(await world.object.numbers(domain)).toHaveLength(1);
});

test("numbers that a whole check has not found again are on the page no longer", async () => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  await world.check();
  world.simulated.site.run("UPDATE tsp_accounts SET toll = '14085550188'");
  await world.check();

  const numbers = (await world.object.numbers(domain)).map(({ number }) => number);
  expect(numbers).toContain("14085550188");
  expect(numbers).not.toContain("14085550142");
});

test("numbers are shown only as long as the settings say so", async () => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);
  expect(await world.object.numbers(domain)).toHaveLength(1);

  world.settings = { ...world.settings, globalNumbers: false };
  expect(await world.object.numbers(domain)).toEqual([]);
});

test("a site that shows itself to the user no longer keeps its numbers, and is asked as seldom as before", async () => {
  const world = new World({ globalNumbers: true, cacheMs: hourMs }).as("site.admin");
  world.insteadOf = () => noSuchUser(world);
  await world.object.settingsRead(domain);
  await world.time.pass(1_000);
  expect(await world.object.numbers(domain)).toEqual([]);
  world.insteadOf = null;
  await world.time.pass(hourMs);
  expect(await world.object.numbers(domain)).toHaveLength(1);

  world.insteadOf = () => noSuchUser(world);
  await world.time.pass(3 * hourMs);
  expect(await world.object.numbers(domain)).toHaveLength(1);
  expect(world.asked).toEqual(Array(5).fill("GetSite"));
  expect(world.events()).toEqual([]);
});
