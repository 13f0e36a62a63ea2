import { expect, test } from "vitest";
import { AriFailure } from "../../bridge-agent/drivers/asterisk/ari.ts";
import { Pauses } from "../../bridge-agent/drivers/asterisk/mirror/pauses.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";

const answer = (status: number) => ({ status, body: null });
/** Time passes at once. */
const atOnce: Timers = {
  after: (_, run) => {
    queueMicrotask(run);
    return () => {};
  },
};

test("what Asterisk is not ready for is asked again until it is", async () => {
  const answers = [answer(409), answer(409), answer(204)];
  const asked = await new Pauses(atOnce).untilReady(async () => answers.shift() ?? answer(500));
  expect([asked, answers]).toEqual([answer(204), []]);
});

test("what Asterisk is never ready for is given up with its last answer", async () => {
  let tries = 0;
  const asked = await new Pauses(atOnce).untilReady(async () => {
    tries += 1;
    return answer(409);
  });
  expect([asked, tries]).toEqual([answer(409), 100]);
});

test("what waits when the link is over fails, and its timers are cancelled", async () => {
  let running = 0;
  const timers: Timers = {
    after: () => {
      running += 1;
      return () => {
        running -= 1;
      };
    },
  };
  const pauses = new Pauses(timers);
  const waiting = [pauses.pass(1_000), pauses.untilReady(async () => answer(409))];
  await Promise.resolve();
  expect(running).toBe(2);

  pauses.stop();

  for (const each of waiting) await expect(each).rejects.toThrow(new AriFailure("the link is over"));
  expect(running).toBe(0);
});
