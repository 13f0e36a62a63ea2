import { afterEach, expect, test } from "vitest";
import { Phone } from "../../simulators/telephones/phones.ts";
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

test("rejects silence of a telephone that gets no sound", async () => {
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
