import { expect, test } from "vitest";
import { missingSecretsOf } from "../../cli/edge/check.ts";
import { conferencesText, conferenceText } from "../../cli/operator/views.ts";
import { meetingText, provisioningText } from "../../cli/operator/webex-site.ts";
import type { MeetingAnswer, ProvisioningState } from "../../src/rpc/webex-site.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { secretsIn } from "../../src/settings/values.ts";
import { conference, now, plain } from "./view-examples.ts";

const nothing: ProvisioningState = { last: null, running: null, failure: null, nextAt: null };
const last = { begunAt: now - 62_000, endedAt: now - 60_000, users: 4, differences: [], more: 0, notCompared: [] };

test("the differences are told by whose they are", () => {
  const differences = [
    {
      about: "site",
      says: "The site has no primary adaptor URL, so WebEx cannot reach the adapter: have WebEx change it.",
    },
    { about: "user anna, account 1", says: "Its toll number 1 is none of the domain's: correct it." },
    { about: "site", says: "The site has no attendeeIDLabel." },
  ];
  const state = {
    ...nothing,
    last: { ...last, differences, more: 2, notCompared: ["Labels."] },
    nextAt: now + 7_200_000,
  };

  expect(provisioningText(state, now, plain)).toEqual([
    "5 differences at 4 users, 1 min 0 s ago, in 2.0 s",
    "",
    "site",
    "  The site has no primary adaptor URL, so WebEx cannot reach the adapter: have",
    "    WebEx change it.",
    "  The site has no attendeeIDLabel.",
    "",
    "user anna, account 1",
    "  Its toll number 1 is none of the domain's: correct it.",
    "",
    "2 more are only counted",
    "",
    "not compared",
    "  Labels.",
    "",
    "the next check begins in 2 h 0 min",
  ]);
});

test("no difference, no check yet, one that runs and one that failed are told", () => {
  const text = (more: Partial<ProvisioningState>) => provisioningText({ ...nothing, ...more }, now, plain);

  expect(text({ last })).toEqual([
    "no difference at 4 users, 1 min 0 s ago, in 2.0 s",
    "",
    "the settings want no check each night (webexSite.nightlyCheck)",
  ]);
  expect(text({ running: { begunAt: now - 5_000, users: 20, of: 49, waits: null } })).toEqual([
    "no check has come to its end yet",
    "",
    "a check runs since 5.0 s: 20 of 49 users so far",
  ]);
  const waits = {
    says: "the WebEx site answered with an HTML page instead of XML; check the address",
    until: now + 29_000,
  };
  expect(text({ running: { begunAt: now - 2_000, users: 0, of: null, waits } })).toEqual([
    "no check has come to its end yet",
    "",
    "the check that began 2.0 s ago waits for the site: 0 users so far",
    "  the WebEx site answered with an HTML page instead of XML; check the address",
    "it goes on by itself in 29 s",
  ]);
  expect(text({ last, failure: { at: now - 1_000, says: "the site's users cannot be listed." } })).toContain(
    "the latest check failed 1.0 s ago",
  );
});

test("conferences show their topic where it is known", () => {
  const known = conference({ topic: "Berth planning" });

  expect(conferencesText([known], now, { ...plain, width: 120 })[0]).toMatch(/STATE +TOPIC +CALLERS/);
  expect(conferencesText([conference()], now, plain)[0]).not.toContain("TOPIC");
  expect(conferenceText(known, now, plain)[1]).toBe("topic Berth planning");
});

test("serve hands over the variables that may hold secrets of sites, and no others, and names what is missing", () => {
  const variables = {
    WEBEX_SECRET_ACME: "tulip-7",
    WEBHOOK_SECRET_A: "whsec_x",
    WEBEX_SECRET_OTHER: "",
    HOME: "/root",
    OPERATOR_TOKEN: "x",
  };
  const webexSite = { site: "acme", webExId: "anna", passwordFrom: "WEBEX_SECRET_OTHER" };
  const local = localDomain({ agents: [{ name: "agent-1", publicKey: "A".repeat(43) }] });
  const domains = JSON.stringify({
    acme: { ...local, webexSite: { ...webexSite, passwordFrom: "WEBEX_SECRET_ACME" } },
    other: { ...local, webexSite },
    plain: local,
    told: {
      ...local,
      webhooks: ["A", "B"].map((name) => ({ url: `https://${name}.example`, secretFrom: `WEBHOOK_SECRET_${name}` })),
    },
  });

  expect(secretsIn(variables)).toEqual({ WEBEX_SECRET_ACME: "tulip-7", WEBHOOK_SECRET_A: "whsec_x" });
  expect(missingSecretsOf(domains, variables)).toEqual([
    {
      verdict: "warn",
      about: "domain other",
      says: expect.stringMatching(
        /^needs the secret of its WebEx site in the variable WEBEX_SECRET_OTHER, which is not set/,
      ),
    },
    {
      verdict: "warn",
      about: "domain told",
      says: expect.stringMatching(/^signs webhooks with the variable WEBHOOK_SECRET_B, which is not set/),
    },
  ]);
});

test("a meeting is shown with what telephones dial, what is not shown and why, and how old it is", () => {
  const answer: MeetingAnswer = {
    meeting: {
      ...{ sessionKey: "712475001", service: "MC", topic: "Berth planning", status: "INPROGRESS" },
      host: { name: "Anna Berg", webExId: "anna.berg", email: "" },
      schedule: { startsAt: "2026-11-23T04:00:00", timeZone: "GMT-08:00, Pacific", minutes: 60 },
      numbers: [{ kind: "toll", number: "14085550142", label: "Call-in" }],
      ...{ accessCode: null, dialInSequences: null },
      missing: [{ what: "access code", why: "absent", says: "the session has none" }],
    },
    knownAt: now - 60_000,
    dialIn: [{ name: "AutoDialInSequence", dialString: "14085550142,,*00*712475001#", toFill: [] }],
    links: { start: { url: "https://a.example/m.php?AT=HM", needsLogIn: true }, join: null },
    failure: "the WebEx site did not answer within 10000 ms",
    notes: [],
  };

  expect(meetingText(answer, "local", now, plain)).toEqual([
    "Berth planning, as the site said 1 min 0 s ago",
    "  kind        MC, INPROGRESS",
    "  host        Anna Berg (anna.berg)",
    "  when        2026-11-23 04:00:00, 60 min, GMT-08:00, Pacific",
    "  start       https://a.example/m.php?AT=HM (asks the host to log in)",
    "",
    "numbers",
    "  toll      14085550142 (Call-in)",
    "",
    "as telephones dial it",
    "  SEQUENCE            DIALS",
    "  AutoDialInSequence  14085550142,,*00*712475001#",
    "",
    "not shown",
    "  access code: the session has none",
    "",
    "the site was not heard at the last look-up",
    "  the WebEx site did not answer within 10000 ms",
  ]);
  expect(meetingText({ ...answer, meeting: null, failure: null }, "local", now, plain)).toEqual([
    "nothing is known of it",
  ]);
});
