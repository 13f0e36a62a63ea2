import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { bridgeName, CALL_VARIABLE } from "../../bridge-agent/drivers/asterisk/names.ts";
import { unseenSounds } from "../../bridge-agent/drivers/asterisk/prerequisites.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import type { DriverPorts, DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { type FakeAsterisk, healthyBut, startFakeAsterisk } from "./fake-asterisk.ts";

const conference = "987654321" as ConfKey;
const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };

let asterisk: FakeAsterisk;
let reports: DriverReport[];
let drivers: AsteriskDriver[];

beforeEach(async () => {
  asterisk = await startFakeAsterisk();
  reports = [];
  drivers = [];
});
afterEach(async () => {
  await Promise.all(drivers.map((driver) => driver.stop()));
  await asterisk.close();
});

const info = (version: string) => ({
  status: 200,
  body: { system: { version }, status: { startup_time: "2026-11-20T10:00:00.000+0000" } },
});

function start(more: Partial<AsteriskSettings> = {}, ports: Partial<DriverPorts> = {}): AsteriskDriver {
  const settings: AsteriskSettings = {
    type: "asterisk",
    url: asterisk.url,
    user: "bridgehead",
    password: "secret",
    application: "bridgehead",
    endpoint: "PJSIP/{number}@trunk",
    ports: 350,
    talking: { silenceMs: 1_200, level: 256 },
    ...more,
  };
  const identity = { agent: "agent-1", owner: "acme/bridge-1", dialIn: ["18005551234"] };
  const driver = new AsteriskDriver(settings, { ...driverPorts, random: () => 0, pingEveryMs: 20, ...ports }, identity);
  drivers.push(driver);
  driver.start((report) => reports.push(report));
  return driver;
}

function reported<Type extends DriverReport["type"]>(type: Type): Promise<Extract<DriverReport, { type: Type }>> {
  return vi.waitFor(() => {
    const found = reports.find((report) => report.type === type);
    if (!found) throw new Error(`no ${type} among ${JSON.stringify(reports)}`);
    return found as Extract<DriverReport, { type: Type }>;
  });
}

