import { expect, test } from "vitest";
import type { ConfKey } from "../../../src/foundation/ids.ts";
import { hourMs } from "../../../src/foundation/time/timers.ts";
import { answerXml } from "../../../webex-interfaces/doors/site.ts";
import { noon, seeded } from "../../../webex-interfaces/doors/tests.ts";
import { domain, html, never, serverError, slowSite, World, weekly } from "./world.ts";

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

test("a session that the site does not have is no trouble of the site", async () => {
  const world = new World();

  const answer = await world.meeting("999" as ConfKey);
  const odd = await world.meeting("a-b" as ConfKey);

  expect(answer).toMatchObject({ meeting: null, failure: expect.stringContaining("the WebEx site refused") });
  expect(odd.failure).toMatch(/sessionKey must be digits/);
  expect(world.events()).toEqual([]);
  expect((await world.meeting()).failure).toBeNull();
});

test("meetings are deleted with the journals of their conferences", async () => {
  const world = new World();
  await world.meeting();

  await world.time.pass(8 * 24 * hourMs);

  expect(world.sql.exec("SELECT * FROM meeting")).toEqual([]);
});

test("a meeting is kept for its retention to the end, by the time that is sure", async () => {
  const world = new World();
  await world.meeting();
  const kept = () => world.sql.exec("SELECT * FROM meeting").length;
  await world.time.pass(7 * 24 * hourMs - (world.time.now - noon) - 1_000);
  expect(kept()).toBe(1);

  world.doubtMs = 10 * 24 * hourMs;
  const wakes = world.alarms;
  await world.time.pass(9 * 24 * hourMs);
  expect(kept()).toBe(1);
  // Once a day, as without doubt.
  expect(world.alarms - wakes).toBeLessThan(12);

  world.doubtMs = 0;
  await world.time.pass(24 * hourMs);
  expect(kept()).toBe(0);
});

test("a conference without a key that was never asked about is told as such, and the site is not asked", async () => {
  const world = new World();

  expect((await world.meeting(weekly, { sessionKey: null })).failure).toMatch(/^nothing is known of it/);
  expect([world.asked, world.events()]).toEqual([[], []]);
});

test("a session that the site does not have has no access code", async () => {
  const world = new World();
  const question = { domain, confKey: "999" as ConfKey, sessionKey: "999" };

  expect(await world.during(world.object.accessCode(question), 6_000)).toBeNull();
});

test("a session of a service whose links nobody describes has none", async () => {
  const world = new World();
  world.insteadOf = (body) =>
    new Response(answerXml(world.simulated.site, body).replace(/(serviceType>)\w+/, "$1SupportCenter"));

  expect(await world.meeting()).toMatchObject({
    meeting: { service: "other" },
    links: { start: null, join: null },
  });
});

test("a disk that keeps neither an answer nor why there is none is told in the log, and the question answered", async () => {
  const world = new World();
  const exec = world.sql.exec.bind(world.sql);
  world.sql.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO meeting")) throw new Error("database or disk is full");
    return exec(query, ...bindings);
  };

  expect((await world.meeting()).failure).toMatch(/^nothing is known of it/);
  const line = { event: "webex-site-look-up-broke", why: "database or disk is full" };
  expect(world.lines).toEqual([expect.objectContaining(line), expect.objectContaining(line)]);
});

const badXml = () => new Response("<a>\u0001</a>");

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

test("one session that the site does not show stops no other question", async () => {
  const world = new World();
  world.insteadOf = (body) => (body.includes("<sessionKey>999<") ? serverError() : undefined);

  const odd = await world.meeting("999" as ConfKey);
  const other = await world.meeting();

  expect(odd).toMatchObject({ meeting: null, failure: expect.stringContaining("HTTP 500") });
  expect(other).toMatchObject({ meeting: { topic: "Berth planning" }, failure: null });
  expect(world.events()).toEqual([]);
});
