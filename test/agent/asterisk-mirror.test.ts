import { expect, test } from "vitest";
import { Mirror } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { conferenceNotesOf } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { dialled, key, owner } from "./asterisk-messages.ts";

test("knows of as many calls that were dialled as Asterisk takes in one request", () => {
  const mirror = new Mirror({ owner });
  const conference = mirror.addConference(key, "bridge-1");
  for (let call = 0; call < 1_000; call += 1) {
    const id = `call-out-${call}` as CallId;
    mirror.noteDialled(conference, dialled(mirror, conference, id));
  }
  expect(conference.dialled.length).toBeGreaterThan(400);
  expect(conference.dialled.at(-1)?.call).toBe("call-out-999");
  const value = JSON.stringify(conferenceNotesOf(conference));
  expect(JSON.stringify({ variable: "x".repeat(200), value }).length).toBeLessThan(40_960);
});