describe("what is wrong is one sentence, which says what to change", () => {
  const sentence = async () => (await reported("disconnected")).why.replace(asterisk.url, "URL");

  test("nobody is there", async () => {
    start({ url: "http://127.0.0.1:1/ari" });
    const { why } = await reported("disconnected");
    expect(why).toMatch(
      /^Asterisk at http:\/\/127.0.0.1:1\/ari does not connect: .+; start Asterisk \(its log says why it ends\), set enabled = yes in http\.conf, or correct driver\.url$/,
    );
  });

  test.each<[string, FakeAsterisk["answers"], Partial<AsteriskSettings>, string]>([
    [
      "wrong password",
      { "GET /asterisk/info": { status: 401 } },
      {},
      "Asterisk at URL refuses the user bridgehead: write user and password of ari.conf into driver.user and driver.password",
    ],
    [
      "no ARI",
      { "GET /asterisk/info": { status: 404 } },
      {},
      "Asterisk at URL has no ARI there: set enabled = yes in ari.conf and http.conf; in modules.conf, load res_ari_asterisk and all that it needs (",
    ],
    [
      "a user who may only read",
      { "POST /events/user/bridgehead-who-acts": { status: 403 } },
      {},
      "Asterisk at URL lets the user bridgehead look and not act: set read_only = no in ari.conf",
    ],
    [
      "too old",
      { "GET /asterisk/info": info("13.38.3") },
      {},
      "Asterisk at URL is version 13.38.3: install Asterisk 16 or a later one",
    ],
    [
      "too old, built from its sources",
      { "GET /asterisk/info": info("GIT-13-4f2a9c1") },
      {},
      "Asterisk at URL is version GIT-13-4f2a9c1: install Asterisk 16 or a later one",
    ],
    [
      "a missing module",
      { "GET /asterisk/modules": { status: 200, body: [] } },
      {},
      "Asterisk at URL lacks what it needs: res_ari_applications, res_ari_asterisk, ",
    ],
    [
      "a module that does not run, though it may be listed",
      { "GET /asterisk/modules": healthyBut("res_ari_channels") },
      {},
      "Asterisk at URL lacks what it needs: res_ari_channels does not run; write load = res_ari_channels.so into modules.conf, and restart Asterisk; if it stands there already, it lacks another module: after asterisk -rx 'module load res_ari_channels.so' Asterisk's log says which",
    ],
    [
      "a channel technology that is unknown",
      {},
      { endpoint: "DAHDI/g1/{number}" },
      "Asterisk at URL knows no channel technology DAHDI: load the module that brings it (such as chan_dahdi.so), or correct driver.endpoint, DAHDI/g1/{number}, as in PJSIP/{number}@trunk",
    ],
    [
      "an endpoint that is unknown",
      {},
      { endpoint: "PJSIP/{number}@telco" },
      "Asterisk at URL has no endpoint telco: add it to pjsip.conf, or correct driver.endpoint, PJSIP/{number}@telco",
    ],
    [
      "another owner on the application",
      { "GET /asterisk/variable": { status: 200, body: { value: '{"owner":"beta/b","agent":"agent-9","epoch":3}' } } },
      {},
      "Asterisk at URL has the application bridgehead in use for beta/b (agent agent-9): set driver.application to one of this agent's own, and hand its callers to that in extensions.conf",
    ],
    [
      "another program on the application",
      { "POST /events/user/bridgehead-who-acts": { status: 204 } },
      {},
      "Asterisk at URL has the application bridgehead in use by another program: stop that, or set driver.application to another one",
    ],
    [
      "not Asterisk",
      { "GET /asterisk/info": { status: 200, body: "<html>" } },
      {},
      "Asterisk at URL does not answer: what answers there is no Asterisk; correct driver.url",
    ],
    [
      "another server of JSON",
      { "GET /asterisk/info": { status: 200, body: {} } },
      {},
      "Asterisk at URL does not answer: what answers there is no Asterisk; correct driver.url",
    ],
  ])("%s", async (_, answers, settings, why) => {
    Object.assign(asterisk.answers, answers);
    start(settings);
    expect(await sentence()).toContain(why);
    expect(reports).toHaveLength(1);
  });

  test("TLS where there is none", async () => {
    start({ url: asterisk.url.replace("http:", "https:") });
    expect((await reported("disconnected")).why).toMatch(
      /^Asterisk at https:\S+ does not connect: it speaks no TLS there; set tlsenable = yes in http\.conf, or correct driver\.url$/,
    );
  });

  test("a password that cannot be read, is none, or is wrong, in a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asterisk-"));
    const empty = join(folder, "empty");
    writeFileSync(empty, "\nsecret");
    for (const [passwordFile, fault] of [
      ["/nowhere/password", "ENOENT: no such file or directory, stat '/nowhere/password'"],
      [folder, `${folder} is a folder`],
      [empty, `the first line of ${empty} is empty`],
    ] as const) {
      reports = [];
      start({ password: undefined, passwordFile });
      expect(await sentence()).toBe(`the password of Asterisk cannot be read: ${fault}; correct driver.passwordFile`);
    }
    const file = join(folder, "password");
    writeFileSync(file, "wrong");
    asterisk.answers["GET /asterisk/info"] = { status: 401 };
    reports = [];
    start({ password: undefined, passwordFile: file });
    expect(await sentence()).toContain(
      `write user and password of ari.conf into driver.user and ${file} (driver.passwordFile)`,
    );
  });
});

test("it is said once, and the driver connects as soon as it is mended", async () => {
  const answer = asterisk.answers["GET /asterisk/info"];
  asterisk.answers["GET /asterisk/info"] = { status: 401 };
  start();
  await vi.waitFor(() => expect(asterisk.requests.length).toBeGreaterThan(2));
  asterisk.answers["GET /asterisk/info"] = answer ?? null;
  await reported("connected");
  expect(reports.map(({ type }) => type)).toEqual(["disconnected", "connected"]);
});

test("the password may stand in a file", async () => {
  const passwordFile = join(mkdtempSync(join(tmpdir(), "asterisk-")), "password");
  writeFileSync(passwordFile, "from the file\n");
  start({ password: undefined, passwordFile });

  expect(await reported("connected")).toEqual({
    type: "connected",
    bootId: "2026-11-20T10:00:00.000+0000",
    ports: 350,
  });
  const authorization = `Basic ${Buffer.from("bridgehead:from the file").toString("base64")}`;
  expect(new Set(asterisk.requests.map((request) => request.authorization))).toEqual(new Set([authorization]));
});

