import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { WebexSite } from "../../durable-objects/webex-site/webex-site.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { hourMs } from "../../src/foundation/time/timers.ts";
import type { PostFetch } from "../../webex-interfaces/doors/edge.ts";
import { answerXml } from "../../webex-interfaces/doors/site.ts";
import { noon, SiteOnTest, seeded } from "../../webex-interfaces/doors/tests.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { Database } from "../simulation/database.ts";
import { fakePlatform, measuredText } from "./fakes.ts";

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
  /** The same for some requests. */
  insteadOf: ((body: string) => Response | Promise<Response> | undefined) | null = null;
  secret: string | undefined;
  /** The operator's. */
  token = "token";
  settings: object | null;
  /** By so much the machine's clock was set back. */
  setBackMs = 0;
  /** Set so far. */
  alarms = 0;
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
        now: () => this.time.now - this.setBackMs,
        log: (line) => this.lines.push(line),
        getAlarm: async () => this.#alarmAt,
        setAlarm: async (at) => {
          if (at <= 0) throw new Error("the platform sets no alarm at 0");
          const set = ++this.alarms;
          this.#alarmAt = at;
          this.time.after(at + this.setBackMs - this.time.now, () => {
            if (set !== this.alarms) return;
            this.#alarmAt = null;
            void this.object.alarm();
          });
        },
      }),
      domain: () => this.domain(),
      secret: (name) => (name === "WEBEX_SECRET_HARBOUR" ? this.secret : undefined),
      fetch: this.#fetch,
      secretDigest: async (text) =>
        this.token === "" ? "" : createHmac("sha256", this.token).update(text).digest("base64"),
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
    const instead = this.instead?.() ?? this.insteadOf?.(body);
    if (instead) return instead;
    return answerOf(this, body);
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

  /** Users who may not host, beside the four of the site. */
  addUsers(count: number): void {
    for (let n = 0; n < count; n += 1) {
      this.simulated.site.insert("users", {
        ...{ web_ex_id: `user${n}`, email: `user${n}@harbour.example`, password: "x" },
        ...{ first_name: "U", last_name: `${n}`, role: "host", active: "ACTIVATED", time_zone: 4 },
        ...{ registered_at: noon, profile: '{"privilege":{"host":false}}' },
      });
    }
  }

  askedFor(operation: string): number {
    return this.asked.filter((one) => one === operation).length;
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

function answerOf({ simulated, time }: World, body: string): Response {
  simulated.at = time.now;
  return new Response(answerXml(simulated.site, body), { headers: { "content-type": "text/xml" } });
}

/** The site's refusal of one request too many. */
function limited(body: string): Response {
  const { site } = new SiteOnTest();
  site.run("UPDATE sites SET rate_limit = 0");
  return new Response(answerXml(site, body), { headers: { "content-type": "text/xml" } });
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
    accessCode: "(secret)",
    missing: [],
  });
  expect(meeting?.numbers).toContainEqual({ kind: "toll", number: "14085550142", label: "Call-in toll number" });
  expect(dialIn.slice(0, 2)).toEqual([
    { name: "AutoDialInSequence", dialString: "14085550142,,*00*[AccessCode]#,,,101#", toFill: ["AccessCode"] },
    { name: "SilentDialInSequence", dialString: "14085550142,,*01*[AccessCode]#101#*01*", toFill: ["AccessCode"] },
  ]);
  expect(dialIn.at(-1)).toMatchObject({
    dialString: "14085550142,,*01*[AccessCode]#[ProfileID]#[PIN]#[Password]#*01*",
    toFill: ["AccessCode", "ProfileID", "PIN", "Password"],
  });
  expect(links).toEqual({
    start: { url: `https://harbour.webex.example/harbour/m.php?AT=HM&MK=${weekly}`, needsLogIn: true },
    join: { url: `https://harbour.webex.example/harbour/m.php?AT=JM&MK=${weekly}`, needsLogIn: false },
  });
});

