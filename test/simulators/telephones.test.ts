import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Phone, Phones } from "../../simulators/telephones/phones.ts";
import { Sound } from "../../simulators/telephones/sound.ts";

const open: Sound[] = [];
afterEach(() => {
  for (const sound of open.splice(0)) sound.close();
});

/** Two telephones that are in a call with each other. */
async function connected(): Promise<readonly [Phone, Phone]> {
  const [one, other] = [await Sound.open(500), await Sound.open(700)];
  open.push(one, other);
  one.connect(other.port);
  other.connect(one.port);
  return [new Phone("1", false, one, () => {}), new Phone("2", false, other, () => {})];
}

test("each key is heard once, whether it is the same as the last one or not", async () => {
  const [one, other] = await connected();

  await one.press("1122#");

  await vi.waitFor(() => expect(other.sound.keysHeard).toBe("1122#"));
  expect(one.sound.keysHeard).toBe("");
});

test("who heard nothing must have been able to hear", async () => {
  const [ear, other] = await connected();
  const since = performance.now();
  await ear.heardNothingSince(since - 200);

  ear.sound.heard.length = 0;
  ear.sound.heard.push = () => 0;
  const heard = ear.heardNothingSince(performance.now() - 200, 300);
  await expect(heard).rejects.toThrow("still not true: 1 gets sound, so that hearing nothing shows something");
  Reflect.deleteProperty(ear.sound.heard, "push");
  other.talk();
  await ear.hears(other);
  await expect(ear.heardNothingSince(since)).rejects.toThrow("1 has heard something");
});

test("a key in a call that is over, or ends meanwhile, is not waited for", async () => {
  const sound = await Sound.open(500);
  const pressed = sound.press("1");
  sound.close();

  await pressed;
  await expect(sound.press("1")).rejects.toThrow("nobody can key 1: the call is over");
});

/** In place of sipp, which says so twice: one telephone is called, and the caller hangs up at once. */
const impatient = `#!${process.execPath}
const { connect, createServer } = require("node:net");
const says = (words) => "Call-ID: one\\r\\nSays: " + words + "\\r\\n\\r\\n\\x1b";
const place = process.argv.indexOf("-3pcc") + 1;
const port = Number(process.argv[place].split(":")[1]);
if (place === process.argv.length - 1) connect(port, "127.0.0.1").write(says("called 123 4000") + says("cancelled") + says("called 123 4000"));
else createServer(() => {}).listen(port, "127.0.0.1");
`;

test("a call that is cancelled before its telephone is there has been cancelled, and is one, however often it is told", async () => {
  // By a path from here: sipp runs in a folder of its own.
  const folder = mkdtempSync(join("node_modules", ".telephones-"));
  const program = join(folder, "sipp.cjs");
  writeFileSync(program, impatient, { mode: 0o755 });
  const phones = await Phones.start(program, { sip: 1, trunk: 2 });
  try {
    const phone = await phones.called("123");
    await phone.until("ended");

    expect(phone.endedBy).toBe("cancelled");
    expect(phones.calledNumbers).toEqual(["123"]);
  } finally {
    await phones.stop();
    rmSync(folder, { recursive: true });
  }
});
