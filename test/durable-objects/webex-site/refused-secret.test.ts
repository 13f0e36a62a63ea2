import { expect, test } from "vitest";
import type { ConfKey } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../../src/foundation/time/timers.ts";
import { seeded } from "../../../webex-interfaces/doors/tests.ts";
import { measuredText } from "../fakes.ts";
import { diskOf, domain, html, limited, noSuchUser, serverError, slowSite, World } from "./world.ts";

const other = String(seeded.AO) as ConfKey;
const third = "999" as ConfKey;

function setPassword({ simulated }: World, password: string): void {
  simulated.site.run("UPDATE users SET password = ?", password);
}

/** The site's refusal, as if it meant something else. */
async function refusal(body: string, exceptionId: string): Promise<Response> {
  return new Response((await limited(body).text()).replaceAll("000045", exceptionId));
}

const away = () => Promise.reject(new Error("connect refused"));

test("the nightly check sends no secret that the site has refused before its pause is over, and fails once", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 23 }).as("site.admin");
  world.secret = "not-the-password-7";
  await world.object.settingsRead(domain);
  const { nextAt } = await world.object.provisioning(domain);
  await world.time.pass((nextAt ?? 0) - 10 * 60_000 - world.time.now);
  await world.meeting();
  await world.time.pass(30 * 60_000);

  expect(world.asked).toEqual(["GetSessionInfo"]);
  expect((await world.object.provisioning(domain)).failure?.says).toMatch(/030002/);
  expect(measuredText(world.measures, [world.domain()])).toMatch(
    /provisioning_checks_total\{domain="local",outcome="failed"\} 1\n/,
  );
  // The site's trouble has its line.
  expect(world.events()).toEqual(["webex-site-fails"]);
});

test("a check without a secret fails with its name and waits for nothing", async () => {
  const world = new World().as("site.admin");
  world.secret = undefined;

  const { running, failure } = await world.check();

  expect(running).toBeNull();
  expect(failure?.says).toMatch(/^the secret WEBEX_SECRET_HARBOUR is not set/);
  expect(world.events()).toEqual(["webex-site-fails"]);
});

test("a check by hand that meets the rate limit after a refused secret waits, and then fails for the secret", async () => {
  const world = new World().as("site.admin");
  world.secret = "not-the-password-7";
  await world.meeting();
  await world.time.pass(60_000);
  world.insteadOf = limited;
  await world.object.beginCheck(domain);
  await world.time.pass(1_000);
  expect((await world.object.provisioning(domain)).running?.waits?.says).toMatch(/000045/);

  await world.time.pass(120_000);
  expect((await world.object.provisioning(domain)).failure?.says).toMatch(/030002/);
  expect(world.asked).toEqual(["GetSessionInfo", "GetSite"]);
});

test.each(["000045", "000035"])(
  "a refusal with %s, which is not of the secret, leaves a check by hand free",
  async (id) => {
    const world = new World().as("site.admin");
    world.insteadOf = (body) => (body.includes("GetSessionInfo") ? refusal(body, id) : undefined);
    expect((await world.meeting()).failure).not.toMatch(/check webExId/);

    expect((await world.check()).last).toMatchObject({ users: 4 });
  },
);

test("a password that is refused again soon after it was right is left alone for longer", async () => {
  const world = new World().as("site.admin");
  const right = world.secret ?? "";
  setPassword(world, "another");
  await world.meeting();
  setPassword(world, right);
  await world.time.pass(60_000);
  await world.check();
  setPassword(world, "another");
  const { failure } = await world.meeting();

  expect(world.events().filter((event) => event.startsWith("webex"))).toEqual([
    ...["webex-site-fails", "webex-site-works-again", "webex-site-fails"],
  ]);
  // Two hours after 12:01:10, where the first pause was one.
  expect(failure).toMatch(/not asked again before 2026-11-21T14:01:/);
});

test("a site that fails for another reason soon after it worked is left alone for longer, and a day later is not", async () => {
  const world = new World({ cacheMs: 60_000 });
  const pauseOf = async (instead: World["instead"]) => {
    world.instead = instead;
    const { failure } = await world.meeting();
    const pauseMs = Date.parse(/before (\S+)$/.exec(failure ?? "")?.[1] ?? "") - world.time.now;
    world.instead = null;
    await world.time.pass(pauseMs);
    expect((await world.meeting()).failure).toBeNull();
    await world.time.pass(60_000);
    return pauseMs;
  };

  expect([await pauseOf(html), await pauseOf(away)]).toEqual([30_000, 60_000]);
  expect(world.lines.at(-1)).toMatchObject({ event: "webex-site-works-again", why: "not-reached", failedMs: 60_000 });
  await world.time.pass(dayMs);
  expect(await pauseOf(html)).toBe(30_000);
});

