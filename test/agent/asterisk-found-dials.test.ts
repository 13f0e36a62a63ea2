import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newCall, newConferenceNotes } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { agentVariable, bridgeName, callNotesOf } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { MAIN_ROOM } from "../../src/foundation/ids.ts";
import { channel, destroyed, leg, owner } from "./asterisk-messages.ts";
import { AsteriskWorld, conference } from "./asterisk-world.ts";

let world: AsteriskWorld;
beforeEach(async () => {
  world = await AsteriskWorld.start();
});
afterEach(() => world.end());

const number = "14085551234";
const waitMs = 40_000;
const asked = (what: string) => world.asterisk.requests.filter((request) => request.what === what).length;
const dials = () => asked(`POST /channels/${leg}/dial`);
const hangUps = () => asked(`DELETE /channels/${leg}`);

interface Found {
  /** Whether its agent has written down that it is about to dial. */
  readonly isNoted: boolean;
  readonly ageS: number;
  /** At the second look. */
  readonly state?: string;
  /** Status of the answer. */
  readonly dial?: number;
  readonly endpoint?: AsteriskSettings["endpoint"];
}

/** An agent takes over, and finds the channel that an earlier one has made. Returns when it has hung up on it, or asks for no more. */
async function found({ isNoted, ageS, state = "Down", dial = 204, endpoint }: Found): Promise<void> {
  const { answers, send } = world.asterisk;
  const name = bridgeName({ owner, conference, room: MAIN_ROOM, kind: "main" });
  const notes = { ...newConferenceNotes, dialled: isNoted ? [{ call: leg, number }] : [] };
  answers["GET /bridges"] = { status: 200, body: [{ id: "bridge-1", name, channels: [] }] };
  answers["GET /channels"] = { status: 200, body: [channel(leg, "Down")] };
  answers["GET /applications/bridgehead"] = { status: 200, body: { channel_ids: [leg] } };
  answers["GET /asterisk/variable"] = ({ parameters: { variable } }) => ({
    status: 200,
    body: { value: variable === agentVariable("bridgehead") ? "" : JSON.stringify(notes) },
  });
  const madeAt = 1_795_000_000;
  answers[`GET /channels/${leg}`] = {
    status: 200,
    body: { state, creationtime: new Date(madeAt * 1_000).toISOString().replace("Z", "+0000") },
  };
  const ofCall = callNotesOf(newCall(leg, "out", { number, conference, waitMs }));
  answers[`GET /channels/${leg}/variable`] = ({ parameters: { variable } }) => ({
    status: 200,
    body: { value: variable === "EPOCH" ? String(madeAt + ageS) : JSON.stringify(ofCall) },
  });
  answers[`POST /channels/${leg}/variable`] = { status: 204 };
  answers[`POST /channels/${leg}/dial`] = () => ({ status: dial });
  answers[`DELETE /channels/${leg}`] = () => {
    send(destroyed(leg));
    return { status: 204 };
  };
  const pauses: (() => void)[] = [];
  const { after } = driverPorts.timers;
  const timers = {
    after: (ms: number, run: () => void) => {
      // Before the second look; and until it has rung long enough, at the end.
      if (ms !== 1_000 && ms !== waitMs) return after(ms, run);
      pauses.push(run);
      return () => {};
    },
  };
  const driver = world.start({ ...(endpoint && { endpoint }) }, { timers });
  await world.reported("connected");
  driver.activate(3);
  if (isNoted) await vi.waitFor(() => expect(pauses).toHaveLength(1));
  pauses.shift()?.();
  const isOver = () => hangUps() > 0 || (isNoted ? pauses.length > 0 : dials() > 0);
  await vi.waitFor(() => expect(isOver()).toBe(true));
}

describe("a channel that an earlier agent has made for a dial, and that nobody has dialled,", () => {
  test("is dialled", async () => {
    await found({ isNoted: false, ageS: 40 });
    expect(dials()).toBe(1);
    expect(hangUps()).toBe(0);
  });

  test("is hung up once its ringing time is over", async () => {
    await found({ isNoted: false, ageS: 41 });
    expect(dials()).toBe(0);
    expect(hangUps()).toBe(1);
    expect(await world.reported("ended")).toMatchObject({ call: leg, reason: "refused" });
  });
});

describe("a channel that somebody was about to dial", () => {
  test.each([
    ["and who has or has not: it is dialled once, which rings nobody twice", { dial: 204 }, 1],
    ["and did: it rings as it is about to be dialled", { dial: 409 }, 1],
    ["and did: it rings at the second look", { state: "Ringing" }, 0],
  ])("%s", async (_, more, times) => {
    await found({ isNoted: true, ageS: 2, ...more });
    expect(dials()).toEqual(times);
    expect(hangUps()).toBe(0);
  });

  test.each([
    ["too long ago", { ageS: 41 }, 0],
    ["by channels of which nobody knows whether they would ring twice", { endpoint: "Local/{number}@phones" }, 0],
    ["and that Asterisk does not dial", { dial: 500 }, 1],
  ])("%s has come to nothing", async (_, more, times) => {
    await found({ isNoted: true, ageS: 2, ...more });
    expect(dials()).toEqual(times);
    expect(hangUps()).toBe(1);
    expect(await world.reported("ended")).toMatchObject({ call: leg, reason: "refused" });
  });
});
