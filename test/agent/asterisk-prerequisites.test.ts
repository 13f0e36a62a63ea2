import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import { AsteriskWorld, info } from "./asterisk-world.ts";
import { describing, type FakeAsterisk, healthyBut } from "./fake-asterisk.ts";

let world: AsteriskWorld;
beforeEach(async () => {
  world = await AsteriskWorld.start();
});
afterEach(() => world.end());

test("the oldest version that will do is 16", async () => {
  world.asterisk.answers["GET /asterisk/info"] = info("16.30.1");
  world.start();
  expect(await world.reported("connected")).toMatchObject({ ports: 350 });
});

describe("a missing prerequisite is one sentence with its fix", () => {
  const sentence = async () => (await world.reported("disconnected")).why.replace(world.asterisk.url, "URL");

  test("nobody is there", async () => {
    world.start({ url: "http://127.0.0.1:1/ari" });
    const { why } = await world.reported("disconnected");
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
      "Asterisk at URL lets the user bridgehead look and not act: set read_only = no in ari.conf, and run asterisk -rx 'module reload res_ari.so'",
    ],
    [
      "too old",
      { "GET /asterisk/info": info("13.38.3") },
      {},
      "Asterisk at URL is version 13.38.3: install Asterisk 16.11, 17.5, 18 or a later one",
    ],
    [
      "no variables for a new channel",
      describing((text) => text.replace('"formats"},{"name":"variables"', '"formats"')),
      {},
      "Asterisk at URL is version 22.10.1, which does not offer variables on POST /channels/create: install Asterisk 16.11, 17.5, 18 or a later one",
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
  ])("%s", async (_, answers, settings, why) => {
    Object.assign(world.asterisk.answers, answers);
    world.start(settings);
    expect(await sentence()).toContain(why);
    expect(world.reports).toHaveLength(1);
  });

  test("TLS where there is none", async () => {
    world.start({ url: world.asterisk.url.replace("http:", "https:") });
    expect((await world.reported("disconnected")).why).toMatch(
      /^Asterisk at https:\S+ does not connect: it speaks no TLS there; set tlsenable = yes in http\.conf, or correct driver\.url$/,
    );
  });

  test("a password file that is unreadable, empty or wrong", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asterisk-"));
    const empty = join(folder, "empty");
    writeFileSync(empty, "\nsecret");
    const latin1 = join(folder, "latin1");
    writeFileSync(latin1, "\xfc", "latin1");
    for (const [passwordFile, fault] of [
      ["/nowhere/password", "ENOENT: no such file or directory, stat '/nowhere/password'"],
      [folder, `${folder} is a folder`],
      [empty, `the first line of ${empty} is empty`],
      [latin1, "it is not UTF-8: byte 0xFC at line 1, column 1; save it as UTF-8"],
    ] as const) {
      world.reports.length = 0;
      world.start({ password: undefined, passwordFile });
      expect(await sentence()).toBe(`the password of Asterisk cannot be read: ${fault}; correct driver.passwordFile`);
    }
    const file = join(folder, "password");
    writeFileSync(file, "wrong");
    world.asterisk.answers["GET /asterisk/info"] = { status: 401 };
    world.reports.length = 0;
    world.start({ password: undefined, passwordFile: file });
    expect(await sentence()).toContain(
      `write user and password of ari.conf into driver.user and ${file} (driver.passwordFile)`,
    );
  });
});

test("logs a missing prerequisite once and connects after its fix", async () => {
  const answer = world.asterisk.answers["GET /asterisk/info"];
  world.asterisk.answers["GET /asterisk/info"] = { status: 401 };
  world.start();
  await vi.waitFor(() => expect(world.asterisk.requests.length).toBeGreaterThan(2));
  world.asterisk.answers["GET /asterisk/info"] = answer ?? null;
  await world.reported("connected");
  expect(world.reports.map(({ type }) => type)).toEqual(["disconnected", "connected"]);
});