test("of a session without an access code, telephones key the conference's key, also where the site has another", async () => {
  const world = new World({ sessionKey: "ExtConfID" });
  world.insteadOf = (body) => {
    const withoutCode = answerXml(world.simulated.site, body).replace(/<(\S*participantAccessCode)>.*?<\/\1>/g, "");
    return new Response(withoutCode, { headers: { "content-type": "text/xml" } });
  };

  const { meeting, dialIn } = await world.meeting("987654321" as ConfKey, { sessionKey: String(weekly) });

  expect(meeting).toMatchObject({ sessionKey: weekly, accessCode: null });
  expect(dialIn[0]?.dialString).toBe("14085550142,,*00*987654321#,,,[AttendeeID]#");
});

test("no password, host key or subscriber code is in an answer, on the disk or in the log", async () => {
  const world = new World();
  const answer = await world.meeting();
  const disk = world.sql.exec("SELECT * FROM meeting").concat(world.sql.exec("SELECT * FROM entry"));
  const all = JSON.stringify([answer, disk, world.lines]);

  expect(JSON.stringify(disk)).toContain("4711001");
  expect(JSON.stringify([answer, world.lines])).not.toContain("4711001");
  for (const secret of [world.secret, "pier-9-pass", "94711001"]) expect(all).not.toContain(secret);
  expect(all).not.toMatch(/hostKey|subscriberAccess/i);
});

test("an access code is answered to nothing but the question for it, which asks the site as a meeting does", async () => {
  const world = new World();
  const code = (sessionKey: string | null = weekly) =>
    world.during(world.object.accessCode({ domain, confKey: weekly, sessionKey }), 6_000);

  expect([await code(null), await code(), await code(null)]).toEqual([null, "4711001", "4711001"]);
  expect(world.asked).toHaveLength(1);
  expect(JSON.stringify(world.lines)).not.toContain("4711001");
  world.settings = null;
  expect(await code()).toBeNull();
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
  const answer = slowSite(world);
  await world.meeting();

  world.as("ben.cole");
  expect(await world.object.topics(domain, [weekly])).toEqual(new Map());
  answer(new Response("<html>"));
  await world.time.pass(2_000);

  expect([await world.object.topics(domain, [weekly]), world.events()]).toEqual([new Map(), []]);
});

/** A site that answers when the test wants it to. */
function slowSite(world: World): (response: Response) => void {
  let answer: (response: Response) => void = () => {};
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  world.instead = () => slow;
  return (response) => answer(response);
}

test.each([
  ["no site", null],
  ["another user", { webExId: "ben.cole" }],
])("a question that waits while the settings come to name %s is answered, and keeps nothing", async (_, settings) => {
  const world = new World();
  const answer = slowSite(world);
  const question = world.object.meeting({ domain, confKey: weekly, sessionKey: weekly, attendeeId: undefined });
  await world.time.pass(100);

  world.settings = settings;
  await world.object.settingsRead(domain);
  answer(new Response("<html>"));

  expect(await world.during(question, 1_000)).toMatchObject({
    meeting: null,
    failure: "the settings changed meanwhile; ask again",
  });
  expect(world.events()).toEqual([]);
});

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

