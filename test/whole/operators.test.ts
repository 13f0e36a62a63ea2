import { afterAll, beforeAll, expect, test } from "vitest";
import { bridgehead, type Ended } from "../bridgehead-command.ts";
import { eventually, kill, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

function command(...args: readonly string[]): Promise<Ended> {
  return bridgehead(args, { BRIDGEHEAD_STATE: world.run.state });
}

test("operators act on real calls, see that WebEx knows, and each call is in the records once, also after a kill", async () => {
  const meeting = new Meeting(world);
  const { confKey } = meeting;
  await meeting.create();
  const alice = await meeting.callIn("101");
  const bob = await meeting.callIn("102");
  const callOf = async (id: string) => (await world.bridge.state()).calls.find((call) => call.id === id);

  const muted = await command("mute", confKey, alice.call);
  const lines = muted.stdout.split("\n").map((line) => line.trim().split(/ {2,}/)[0]);
  const stages = ["Asked", "On disk", "Sent", "Done on the bridge", "WebEx notified"];
  expect(lines).toEqual([`Conference ${confKey}: Mute the call ${alice.call}`, "times in UTC", ...stages, ""]);
  expect([muted.code, (await callOf(alice.call))?.muted]).toEqual([0, true]);
  await meeting.notified("caller-changed", { extCallId: alice.extCallId, status: "muted" });

  expect((await command("call-out", confKey, "+14085550188")).code).toBe(0);
  expect((await command("expel", confKey, bob.extCallId)).code).toBe(0);
  expect((await callOf(bob.call))?.endReason).toBe("expelled");
  expect((await command("move", confKey, alice.call, "r9")).code).toBe(1);

  await kill(world, "edge");
  await eventually("the edge is back", async () => (await fetch(`${world.run.edgeUrl}/healthz`)).ok);
  expect((await command("end", confKey)).code).toBe(0);
  const { calls } = await world.bridge.state();
  const ours = calls.filter((call) => call.conference === confKey);
  expect(ours.map(({ endReason }) => endReason).sort()).toEqual(["conference-ended", "conference-ended", "expelled"]);

  const ended = await eventually("the conference is in the records", async () => {
    const { stdout } = await command("records", "--json", "--conference", confKey);
    const records = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    return records.some(({ kind }) => kind === "conference") && records;
  });
  const [conference, ...others] = ended.filter(({ kind }) => kind === "conference");
  expect([conference, others]).toMatchObject([{ endedBy: "operator", calls: 3, mostCallers: 3 }, []]);
  const shown = ended.filter(({ kind }) => kind === "call").map(({ call, endedBy }) => `${call} ${endedBy}`);
  expect(shown.sort()).toEqual(ours.map(({ id }) => `${id} operator`).sort());

  const audit = JSON.parse((await command("audit", "--json")).stdout) as {
    action: string;
    status: number;
  }[];
  expect(audit.map(({ action, status }) => `${action} ${status}`).reverse()).toEqual([
    "mute 202",
    "call-out 202",
    "expel 202",
    "move 404",
    "end 202",
  ]);

  const recorded = async () => {
    const { code, stdout } = await command("records", "--json", "--conference", confKey);
    return [code, stdout.includes("14085550101"), stdout.includes("14085550102")];
  };
  expect(await recorded()).toEqual([0, true, true]);
  expect((await command("erase", "14085550101", "--yes")).code).toBe(0);
  expect(await recorded()).toEqual([0, false, true]);
});
