import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import { sampleConfig } from "../../bridge-agent/drivers/asterisk/setup/sample-config.ts";
import { type Phone, Phones } from "../../simulators/telephones/phones.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

describe.each(inject("asterisks"))("$version with the sample configuration", (home) => {
  const numbers = { ours: "18005551234", others: "18005559999" };
  let asterisk: AsteriskOnTest;
  let phones: Phones;
  let ours: Application;
  let nextNumber = 1000;

  beforeAll(async () => {
    const dialIn = { [numbers.ours]: "bridgehead", [numbers.others]: "bridgehead-of-beta" };
    asterisk = await AsteriskOnTest.start(home, { dialIn, rtpKeepaliveSeconds: 1 });
    phones = await Phones.start(home.sipp, asterisk.ports);
    ours = await Application.open(asterisk, "bridgehead");
  });
  afterAll(async () => {
    ours?.close();
    await phones?.stop();
    await asterisk?.stop();
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(asterisk.log.slice(-4_000));
  });

  /** A telephone that dialled in and was answered, with its channel. */
  async function dialIn(): Promise<{ readonly phone: Phone; readonly channel: string }> {
    const from = `1408555${nextNumber++}`;
    const phone = await phones.call(numbers.ours, from);
    const { channel } = await ours.heard("StasisStart", (event) => event.channel?.caller?.number === from);
    await post(`/channels/${channel?.id}/answer`);
    await phone.until("up");
    return { phone, channel: channel?.id ?? "" };
  }
  /** Two telephones in a bridge of their own, also at a second try. */
  async function conversation() {
    const [a, b] = await Promise.all([dialIn(), dialIn()]);
    const name = `of-${a.channel}`;
    await post(`/bridges/${name}?type=mixing,dtmf_events`);
    await post(`/bridges/${name}/addChannel?channel=${a.channel},${b.channel}&absorbDTMF=true`);
    return { a: a.phone, b: b.phone, channels: { a: a.channel, b: b.channel } };
  }
  async function post(path: string): Promise<void> {
    const answer = await asterisk.ari("POST", path);
    expect(`${answer.status} ${path}`).toMatch(/^20[0-4] /);
  }
  const keysOf = (channel: string) =>
    ours.events.flatMap((event) =>
      event.type === "ChannelDtmfReceived" && event.channel?.id === channel ? [event.digit] : [],
    );

  test("each module that the configuration names runs", async () => {
    const answer = await asterisk.ari("GET", "/asterisk/modules");
    const modules: readonly { readonly name: string; readonly status: string }[] = await answer.json();
    const running = new Set(modules.flatMap(({ name, status }) => (status === "Running" ? [name] : [])));
    const named = [...(sampleConfig({ ariPassword: "any" })["modules.conf"] ?? "").matchAll(/^load = (\S+)$/gm)];

    // Newer than 16, as modules.conf says.
    const missing = named.flatMap(([, name = ""]) => (running.has(name) ? [] : [name]));
    expect(missing).toEqual(home.version.startsWith("Asterisk 16.") ? ["res_websocket_client.so"] : []);
  });

  test("who is alone in a bridge hears nothing, and is sent a sign of life", async () => {
    const { phone, channel } = await dialIn();
    await post("/bridges/alone?type=mixing,dtmf_events");
    await post(`/bridges/alone/addChannel?channel=${channel}`);
    const since = performance.now();
    const before = phone.sound.signsOfLife;

    await expect.poll(() => phone.sound.signsOfLife).toBeGreaterThan(before);
    expect(phone.sound.isLoud(since)).toBe(false);
  });

  test("two telephones in a bridge hear each other, and who falls silent is not heard", async () => {
    const { a, b } = await conversation();

    a.talk();
    await b.hears(a);
    b.talk();
    await a.hears(b);
    a.fallSilent();
    await b.hearsEndOf(a);

    expect(a.packetsOf(a)).toBe(0);
    await a.hears(b);
  });

  test("a mute is heard as silence, and only there", async () => {
    const { a, b, channels } = await conversation();
    a.talk();
    b.talk();
    await Promise.all([b.hears(a), a.hears(b)]);

    await post(`/channels/${channels.a}/mute?direction=in`);
    await b.hearsNoMore(a);
    await a.hears(b);
    await asterisk.ari("DELETE", `/channels/${channels.a}/mute?direction=in`);

    await b.hears(a);
  });

  test.each(["rfc4733", "info"] as const)(
    "keys arrive by %s, from both telephones and while they talk",
    async (how) => {
      const { a, b, channels } = await conversation();
      a.talk();

      await Promise.all([a.press("0123456789*#", how), b.press("77#", how)]);
      await expect
        .poll(() => [keysOf(channels.a).join(""), keysOf(channels.b).join("")])
        .toEqual(["0123456789*#", "77#"]);
      await b.hears(a);
    },
  );

  test.each([
    { number: "14085551000", plan: { outcome: "answer", ringMs: 30 }, answer: "up", cause: undefined },
    { number: "14085551001", plan: { outcome: 486, ringMs: 30 }, answer: "refused with 486", cause: 17 },
    { number: "14085551002", plan: { outcome: 603 }, answer: "refused with 603", cause: 21 },
    { number: "14085551003", plan: { outcome: 404 }, answer: "refused with 404", cause: 1 },
    // 16 does not say that there was no answer.
    { number: "14085551004", plan: { outcome: "ring" }, answer: "cancelled", cause: expect.toBeOneOf([0, 19]) },
  ] as const)("a called telephone answers as it is told: $plan.outcome", async ({ number, plan, answer, cause }) => {
    phones.plan(number, plan);

    await post(`/channels/out-${number}?endpoint=PJSIP/${number}@trunk&app=bridgehead&timeout=1`);
    const phone = await phones.called(number);
    await phone.until(answer === "up" ? "up" : "ended");

    expect(phone.endedBy || phone.state).toBe(answer);
    if (cause === undefined) return phone.hangUp();
    const destroyed = await ours.heard("ChannelDestroyed", ({ channel }) => channel?.id === `out-${number}`);
    expect(destroyed.cause).toEqual(cause);
  });

  test("a telephone that was called is heard, hears, keys, and can be hung up on", async () => {
    phones.plan("14085551005", { outcome: "answer", talks: true });
    const { phone: a, channel } = await dialIn();
    await post("/channels/out-both?endpoint=PJSIP/14085551005@trunk&app=bridgehead");
    const b = await phones.called("14085551005");
    await ours.heard("StasisStart", (event) => event.channel?.id === "out-both");
    await post("/bridges/both?type=mixing,dtmf_events");
    await post(`/bridges/both/addChannel?channel=${channel},out-both`);

    await a.hears(b);
    a.talk();
    await b.hears(a);
    // The other way round, Asterisk would still be busy with the first one, and tell the second one twice.
    await b.press("1", "rfc4733");
    await b.press("2", "info");
    await ours.heard("ChannelDtmfReceived", () => keysOf("out-both").length === 2);
    await asterisk.ari("DELETE", "/channels/out-both");
    await b.until("ended");

    expect(keysOf("out-both")).toEqual(["1", "2"]);
    expect(b.endedBy).toBe("hung up there");
  });

  test("a number that no application has is refused", async () => {
    const phone = await phones.call("18005550000");
    await phone.until("ended");

    expect(phone.endedBy).toBe("refused with 404");
  });

  test("each number goes to its own application; while that is not there, callers hear a sentence and wait for it", async () => {
    const before = ours.events.length;

    const phone = await phones.dialIn(numbers.others, "14085550004");
    await phone.hearsSomething();
    const others = await Application.open(asterisk, "bridgehead-of-beta");
    const { args } = await others.heard("StasisStart");
    others.close();

    expect(args).toEqual(["in", numbers.others]);
    expect(ours.events.slice(before).filter(({ type }) => type === "StasisStart")).toEqual([]);
    await phone.hangUp();
  });
});