test("a site that has no answer about one session and tells its version works again", async () => {
  const world = new World();
  world.instead = html;
  await world.meeting();
  await world.time.pass(30_000);
  world.instead = null;
  world.insteadOf = (body) => (body.includes("GetSessionInfo") ? serverError() : undefined);
  await world.meeting(other);

  expect(world.events()).toEqual(["webex-site-fails", "webex-site-works-again"]);
  expect(measuredText(world.measures, [world.domain()])).toMatch(
    /webex_site_requests_total\{domain="local",outcome="refused"\} 1\n/,
  );
});

test("a site that refuses its version for its rate limit is left alone", async () => {
  const world = new World();
  world.insteadOf = (body) => (body.includes("GetAPIVersion") ? limited(body) : serverError());
  await world.meeting();
  const before = world.asked.length;

  expect((await world.meeting(other)).failure).toMatch(/000045/);
  expect(world.asked).toHaveLength(before);
});

test.each([
  ["is away", away, /; check the way from here to https:\/\/harbour\.webex\.example$/],
  ["answers with HTML", html, /; check that https:\/\/harbour\.webex\.example\/\S* is the site/],
  ["is slow behind its API", (body: string) => refusal(body, "000035"), /; nothing is to be done, unless it lasts$/],
])("of a site that %s the log says what to look at", async (_, instead, advice) => {
  const world = new World();
  world.insteadOf = instead;
  await world.meeting();

  expect(world.lines).toEqual([expect.objectContaining({ msg: expect.stringMatching(advice) })]);
  expect(measuredText(world.measures, [world.domain()])).toMatch(
    /webex_site_requests_total\{domain="local",outcome="failed"\} 1\n/,
  );
});

test("a user who is named by e-mail address asks as that user", async () => {
  const world = new World({ webExId: undefined, email: "anna.berg@harbour.example" });

  expect(await world.meeting()).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
});

test.each(["meeting", "entry"])(
  "what a user saw is not kept as another's %s, at whichever moment the settings change",
  async (table) => {
    const world = new World({ globalNumbers: table === "entry" }).as("site.admin");
    const counted = world.measures.siteRequests.count.bind(world.measures.siteRequests);
    world.measures.siteRequests.count = (labels) => {
      counted(labels);
      world.settings = { ...world.settings, globalNumbers: false, webExId: "ben.cole" };
      void world.object.settingsRead(domain);
    };
    await (table === "entry" ? world.object.settingsRead(domain) : world.meeting());
    await world.time.pass(1_000);

    expect(world.asked).toEqual([table === "entry" ? "GetSite" : "GetSessionInfo"]);
    expect(diskOf(world.sql)).not.toMatch(/Berth planning|siteNumbers/);
  },
);

test("a check and the numbers go on with a new secret of the same user, soon after what was asked with the old one", async () => {
  const world = new World({ globalNumbers: true, cacheMs: hourMs }).as("site.admin");
  const answer = slowSite(world);
  await world.object.settingsRead(domain);
  await world.object.beginCheck(domain);
  await world.time.pass(200);
  world.secret = "another";
  setPassword(world, "another");
  await world.object.settingsRead(domain);
  world.instead = null;
  answer(new Response("<html>"));
  await world.time.pass(200);

  expect((await world.object.provisioning(domain)).running?.waits ?? null).toBeNull();
  expect(await world.object.numbers(domain)).toHaveLength(1);
  await world.time.pass(10_000);
  expect((await world.object.provisioning(domain)).last).toMatchObject({ users: 4 });
});

test("a question that others kept from being sent is sent with the next one", async () => {
  const world = new World();
  world.insteadOf = () => world.time.wait(9_000).then(() => noSuchUser(world));
  const keys = Array.from({ length: 9 }, (_, n) => `${100 + n}` as ConfKey);
  for (const key of [...keys, third])
    void world.object.meeting({ domain, confKey: key, sessionKey: key, attendeeId: undefined });
  await world.time.pass(32_000);
  expect(world.asked.length).toBeLessThan(9);
  world.insteadOf = null;
  await world.time.pass(20_000);

  expect((await world.meeting(third)).failure).toMatch(/refused/);
});

test("without a site nothing is asked, shown or counted", async () => {
  const world = new World({ globalNumbers: true }).as("site.admin");
  await world.check();
  const before = world.asked.length;
  world.settings = null;

  expect(await world.object.provisioning(domain)).toEqual({ last: null, running: null, failure: null, nextAt: null });
  expect(await world.object.numbers(domain)).toEqual([]);
  expect(await world.meeting()).toMatchObject({ meeting: null, failure: null });
  expect((await world.object.beginCheck(domain)).running).toBeNull();
  expect(world.asked).toHaveLength(before);
});
