import { expect, test } from "vitest";
import { EdgeLink } from "../../bridge-agent/link/edge-link.ts";
import type { SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { passingKey } from "../../bridge-agent/service/state-folder.ts";
import { ok } from "../../src/foundation/result.ts";
import { decodeHello, HELLO_HEADER } from "../../src/link/hello.ts";
import { CLOSE_CODES, type EdgeToAgent } from "../../src/link/messages.ts";
import { Clock } from "../kit/clock.ts";
import { agentSettings, welcome } from "./agent-world.ts";

const [one, other, third] = ["wss://one.example", "wss://other.example", "wss://third.example"];

/** A link over a network where whoever is asked answers what the test says. */
function aLink(edge: string | string[]) {
  const clock = new Clock();
  const tries: { readonly url: string; readonly challenge: string }[] = [];
  const notes: string[] = [];
  let events: SocketEvents<EdgeToAgent>;
  const link = new EdgeLink({
    settings: { ...agentSettings, edge },
    key: passingKey(),
    openSocket: (url, headers, _codec, of) => {
      const hello = decodeHello(headers[HELLO_HEADER] ?? null);
      tries.push({ url, challenge: hello.ok ? hello.value.challenge : hello.error });
      events = of as unknown as SocketEvents<EdgeToAgent>;
      return { send() {}, close() {} };
    },
    timers: clock,
    now: () => 7,
    random: () => 1,
    message() {},
    lost() {},
    log: ({ level, text }) => notes.push(`${level} ${text}`),
  });
  link.connect();
  return {
    clock,
    tries,
    notes,
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
  };
}

test("tries each address once a round and answers a challenge only there", () => {
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

test.each([
  [1_000, 1_000],
  [60_000, 3_000],
])("pings an edge that asks for every %i ms every %i ms", (wants, gets) => {
  const { clock, welcomed } = aLink(one);
  welcomed(wants);

  expect(clock.due()[0]).toBe(gets);
});