describe("sounds", () => {
  const en = (...ids: string[]) => ({
    status: 200,
    body: ids.map((id) => ({ id, formats: [{ language: "en", format: "gsm" }] })),
  });
  const stock = [
    ...["conf-getconfno", "conf-invalid", "confbridge-pin", "check-number-dial-again", "conf-locked", "conf-full"],
    ...["conf-placeintoconf", "conf-onlyperson", "conf-muted", "conf-unmuted", "vm-goodbye"],
  ];

  test("that are missing are one sentence, which names the settings, and no failure", async () => {
    asterisk.answers["GET /sounds"] = en(...stock.filter((id) => id !== "conf-locked"));
    const welcome = ["custom/hello", "/nowhere/hello", "conf-getconfno"];
    start({ sounds: { welcome } });
    expect((await reported("notice")).text.replace(asterisk.url, "URL")).toBe(
      "Asterisk at URL lacks sounds in the language en, and callers hear nothing there: custom/hello (driver.sounds.welcome), /nowhere/hello (driver.sounds.welcome), conf-locked (driver.sounds.locked); " +
        "put these files there, those without a path into sounds/en of its data folder, or correct driver.sounds or driver.language",
    );
    asterisk.answers["GET /asterisk/info"] = { status: 401 };
    await reported("disconnected");
    asterisk.answers["GET /asterisk/info"] = info("22.10.1");
    await vi.waitFor(() => expect(asterisk.requests.filter(({ what }) => what === "GET /sounds")).toHaveLength(2));
    expect(reports.filter(({ type }) => type === "notice")).toHaveLength(1);
  });

  const folder = mkdtempSync(join(tmpdir(), "sounds-"));
  mkdirSync(join(folder, "en"));
  for (const file of ["hello.gsm", "en/good-bye.wav"]) writeFileSync(join(folder, file), "");

  test("with a path are not seen on another machine", () => {
    const talking = { silenceMs: 1_200, level: 256 };
    const place = { type: "asterisk" as const, url: "https://elsewhere/ari", user: "u", password: "secret" };
    const settings = { ...place, application: "a", endpoint: "PJSIP/{number}@trunk", talking };
    expect(unseenSounds({ ...settings, sounds: { welcome: ["/srv/hello", "hello"] } })).toEqual(["/srv/hello"]);
  });

  test.each<[string, Partial<AsteriskSettings>]>([
    ["Asterisk's own", {}],
    ["a language's that is spoken elsewhere, too", { language: "en_GB" }],
    ["a file with its path, and nothing at all", { sounds: { welcome: [`${folder}/hello`], locked: [] } }],
    ["a file with its path, in a language's folder", { sounds: { goodbye: [`${folder}/good-bye`] } }],
  ])("that are there are no word worth: %s", async (_, settings) => {
    asterisk.answers["GET /sounds"] = en(...stock);
    start(settings);
    await reported("connected");
    await vi.waitFor(() => expect(asterisk.requests.some(({ what }) => what === "GET /sounds")).toBe(true));
    await vi.waitFor(() =>
      expect(asterisk.requests.filter(({ what }) => what === "GET /asterisk/info").length).toBeGreaterThan(2),
    );
    expect(reports.map(({ type }) => type)).toEqual(["connected"]);
  });
});

describe("an agent that is replaced", () => {
  const replaced = { type: "ApplicationReplaced", application: "bridgehead" };
  const execute = (driver: AsteriskDriver) => driver.execute("command-1" as CommandId, conference, create);
  const asked = (what: string) => asterisk.requests.filter((request) => request.what === what).length;

  test("and has not heard of it asks for nothing more, once its last mark is old", async () => {
    let nowMs = 0;
    const driver = start({}, { monotonicMs: () => nowMs, pingEveryMs: 3_600_000 });
    await reported("connected");
    driver.activate(3);
    await driver.state();
    // Marks reach the other agent from now on, and what this one is to be told is late.
    const late = asterisk.answers;
    for (let mark = 1; mark < 20; mark += 1)
      late[`POST /events/user/bridgehead-agent-1-${mark}`] = () => {
        setTimeout(() => asterisk.send(replaced), 20);
        return { status: 204 };
      };
    late["POST /bridges"] = { status: 200, body: {} };
    nowMs = 1_501;

    expect(await execute(driver)).toEqual({ done: "unknown" });

    expect(await reported("disconnected")).toMatchObject({ isReplaced: true });
    expect(asked("POST /bridges")).toBe(0);
  });

  test("while its marks are fresh asks without another one", async () => {
    const driver = start({}, { monotonicMs: () => 0, pingEveryMs: 3_600_000 });
    await reported("connected");
    driver.activate(3);
    await driver.state();
    const marks = () => asterisk.requests.filter(({ what }) => what.startsWith("POST /events/user/")).length;
    const before = marks();
    asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    expect(await execute(driver)).toEqual({ done: true });
    expect(marks()).toBe(before);
  });

  test("leaves what Asterisk was sent to it, sends nothing new, and tells its successor when all of it is answered", async () => {
    const driver = start();
    await reported("connected");
    driver.activate(3);
    await driver.state();
    asterisk.answers["POST /bridges"] = null;
    const result = execute(driver);
    await vi.waitFor(() => expect(asked("POST /bridges")).toBe(1));
    const retired = "POST /events/user/bridgehead-retired-agent-1-3";

    asterisk.send(replaced);

    expect(await result).toEqual({ done: "unknown" });
    expect([asterisk.brokenOff("POST /bridges"), asked(retired)]).toEqual([false, 0]);
    asterisk.answer("POST /bridges", { status: 200, body: {} });
    await vi.waitFor(() => expect(asked(retired)).toBe(1));
    expect(asked("POST /applications/bridgehead/subscription")).toBe(0);
  });
});

