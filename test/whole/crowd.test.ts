import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const files = 256;
let world: World;
beforeAll(async () => {
  world = await startWorld({ files });
});
afterAll(() => world?.stop());

// The platform's own server accepts connections at Cloudflare, and under plain workerd.
test.skipIf(process.env.BRIDGEHEAD_EDGE === "workers")(
  "four times as many idle connections as it has files end no edge, and WebEx and an agent still get in",
  async () => {
    const port = Number(new URL(world.run.edgeUrl).port);
    const { edge, agent } = world.run.pids();
    const crowd: Socket[] = [];
    for (let count = 0; count < 4 * files; count += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {}).resume();
      crowd.push(socket);
      await once(socket, "connect");
    }
    expect(readdirSync(`/proc/${edge}/fd`).length).toBeLessThan(files);

    process.kill(agent, "SIGKILL");
    const isBack = async () => (await fetch(`${world.run.edgeUrl}/readyz`)).ok && world.run.pids().agent !== agent;
    await eventually("the agent is back", isBack);
    const meeting = new Meeting(world);
    await meeting.create();
    await meeting.callIn("7001");
    await meeting.close();

    expect(world.run.pids().edge).toBe(edge);
    const open = () => crowd.filter(({ closed }) => !closed).length;
    await eventually("the oldest are closed", async () => open() < 0.6 * files);
    expect(crowd.findIndex(({ closed }) => !closed)).toBeGreaterThan(3 * files);
    for (const socket of crowd) socket.destroy();
  },
);
