import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { Phones } from "../../simulators/telephones/phones.ts";
import { isAlive, kill, Meeting, startWorld, type World } from "../whole/world.ts";

const [home] = inject("asterisks");

let world: World;
let phones: Phones;
beforeAll(async () => {
  world = await startWorld({ bridge: "asterisk" });
  phones = await Phones.start(home?.sipp ?? "", world.run.telephones ?? { sip: 0, trunk: 0 });
});
afterAll(async () => {
  await phones?.stop();
  await world?.stop();
});

test("a caller dials the number at the address that are printed, and is in the conference", async () => {
  const { output, telephones } = world.run;
  const [, number = "", port] = /sip:(\d+)@127\.0\.0\.1:(\d+)/.exec(output.join("\n")) ?? [];
  expect({ number, port }).toEqual({ number: telephones?.dialIn, port: `${telephones?.sip}` });
  const meeting = new Meeting(world);
  await meeting.create();

  const phone = await phones.dialIn(number, "14085550444");
  await phone.press(`${meeting.confKey}#444#`, "info");

  await meeting.notified("caller-entered", { attendeeId: "444", did: "14085550444" });
  await phone.hangUp();
});

test("whom WebEx calls out to is called at the trunk, by the number alone", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  phones.plan("14085550123", { outcome: "answer" });

  await meeting.ask(meeting.callOutRequest("77", "5550123"));

  const phone = await phones.called("14085550123");
  await meeting.notified("caller-entered", { extCallId: "77" });
  await phone.hangUp();
});

test("after a kill of Asterisk, WebEx learns that everybody is gone, and a new conference works", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const phone = await phones.dialIn(world.run.telephones?.dialIn ?? "", "14085550445");
  await phone.press(`${meeting.confKey}#445#`, "info");
  await meeting.notified("caller-entered", { attendeeId: "445" });

  await kill(world, "asterisk");

  await meeting.notified("caller-changed", { status: "left" }, 10_000);
  await meeting.notified("conference-changed", { status: "ended" }, 10_000);
  const next = new Meeting(world);
  await next.create();
  const again = await phones.dialIn(world.run.telephones?.dialIn ?? "", "14085550446");
  await again.press(`${next.confKey}#446#`, "info");
  await next.notified("caller-entered", { attendeeId: "446" });
});

test("its files are in the state folder, where nobody else reads the password; and a stop leaves no process", async () => {
  const { state } = world.run;
  const { driver } = JSON.parse(readFileSync(join(state, "agent.json"), "utf8"));
  expect(readFileSync(join(state, "asterisk", "etc", "ari.conf"), "utf8")).toContain(`password = ${driver.password}\n`);
  const pids = Object.values(world.run.pids());
  expect(pids).toHaveLength(3);

  const stoppedAt = Date.now();
  expect(await world.stop()).toBe(0);

  expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  expect(pids.filter(isAlive)).toEqual([]);
});

test("an Asterisk that is installed is taken; where it has no sounds, a line says so", async () => {
  const usr = mkdtempSync(join(tmpdir(), "bridgehead-installed-"));
  const [sbin, modules, share] = ["sbin", "lib/any/asterisk", "share/asterisk"].map((name) => join(usr, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [sbin, modules, share]) mkdirSync(path, { recursive: true });
  writeFileSync(join(sbin, "asterisk"), `#!/bin/sh\nexec ${home?.asterisk} "$@"\n`, { mode: 0o755 });
  symlinkSync(home?.modules ?? "", join(modules, "modules"));
  for (const name of ["documentation", "rest-api"]) symlinkSync(join(home?.data ?? "", name), join(share, name));
  vi.stubEnv("ASTERISK_ROOT", "");
  vi.stubEnv("PATH", `${sbin}:${process.env.PATH}`);

  const run = await LocalRun.start({ bridge: "asterisk" });
  await run.stop();
  vi.unstubAllEnvs();
  rmSync(usr, { recursive: true });

  expect(run.output.filter((line) => /^(version|sounds) /.test(line))).toEqual([
    `version ${home?.version}`,
    expect.stringMatching(/^sounds {2}this Asterisk has no English sounds, .*: install asterisk-core-sounds-en$/),
  ]);
});

test.each([
  [["--bridge", "foo"], {}, /^error: option '--bridge <kind>' argument 'foo' is invalid\. .*simulated, asterisk\.\n$/],
  [
    ["--bridge", "asterisk"],
    { SIP_TRUNK: "192.0.2.1:5060" },
    /^SIP_TRUNK is "192\.0\.2\.1:5060"; it must be a port of 127\.0\.0\.1.*\n$/,
  ],
  [["--bridge", "asterisk"], { RTP_PORTS: "31000-30000" }, /^RTP_PORTS is "31000-30000"; it must be .*30000-30999\n$/],
  [
    ["--bridge", "asterisk"],
    { SIP_PORT: "15060", SIP_TRUNK: "127.0.0.1:15060" },
    /^SIP_TRUNK and SIP_PORT must differ; they are both 15060\n$/,
  ],
  [
    ["--bridge", "asterisk"],
    { SIP_TRUNK: "127.0.0.1:30010" },
    /^SIP_TRUNK must be outside of RTP_PORTS; it is 30010, and they are 30000-30999\n$/,
  ],
  [["--bridge", "asterisk"], { SIP_PORT: "30999" }, /^SIP_PORT must be outside of RTP_PORTS; .*\n$/],
  [["--bridge", "asterisk"], { DIAL_IN: "conference" }, /^DIAL_IN is "conference"; it must be 1 to 32 digits.*\n$/],
  [["--bridge", "asterisk"], { BRIDGE_URL: "ws://127.0.0.1:1/bridge" }, /^BRIDGE_URL names another bridge .*\n$/],
])("what cannot be is one line: %s %j", (args, env, line) => {
  const ended = spawnSync(process.execPath, ["scripts/start.ts", ...args], { env: { ...process.env, ...env } });

  expect(ended.stderr.toString()).toMatch(line);
  expect(ended.status).toBe(1);
});

test("a SIP port that another program has is one line", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  const { port } = socket.address();
  const [PORT, AGENT_PORT, ASTERISK_HTTP_PORT] = (await freePorts(3)).map(String);
  const state = mkdtempSync(join(tmpdir(), "bridgehead-taken-"));
  const ports = { PORT, AGENT_PORT, ASTERISK_HTTP_PORT, SIP_PORT: `${port}` };

  const ended = spawnSync(process.execPath, ["scripts/start.ts", "--bridge", "asterisk"], {
    env: { ...process.env, ...ports, BRIDGEHEAD_STATE: state },
    timeout: 20_000,
  });
  await new Promise<void>((closed) => socket.close(closed));
  rmSync(state, { recursive: true });

  expect(ended.stderr.toString()).toBe(
    `cannot listen on 127.0.0.1:${port} (the port is taken); set SIP_PORT to another port\n`,
  );
  expect(ended.status).toBe(1);
});
