import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { type AsteriskSettings, readPassword } from "../../bridge-agent/drivers/asterisk/settings.ts";
import { inspectAsterisk } from "../../bridge-agent/drivers/asterisk/setup/doctor.ts";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { driverPorts, timers } from "../../bridge-agent/node-ports.ts";
import { doctor } from "../../bridge-agent/service/doctor.ts";
import { askStatus } from "../../bridge-agent/service/local-commands.ts";
import { loadSettings } from "../../bridge-agent/service/settings.ts";
import { Phones } from "../../simulators/telephones/phones.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { findingLine } from "../../src/foundation/text/finding.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

const page = readFileSync("docs/asterisk.md", "utf8");

/** In order, since each goes on where the one before ended. */
describe.each(inject("asterisks"))("$version, by the commands of docs/asterisk.md", (home) => {
  let folder: string;
  let asterisk: AsteriskOnTest;
  let settings: AsteriskSettings;
  const dialIn = ["18005551234"];
  const identity = { owner: "acme/main", agent: "agent-1", dialIn };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bridgehead-operations-"));
    const etc = join(folder, "etc-asterisk");
    mkdirSync(etc);
    mkdirSync(join(folder, "state"));
    const file = join(folder, "agent.json");
    writeFileSync(file, "of the package");
    mkdirSync(join(etc, "old.d"));
    writeFileSync(join(etc, "ari.conf"), "of before");
    run("asterisk");
    // The files once more, as after a change.
    run("asterisk", /^(\[|sudo (cp|install))/);
    expect(readFileSync(join(etc, "ari.conf"), "utf8")).toContain("password = ");
    const loaded = loadSettings(file);
    if (!loaded.ok || loaded.value.driver.type !== "asterisk")
      throw new Error(`no settings: ${JSON.stringify(loaded)}`);
    settings = loaded.value.driver;
    // A folder and ports of its own; all else is what init wrote.
    asterisk = await AsteriskOnTest.start(home, {
      ariPassword: settings.password ?? "",
      dialIn: { [dialIn[0] ?? ""]: "bridgehead" },
      change: (files) => {
        for (const name of Object.keys(files)) {
          if (name === "asterisk.conf") continue;
          const own = (setting: string) => new RegExp(`^${setting} = .*$`, "m").exec(files[name] ?? "")?.[0];
          let text = readFileSync(join(etc, name), "utf8");
          for (const setting of ["bindport", "bind", "contact", "rtpstart", "rtpend"]) {
            text = text.replace(new RegExp(`^${setting} = .*$`, "m"), own(setting) ?? "$&");
          }
          files[name] = text;
        }
      },
    });
    settings = { ...settings, url: asterisk.url };
  });
  afterAll(async () => {
    await asterisk?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The commands of a step, in this folder, but for those that install and start. */
  function run(step: string, which = /^(?!sudo (apt|systemctl|asterisk|bridgehead-agent doctor)|sudoedit)/): string {
    const here = commandsOf(step)
      .filter((command) => which.test(command))
      .join("\n")
      .replaceAll("sudo ", "")
      .replaceAll(/-o \S+ -g \S+ /g, "")
      .replaceAll("/etc/asterisk", join(folder, "etc-asterisk"))
      .replaceAll(/\/(etc\/bridgehead|etc\/systemd\/system|var\/lib)\//g, `${folder}/`)
      .replaceAll("/usr/lib/systemd/system/", "packaging/")
      .replaceAll(
        /^bridgehead-agent init/gm,
        `${process.execPath} bridge-agent/main.ts init --state state --settings ${join(folder, "agent.json")}`,
      );
    return execFileSync("sh", ["-ec", here], { encoding: "utf8" });
  }

  async function said(change: Partial<AsteriskSettings> = {}, who = identity): Promise<Record<string, string>> {
    const findings = await inspectAsterisk({ ...settings, ...change }, who, timers);
    return Object.fromEntries(findings.map((finding) => [finding.about, findingLine(finding)]));
  }

  function change(name: string, from: string | RegExp, to: string): void {
    const path = join(asterisk.folder, "etc", name);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  }

  test("a second agent shares user, application and numbers; of its own it has name, state and port", () => {
    run("asterisk-second-agent");

    const [first, second] = ["agent.json", "agent-2.json"].map((name) => loadSettings(join(folder, name)));
    if (!first?.ok || !second?.ok) throw new Error(JSON.stringify(second));
    const { driver } = second.value;
    if (driver.type !== "asterisk") throw new Error(driver.type);
    expect(readPassword(driver)).toBe(settings.password);
    const { agent, state, listen, ...shared } = first.value;
    expect(second.value).toEqual({
      ...shared,
      driver: { ...shared.driver, password: undefined, passwordFile: join(folder, "ari-password") },
      agent: "agent-2",
      state: join(folder, "bridgehead-agent-2"),
      listen: { port: expect.any(Number) },
    });
    expect(second.value.listen).not.toEqual(first.value.listen);
    const unit = readFileSync(join(folder, "bridgehead-agent-2.service"), "utf8");
    expect(unit.split("\n")).toEqual(
      expect.arrayContaining([
        "StateDirectory=bridgehead-agent-2",
        expect.stringMatching(/^ExecStart=.* --settings \S+\/agent-2\.json$/),
      ]),
    );
  });

  test("sets up an agent and application of a second owner", async () => {
    rmSync(join(folder, "ari-password"));
    const printed = run("asterisk-second-owner");

    const beta = loadSettings(join(folder, "beta.json"));
    expect(beta).toMatchObject({
      value: { domain: "beta", dialIn: ["18005559999"], driver: { application: "bridgehead-of-beta" } },
    });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the dialplan writes its variables like this.
    expect(printed).toContain("\nexten => 18005559999,1,Gosub(conference,${EXTEN},1(bridgehead-of-beta))\n");
    const unit = readFileSync(join(folder, "bridgehead-agent-beta.service"), "utf8");
    expect(unit).toMatch(/^StateDirectory=bridgehead-agent-beta$/m);
    const [command = ""] = /(?<=^ExecStart=\/usr\/bin\/bridgehead-agent ).*$/m.exec(unit) ?? [];
    if (!beta.ok) throw new Error(beta.error);
    const agent = spawn(process.execPath, [
      "bridge-agent/main.ts",
      ...command.replace("/etc/bridgehead", folder).split(" "),
    ]);
    await vi.waitFor(async () => expect(await askStatus(beta.value)).toMatchObject({ domain: "beta" }), 60_000);
    agent.kill();
    expect(await once(agent, "exit")).toEqual([0, null]);
  }, 90_000);

  test("a rollback brings back what Asterisk had before, however often it was installed", () => {
    run("asterisk-rollback");
    run("asterisk", /^(\[|sudo (cp|install))/);
    run("asterisk-rollback");

    const etc = join(folder, "etc-asterisk");
    expect(readdirSync(etc)).toEqual(["ari.conf", "old.d"]);
    expect(readFileSync(join(etc, "ari.conf"), "utf8")).toBe("of before");
    expect(readFileSync(join(folder, "etc-asterisk.of-bridgehead", "ari.conf"), "utf8")).toContain("password = ");
  });

  test("doctor finds what is right, and what it cannot know", async () => {
    expect(await said({ ports: 350 })).toEqual({
      version: expect.stringMatching(/^ok {4}version: Asterisk \d+\.\d+.*, up since /),
      needs: "ok    needs: version, interface, modules and endpoint are what the driver needs",
      modules: "ok    modules: those of the sample configuration run",
      application: "ok    application: bridgehead is nobody's yet: the agent takes it when it acts",
      dialplan:
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the dialplan writes its variables like this.
        "warn  dialplan: not looked at: asterisk -rx 'dialplan show 18005551234@from-trunk' must lead to Gosub(conference,${EXTEN},1(bridgehead))",
      trunk: expect.stringMatching(/^warn {2}trunk: trunk is at sip:\S+; .*: set qualify_frequency = 60 /),
      numbers: "ok    numbers: parameters after a number, such as ;npdi, are ignored",
      strangers: "ok    strangers: no name in From makes a stranger trunk",
      transfers: "ok    transfers: trunk can transfer no call",
      sounds: "ok    sounds: confbridge-join, confbridge-leave and all that callers hear are there",
      rtp: "ok    rtp: 20000 to 29999, enough for 5000 calls",
      keys: "ok    keys: each key counts once, however short (mindtmfduration = 0); of keys that a network holds back Asterisk tells some twice, and callers are asked for them again",
    });
  });

  test("doctor names the fix for each missing port, endpoint and sound", async () => {
    const wrong = await said({ ports: 6_000, endpoint: "PJSIP/{number}@telco" });

    expect(wrong.rtp).toBe(
      "WRONG rtp: 20000 to 29999 is enough for 5000 calls, and driver.ports is 6000: set rtpend = 31999 in rtp.conf, or lower driver.ports",
    );
    expect(wrong.trunk).toBe("WRONG trunk: there is no telco: add it to pjsip.conf, or correct driver.endpoint");
    expect(wrong.needs).toMatch(/^WRONG needs: Asterisk has no endpoint telco: /);
    expect((await said({ sounds: { welcome: ["custom/our-name"] } })).sounds).toMatch(
      /^warn {2}sounds: Asterisk lacks sounds in the language en, .*: custom\/our-name \(driver\.sounds\.welcome\); put /,
    );
  });

  test("an application that another owner has, and a password that is wrong", async () => {
    await asterisk.ari("POST", "/asterisk/variable", {
      variable: "BRIDGEHEAD_AGENT_bridgehead",
      value: JSON.stringify({ owner: "beta/main", agent: "agent-9", epoch: 1 }),
    });
    const { application } = await said();
    await asterisk.ari("POST", "/asterisk/variable", { variable: "BRIDGEHEAD_AGENT_bridgehead", value: "" });

    expect(application).toMatch(
      /^WRONG application: Asterisk has the application bridgehead in use for beta\/main \(agent agent-9\): set driver\.application/,
    );
    expect(await said({ password: "wrong" })).toEqual({});
  });

  test("doctor leaves the application to the agent that acts", async () => {
    const reports: DriverReport[] = [];
    const agent = new AsteriskDriver(settings, driverPorts, identity);
    agent.start((report) => reports.push(report));
    await vi.waitFor(() => expect(reports).toMatchObject([{ type: "connected" }]));
    agent.activate(1);
    expect(await agent.state()).toMatchObject({ calls: [] });

    const lines: string[] = [];
    const state = join(folder, "doctor");
    const place = { edge: "ws://127.0.0.1:1", domain: "acme", bridge: "main", agent: "agent-1", state };
    const rest = { listen: { port: 2 }, logs: { personal: false }, policy: { allow: ["+"], deny: [] } };
    await doctor({ ...place, ...rest, driver: settings, dialIn }, (line) => lines.push(line), "");

    expect(lines.slice(-14)).toEqual([
      "ok    bridge: it is an Asterisk with all that the driver needs; 0 calls up",
      expect.stringMatching(/^warn {2}policy: any number/),
      ...Array(3).fill(expect.stringMatching(/^ok /)),
      "ok    application: bridgehead is acme/main's; agent-1 acted last",
      ...Array(8).fill(expect.stringMatching(/^(ok|warn) /)),
    ]);
    expect(await agent.state()).toMatchObject({ calls: [] });
    expect(reports).toHaveLength(1);
    await agent.stop();
  });

  test.each<[string, Partial<AsteriskSettings>, string, RegExp]>([
    [
      "a wrong password",
      { password: "wrong" },
      "acme",
      /refuses the user bridgehead: write user and password of ari\.conf into driver\.user/,
    ],
    ["a wrong user", { user: "nobody" }, "acme", /refuses the user nobody: write user and password/],
    [
      "an unknown technology",
      { endpoint: "DAHDI/g1/{number}" },
      "acme",
      /knows no channel technology DAHDI: load the module .*, or correct driver\.endpoint/,
    ],
    [
      "an unknown endpoint",
      { endpoint: "PJSIP/{number}@telco" },
      "acme",
      /has no endpoint telco: add it to pjsip\.conf/,
    ],
    [
      "another owner's application",
      {},
      "beta",
      /has the application bridgehead in use for acme\/main \(agent agent-1\): set driver\.application/,
    ],
  ])("an agent says of %s what to write where", async (_, change, domain, says) => {
    const reports: DriverReport[] = [];
    const agent = new AsteriskDriver({ ...settings, ...change }, driverPorts, { ...identity, owner: `${domain}/main` });
    agent.start((report) => reports.push(report));
    await vi.waitFor(() => expect(reports).toMatchObject([{ type: "disconnected", why: expect.stringMatching(says) }]));
    await agent.stop();
  });

  test("an upgrade waits for the last call; the agent refuses new conferences meanwhile, and is back by itself", async ({
    onTestFinished,
  }) => {
    const [stop, , start, ...more] = commandsOf("upgrade-asterisk");
    expect([start, more]).toEqual(["sudo systemctl start asterisk", []]);
    const toStop = /^sudo asterisk -rx '(.*)'$/.exec(stop ?? "")?.[1] ?? "";
    const reports: DriverReport[] = [];
    const agent = new AsteriskDriver(settings, driverPorts, identity);
    const reported = <Type extends DriverReport["type"]>(type: Type) =>
      vi.waitFor(() => {
        const found = reports.find((report) => report.type === type);
        expect(found, `${type} among ${JSON.stringify(reports)}`).toBeDefined();
        return found as Extract<DriverReport, { type: Type }>;
      });
    const main = "987650001" as ConfKey;
    const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };
    let creates = 0;
    const createAnother = () => {
      creates += 1;
      return agent.execute(`create-${creates}` as CommandId, `98766000${creates}` as ConfKey, create);
    };
    onTestFinished(() => agent.stop());
    agent.start((report) => reports.push(report));
    const { bootId } = await reported("connected");
    agent.activate(2);
    expect(await agent.execute("create" as CommandId, main, create)).toEqual({ done: true });
    const phones = await Phones.start(home.sipp, asterisk.ports);
    onTestFinished(() => phones.stop());
    const phone = await phones.dialIn(dialIn[0] ?? "", "14085550001");
    const { call } = await reported("prompted");
    const admit = { type: "admit", call, muted: false, joinTone: false } as const;
    expect(await agent.execute("admit" as CommandId, main, admit)).toEqual({ done: true });

    const stopped = asterisk.cli(toStop).catch(() => {});
    await vi.waitFor(async () => {
      expect(await createAnother()).toEqual({ done: false, reason: "capacity" });
    });
    expect((await reported("notice")).text).toContain("takes no new calls because it is about to end");
    await expect(phones.dialIn(dialIn[0] ?? "", "14085550002")).rejects.toThrow();
    expect([phone.state, (await agent.state())?.calls]).toMatchObject(["up", [{ call, stage: "entered" }]]);

    await phone.hangUp();
    await stopped;
    await asterisk.ended;
    await reported("disconnected");
    reports.length = 0;
    await asterisk.restart();
    expect((await reported("connected")).bootId).not.toBe(bootId);
    agent.activate(2);
    expect(await createAnother()).toEqual({ done: true });
  });

  test("a trunk that answers OPTIONS", async () => {
    const trunk = createSocket("udp4");
    trunk.on("message", (request, { address, port }) => {
      const kept = String(request)
        .split("\r\n")
        .filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
      const answer = ["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n");
      trunk.send(answer.replace(/^(To: .*)$/m, "$1;tag=1"), port, address);
    });
    await new Promise<void>((bound) => trunk.bind(asterisk.ports.trunk, "127.0.0.1", bound));
    change("pjsip.conf", "qualify_frequency = 0", "qualify_frequency = 1");
    await asterisk.cli("module reload res_pjsip.so");

    await vi.waitFor(async () =>
      expect((await said()).trunk).toMatch(/^ok {4}trunk: trunk at sip:\S+ answers OPTIONS$/),
    );

    await new Promise<void>((closed) => trunk.close(closed));
  });

  test("a trunk that does not answer, a user who may only read, a module and sounds that are missing", async () => {
    change("ari.conf", "read_only = no", "read_only = yes");
    change("modules.conf", "load = func_talkdetect.so", "");
    rmSync(join(asterisk.folder, "data", "sounds"), { recursive: true });
    await asterisk.restart();

    expect((await said()).trunk).toMatch(
      /^warn {2}trunk: trunk at \S+ has not answered OPTIONS yet: .* look again in a minute$/,
    );
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    const wrong = await said();
    vi.useRealTimers();

    expect(wrong.trunk).toMatch(/^WRONG trunk: trunk at \S+ does not answer OPTIONS: check contact in pjsip\.conf/);
    expect(wrong.application).toMatch(
      /^WRONG application: Asterisk lets the user bridgehead look and not act: set read_only = no in ari\.conf/,
    );
    expect(wrong.needs).toMatch(
      /^WRONG needs: Asterisk lacks what it needs: func_talkdetect does not run; write load = func_talkdetect\.so into/,
    );
    expect(wrong.modules).toMatch(
      /^warn {2}modules: of the sample configuration, these do not run: func_talkdetect; write /,
    );
    expect(wrong.sounds).toMatch(
      /^warn {2}sounds: confbridge-join, confbridge-leave not found, .*asterisk-core-sounds-en/,
    );
  });
});

function commandsOf(step: string): readonly string[] {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`sh ${step}\\n(.*?)^\`\`\``, "gms"))];
  const commands = blocks.flatMap(([, text = ""]) => text.trim().split("\n"));
  expect(commands.length).toBeGreaterThan(0);
  return commands;
}
