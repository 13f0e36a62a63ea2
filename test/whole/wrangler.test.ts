import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { settingsExample } from "../../cli/edge/settings-example.ts";
import { temporaryFolder } from "../../scripts/at-exit.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { expectPrinted, stepsOf } from "./task-page.ts";
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

test("accepts domains, secrets and configuration by the commands of docs/install-cloudflare.md", async () => {
  const folder = temporaryFolder("wrangler");
  const domains = { acme: Object(parseCommentedJson(settingsExample("acme"))).domains.acme };
  domains.acme.adapterSecrets = ["0123456789abcdef012345"];
  domains.acme.bridges[0].agents[0].publicKey = "Fy2TfzxEw9aHYunSyD8A1ReF5sXC73zza0ef1oiY9co";
  writeFileSync(join(folder, "domains.json"), JSON.stringify(domains, null, 2));
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  for (const { command, shown } of stepsOf("install-cloudflare", "cloudflare")) {
    const here = command
      .replace(/(domains\.json|secrets\.env)/g, `${folder}/$1`)
      .replace("--dry-run", `--dry-run --outdir ${folder}/out`);
    const { stdout } = await promisify(execFile)("sh", ["-ec", here], { env });
    expectPrinted(stdout, { command, shown });
  }
});