test("a question waits five seconds for a slow site; what comes later is there for the next one", async () => {
  const world = new World();
  const answer = slowSite(world);

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
    /refused.*; it is not asked again before 2026-11-21 12:01:00 UTC$/,
  );
  expect(world.asked).toHaveLength(1);
  await world.time.pass(1_000);
  expect((await world.meeting(unknown)).failure).toMatch(/; it is not asked again before 2026-11-21 12:02:00 UTC$/);
  expect(world.asked).toHaveLength(2);

  await world.time.pass(61_000);
  expect((await world.meeting(unknown, { sessionKey: null })).failure).not.toMatch(/asked again/);
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

/** All that is on the disk. */
function diskOf(sql: Database): string {
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
  return JSON.stringify(tables.map(({ name }) => sql.exec(`SELECT * FROM ${name}`)));
}

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

test("of a site with very many users, the first 20,000 are compared, and the check says so", async () => {
  const world = new World().as("site.admin");
  world.insteadOf = (body) => {
    if (!body.includes("LstsummaryUser")) return undefined;
    // The list is that of four users, who are said to be the last of the 20,000.
    const first = body.replace(/<startFrom>\d+</, "<startFrom>1<");
    const many = answerXml(world.simulated.site, first).replace(/(total>)\d+/, "$130000");
    return new Response(many, { headers: { "content-type": "text/xml" } });
  };
  await world.object.beginCheck(domain);
  await world.time.pass(10);
  world.sql.exec("UPDATE entry SET value = json_set(value, '$.next', 19997) WHERE name = 'check'");
  await world.time.pass(60_000);

  const { last } = await world.object.provisioning(domain);
  expect(last?.users).toBe(4);
  expect(last?.notCompared.at(-1)).toBe("Only the first 20000 of 30000 users were compared.");
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

test("a check of a slow site ends after four hours with what was compared, and says how far it came", {
  timeout: 60_000,
}, async () => {
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

test("a check that did not come to all accounts lets numbers of the one before be seen, for a week from that", {
  timeout: 60_000,
}, async () => {
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

test("meetings are deleted with the journals of their conferences", async () => {
  const world = new World();
  await world.meeting();

  await world.time.pass(8 * 24 * hourMs);

  expect(world.sql.exec("SELECT * FROM meeting")).toEqual([]);
});

const serverError = () => new Response("no", { status: 500 });
const badXml = () => new Response("<a>\u0001</a>");
const never = () => new Promise<Response>(() => {});

test.each([
  ["a server's error", serverError],
  ["bad XML", badXml],
  ["nothing", never],
])("one user for whom the site answers with %s is told as not compared, and the check goes on", async (_, odd) => {
  const world = new World().as("site.admin");
  world.addUsers(30);
  world.insteadOf = (body) => (/GetUser.*<webExId>ben\.cole/s.test(body) ? odd() : undefined);
  await world.object.beginCheck(domain);
  await world.time.pass(60_000);

  const { last } = await world.object.provisioning(domain);
  expect(last?.users).toBe(33);
  expect(last?.differences).toContainEqual({
    about: "user ben.cole",
    says: expect.stringMatching(/^It was not compared: the WebEx site (answered|did not answer)|the answer of/),
  });
  expect(world.events()).toEqual(["provisioning-checked"]);
  expect(world.askedFor("GetUser")).toBeLessThan(36);
});

test("telephony fields that are not used may hold anything", async () => {
  const world = new World().as("site.admin");
  const before = await world.check();
  const odd =
    "<maxCallersNumber>many</maxCallersNumber><meetingPlace><persistentTSP>perhaps</persistentTSP></meetingPlace>";
  world.insteadOf = (body) => {
    if (!/GetSite|GetUser"/.test(body)) return undefined;
    const text = answerXml(world.simulated.site, body)
      .replace(/<(\w+:)?telephonyConfig>/, `$&${odd}`)
      .replaceAll(/<(\w+:)?tspAccount>\s*<(\w+:)?tollFree/g, (begin) =>
        begin.replace(/>\s*</, "><defaultFlag>perhaps</defaultFlag><"),
      );
    return new Response(text, { headers: { "content-type": "text/xml" } });
  };

  const { last, failure } = await world.check();

  expect(failure).toBeNull();
  expect(last?.differences).toEqual(before.last?.differences);
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

test("one session that the site does not show stops no other question", async () => {
  const world = new World();
  world.insteadOf = (body) => (body.includes("<sessionKey>999<") ? serverError() : undefined);

  const odd = await world.meeting("999" as ConfKey);
  const other = await world.meeting();

  expect(odd).toMatchObject({ meeting: null, failure: expect.stringContaining("HTTP 500") });
  expect(other).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  expect(world.events()).toEqual([]);
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

test("a site that works for a moment and fails again is left alone for longer and longer all the same", {
  timeout: 60_000,
}, async () => {
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
  const before = [world.asked.length, measuredText(world.measures, [world.domain()], 0)];

  const odd = await world.meeting("a-b" as ConfKey);

  expect(odd.failure).toMatch(/sessionKey must be digits/);
  expect([world.asked.length, measuredText(world.measures, [world.domain()], 0)]).toEqual(before);
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
      "the site's answer could not be kept here: string or blob too big; the log has a line about it; it is not asked again before 2026-11-21 12:01:00 UTC",
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
  world.addUsers(1_500);
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
  expect(last?.users).toBe(1_504);
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
  expect((await world.meeting()).failure).toMatch(/030002.*it is not asked again before 2026-11-21 13:00:00 UTC/);
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
