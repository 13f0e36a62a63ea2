import { createSocket } from "node:dgram";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { Ari } from "../../bridge-agent/drivers/asterisk/ari.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import { lackingOf } from "../../bridge-agent/drivers/asterisk/setup/description.ts";
import { inspectAsterisk } from "../../bridge-agent/drivers/asterisk/setup/doctor.ts";
import { timers } from "../../bridge-agent/node-ports.ts";
import { findingLine } from "../../src/foundation/text/finding.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

describe.each(inject("asterisks"))("doctor, of $version", (home) => {
  let asterisk: AsteriskOnTest;
  /** Its configuration, by file. */
  let right: Record<string, string>;
  beforeAll(async () => {
    asterisk = await AsteriskOnTest.start(home, { dialIn: { "18005551234": "bridgehead" } });
    const files = ["asterisk.conf", "extensions.conf", "modules.conf", "pjsip.conf", "rtp.conf"];
    right = Object.fromEntries(files.map((name) => [name, readFileSync(pathOf(name), "utf8")]));
  });
  beforeEach(() => {
    for (const [name, text] of Object.entries(right)) writeFileSync(pathOf(name), text);
  });
  afterAll(() => asterisk?.stop());

  function pathOf(name: string): string {
    return join(asterisk.folder, "etc", name);
  }

  function change(name: string, from: string | RegExp, to: string): void {
    const text = readFileSync(pathOf(name), "utf8");
    expect(text).toMatch(from);
    writeFileSync(pathOf(name), text.replace(from, to));
  }

  async function said(change: Partial<AsteriskSettings> = {}): Promise<Record<string, string>> {
    const settings: AsteriskSettings = {
      type: "asterisk",
      url: asterisk.url,
      user: asterisk.user,
      password: asterisk.password,
      application: "bridgehead",
      endpoint: "PJSIP/{number}@trunk",
      talking: { silenceMs: 1_200, level: 256 },
      ...change,
    };
    const findings = await inspectAsterisk(
      settings,
      { owner: "acme/main", agent: "agent-1", dialIn: ["18005551234"] },
      timers,
    );
    return Object.fromEntries(findings.map((finding) => [finding.about, findingLine(finding)]));
  }

  test("finds the whole interface in Asterisk's description", async () => {
    const ari = new Ari(asterisk, timers);
    expect(await lackingOf(ari)).toEqual([]);
    ari.close();
  });

  test("a range of RTP that is none is told, with one that is right", async () => {
    for (const [first, last] of [
      [20_000, 19_000],
      [20_000, 20_000],
      [20_000, 70_000],
      [80, 20_000],
    ]) {
      change("rtp.conf", /rtpstart = .*\nrtpend = .*/, `rtpstart = ${first}\nrtpend = ${last}`);
      expect((await said()).rtp).toBe(
        `WRONG rtp: ${first} to ${last} is no range of ports, 1024 to 65535, for calls: set rtpstart = 10000 and rtpend = 19999 in rtp.conf, and restart Asterisk`,
      );
    }
  });

  test("keys that come quickly count twice where Asterisk makes them longer", async () => {
    const wrong = (what: string) =>
      `WRONG keys: mindtmfduration ${what}, and quick keys count twice: set mindtmfduration = 0 under [options] in asterisk.conf, and restart Asterisk`;
    for (const [line, says] of [
      ["mindtmfduration => 80", wrong("is 80 ms")],
      [";mindtmfduration = 0", wrong("is not set, which means 80 ms")],
      ["[others]\nmindtmfduration = 0", wrong("is not set, which means 80 ms")],
      [
        "mindtmfduration = 80\nmindtmfduration = 0",
        "ok    keys: each key counts once, however short (mindtmfduration = 0); of keys that a network holds back Asterisk tells some twice, and callers are asked for them again",
      ],
    ] as const) {
      writeFileSync(pathOf("asterisk.conf"), right["asterisk.conf"] ?? "");
      change("asterisk.conf", "mindtmfduration = 0", line);
      expect((await said()).keys).toBe(says);
    }
  });

  test("a dialplan whose reload takes the agents' notes away is wrong", async () => {
    const text = right["extensions.conf"] ?? "";
    const wrong =
      /^WRONG dialplan: clearglobalvars is on in extensions\.conf: .*; set clearglobalvars = no under \[general\]/;
    for (const [line, says] of [
      ["clearglobalvars=yes", wrong],
      ["clearglobalvars => true", wrong],
      ["clearglobalvars = no", /^warn {2}dialplan: not looked at: /],
      [";clearglobalvars = yes", /^warn {2}dialplan: not looked at: /],
    ] as const) {
      writeFileSync(pathOf("extensions.conf"), text.replace("[general]", `[general]\n${line}`));
      expect((await said()).dialplan).toMatch(says);
    }
  });

  test("what stands in a file that cannot be read is shown by a command", async () => {
    rmSync(pathOf("asterisk.conf"));
    expect((await said()).keys).toMatch(
      /^warn {2}keys: not looked at, since \S+asterisk\.conf cannot be read by this user \(.*\): asterisk -rx 'core show settings' must have a Min DTMF duration of 0, or quick keys count twice$/,
    );
    writeFileSync(pathOf("asterisk.conf"), right["asterisk.conf"] ?? "");
    expect(await asterisk.cli("core show settings")).toMatch(/Min DTMF duration:+ +0\n/);
  });

  test("warns of transfers by the trunk and of parameters after numbers", async () => {
    expect((await said()).transfers).toBe("ok    transfers: trunk can transfer no call");
    change("pjsip.conf", "allow_transfer = no", "allow_transfer = yes");
    change("pjsip.conf", "ignore_uri_user_options = yes\n", "");
    await asterisk.cli("module reload res_pjsip.so");
    expect((await said()).transfers).toMatch(
      /^warn {2}transfers: trunk can transfer calls, .*: set allow_transfer = no /,
    );
    expect((await said()).numbers).toMatch(/^warn {2}numbers: .* is refused, 404: set ignore_uri_user_options = yes /);
  });

  test("sounds by their paths", async () => {
    expect((await said({ sounds: { welcome: ["/nowhere/welcome"] } })).sounds).toMatch(
      /^warn {2}sounds: Asterisk lacks sounds .*: \/nowhere\/welcome \(driver\.sounds\.welcome\); /,
    );
    const sound = join(asterisk.folder, "data", "sounds", "en", "conf-getconfno");
    expect((await said({ sounds: { welcome: [sound] } })).sounds).toMatch(/^ok /);
  });

  test("a module that takes strangers for the trunk", async () => {
    change("pjsip.conf", "identify_by = ip\n", "");
    await asterisk.cli("module reload res_pjsip.so");
    expect((await said()).strangers).toMatch(/^ok /);

    await asterisk.ari("POST", "/asterisk/modules/res_pjsip_endpoint_identifier_user.so");

    expect((await said()).strangers).toBe(
      "warn  strangers: res_pjsip_endpoint_identifier_user runs, and takes any stranger who writes trunk into From for trunk: take it out of modules.conf, or set identify_by = ip for trunk in pjsip.conf",
    );
  });

  test("modules of the sample configuration that do not run, and why that matters", async () => {
    change("modules.conf", /load = (pbx_config|codec_gsm|func_logic)\.so\n/g, "");
    await asterisk.restart();

    const { needs, modules } = await said();

    expect(needs).toMatch(/^ok /);
    expect(modules).toBe(
      "warn  modules: of the sample configuration, these do not run: pbx_config (each call in is refused, 404), func_logic, codec_gsm (Asterisk's own sounds are not heard); write each into modules.conf, as load = pbx_config.so, and restart Asterisk; one that stands there already lacks another module: after asterisk -rx 'module load pbx_config.so' Asterisk's log says which",
    );
  });

  test("what is listed and does not run: the sentence is right, and nothing else is blamed", async () => {
    change("modules.conf", "load = res_pjsip.so\n", "");
    await asterisk.restart();

    const { needs, modules, trunk, strangers } = await said();

    expect(needs).toMatch(
      /^WRONG needs: .*: chan_pjsip does not run; write .*; if it stands there already, it lacks another module: after/,
    );
    expect(modules).toMatch(/do not run: res_pjsip, .*chan_pjsip/);
    expect(trunk).toBe("warn  trunk: not looked at, since res_pjsip does not run: see the line about modules");
    expect(strangers).toMatch(/^warn {2}strangers: not looked at/);
  });

  test("a port of SIP that another program has is no fault of the trunk", async () => {
    await asterisk.kill();
    const other = createSocket("udp4");
    await new Promise<void>((bound) => other.bind(asterisk.ports.sip, "127.0.0.1", bound));
    await asterisk.restart();

    expect((await said()).trunk).toMatch(
      /^WRONG trunk: transport-udp, the transport of trunk, is not there: another program may have the port that it binds to, /,
    );
    await new Promise<void>((closed) => other.close(closed));
  });
});