test("an agent that takes over looks once the one before has retired", async () => {
  asterisk.answers["GET /asterisk/variable"] = {
    status: 200,
    body: { value: '{"owner":"acme/bridge-1","agent":"agent-2","epoch":2}' },
  };
  asterisk.answers["POST /events/user/bridgehead-who-acts"] = { status: 204 };
  const driver = start();
  await reported("connected");
  const looks = () => asterisk.requests.filter(({ what }) => what === "GET /bridges").length;
  driver.activate(3);
  const state = driver.state();
  await vi.waitFor(() => expect(asterisk.requests.some(({ what }) => what.includes("-begins-"))).toBe(true));
  // Time enough for a look.
  for (let turns = 0; turns < 10; turns += 1) await fetch(`${asterisk.url}/asterisk/info`);
  expect(looks()).toBe(0);

  asterisk.send({ type: "ChannelUserevent", eventname: "bridgehead-retired-agent-2-2", userevent: {} });

  expect(await state).toEqual({ conferences: [], calls: [], callsOfOthers: 0 });
  expect(looks()).toBe(2);
});

test("an agent that connects anew looks until what it had asked for shows", async () => {
  const driver = start();
  await reported("connected");
  driver.activate(3);
  await driver.state();
  asterisk.answers["GET /asterisk/variable"] = {
    status: 200,
    body: { value: '{"owner":"acme/bridge-1","agent":"agent-1","epoch":3}' },
  };
  reports.length = 0;
  asterisk.sockets[0]?.terminate();
  await reported("connected");
  const name = bridgeName({ owner: "acme/bridge-1", conference, room: MAIN_ROOM, kind: "main" });
  let looks = 0;
  asterisk.answers["GET /bridges"] = () => {
    looks += 1;
    return { status: 200, body: looks === 1 ? [] : [{ id: "bridge-1", name, channels: [] }] };
  };

  driver.activate(3);

  expect((await driver.state())?.conferences).toMatchObject([{ conference }]);
  expect(looks).toBeGreaterThanOrEqual(3);
  expect(reports.map(({ type }) => type)).toEqual(["disconnected", "connected"]);
});

