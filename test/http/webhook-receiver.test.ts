import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";

const [, program = ""] = /```js\n(.*?)```/s.exec(readFileSync("docs/webhooks.md", "utf8")) ?? [];
const secret = "whsec_dHdlbnR5LWZvdXIgYnl0ZXMgb3IgbW9yZQ==";

test("the receiver in docs/webhooks.md takes what is signed, once, and nothing else", async () => {
  const receiver = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { WEBHOOK_SECRET_ACME: secret, PORT: "0" },
  });
  let printed = "";
  receiver.stdout.on("data", (text) => {
    printed += text;
  });
  try {
    while (!printed.includes("\n")) await once(receiver.stdout, "data");
    const port = /listens on (\d+)/.exec(printed)?.[1];
    const body = JSON.stringify({ type: "call.left", data: { conference: "987654321", call: "c1" } });
    const at = new Date();
    const signature = new Webhook(secret).sign("id-1", at, body);
    const post = async (more: Record<string, string> = {}) => {
      const timestamp = String(Math.floor(at.getTime() / 1_000));
      const headers = { "webhook-id": "id-1", "webhook-timestamp": timestamp, "webhook-signature": signature, ...more };
      return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body })).status;
    };
    expect([await post(), await post()]).toEqual([204, 204]);
    expect(await post({ "webhook-id": "id-2" })).toBe(400);
    expect(printed.split("\n").slice(1)).toEqual(["call.left 987654321 c1", ""]);
  } finally {
    receiver.kill();
  }
});
