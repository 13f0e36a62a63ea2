import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { CALL_VARIABLE, readBridgeName } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { AsteriskHome } from "../../scripts/tools/find-asterisk.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import type { BridgeOnTest } from "../conformance/bridge-on-test.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";
import { startHoldingProxy } from "./holding-proxy.ts";

/** So long Asterisk may take to notice that a telephone talks, or does not: it may not be looking. */
const NOTICES_TALK_WITHIN_MS = 400;
const NOTICES_WITHIN_MS = 5_000;

interface SeenEvent {
  readonly type: string;
  readonly channel?: { readonly id: string };
  readonly variable?: string;
  readonly playback?: { readonly id: string };
}

/** Telephones without SIP, called as `Local/{number}@phones`; how a number takes a call is in a global variable. */
const phonesContext = `
[phones]
exten => _X.,1,Ringing()
 same => n,Wait(0.05)
 same => n,Goto(\${IF($["\${PLAN_\${EXTEN}}"=""]?answer:\${PLAN_\${EXTEN}})})
 same => n(answer-late),Wait(0.5)
 same => n(answer),Answer()
 same => n(no-answer),Wait(3600)
 same => n,Hangup()
 same => n(busy),Hangup(17)
 same => n(reject),Hangup(21)
 same => n(invalid),Hangup(1)
`;