describe("a link that is up", () => {
  let driver: AsteriskDriver;
  const execute = (command: BridgeCommand) => driver.execute("command-1" as CommandId, conference, command);
  beforeEach(async () => {
    driver = start();
    await reported("connected");
    driver.activate(3);
    await driver.state();
    reports.length = 0;
  });

  test("says on Asterisk who acts, and since which epoch", () => {
    const written = asterisk.requests.find(({ what }) => what === "POST /asterisk/variable");
    expect(JSON.parse(String(written?.parameters.value))).toEqual({
      owner: "acme/bridge-1",
      agent: "agent-1",
      epoch: 3,
    });
  });

  test("is lost when Asterisk answers no longer, and what was asked is unknown", async () => {
    asterisk.answers["POST /bridges"] = null;
    const result = execute(create);
    await vi.waitFor(() => expect(asterisk.requests.some(({ what }) => what === "POST /bridges")).toBe(true));
    asterisk.sockets[0]?.terminate();
    expect(await result).toEqual({ done: "unknown" });
    expect(reports[0]).toMatchObject({ type: "disconnected", isReplaced: false });
  });

  test("is lost when Asterisk was started anew without a word", async () => {
    asterisk.answers["GET /asterisk/info"] = {
      status: 200,
      body: { system: { version: "22.10.1" }, status: { startup_time: "2026-11-20T11:00:00.000+0000" } },
    };
    expect((await reported("connected")).bootId).toBe("2026-11-20T11:00:00.000+0000");
    expect(reports[0]).toMatchObject({ type: "disconnected", why: expect.stringContaining("it was started anew") });
  });

  test("is lost when Asterisk no longer has the event socket, though nobody closed it", async () => {
    for (let mark = 1; mark < 200; mark += 1)
      asterisk.answers[`POST /events/user/bridgehead-agent-1-${mark}`] = { status: 404 };
    expect((await reported("disconnected")).why).toContain("it no longer has this agent's event socket");
  });

  test("gives a command up that waits for Asterisk when it is over", async () => {
    asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    asterisk.answers["POST /channels/create"] = { status: 200, body: {} };
    asterisk.answers["POST /channels/leg-1/dial"] = { status: 409 };
    expect(await execute(create)).toEqual({ done: true });
    const number = { country: "1", area: "408", local: "5551234", extension: "" };
    const result = execute({ type: "dial", call: "leg-1" as CallId, number, waitMs: 30_000 });
    await vi.waitFor(() => expect(asterisk.requests.map(({ what }) => what)).toContain("POST /channels/leg-1/dial"));
    asterisk.sockets[0]?.terminate();
    expect(await result).toEqual({ done: "unknown" });
  });

  test("acts once, however often it is told to at the same time", async () => {
    driver.activate(4);
    driver.activate(5);
    const made = execute(create);
    asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    expect(await made).toEqual({ done: true });
    expect(asterisk.sockets).toHaveLength(1);
  });

  test("is lost within seconds when Asterisk hangs, however many requests wait for it", async () => {
    asterisk.answers["POST /bridges"] = null;
    const keys = Array.from({ length: 20 }, (_, index) => String(987650000 + index) as ConfKey);
    const results = keys.map((key) => driver.execute(`command-of-${key}` as CommandId, key, create));
    const asked = () => asterisk.requests.filter(({ what }) => what === "POST /bridges").length;
    await vi.waitFor(() => expect(asked()).toBe(16));
    asterisk.answers["GET /asterisk/info"] = null;
    const lost = await vi.waitFor(() => {
      expect(reports).not.toEqual([]);
      return reports[0];
    }, 3_000);
    expect(lost).toMatchObject({ type: "disconnected", why: expect.stringContaining("has not answered for 2 s") });
    expect(await Promise.all(results)).toEqual(keys.map(() => ({ done: "unknown" })));
    expect(asked()).toBe(16);
  });

  test("is another agent's after its event says so", async () => {
    asterisk.send({ type: "ApplicationReplaced", application: "bridgehead" });
    expect(await reported("disconnected")).toMatchObject({ isReplaced: true });
  });

  test("outlives an activation of a later epoch without another event socket", async () => {
    const [socket] = asterisk.sockets;
    driver.activate(4);
    await driver.state();
    expect(asterisk.sockets).toEqual([socket]);
  });

  test.each([400, 403, 500])(
    "outlives a command that Asterisk answers with status %d, which is refused",
    async (status) => {
      asterisk.answers["POST /bridges"] = { status, body: "<html>nonsense" };
      expect(await execute(create)).toEqual({ done: false, reason: "refused" });
      expect(reports).toEqual([]);
    },
  );

  test("takes a bridge that is there already for the one that it wanted made, as Asterisk 16 and later ones say it", async () => {
    for (const status of [409, 500]) {
      let made: unknown = null;
      asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
        made = { id: bridgeId, name, channels: [] };
        return { status };
      };
      asterisk.answers["GET /bridges/bridgehead-command-1"] = () => ({ status: 200, body: made });
      asterisk.answers["DELETE /bridges/bridgehead-command-1"] = { status: 204 };
      expect(await execute(create)).toEqual({ done: true });
      expect(await execute({ type: "end-conference" })).toEqual({ done: true });
    }
  });

  test("writes a conference's anonymous ID, limit and access codes down before its bridge is there, and deletes them where that is not made", async () => {
    const accessCodes = { subscriber: "1111", participant: null };
    asterisk.answers["POST /bridges"] = { status: 500 };
    expect(await execute({ ...create, anonymousId: "0444", maxCallers: 5, accessCodes })).toEqual({
      done: false,
      reason: "refused",
    });
    const steps = asterisk.requests.filter(
      ({ what, parameters }) => what === "POST /bridges" || String(parameters.variable).includes("CONFERENCE"),
    );
    expect(steps.map(({ what }) => what)).toEqual([
      "POST /asterisk/variable",
      "POST /bridges",
      "POST /asterisk/variable",
    ]);
    expect(steps[0]?.parameters.variable).toBe("BRIDGEHEAD_CONFERENCE_bridgehead-command-1");
    expect(JSON.parse(String(steps[0]?.parameters.value))).toMatchObject({
      ...{ anonymousId: "0444", maxCallers: 5, accessCodes },
    });
    expect(steps[2]?.parameters).toEqual({ variable: "BRIDGEHEAD_CONFERENCE_bridgehead-command-1" });
  });

  test.each([
    ["is there, is refused", JSON.stringify({ locked: false }), { done: false, reason: "refused" }],
    ["is over, while its bridge goes, is made", "", { done: true }],
  ])("takes care of other owners: a conference with the key of another one that %s", async (_, value, result) => {
    const name = bridgeName({ owner: "beta/b", conference, room: MAIN_ROOM, kind: "main" });
    asterisk.answers["GET /bridges"] = { status: 200, body: [{ id: "theirs", name, channels: [] }] };
    asterisk.answers["GET /asterisk/variable"] = ({ parameters }) => ({
      status: 200,
      body: { value: parameters.variable === "BRIDGEHEAD_CONFERENCE_theirs" ? value : "" },
    });
    asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    expect(await execute(create)).toEqual(result);
  });

  test("lets nobody in muted who cannot be muted", async () => {
    asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
    asterisk.answers["POST /channels/c1/mute"] = { status: 412 };
    expect(await execute(create)).toEqual({ done: true });
    const dialplan = { exten: "18005551234" };
    const channel = { id: "c1", name: "PJSIP/trunk-1", state: "Ring", caller: { number: "14085550001" }, dialplan };
    asterisk.send({ type: "StasisStart", args: ["in", "18005551234", "14085550001"], channel });
    await reported("prompted");

    const admit: BridgeCommand = { type: "admit", call: "c1" as CallId, muted: true, joinTone: false };

    expect(await execute(admit)).toEqual({ done: false, reason: "refused" });
    expect(asterisk.requests.map(({ what }) => what)).not.toContain("POST /bridges/bridgehead-command-1/addChannel");
  });

  test.each(["report-speakers", "stop-reporting-speakers"] as const)(
    "detects talk as the latest command says, also of who is entering when %s comes",
    async (type) => {
      asterisk.answers["POST /bridges"] = { status: 200, body: {} };
      asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
      asterisk.answers["POST /channels/c1/variable"] = { status: 204 };
      expect(await execute(create)).toEqual({ done: true });
      if (type === "stop-reporting-speakers")
        expect(await execute({ type: "report-speakers" })).toEqual({ done: true });
      const caller = { number: "14085550001" };
      const channel = { id: "c1", name: "PJSIP/trunk-1", state: "Ring", caller, dialplan: { exten: "18005551234" } };
      asterisk.send({ type: "StasisStart", args: ["in", "18005551234", "14085550001"], channel });
      await reported("prompted");
      const addChannel = "POST /bridges/bridgehead-command-1/addChannel";
      asterisk.answers[addChannel] = { status: 422 };

      const admitted = execute({ type: "admit", call: "c1" as CallId, muted: false, joinTone: false });
      await vi.waitFor(() => expect(asterisk.requests.map(({ what }) => what)).toContain(addChannel));
      expect(await execute({ type })).toEqual({ done: true });
      asterisk.answers[addChannel] = { status: 204 };
      expect(await admitted).toEqual({ done: true });

      const set = asterisk.requests.filter(({ what }) => what === "POST /channels/c1/variable");
      const detection = set
        .map(({ parameters }) => String(parameters.variable))
        .filter((name) => name !== CALL_VARIABLE);
      expect(detection.at(-1)).toBe(`TALK_DETECT(${type === "report-speakers" ? "set" : "remove"})`);
    },
  );

  test("turns callers of a number away that is not in dialIn, and says so once for each", async () => {
    const dialplan = { exten: "18005559999" };
    for (const id of ["c1", "c2"])
      asterisk.send({
        type: "StasisStart",
        args: ["in", "18005559999", "14085550001"],
        channel: { id, name: `PJSIP/trunk-${id}`, state: "Ring", caller: { number: "14085550001" }, dialplan },
      });
    const hungUp = () => asterisk.requests.filter(({ what }) => what.startsWith("DELETE /channels/c"));
    await vi.waitFor(() => expect(hungUp()).toHaveLength(2));
    expect(hungUp().map(({ parameters }) => parameters)).toEqual(Array(2).fill({ reason: "unallocated" }));
    expect(reports).toEqual([
      {
        type: "notice",
        text: expect.stringContaining("hands calls to 18005559999 to the application bridgehead, and dialIn"),
      },
    ]);
  });

  test("leaves a channel alone that the dialplan has handed to it as anything but a caller", async () => {
    const channel = { id: "c1", name: "Local/1", state: "Up", caller: { number: "1" }, dialplan: { exten: "s" } };
    asterisk.send({ type: "StasisStart", args: ["other"], channel });
    await driver.state();
    expect(reports).toEqual([]);
    expect(asterisk.requests.map(({ what }) => what)).not.toContain("DELETE /channels/c1");
  });

  describe("with a caller at the prompt", () => {
    const call = "c1" as CallId;
    const channel = {
      id: "c1",
      name: "PJSIP/trunk-1",
      state: "Ring",
      caller: { number: "1" },
      dialplan: { exten: "" },
    };
    const played = () => asterisk.requests.find(({ what }) => what === "POST /channels/c1/play");
    const playback = () => String(played()?.parameters.playbackId);
    const asked = (what: string) => asterisk.requests.some((request) => request.what === what);
    beforeEach(async () => {
      asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
      asterisk.answers["POST /channels/c1/play"] = { status: 201 };
      asterisk.answers["DELETE /channels/c1"] = { status: 204 };
      asterisk.send({ type: "StasisStart", args: ["in", "18005551234", "14085550001"], channel });
      await reported("prompted");
      driver.announce(call, "locked");
      await vi.waitFor(() => expect(played()).toBeDefined());
    });
    const expel = () => driver.execute("command-2" as CommandId, null, { type: "expel", call });

    test("hangs up after the end of the sentence", async () => {
      expect(played()?.parameters).toMatchObject({ media: ["sound:conf-locked"], lang: "en" });
      const result = expel();
      await driver.state();
      expect(asked("DELETE /channels/c1")).toBe(false);
      asterisk.send({ type: "PlaybackFinished", playback: { id: playback() } });
      expect(await result).toEqual({ done: true });
    });

    test("hangs up at the first key", async () => {
      const result = expel();
      await driver.state();
      expect(asked("DELETE /channels/c1")).toBe(false);
      asterisk.send({ type: "ChannelDtmfReceived", digit: "1", channel });
      expect(await result).toEqual({ done: true });
      await vi.waitFor(() => expect(asked(`DELETE /playbacks/${playback()}`)).toBe(true));
    });

    test("goes on when the caller hangs up before the end", async () => {
      const result = expel();
      await driver.state();
      asterisk.send({ type: "StasisEnd", channel });
      expect(await result).toEqual({ done: false, reason: "no-such-call" });
    });
  });

  test("ends when an event is none of ARI's", async () => {
    asterisk.send({ type: "StasisStart", args: [] });
    expect((await reported("disconnected")).why).toContain("it sent StasisStart with something else than ARI has");
  });

  test("ends when the state is none of ARI's", async () => {
    asterisk.answers["GET /channels"] = { status: 200, body: [{ id: 7 }] };
    expect(await driver.state()).toBeNull();
    expect((await reported("disconnected")).why).toContain("it answered listChannels with something else");
  });

  test("makes a conference anew while Asterisk still shows the bridge of the one before it", async () => {
    const made: { id: unknown; name: unknown; channels: [] }[] = [];
    asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
      made.push({ id: bridgeId, name, channels: [] });
      return { status: 200, body: made.at(-1) };
    };
    asterisk.answers["GET /bridges"] = () => ({ status: 200, body: made });
    const again = (command: BridgeCommand) => driver.execute("command-2" as CommandId, conference, command);
    expect(await execute(create)).toEqual({ done: true });
    expect(await execute({ type: "end-conference" })).toEqual({ done: true });
    expect(await again(create)).toEqual({ done: true });
    expect(made.map(({ id }) => id)).toEqual(["bridgehead-command-1", "bridgehead-command-2"]);
  });

  describe("with a conference that dials", () => {
    const call = "leg-1" as CallId;
    const number = { country: "1", area: "408", local: "5551234", extension: "" };
    const dial = (waitMs = 30_000): BridgeCommand => ({ type: "dial", call, number, waitMs });
    const channel = (state: string) => ({
      id: call,
      name: "PJSIP/trunk-1",
      state,
      caller: { number: "" },
      dialplan: { exten: "" },
    });
    const asked = (what: string) => asterisk.requests.filter((request) => request.what === what);
    beforeEach(async () => {
      asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
        asterisk.answers["GET /bridges"] = { status: 200, body: [{ id: bridgeId, name, channels: [] }] };
        return { status: 200, body: {} };
      };
      asterisk.answers["POST /channels/create"] = { status: 200, body: {} };
      asterisk.answers["POST /channels/leg-1/dial"] = { status: 204 };
      asterisk.answers["POST /channels/leg-1/variable"] = { status: 204 };
      asterisk.answers["DELETE /channels/leg-1"] = { status: 204 };
      expect(await execute(create)).toEqual({ done: true });
    });

    test("dials once, though Asterisk is not ready for it at first", async () => {
      let tries = 0;
      asterisk.answers["POST /channels/leg-1/dial"] = () => {
        tries += 1;
        return { status: tries < 3 ? 409 : 204 };
      };
      expect(await execute(dial())).toEqual({ done: true });
      expect(tries).toBe(3);
      const created = asked("POST /channels/create").filter(({ parameters }) => parameters.channelId === call);
      expect(created.map(({ parameters }) => parameters.endpoint)).toEqual(["PJSIP/14085551234@trunk"]);
      expect(await execute(dial())).toEqual({ done: false, reason: "refused" });
    });

    test("reports what becomes of a call after the result of its dial, though Asterisk tells it before", async () => {
      // It answers a second dial: the first was too early.
      let tries = 0;
      asterisk.answers["POST /channels/leg-1/dial"] = () => {
        tries += 1;
        if (tries === 1) asterisk.send({ type: "ChannelDestroyed", cause: 17, channel: channel("Down") });
        return { status: tries < 5 ? 409 : 404 };
      };
      const reportedBefore = execute(dial()).then((result) => [result, [...reports]]);
      expect(await reportedBefore).toEqual([{ done: true }, []]);
      expect(tries).toBe(5);
      expect(await reported("ended")).toMatchObject({ call, reason: "busy" });
    });

    test("a dial that Asterisk refuses is refused, and nothing is reported", async () => {
      asterisk.answers["POST /channels/leg-1/dial"] = { status: 500 };
      asterisk.answers["DELETE /channels/leg-1"] = () => {
        asterisk.send({ type: "ChannelDestroyed", cause: 16, channel: channel("Down") });
        return { status: 204 };
      };
      expect(await execute(dial())).toEqual({ done: false, reason: "refused" });
      await driver.state();
      expect(reports).toEqual([]);
    });

    test("a call whose number Asterisk cannot note is not dialled", async () => {
      asterisk.answers["POST /asterisk/variable"] = { status: 413 };
      expect(await execute(dial())).toEqual({ done: false, reason: "refused" });
      expect([asked("POST /channels/leg-1/dial").length, asked("DELETE /channels/leg-1").length]).toEqual([0, 1]);
    });

    test("a conference is not over while one of its calls cannot be hung up on", async () => {
      expect(await execute(dial())).toEqual({ done: true });
      asterisk.answers["DELETE /channels/leg-1"] = { status: 500 };
      expect(await execute({ type: "end-conference" })).toEqual({ done: false, reason: "refused" });
      expect((await driver.state())?.conferences).toHaveLength(1);
    });

    test("hangs up for nobody answered in a way that the next agent can read", async () => {
      expect(await execute(dial(20))).toEqual({ done: true });
      asterisk.send({ type: "Dial", dialstatus: "", peer: channel("Down") });
      await vi.waitFor(() => expect(asked("DELETE /channels/leg-1")).toHaveLength(1));
      expect(asked("DELETE /channels/leg-1")[0]?.parameters).toEqual({ reason: "no_answer" });
    });

    test("hears what the telephone has said while this process stood still", async () => {
      expect(await execute(dial(200))).toEqual({ done: true });
      asterisk.send({ type: "Dial", dialstatus: "", peer: channel("Down") });
      await driver.state();
      asterisk.send({ type: "ChannelDestroyed", cause: 17, channel: channel("Down") });
      const until = performance.now() + 250;
      while (performance.now() < until);
      expect(await reported("ended")).toMatchObject({ call, reason: "busy" });
      expect(asked("DELETE /channels/leg-1")).toEqual([]);
    });
  });
});