test("compares the interface once for each start of Asterisk", async () => {
  const { answers, requests } = world.asterisk;
  world.start();
  for (const [hour, times] of [
    [10, 1],
    [10, 1],
    [11, 2],
  ]) {
    const body = { ...info("22").body, status: { startup_time: `2026-11-20T${hour}:00:00.000+0000` } };
    answers["GET /asterisk/info"] = { status: 200, body };
    await world.reported("connected");
    expect(requests.filter(({ what }) => what === "GET /api-docs/channels.json")).toHaveLength(times ?? 0);
    answers["GET /asterisk/info"] = { status: 401 };
    await world.reported("disconnected");
    world.reports.length = 0;
  }
});

test("the password may stand in a file", async () => {
  const passwordFile = join(mkdtempSync(join(tmpdir(), "asterisk-")), "password");
  writeFileSync(passwordFile, "from the file\n");
  world.start({ password: undefined, passwordFile });

  expect(await world.reported("connected")).toEqual({
    type: "connected",
    bootId: "2026-11-20T10:00:00.000+0000",
    ports: 350,
  });
  const authorization = `Basic ${Buffer.from("bridgehead:from the file").toString("base64")}`;
  expect(new Set(world.asterisk.requests.map((request) => request.authorization))).toEqual(new Set([authorization]));
});

describe("sounds", () => {
  const en = (...ids: string[]) => ({
    status: 200,
    body: ids.map((id) => ({ id, formats: [{ language: "en", format: "gsm" }] })),
  });
  const stock = [
    "conf-getconfno",
    "conf-invalid",
    "confbridge-pin",
    "check-number-dial-again",
    "conf-locked",
    "conf-full",
    "conf-placeintoconf",
    "conf-onlyperson",
    "conf-muted",
    "conf-unmuted",
    "vm-goodbye",
    "one-moment-please",
  ];

  test("that are missing are one notice that names the settings", async () => {
    world.asterisk.answers["GET /sounds"] = en(...stock.filter((id) => id !== "conf-locked"));
    const welcome = ["custom/hello", "/nowhere/hello", "conf-getconfno"];
    world.start({ sounds: { welcome } });
    expect((await world.reported("notice")).text.replace(world.asterisk.url, "URL")).toBe(
      "Asterisk at URL lacks sounds in the language en, and callers hear nothing there: custom/hello (driver.sounds.welcome), /nowhere/hello (driver.sounds.welcome), conf-locked (driver.sounds.locked); " +
        "put these files there, those without a path into sounds/en of its data folder, or correct driver.sounds or driver.language",
    );
    world.asterisk.answers["GET /asterisk/info"] = { status: 401 };
    await world.reported("disconnected");
    world.asterisk.answers["GET /asterisk/info"] = info("22.10.1");
    await vi.waitFor(() =>
      expect(world.asterisk.requests.filter(({ what }) => what === "GET /sounds")).toHaveLength(2),
    );
    expect(world.reports.filter(({ type }) => type === "notice")).toHaveLength(1);
  });

  const folder = mkdtempSync(join(tmpdir(), "sounds-"));
  mkdirSync(join(folder, "en"));
  for (const file of ["hello.gsm", "en/good-bye.wav"]) writeFileSync(join(folder, file), "");

  test.each<[string, Partial<AsteriskSettings>]>([
    ["Asterisk's own", {}],
    ["a language's that is spoken elsewhere, too", { language: "en_GB" }],
    ["a file with its path, and nothing at all", { sounds: { welcome: [`${folder}/hello`], locked: [] } }],
    ["a file with its path, in a language's folder", { sounds: { goodbye: [`${folder}/good-bye`] } }],
  ])("that are there are no word worth: %s", async (_, settings) => {
    world.asterisk.answers["GET /sounds"] = en(...stock);
    world.start(settings);
    await world.reported("connected");
    await vi.waitFor(() => expect(world.asterisk.requests.some(({ what }) => what === "GET /sounds")).toBe(true));
    await vi.waitFor(() =>
      expect(world.asterisk.requests.filter(({ what }) => what === "GET /asterisk/info").length).toBeGreaterThan(2),
    );
    expect(world.reports.map(({ type }) => type)).toEqual(["connected"]);
  });
});
