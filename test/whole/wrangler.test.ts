import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../scripts/at-exit.ts";
import { Meeting, startWorld } from "./world.ts";

test("runs a conference from its creation to its end by `wrangler dev`", async () => {
  const world = await startWorld({ dev: true });
  onTestFinished(async () => void (await world.stop()));
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("101");
  const mute = meeting.muteRequest(extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok");
  await meeting.close();

  expect(await meeting.acts()).toEqual(["create-conference", "admit", "mute", "end-conference"]);
});

test("`wrangler deploy --dry-run` accepts the configuration", async () => {
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin", "wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", temporaryFolder("wrangler")];
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });

  expect(stdout).toContain("--dry-run: exiting now.");
  expect(stdout).toContain("ConferenceObject");
});
