import { createSocket } from "node:dgram";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

describe.each(inject("asterisks"))("$version, with the sample configuration", (home) => {
  let asterisk: AsteriskOnTest;
  beforeAll(async () => {
    asterisk = await AsteriskOnTest.start(home, { dialIn: { "18005551234": "bridgehead" } });
  });
  afterAll(() => asterisk?.stop());

  /** The first answer to a call from this address whose sender says that he is the trunk; with `isFinal`, the one that ends it. */
  async function answerTo(
    from: string,
    { callId = crypto.randomUUID() as string, isFinal = false } = {},
  ): Promise<string> {
    const socket = createSocket("udp4");
    await new Promise<void>((bound) => socket.bind(0, from, bound));
    const here = `${from}:${socket.address().port}`;
    const sound = ["v=0", `o=- 1 1 IN IP4 ${from}`, "s=-", `c=IN IP4 ${from}`, "t=0 0", "m=audio 27900 RTP/AVP 0", ""];
    const body = sound.join("\r\n");
    const invite = [
      `INVITE sip:18005551234@127.0.0.1:${asterisk.ports.sip} SIP/2.0`,
      `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${crypto.randomUUID()};rport`,
      `From: <sip:trunk@${from}>;tag=1`,
      "To: <sip:18005551234@127.0.0.1>",
      `Call-ID: ${callId}`,
      "CSeq: 1 INVITE",
      `Contact: <sip:trunk@${here}>`,
      "Max-Forwards: 70",
      "Content-Type: application/sdp",
      `Content-Length: ${body.length}`,
      "",
      body,
    ];
    const answer = new Promise<string>((resolve) => {
      socket.on("message", (message) => {
        const line = String(message).split("\r\n")[0] ?? "";
        if (!isFinal || !line.startsWith("SIP/2.0 1")) resolve(line);
      });
    });
    socket.send(Buffer.from(invite.join("\r\n"), "latin1"), asterisk.ports.sip, "127.0.0.1");
    const line = await answer;
    await new Promise<void>((closed) => socket.close(closed));
    return line;
  }

  test("a stranger who calls himself trunk is asked for a password; the trunk is not", async () => {
    expect(await answerTo("127.0.0.4")).toBe("SIP/2.0 401 Unauthorized");
    expect(await answerTo("127.0.0.1")).toBe("SIP/2.0 100 Trying");
  });

  /** A driver that acts, which adds its reports to these. */
  async function acting(reports: DriverReport[] = []): Promise<AsteriskDriver> {
    const { url, user, password } = asterisk;
    const settings = { type: "asterisk", url, user, password, application: "bridgehead" } as const;
    const driver = new AsteriskDriver(
      { ...settings, endpoint: "PJSIP/{number}@trunk", talking: { silenceMs: 1_200, level: 256 } },
      driverPorts,
      { agent: "agent-1", owner: "local/asterisk", dialIn: ["18005551234"] },
    );
    driver.start((report) => reports.push(report));
    await vi.waitFor(() => expect(reports.map(({ type }) => type)).toEqual(["connected"]));
    driver.activate(1);
    await driver.state();
    return driver;
  }

  test("a caller whom Asterisk cannot describe takes nobody's bridge away, and is let go", async () => {
    const reports: DriverReport[] = [];
    const driver = await acting(reports);
    const end = answerTo("127.0.0.1", { callId: "\xff", isFinal: true });
    await vi.waitFor(async () => expect((await asterisk.ari("GET", "/channels")).status).toBe(500));

    expect(await driver.state()).not.toBeNull();
    expect(await end).toBe("SIP/2.0 603 Decline");
    expect((await asterisk.ari("GET", "/channels")).status).toBe(200);
    const told = reports.filter(({ type }) => type === "notice" || type === "disconnected");
    expect(told).toEqual([{ type: "notice", text: expect.stringContaining("cannot describe a call") }]);
    await driver.stop();
  });

  test("hangs up within 2 s on a channel of another program", async () => {
    const driver = await acting();
    const asked = { endpoint: "Local/18005559999@conference/n", app: "bridgehead" };
    const made = await asterisk.ari("POST", "/channels", asked);
    const { id } = (await made.json()) as { readonly id: string };

    await vi.waitFor(async () => expect((await asterisk.ari("GET", `/channels/${id}`)).status).toBe(404), 2_000);
    expect((await driver.state())?.calls).toEqual([]);
    await driver.stop();
  });

  test("so is he where another endpoint needs the module that goes by From", async () => {
    await asterisk.ari("POST", "/asterisk/modules/res_pjsip_endpoint_identifier_user.so");

    expect(await asterisk.cli("module show like identifier_user")).toContain("Running");
    expect(await answerTo("127.0.0.4")).toBe("SIP/2.0 401 Unauthorized");
    expect(await answerTo("127.0.0.1")).toBe("SIP/2.0 100 Trying");
  });
});
