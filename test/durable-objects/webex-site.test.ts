import { expect, test } from "vitest";
import type { LogLine } from "../../durable-objects/log.ts";
import { Measures } from "../../durable-objects/measures.ts";
import { WebexSite } from "../../durable-objects/webex-site.ts";
import { answerXml } from "../../simulators/webex-site/xml-service.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { hourMs } from "../../src/foundation/timers.ts";
import type { PostFetch } from "../../src/webex/xml-api/client.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { Database } from "../simulation/database.ts";
import { noon, SiteOnTest, seeded } from "../webex/site/site-on-test.ts";
import { fakePlatform } from "./fakes.ts";

const domain = "local" as DomainName;
const weekly = String(seeded.MC) as ConfKey;

/** An object over a simulated site, on virtual time. */
class World {
  readonly time = new Clock(noon);
  readonly simulated = new SiteOnTest();
  readonly measures = new Measures();
  readonly lines: LogLine[] = [];
  /** The operations that were asked for. */
  readonly asked: string[] = [];
  /** In place of the site's answer. */
  instead: (() => Response | Promise<Response>) | null = null;
  secret: string | undefined;
  settings: object | null;
  #alarm = 0;
  #alarmAt: number | null = null;
  readonly sql = new Database();
  object: WebexSite;

  constructor(settings: object = {}) {
    this.settings = settings;
    this.secret = this.simulated.user("anna.berg").password;
    this.object = this.open();
  }