export interface AsteriskBridgeOnTest extends BridgeOnTest {
  readonly asterisk: AsteriskOnTest;
  /** As any other user of ARI; the answer's body. Throws unless the status is 2xx. */
  ari<Answer = unknown>(method: string, path: string, parameters?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The channels of which each event of this kind came, so far. */
  seen(type: string): readonly string[];
  /** The same again, not started: the agent after a crash. The caller stops it. */
  again(agent?: string): AsteriskDriver;
}

const dialIns = { own: "18005551234", strangers: "18005559999" };

/** The next one is started while a test runs. */
const spares = new Map<AsteriskHome, Promise<AsteriskOnTest>>();

async function fresh(home: AsteriskHome): Promise<AsteriskOnTest> {
  const asterisk = await (spares.get(home) ?? start(home));
  spares.set(home, start(home));
  return asterisk;
}

/** To be called after the last test. */
export async function stopSpares(): Promise<void> {
  for (const spare of spares.values()) await (await spare).stop();
}

function start(home: AsteriskHome): Promise<AsteriskOnTest> {
  return AsteriskOnTest.start(home, {
    dialIn: { [dialIns.own]: "bridgehead", [dialIns.strangers]: "elsewhere" },
    waitSound: "beep",
    added: { "extensions.conf": phonesContext },
    change: (files) => {
      // Callers whom no agent has taken are offered again at once.
      files["extensions.conf"] = files["extensions.conf"]?.replace("Wait(2)", "Wait(0.1)") ?? "";
    },
  });
}

/** A real Asterisk with telephones that are channels of its own, and the driver, whose way to it can be cut. */
export async function asteriskBridgeOnTest(home: AsteriskHome): Promise<AsteriskBridgeOnTest> {
  const asterisk = await fresh(home);
  // Asterisk does not say who is muted: it is what it was last told, and did.
  const muted = new Map<string, boolean>();
  const proxy = await startHoldingProxy(asterisk.ports.http, (request) => {
    const [, method, call = ""] = /^(POST|DELETE) \/ari\/channels\/([^/]+)\/mute/.exec(request) ?? [];
    if (method) muted.set(decodeURIComponent(call), method === "POST");
  });
  const ari: AsteriskBridgeOnTest["ari"] = async (method, path, parameters = {}) => {
    const answer = await asterisk.ari(method, `${path}?${new URLSearchParams(parameters)}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const driverOf = (agent: string, owner: string, dialIn: string, application: string) =>
    new AsteriskDriver(
      {
        type: "asterisk",
        url: `http://127.0.0.1:${proxy.port}/ari`,
        user: asterisk.user,
        password: asterisk.password,
        application,
        endpoint: "Local/{number}@phones",
        talking: { silenceMs: 100, level: 256 },
      },
      { ...driverPorts, random: () => 0 },
      { agent, owner, dialIn: [dialIn] },
    );
  const driver = driverOf("agent-1", "local/asterisk", dialIns.own, "bridgehead");
  const other = driverOf("agent-2", "local/asterisk", dialIns.own, "bridgehead");
  const stranger = driverOf("agent-1", "elsewhere/bridge", dialIns.strangers, "elsewhere");

  let observer: WebSocket;
  const allSeen: SeenEvent[] = [];
  let seen: (event: SeenEvent) => void = (event) => allSeen.push(event);
  const watch = async () => {
    observer = new WebSocket(`${asterisk.url.replace("http", "ws")}/events?app=phones&subscribeAll=true`, {
      auth: `${asterisk.user}:${asterisk.password}`,
    });
    observer.on("message", (data) => seen(JSON.parse(String(data))));
    observer.on("error", () => {});
    await new Promise((resolve) => observer.once("open", resolve));
  };
  await watch();
  /** Whether Asterisk has noticed, while `run` ran or soon after, so many events of this kind of this channel. */
  const noticed = async (type: string, id: string, count: number, run: () => Promise<unknown>, withinMs: number) => {
    let missing = count;
    const before = seen;
    const all = new Promise<true>((resolve) => {
      seen = (event) => {
        before(event);
        const isNotes = event.variable === undefined || event.variable === CALL_VARIABLE;
        if (event.type === type && event.channel?.id === id && isNotes) missing -= 1;
        if (missing === 0) resolve(true);
      };
    });
    await run();
    return Promise.race([all, pause(withinMs, false)]);
  };
  const must = async (...args: Parameters<typeof noticed>) => {
    if (!(await noticed(...args)))
      throw new Error(`Asterisk has not noticed ${args[0]} of ${args[1]}: ${asterisk.log}`);
  };
  const phoneOf = (call: CallId) => `/channels/phone-${call}`;
  const playing = new Map<CallId, string>();
  const speak = async (call: CallId) => {
    const { id } = await ari<{ id: string }>("POST", `${phoneOf(call)}/play`, { media: "tone:dial" });
    playing.set(call, id);
  };
  const fallSilent = async (call: CallId) => {
    await ari("DELETE", `/playbacks/${playing.get(call)}`);
    playing.delete(call);
    await ari("POST", `${phoneOf(call)}/silence`);
  };

  return {
    asterisk,
    ari,
    seen: (type) => allSeen.flatMap((event) => (event.type === type && event.channel ? [event.channel.id] : [])),
    again: (agent = "agent-1") => driverOf(agent, "local/asterisk", dialIns.own, "bridgehead"),
    driver,
    other,
    stranger,
    dialIns,
    without: ["lock-by-telephone", "prompt-of-its-own", "recall"],
    async dialIn(number, dialled = dialIns.own) {
      const id = `caller-${randomUUID()}` as CallId;
      const phone = `phone-${id}`;
      const call = { channelId: phone, otherChannelId: id };
      const origin = { endpoint: `Local/${dialled}@from-trunk/n`, app: "phones", callerId: number };
      const dial = () => ari("POST", "/channels", { ...origin, ...call });
      // The driver has written its notes once it has answered; the telephone's half comes after that.
      const answered = () => must("ChannelVarset", id, 1, dial, NOTICES_WITHIN_MS);
      await must("StasisStart", phone, 1, answered, NOTICES_WITHIN_MS);
      await ari("POST", `${phoneOf(id)}/silence`);
      return id;
    },
    async press(call, keys) {
      // A telephone that plays a tone is silent while a key is pressed.
      const isPlaying = playing.has(call);
      if (isPlaying) await fallSilent(call);
      const press = () => ari("POST", `${phoneOf(call)}/dtmf`, { dtmf: keys, duration: "60", between: "80" });
      await must("ChannelDtmfReceived", call, keys.length, press, NOTICES_WITHIN_MS);
      if (isPlaying) await speak(call);
    },
    async talk(call, talking) {
      const [type, act] = talking ? ["ChannelTalkingStarted", speak] : ["ChannelTalkingFinished", fallSilent];
      await noticed(type, call, 1, () => act(call), NOTICES_TALK_WITHIN_MS);
    },
    async heard(call) {
      const said = new RegExp(`^bridgehead-([a-z-]+)-${call}-[-0-9a-f]{36}$`);
      const begun = allSeen.filter(({ type }) => type === "PlaybackStarted");
      return begun.flatMap(({ playback }) => said.exec(playback?.id ?? "")?.[1] ?? []);
    },
    async hangUp(call) {
      await must("ChannelDestroyed", call, 1, () => ari("DELETE", phoneOf(call)), NOTICES_WITHIN_MS);
    },
    async endByTelephone(key) {
      const bridges: { id: string; name: string }[] = await ari("GET", "/bridges");
      const main = bridges.find(({ name }) => {
        const room = readBridgeName(name);
        return room?.conference === key && room.kind === "main";
      });
      await ari("DELETE", `/bridges/${main?.id}`);
    },
    plan: async (digits, result) => {
      await ari("POST", "/asterisk/variable", { variable: `PLAN_${digits}`, value: result });
    },
    passTime: async (ms) => pause(ms),
    holdActs: async () => {
      const release = proxy.hold();
      return async () => release();
    },
    loseAnswers: async () => proxy.lose(),
    async truth(call) {
      const [channels, bridges] = await Promise.all([
        ari<{ id: string }[]>("GET", "/channels"),
        ari<{ name: string; channels: string[] }[]>("GET", "/bridges"),
      ]);
      if (!channels.some(({ id }) => id === call)) return null;
      const inside = bridges.find(({ channels }) => channels.includes(call));
      return { muted: muted.get(call) === true, room: readBridgeName(inside?.name ?? "")?.room ?? null };
    },
    held: () => proxy.held(),
    cutLink: async () => proxy.cut(),
    restart: async () => {
      await asterisk.restart();
      await watch();
    },
    stop: async () => {
      await Promise.all([driver, other, stranger].map((each) => each.stop()));
      observer.terminate();
      await proxy.close();
      await asterisk.stop();
    },
  };
}
