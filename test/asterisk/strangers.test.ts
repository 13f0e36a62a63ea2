import { createSocket } from "node:dgram";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AsteriskOnTest } from "../../scripts/asterisk/asterisk-on-test.ts";

describe.each(inject("asterisks"))("$version, with the sample configuration", (home) => {
  let asterisk: AsteriskOnTest;
  beforeAll(async () => {
    asterisk = await AsteriskOnTest.start(home, { dialIn: { "18005551234": "bridgehead" } });
  });
  afterAll(() => asterisk?.stop());

  /** The first answer to a call from this address whose sender says that he is the trunk. */
  async function answerTo(from: string): Promise<string> {
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
      `Call-ID: ${crypto.randomUUID()}`,
      "CSeq: 1 INVITE",
      `Contact: <sip:trunk@${here}>`,
      "Max-Forwards: 70",
      "Content-Type: application/sdp",
      `Content-Length: ${body.length}`,
      "",
      body,
    ];
    const answer = new Promise<string>((resolve) => {
      socket.once("message", (message) => resolve(String(message).split("\r\n")[0] ?? ""));
    });
    socket.send(invite.join("\r\n"), asterisk.ports.sip, "127.0.0.1");
    const line = await answer;
    await new Promise<void>((closed) => socket.close(closed));
    return line;
  }

  test("a stranger who calls himself trunk is asked for a password; the trunk is not", async () => {
    expect(await answerTo("127.0.0.4")).toBe("SIP/2.0 401 Unauthorized");
    expect(await answerTo("127.0.0.1")).toBe("SIP/2.0 100 Trying");
  });

  test("so is he where another endpoint needs the module that goes by From", async () => {
    await asterisk.ari("POST", "/asterisk/modules/res_pjsip_endpoint_identifier_user.so");

    expect(await asterisk.cli("module show like identifier_user")).toContain("Running");
    expect(await answerTo("127.0.0.4")).toBe("SIP/2.0 401 Unauthorized");
    expect(await answerTo("127.0.0.1")).toBe("SIP/2.0 100 Trying");
  });
});
