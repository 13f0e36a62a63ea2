import { expect, test } from "vitest";
import type { EdgeCertificate } from "../../bridge-agent/link/edge-answer.ts";
import { EdgeLink } from "../../bridge-agent/link/edge-link.ts";
import type { SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { passingKey } from "../../bridge-agent/service/state-folder.ts";
import { ok } from "../../src/foundation/result.ts";
import { hourMs } from "../../src/foundation/time/timers.ts";
import { decodeHello, HELLO_HEADER } from "../../src/link/hello.ts";
import { type AgentToEdge, CLOSE_CODES, type EdgeToAgent } from "../../src/link/messages.ts";
import { Clock } from "../simulation/clock.ts";
import { agentSettings, welcome } from "./agent-world.ts";

const [one, other, third] = ["wss://one.example", "wss://other.example", "wss://third.example"];
const health = { type: "health", bridgeUp: true, portsInUse: 1, ports: null } as const;

/** A link over a network where whoever is asked answers what the test says. */
function aLink(edge: string | string[]) {
  const clock = new Clock();
  const tries: { readonly url: string; readonly challenge: string }[] = [];
  const sent: AgentToEdge[] = [];
  const notes: string[] = [];
  const looks: { readonly address: string; readonly found: (certificate: EdgeCertificate | null) => void }[] = [];
  let events: SocketEvents<EdgeToAgent>;
  const link = new EdgeLink({
    settings: { ...agentSettings, edge },
    key: passingKey(),
    openSocket: (url, headers, _codec, of) => {
      const hello = decodeHello(headers[HELLO_HEADER] ?? null);
      tries.push({ url, challenge: hello.ok ? hello.value.challenge : hello.error });
      events = of as unknown as SocketEvents<EdgeToAgent>;
      return { send: (message) => void sent.push(message as AgentToEdge), close() {} };
    },
    idLimit: () => ({ place: 0, by: "" }),
    edgeEpoch: () => 0,
    certificateOf: (address) => new Promise((found) => looks.push({ address, found })),
    timers: clock,
    now: () => 7,
    random: () => 1,
    message() {},
    lost() {},
    log: ({ level, text }) => notes.push(`${level} ${text}`),
  });
  link.connect();
  return {
    ...{ clock, link, tries, notes, looks },
    /** What the edge was sent since this was last asked, but for pings. */
    said: () => sent.splice(0).filter(({ type }) => type !== "ping"),
    welcomed(heartbeatMs = 3_000) {
      events.message(ok({ ...welcome, heartbeatMs, turns: true }));
    },
    /** Then the agent makes its next attempt; returns the pause before it. */
    closed(code = 1006, why = "refused"): number {
      events.closed(code, why);
      const [pause = 0] = clock.due();
      clock.advance(pause);
      return pause;
    },
    /** Answers the question about an address that has waited the longest. */
    async shows(certificate: EdgeCertificate | null): Promise<void> {
      looks.shift()?.found(certificate);
      await clock.pass(0);
    },
  };
}

test("each address is tried once a round, from the one behind the last link on, and a challenge goes to nobody else", () => {
  const { tries, welcomed, closed } = aLink([one, `${other}//`, third]);
  const pauses = [closed(), closed(CLOSE_CODES.replayed, "of other"), closed(CLOSE_CODES.replayed, "again")];
  pauses.push(closed());
  welcomed();
  pauses.push(closed(), closed(), closed(), closed());

  expect(pauses).toEqual([0, 0, 0, 100, 0, 0, 200, 0]);
  const path = "/agent/local/simulated";
  expect(tries.map(({ url, challenge }) => `${url} ${challenge}`)).toEqual([
    `${one}${path} `,
    `${other}${path} `,
    `${other}${path} of other`,
    `${third}${path} `,
    `${one}${path} `,
    `${other}${path} `,
    `${third}${path} `,
    `${one}${path} `,
    `${other}${path} `,
  ]);
});

test("what is wrong is said once for each address, and again after a link", () => {
  const { notes, welcomed, closed } = aLink([one, other]);
  for (let round = 0; round < 3; round += 1) {
    closed();
    closed(1012, "the edge is moved");
  }
  welcomed();
  closed();

  const refused = `warn ${one}: edge cannot be reached (refused): check \`edge\` in the agent's settings and the network`;
  expect(notes).toEqual([
    refused,
    `warn ${other}: edge has closed the connection: the edge is moved`,
    `info edge connected at ${one}, this agent is active`,
    refused,
  ]);
});

test("a close without a word is told with its code", () => {
  const { notes, closed } = aLink(one);
  closed(1012, "");

  expect(notes).toEqual(["warn connection to the edge was lost (code 1012); trying again"]);
});

test.each([
  [1_000, 1_000],
  [60_000, 3_000],
])(
  "an edge that wants a ping each %i ms gets one each %i ms: it must notice a lost agent within 10 s",
  (wants, gets) => {
    const { clock, welcomed } = aLink(one);
    welcomed(wants);

    expect(clock.due()[0]).toBe(gets);
  },
);

test("the certificate is looked at with each link and each six hours, and the edge is told when it changes", async () => {
  const { clock, link, looks, said, welcomed, shows, closed } = aLink(one);
  link.sayHealth();
  welcomed();
  await shows({ begins: 1, ends: 2 });
  expect(said()).toEqual([]); // There is nothing to say again yet.
  link.send([health]);
  expect(said()).toEqual([{ ...health, certificateBegins: 1, certificateEnds: 2, at: 7 }]);
  const told: AgentToEdge[] = [];
  for (const certificate of [{ begins: 1, ends: 2 }, null, { begins: 2, ends: 3 }]) {
    welcomed(); // As after each change of what the agent is to know: one look is enough.
    await shows(null);
    // Its pings are not answered here.
    expect(clock.due().filter((ms) => ms > hourMs)).toEqual([6 * hourMs]);
    welcomed();
    await shows(certificate);
    told.push(...said());
  }
  expect(told).toEqual([{ ...health, certificateBegins: 2, certificateEnds: 3, at: 7 }]);

  closed();
  expect(clock.due().filter((ms) => ms > hourMs)).toEqual([]);
  welcomed();
  expect(looks).toHaveLength(1);
  link.stop();
  expect(clock.due()).toEqual([]);
});

test("a certificate counts for the address that was asked, while the link there is up", async () => {
  const { link, looks, said, welcomed, shows, closed } = aLink([one, other]);
  welcomed();
  closed();
  await shows({ begins: 1, ends: 2 });
  welcomed();
  link.send([health]);
  expect(said()).toEqual([{ ...health, at: 7 }]);
  closed();
  welcomed();
  expect(looks.map(({ address }) => address)).toEqual([other, one]);
  await shows({ begins: 3, ends: 4 }); // Of the other one.
  link.send([health]);
  expect(said()).toEqual([{ ...health, at: 7 }]);
});

test("an address without TLS is not asked again when its certificate ends", () => {
  const { clock, welcomed } = aLink("ws://127.0.0.1:1");
  welcomed();

  expect(clock.due().filter((ms) => ms > hourMs)).toEqual([]);
});