  open(): WebexSite {
    const object: WebexSite = new WebexSite({
      ...fakePlatform(this.time, {
        sql: this.sql,
        measures: this.measures,
        log: (line) => this.lines.push(line),
        getAlarm: async () => this.#alarmAt,
        setAlarm: async (at) => {
          if (at <= 0) throw new Error("the platform sets no alarm at 0");
          const set = ++this.#alarm;
          this.#alarmAt = at;
          this.time.after(at - this.time.now, () => {
            if (set !== this.#alarm) return;
            this.#alarmAt = null;
            void this.object.alarm();
          });
        },
      }),
      domain: () => this.domain(),
      secret: (name) => (name === "WEBEX_SECRET_HARBOUR" ? this.secret : undefined),
      fetch: this.#fetch,
      deleteAll: async () => this.sql.clear(),
    });
    this.object = object;
    return object;
  }

  domain() {
    const { settings } = this;
    return testDomain(
      settings === null
        ? {}
        : {
            webexSite: {
              site: "https://harbour.webex.example/harbour",
              webExId: "anna.berg",
              passwordFrom: "WEBEX_SECRET_HARBOUR",
              nightlyCheck: false,
              ...settings,
            },
          },
    );
  }

  as(user: string): this {
    this.secret = this.simulated.user(user).password;
    this.settings = { ...this.settings, webExId: user };
    return this;
  }

  readonly #fetch: PostFetch = async (_, { body }) => {
    this.asked.push(/binding\.\w+\.(\w+)"/.exec(body)?.[1] ?? body);
    if (this.instead) return this.instead();
    this.simulated.at = this.time.now;
    return new Response(answerXml(this.simulated.site, body), { headers: { "content-type": "text/xml" } });
  };

  async meeting(confKey = weekly, more: object = {}) {
    const question = { domain, confKey, sessionKey: String(confKey), ...more };
    return this.during(this.object.meeting(question), 6_000);
  }

  /** The answer, while time goes on. */
  async during<Value>(answer: Promise<Value>, ms: number): Promise<Value> {
    let found: { readonly value: Value } | undefined;
    void answer.then((value) => {
      found = { value };
    });
    await this.time.pass(0);
    for (let passed = 0; !found && passed < ms; passed += 100) await this.time.pass(100);
    if (!found) throw new Error(`no answer within ${ms} ms`);
    return found.value;
  }

  /** A whole provisioning check by hand. */
  async check() {
    await this.object.beginCheck(domain);
    await this.time.pass(10_000);
    return this.object.provisioning(domain);
  }

  events(): string[] {
    return this.lines.map(({ event }) => event);
  }
}

const html = () => new Response("<!DOCTYPE html><html><body>Back soon.</body></html>");

test("a meeting is shown as its host sees it, with sequences as a telephone keys them, and links", async () => {
  const world = new World();

  const { meeting, dialIn, links, failure, knownAt, notes } = await world.meeting(weekly, { attendeeId: "101" });

  expect({ failure, knownAt, notes }).toEqual({ failure: null, knownAt: noon, notes: [] });
  expect(meeting).toMatchObject({
    sessionKey: weekly,
    service: "MC",
    topic: "Berth planning",
    host: { name: "Anna Berg", webExId: "anna.berg", email: "anna.berg@harbour.example" },
    schedule: { startsAt: expect.stringMatching(/^2026-11-2\dT\d\d:00:00$/), minutes: 60 },
    accessCode: "4711001",
    missing: [],
  });
  expect(meeting?.numbers).toContainEqual({ kind: "toll", number: "14085550142", label: "Call-in toll number" });
  expect(dialIn.slice(0, 2)).toEqual([
    { name: "AutoDialInSequence", dialString: "14085550142,,*00*4711001#,,,101#", toFill: [] },
    { name: "SilentDialInSequence", dialString: "14085550142,,*01*4711001#101#*01*", toFill: [] },
  ]);
  expect(dialIn.at(-1)).toMatchObject({
    dialString: "14085550142,,*01*4711001#[ProfileID]#[PIN]#[Password]#*01*",
    toFill: ["ProfileID", "PIN", "Password"],
  });
  expect(links).toEqual({
    start: { url: `https://harbour.webex.example/harbour/m.php?AT=HM&MK=${weekly}`, needsLogIn: true },
    join: { url: `https://harbour.webex.example/harbour/m.php?AT=JM&MK=${weekly}`, needsLogIn: false },
  });
});

test("no password, host key or subscriber code is in an answer, on the disk or in the log", async () => {
  const world = new World();
  const answer = await world.meeting();
  const disk = world.sql.exec("SELECT * FROM meeting").concat(world.sql.exec("SELECT * FROM kept"));
  const all = JSON.stringify([answer, disk, world.lines]);

  expect(all).toContain("4711001");
  for (const secret of [world.secret, "pier-9-pass", "94711001"]) expect(all).not.toContain(secret);
  expect(all).not.toMatch(/hostKey|subscriberAccess/i);
});

test("what is missing is told with the reason: never, needs the password, or absent", async () => {
  const stranger = await new World().as("ben.cole").meeting();
  const silent = await new World().as("ben.cole").meeting(String(seeded.other) as ConfKey);
  const audioOnly = await new World().meeting(String(seeded.AO) as ConfKey);
  const event = await new World().meeting(String(seeded.EC) as ConfKey);

  expect(stranger.meeting).toMatchObject({ topic: "Berth planning", numbers: [], accessCode: null });
  expect(stranger.meeting?.missing).toEqual([
    { what: "numbers", why: "needs-password", says: expect.stringContaining("session's password") },
    { what: "access code", why: "needs-password", says: expect.anything() },
    { what: "dial-in sequences", why: "needs-password", says: expect.anything() },
  ]);
  expect(silent.meeting?.missing.map(({ what, why }) => [what, why])).toContainEqual(["access code", "absent"]);
  expect(audioOnly.meeting?.missing.map(({ what, why }) => [what, why])).toEqual([["status", "never"]]);
  expect(event.meeting?.missing.map(({ what, why }) => [what, why])).toContainEqual(["numbers", "never"]);
  expect(event.links).toMatchObject({ start: null, join: { url: expect.stringContaining("AT=JE") } });
});

test("an answer is cached; one that is too old is asked again, and several questions at once are one", async () => {
  const world = new World({ cacheMs: 600_000 });
  await Promise.all([world.meeting(), world.meeting()]);
  await world.time.pass(599_000);
  const cached = await world.meeting();
  expect([world.asked.length, cached.knownAt]).toEqual([1, noon]);

  await world.time.pass(2_000);
  const anew = await world.meeting();

  expect([world.asked.length, anew.knownAt]).toEqual([2, noon + 601_000]);
});

test("after a look-up that failed, the last good answer stays, and says why it is no newer", async () => {
  const world = new World();
  await world.meeting();
  world.instead = html;
  await world.time.pass(2 * hourMs);

  const answer = await world.meeting();

  expect(answer).toMatchObject({ meeting: { topic: "Berth planning" }, knownAt: noon });
  expect(answer.failure).toMatch(
    /an HTML page instead of XML.*check that https:\/\/harbour\.webex\.example\/harbour\//,
  );
});

test("a conference that goes by another key is asked for anew, and keeps what is known as long as that fails", async () => {
  const world = new World({ sessionKey: "ExtConfID" });
  await world.meeting(weekly);

  const unknown = await world.meeting(weekly, { sessionKey: "999" });
  const none = await world.meeting(weekly, { sessionKey: null });
  const other = await world.meeting(weekly, { sessionKey: String(seeded.AO) });

  for (const answer of [unknown, none]) {
    expect(answer).toMatchObject({ meeting: { topic: "Berth planning" }, failure: expect.stringContaining("refused") });
  }
  expect(other).toMatchObject({ meeting: { topic: "Pilots by telephone" }, failure: null });
  expect(world.asked).toHaveLength(3);
});

test("an answer that comes after the settings have come to name another user is dropped", async () => {
  const world = new World();
  let answer: (response: Response) => void = () => {};
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  world.instead = () => slow;
  await world.meeting();

  world.as("ben.cole");
  expect(await world.object.topics(domain, [weekly])).toEqual(new Map());
  answer(new Response("<html>"));
  await world.time.pass(2_000);

  expect([await world.object.topics(domain, [weekly]), world.events()]).toEqual([new Map(), []]);
});

test("a question waits five seconds for a slow site; what comes later is there for the next one", async () => {
  const world = new World();
  let answer: (response: Response) => void = () => {};
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  world.instead = () => slow;

  const first = await world.meeting();
  expect(first).toMatchObject({ meeting: null, failure: "the site has not answered yet; ask again" });
  expect(world.time.now - noon).toBeLessThan(5_200);
  const body = world.simulated.ask("ep.GetSessionInfo", `<sessionKey>${weekly}</sessionKey>`);
  answer(new Response(body));
  await world.time.pass(100);

  expect((await world.meeting()).meeting?.topic).toBe("Berth planning");
  expect(world.asked).toHaveLength(1);
});

test("topics and numbers are read from the disk alone, whatever their age", async () => {
  const world = new World({ globalNumbers: true });
  expect(await world.object.topics(domain, [weekly])).toEqual(new Map());
  expect(await world.object.numbers(domain)).toEqual([]);
  expect(world.asked).toEqual([]);

  await world.meeting();
  await world.time.pass(5 * hourMs);
  const before = world.asked.length;

  expect(await world.object.topics(domain, [weekly, "1" as ConfKey])).toEqual(new Map([[weekly, "Berth planning"]]));
  await world.object.numbers(domain);
  expect(world.asked).toHaveLength(before);
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
  // Each ask is repeated once after a second where that may help.
  expect(world.asked.length).toBeLessThan(80);

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
  expect(limited.failure).toMatch(/000045.*nothing is to be done/);
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

test("a session that the site does not have is no trouble of the site", async () => {
  const world = new World();

  const answer = await world.meeting("999" as ConfKey);
  const odd = await world.meeting("a-b" as ConfKey);

  expect(answer).toMatchObject({ meeting: null, failure: expect.stringContaining("the WebEx site refused") });
  expect(odd.failure).toMatch(/sessionKey must be digits/);
  expect(world.events()).toEqual([]);
  expect((await world.meeting()).failure).toBeNull();
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
  expect(world.measures.text([world.domain()], 0)).toContain('bridgehead_provisioning_differences{domain="local"} 6\n');
});

test("a check goes page by page, and goes on over a restart and a site that is away meanwhile", async () => {
  const world = new World().as("site.admin");
  for (let n = 0; n < 45; n += 1) {
    world.simulated.site.insert("users", {
      ...{
        web_ex_id: `user${n}`,
        email: `user${n}@harbour.example`,
        password: "x",
        first_name: "U",
        last_name: `${n}`,
      },
      ...{
        role: "host",
        active: "ACTIVATED",
        time_zone: 4,
        registered_at: noon,
        profile: '{"privilege":{"host":false}}',
      },
    });
  }
  await world.object.beginCheck(domain);
  await world.time.pass(1_100);
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

test("the check runs by itself once a night, at its hour, at a minute of the domain's own", async () => {
  const world = new World({ nightlyCheck: true, checkHour: 3 }).as("site.admin");
  await world.object.settingsRead(domain);
  expect(world.asked).toEqual([]);
  const { nextAt } = await world.object.provisioning(domain);
  expect(new Date(nextAt ?? 0).toISOString()).toMatch(/^2026-11-22T03:\d\d:00\.000Z$/);

  await world.time.pass(3 * 24 * hourMs);

  expect(world.events()).toEqual(["provisioning-checked", "provisioning-checked", "provisioning-checked"]);
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

test("meetings are deleted with the journals of their conferences", async () => {
  const world = new World();
  await world.meeting();

  await world.time.pass(8 * 24 * hourMs);

  expect(world.sql.exec("SELECT * FROM meeting")).toEqual([]);
});
