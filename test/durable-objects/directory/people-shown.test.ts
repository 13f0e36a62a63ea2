import { expect, test } from "vitest";
import type { Report } from "../../../src/bridge/events.ts";
import type { BridgeName, CallId } from "../../../src/foundation/ids.ts";
import { personAudited, shownSettings } from "../../../src/settings/domain-settings.ts";
import { aCaller } from "../../builders.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { createConference } from "../conference-world.ts";
import { DirectoryWorld, domain, list } from "./world.ts";

const number = "14085551234";
const attendeeId = "40017";
const receiver = { url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_A" };

/** A domain with somebody in a conference, one who left, one who could not get in, and a post that was given up. */
async function shownIn(recordsPersonal: "full" | "masked" | "none", personal: boolean) {
  const world = new DirectoryWorld();
  const protocol = { host: { attendeeIds: [attendeeId] } };
  world.domain = testDomain({ recordsPersonal, logs: { personal }, webhooks: [receiver], protocol });
  const conference = world.conference();
  conference.domain = world.domain;
  await conference.during(conference.receive("create", createConference({ conferenceName: "Ada's berths" } as never)));
  await conference.allDone();
  conference.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  for (const call of ["c1", "c2"]) {
    const caller = aCaller({ call, number, attendeeId });
    await conference.reported({ type: "event", event: { type: "caller-entered", caller } } as Report);
  }
  await conference.time.pass(60_000);
  const left = { type: "caller-left", call: "c2" as CallId, reason: "hung-up" } as const;
  await conference.reported({ type: "event", event: left });
  await conference.time.pass(60_000);
  const calls = ["p1", "p2", "p3"].map((call, n) => ({
    call: call as CallId,
    number,
    dialled: "18005551234",
    at: worldBegins + 600_000 + n,
    steps: [],
    end: { at: worldBegins + 600_000 + n, why: "unknown-keys" as const },
  }));
  await world.directory.promptStore.keepPromptCalls(domain, { bridge: "main" as BridgeName, calls });
  const { reader } = conference.conference;
  const { items: timeline } = await conference.during(reader.timeline(0));
  const rows = [...new Set(timeline.map(({ seq }) => seq))];
  return {
    "the page of a conference": reader.view()?.callers,
    timeline,
    "texts on the wire": await conference.during(reader.wire(rows)),
    settings: shownSettings(world.domain.settings).protocol,
    "what webhooks and lists are made of": conference.batches,
    "the list of conferences": (await list(world)).conferences,
    records: await world.all(),
    "calls at the prompt": (await world.directory.promptStore.promptCalls({ before: null, limit: 9 })).calls,
    "alerts of callers": world.directory.promptStore.refusedCallers(),
  };
}

test.each([
  ["full", false],
  ["masked", true],
  ["none", true],
] as const)("recordsPersonal alone says what of people is shown, wherever it is: %s", async (people, personal) => {
  const texts = Object.entries(await shownIn(people, personal)).map(([name, shown]) => [name, JSON.stringify(shown)]);
  const found = (pattern: RegExp) => texts.filter(([, text]) => pattern.test(text ?? "")).map(([name]) => name);
  const every = texts.map(([name]) => name);
  const namedAlone = ["settings", "the list of conferences"];
  // The list says who speaks, and a host's ID is a setting: neither has a number here.
  const withNumbers = every.filter((name) => !namedAlone.includes(name ?? ""));
  expect(found(/14085551234/)).toEqual(people === "full" ? withNumbers : []);
  expect(found(/\*34\b/)).toEqual(people === "masked" ? withNumbers : []);
  expect(found(/Ada's/).length > 0).toBe(people === "full");
  if (people !== "full") expect(found(/40017/)).toEqual([]);
});

test("the audit has a number masked at the most", () => {
  const audited = (recordsPersonal: "full" | "masked" | "none") => personAudited({ recordsPersonal })(number);
  expect([audited("full"), audited("masked"), audited("none")]).toEqual(["*********34", "*********34", ""]);
});