describe.each(inject("asterisks").slice(0, 1))("processes around $version", (home) => {
  test("several run side by side, and a kill or a restart touches one alone", async () => {
    const [one, two] = await Promise.all([AsteriskOnTest.start(home), AsteriskOnTest.start(home)]);
    try {
      await one.kill();
      expect(await one.ari("GET", "/asterisk/ping").catch(() => "gone")).toBe("gone");
      expect((await two.ari("GET", "/asterisk/ping")).status).toBe(200);

      await one.restart();
      expect((await one.ari("GET", "/asterisk/ping")).status).toBe(200);
      expect(await one.cli("core show version")).toContain(home.version);

      one.term();
      await one.ended;
      expect(one.pid).toBe(0);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  test("an Asterisk and its telephones end with the test, even when that is killed", async () => {
    const left = mkdtempSync(join(tmpdir(), "bridgehead-killed-"));
    const script = `
      import { AsteriskOnTest } from "./test/asterisk/asterisk-on-test.ts";
      import { Phones } from "./simulators/telephones/phones.ts";
      const asterisk = await AsteriskOnTest.start(${JSON.stringify(home)});
      await Phones.start(${JSON.stringify(home.sipp)}, asterisk.ports);
      console.log(asterisk.folder, asterisk.ports.sip);
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR: left },
    });
    const [folder = "", sip = ""] = await new Promise<string[]>((done) => {
      createInterface({ input: child.stdout }).once("line", (line) => done(line.split(" ")));
    });
    const running = () =>
      execFileSync("ps", ["-A", "-o", "stat=,args="], { encoding: "utf8" })
        .split("\n")
        .filter((line) => !line.startsWith("Z") && (line.includes(folder) || line.includes(`127.0.0.1:${sip}`)));
    expect(running()).toHaveLength(2);

    child.kill("SIGKILL");

    await expect.poll(running).toEqual([]);
    rmSync(left, { recursive: true });
  });
});

interface AriEvent {
  readonly type: string;
  readonly args?: readonly string[];
  readonly channel?: { readonly id: string; readonly caller?: { readonly number: string } };
  readonly digit?: string;
  readonly cause?: number;
}

/** An application of ARI that does nothing by itself. */
class Application {
  readonly events: AriEvent[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.events.push(JSON.parse(String(data))));
  }

  static async open({ ports, user, password }: AsteriskOnTest, name: string): Promise<Application> {
    const socket = new WebSocket(`ws://127.0.0.1:${ports.http}/ari/events?app=${name}&api_key=${user}:${password}`);
    await new Promise((done, failed) => socket.once("open", done).once("error", failed));
    return new Application(socket);
  }

  /** The latest event like this, once it is there. */
  async heard(type: string, isIt: (event: AriEvent) => boolean = () => true): Promise<AriEvent> {
    for (const deadline = performance.now() + 5_000; ; await pause(5)) {
      const found = this.events.findLast((event) => event.type === type && isIt(event));
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`no ${type} like that came`);
    }
  }

  close(): void {
    this.#socket.terminate();
  }
}
