import { expect, test } from "vitest";
import { parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import { checkDomains } from "../../src/settings/check-domains.ts";
import { domainSettings } from "../../src/settings/domain-settings.ts";
import { example } from "../../src/settings/example.ts";
import { loadDomains } from "../../src/settings/load.ts";
import { localDomain, mergeSettings } from "../../src/settings/local-domain.ts";
import { secretIn } from "../../src/settings/values.ts";

const publicKey = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const local = localDomain({ agents: [{ name: "agent-1", publicKey }] });
const load = (overrides: unknown) => loadDomains(JSON.stringify({ local: mergeSettings(local, overrides) }));

test("the local domain is valid, and the same text is read once", () => {
  const { webex } = local;
  const loaded = load({});

  expect(loaded.ok && Array.from(loaded.value, ([name, { settings }]) => [name, settings])).toEqual([
    [
      "local",
      {
        ...local,
        webex: { ...webex, from: [], paths: [], servers: {}, gatherMs: 300 },
        keypad: { ...local.keypad, sequences: expect.toSatisfy((all: string[]) => all.every(parseDialSequence)) },
        journalRetentionDays: 7,
        protocol: {},
        adapterSecrets: [],
        logs: { personal: false, posts: false },
        recordsDays: 400,
        recordsPersonal: "full",
        webhooks: [],
        timeZone: "UTC",
        orphanConferenceMinutes: 240,
      },
    ],
  ]);
  expect(load({})).toBe(loaded);
});

test("the examples in the error messages make a valid domain that has every setting", () => {
  const own = JSON.stringify({ example })
    .replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", publicKey)
    .replace("q3J8xWm0ZbV5tYk2", "an-own-secret-of-22-ch");

  expect(loadDomains(own)).toMatchObject({ ok: true });
  expect(Object.keys(example).sort()).toEqual(Object.keys(domainSettings.entries).sort());
});

test.each([
  [
    { adapterSecrets: ["q3J8xWm0ZbV5tYk2"] },
    /^DOMAINS\.local\.adapterSecrets\.0 is the sample secret of the documents; [^\n]*$/,
  ],
  [
    { bridges: [{ name: "main", agents: [{ name: "a", publicKey: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }] },
    /^DOMAINS\.local\.bridges\.0\.agents\.0\.publicKey is the sample key of the documents; [^\n]*$/,
  ],
])("what was copied from the documents is refused by its name: %j", (overrides, line) => {
  expect(load(overrides)).toEqual({ ok: false, error: expect.stringMatching(line) });
});

test("all mistakes are told, what is no setting first, and a mistyped setting not as missing, too", () => {
  const { timeoutMs, ...webex } = local.webex;
  const domains = {
    local: { ...local, webex: { ...webex, timeoutms: timeoutMs }, createTimeoutMs: 0, adapterSecrets: ["x"] },
    acme: { ...example, passthroughUrl: "x" },
  };

  expect(checkDomains(JSON.stringify(domains))).toMatchObject({
    ok: false,
    error: [
      expect.stringMatching(/^DOMAINS\.acme\.bridges\.0\.agents\.0\.publicKey is the sample key /),
      expect.stringMatching(/^DOMAINS\.acme\.adapterSecrets\.0 is the sample secret /),
      "DOMAINS.local.webex.timeoutms is not a setting; did you mean timeoutMs?",
      expect.stringMatching(/^DOMAINS\.local\.createTimeoutMs must be at least 1 /),
      expect.stringMatching(/^DOMAINS\.local\.adapterSecrets\.0 must be 16 to 32 of /),
      expect.stringMatching(/^DOMAINS\.acme\.passthroughUrl must be an address /),
    ],
  });
  expect(checkDomains(JSON.stringify({ local }))).toMatchObject({ ok: true });
  expect(loadDomains(JSON.stringify({ local: domains.local }))).toEqual({
    ok: false,
    error: "DOMAINS.local.webex.timeoutms is not a setting; did you mean timeoutMs?",
  });
});

test("a recording sequence without its final pause gets one", () => {
  const loaded = load({ recording: { number: { country: "1", area: "408", local: "55" }, sequence: "P5D123#" } });

  expect(loaded.ok && [...loaded.value.values()][0]?.settings.recording?.sequence).toBe("P5D123#P0");
});

test.each<[string, unknown, string]>([
  [
    "a wrong type",
    { webex: { timeoutMs: "10" } },
    'DOMAINS.local.webex.timeoutMs must be a number (it is "10"); a right example: 10000',
  ],
  [
    "keypad codes of which one begins with the other",
    { keypad: { merge: "*", mute: "*6" } },
    'DOMAINS.local.keypad must have two codes of which neither begins with the other; a right example: {"merge":"*1","mute":"*6","askAttendeeId":true,"sequences":["[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"]}',
  ],
  [
    "a word that the setting does not know",
    { protocol: { closedAnswer: "never" } },
    'DOMAINS.local.protocol.closedAnswer must be "once" or "always" (it is "never"); a right example: "always"',
  ],
  [
    "one sequence where a list is meant",
    { keypad: { sequences: "*00*[AccessCode]#" } },
    'DOMAINS.local.keypad.sequences must be a list (it is a text); a right example: ["[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"]',
  ],
  [
    "an unknown setting",
    { webex: { timeout: 10 } },
    "DOMAINS.local.webex.timeout is not a setting; did you mean timeoutMs?",
  ],
  ["a mistyped setting", { webx: {} }, "DOMAINS.local.webx is not a setting; did you mean webex?"],
  [
    "a setting that is like none",
    { keypad: { hangUp: "*9" } },
    "DOMAINS.local.keypad.hangUp is not a setting; there are merge, mute, askAttendeeId, sequences",
  ],
  [
    "an unknown word of the protocol",
    { protocol: { codes: { privilege: { speek: 1 } } } },
    "DOMAINS.local.protocol.codes.privilege.speek is not a setting; did you mean speak?",
  ],
  [
    "a setting too many for an agent",
    { bridges: [{ name: "b", agents: [{ name: "a", publicKey, key: "" }] }] },
    "DOMAINS.local.bridges.0.agents.0.key is not a setting; there are name, publicKey",
  ],
  [
    "a name that XML does not allow",
    { protocol: { attributes: { ExtConfID: "1 2" } } },
    'DOMAINS.local.protocol.attributes.ExtConfID must be an XML name (it is "1 2"); a right example: "attributes": {"SubConfID":"ExtSubConfID"}',
  ],
  [
    "a bridge without agents",
    { bridges: [{ name: "b", agents: [] }] },
    `DOMAINS.local.bridges.0.agents must name at least one agent with its public key; a right example: [{"name":"agent-1","publicKey":"…"}], with what your agent's command \`key\` prints`,
  ],
  [
    "a missing part",
    { recording: { sequence: "P1" } },
    'DOMAINS.local.recording.number is missing; a right example: {"country":"1","area":"408","local":"5551234"}',
  ],
  [
    "a recording sequence outside the grammar",
    { recording: { number: { country: "1", area: "408", local: "55" }, sequence: "X1" } },
    'DOMAINS.local.recording.sequence must be P (pause) and D (digits) items, for example P15D123456789#P0, with [ConfKey], [ParticipantCode] or [SubscriberCode] among the digits; a right example: "P15D[ConfKey]#P0"',
  ],
  [
    "a memory of a day, after which WebEx uses its numbers again",
    { transactionMemoryMs: 86_400_000 },
    "DOMAINS.local.transactionMemoryMs must be below 24 hours, 86400000 (it is 86400000); a right example: 7200000",
  ],
  [
    "a secret that can be guessed",
    { adapterSecrets: ["secret"] },
    "DOMAINS.local.adapterSecrets.0 must be 16 to 32 of letters, digits, - and _; put what `openssl rand -hex 11` prints",
  ],
  [
    "a third secret",
    { adapterSecrets: ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"] },
    'DOMAINS.local.adapterSecrets must be at most two secrets; a right example: ["…"], with what `openssl rand -hex 11` prints',
  ],
  [
    "a network with more bits than there are",
    { webex: { from: ["192.0.2.0/33"] } },
    'DOMAINS.local.webex.from.0 must be an address or a network, such as 192.0.2.0/24 or 2001:db8::/32 (it is "192.0.2.0/33"); a right example: "192.0.2.0/24"',
  ],
  [
    "a host with a port, though any port may be posted to",
    { webex: { hosts: ["127.0.0.1:80"] } },
    'DOMAINS.local.webex.hosts.0 must be a host name without a port, such as tsp1.example.com or *.example.com (it is "127.0.0.1:80"); a right example: "*.webex.com"',
  ],
  [
    "an end of a host name that is none",
    { webex: { hosts: ["*."] } },
    'DOMAINS.local.webex.hosts.0 must be a host name without a port, such as tsp1.example.com or *.example.com (it is "*."); a right example: "*.webex.com"',
  ],
  [
    "a domain that may post to nobody",
    { webex: { hosts: [] } },
    'DOMAINS.local.webex.hosts must name at least one host; a right example: ["*.webex.com"]',
  ],
  [
    "a denied begin with a zero for a country code",
    { policy: { deny: ["+01144"] } },
    'DOMAINS.local.policy.deny.0 must be "+" and the digits with which numbers begin, from a country code on, or "+" alone for all; no country code begins with 0 (it is "+01144"); a right example: "+1900"',
  ],
  [
    "a host where a list is meant",
    { webex: { hosts: "localhost" } },
    'DOMAINS.local.webex.hosts must be a list (it is a text); a right example: ["*.webex.com"]',
  ],
  [
    "a list where settings are meant",
    { webex: [] },
    'DOMAINS.local.webex.hosts is missing; a right example: ["*.webex.com"]',
  ],
  [
    "a word where settings are meant",
    { keypad: "*6" },
    'DOMAINS.local.keypad must be an object (it is a text); a right example: {"merge":"*1","mute":"*6","askAttendeeId":true,"sequences":["[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"]}',
  ],
  [
    "a word for true or false",
    { logs: { personal: "yes" } },
    'DOMAINS.local.logs.personal must be true or false (it is "yes"); a right example: false',
  ],
  [
    "a number for a text",
    { passthroughUrl: 80 },
    'DOMAINS.local.passthroughUrl must be a text (it is a number); a right example: "https://voice.example.com/passthrough"',
  ],
  ...["file:///etc/passwd", "not a url", "http://", "https:/x", "http://a b"].map(
    (passthroughUrl): [string, unknown, string] => [
      `${passthroughUrl}, which nothing can be posted to,`,
      { passthroughUrl },
      `DOMAINS.local.passthroughUrl must be an address that begins with http:// or https://; a right example: "https://voice.example.com/passthrough"`,
    ],
  ),
  [
    "an address that no client opens",
    { hybrid: { clientUrl: "ftp://x" } },
    'DOMAINS.local.hybrid.clientUrl must be an address that begins with http:// or https://; a right example: "https://voice.example.com/client"',
  ],
  [
    "an address that is too long for WebEx",
    { hybrid: { clientUrl: `https://voice.example.com/${"x".repeat(1024)}` } },
    'DOMAINS.local.hybrid.clientUrl must have at most 1024 characters; a right example: "https://voice.example.com/client"',
  ],
  [
    "an address of too many bytes",
    { hybrid: { clientUrl: `https://voice.example.com/${"é".repeat(512)}` } },
    `DOMAINS.local.hybrid.clientUrl must have at most 1024 bytes; a right example: "https://voice.example.com/client"`,
  ],
  [
    "text that no message can carry",
    { hybrid: { clientUrl: "https://voice.example.com/client", connectData: "a\u0001" } },
    'DOMAINS.local.hybrid.connectData must not have characters that XML cannot carry, such as control characters; a right example: "room=7"',
  ],
  [
    "a recorder's number that is too long for WebEx",
    { recording: { number: { country: "1", area: "408", local: "5".repeat(58) }, sequence: "P1" } },
    'DOMAINS.local.recording.number must have at most 61 digits in all; a right example: {"country":"1","area":"408","local":"5551234"}',
  ],
  [
    "an attempt without end",
    { webex: { timeoutMs: 1e20 } },
    "DOMAINS.local.webex.timeoutMs must be below 24 hours, 86400000 (it is 100000000000000000000); a right example: 10000",
  ],
  [
    "attempts without end",
    { webex: { attempts: 1_000_000 } },
    "DOMAINS.local.webex.attempts must be at most 100 (it is 1000000); a right example: 3",
  ],
  [
    "a dial sequence that opens like any other key",
    { keypad: { sequences: ["00[AccessCode]#"] } },
    'DOMAINS.local.keypad.sequences.0 must open with * and have [AccessCode]# and then any of [AttendeeID]#, [ProfileID]#, [PIN]# and [Password]#, for example [AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]# (it is "00[AccessCode]#"); a right example: "[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"',
  ],
  [
    "a retention without end",
    { journalRetentionDays: 1e20 },
    "DOMAINS.local.journalRetentionDays must be at most 3650 (it is 100000000000000000000); a right example: 7",
  ],
  [
    "two agents of one name",
    {
      bridges: [
        {
          name: "b",
          agents: [
            { name: "a", publicKey },
            { name: "a", publicKey },
          ],
        },
      ],
    },
    `DOMAINS.local.bridges.0.agents must not have two agents of one name; a right example: [{"name":"agent-1","publicKey":"…"}], with what your agent's command \`key\` prints`,
  ],
])("%s is refused: the error names the setting, what is wrong, and a right example", (_what, overrides, message) => {
  expect(load(overrides)).toEqual({ ok: false, error: message });
});

test("a recording sequence that the final pause makes too long is refused", () => {
  const number = { country: "1", area: "408", local: "55" };

  expect(load({ recording: { number, sequence: `P1D${"1".repeat(250)}` } }).ok).toBe(true);
  expect(load({ recording: { number, sequence: `P1D${"1".repeat(251)}` } }).ok).toBe(false);
  expect(load({ recording: { number, sequence: `P1D${"[ConfKey]#".repeat(3)}` } }).ok).toBe(true);
  expect(load({ recording: { number, sequence: `P1D${"[ConfKey]#".repeat(4)}` } }).ok).toBe(false);
  expect(load({ recording: { number, sequence: "P1D[HostKey]#" } }).ok).toBe(false);
});

test("a domain's name has no slash: the names of its objects, with any ConfKey behind it, are no other domain's (protocol 2.1)", () => {
  const domains = (name: string) => loadDomains(JSON.stringify({ [name]: local }));

  expect(domains("local").ok).toBe(true);
  expect(domains("local/555")).toMatchObject({
    ok: false,
    error: expect.stringContaining("must be 1 to 40 of letters"),
  });
});

test.each(["assets", "session", "sign-in", "sign-out"])("no domain has the name of the console's page %s", (name) => {
  const loaded = loadDomains(JSON.stringify({ [name]: local }));

  expect(loaded).toMatchObject({ ok: false, error: expect.stringContaining("must be another name") });
});

test("two elements of one name are found when the settings are loaded", () => {
  const loaded = load({ protocol: { elements: { W2A_Callout: "W2A_DropUser" } } });

  expect(loaded).toMatchObject({ ok: false, error: expect.stringContaining("DOMAINS.local.protocol") });
});

test.each(["{", "[]", "null", "3", '{"a/b": {}}', '{"a": {}}', '{"a": null}'])(
  "%s is one line of complaint",
  (json) => {
    const loaded = loadDomains(json);

    expect(loaded).toMatchObject({ ok: false, error: expect.stringMatching(/^DOMAINS[^\n]*right example[^\n]*$/) });
  },
);

test("objects are merged deeply, everything else is replaced", () => {
  const defaults = { a: { b: 1, c: [1, 2] }, d: 4, e: { f: 5 } };

  expect(mergeSettings(defaults, { a: { c: [3] }, d: { new: true }, e: null, g: { h: {} } })).toEqual({
    a: { b: 1, c: [3] },
    d: { new: true },
    e: null,
    g: { h: {} },
  });
  expect(defaults).toEqual({ a: { b: 1, c: [1, 2] }, d: 4, e: { f: 5 } });
});

test.each([
  '{"__proto__": {"x": 1}}',
  '{"constructor": {"x": 1}}',
  '{"prototype": 1}',
  '{"webex": {"constructor": 1}}',
  '{"new": {"__proto__": {"x": 1}}}',
  '{"protocol": {"elements": {"__proto__": "x"}}}',
  '{"bridges": [{"constructor": 1}]}',
])("names that reach into prototypes, as in %s, are no settings", (json) => {
  const loaded = load(JSON.parse(json));

  expect(loaded).toMatchObject({ ok: false, error: expect.stringMatching(/^DOMAINS\.local[.\w]* is not a setting/) });
  expect(({} as { x?: number }).x).toBeUndefined();
});

test("a domain may not be named like a property of prototypes", () => {
  expect(loadDomains(JSON.stringify({ constructor: local }))).toEqual({
    ok: false,
    error: "DOMAINS.constructor is not a setting; leave it out",
  });
});

test("an adapter URL that WebEx would not take, for its length, is refused (protocol T3)", () => {
  const domains = (name: string, secret: string) =>
    loadDomains(JSON.stringify({ [name]: { ...local, adapterSecrets: [secret] } }));

  expect(domains("a".repeat(12), "s".repeat(27)).ok).toBe(true);
  expect(domains("a".repeat(13), "s".repeat(27))).toEqual({
    ok: false,
    error:
      'DOMAINS aaaaaaaaaaaaa and its secret make a path of 46 characters, at most 45 fit; a right example: {"local": {…}}',
  });
});

test("by default a domain accepts 60,000 posts a minute, and its log shows nothing personal", () => {
  const { rateLimitPerMinute: _, ...silent } = local;
  const loaded = loadDomains(JSON.stringify({ silent }));

  expect(loaded.ok && [...loaded.value.values()][0]?.settings).toMatchObject({
    journalRetentionDays: 7,
    rateLimitPerMinute: 60_000,
    logs: { personal: false, posts: false },
    adapterSecrets: [],
  });
});

const webhook = { url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_ACME" };

test("accepts a receiver of webhooks without TLS on this machine", () => {
  const webhooks = [webhook, { ...webhook, url: "http://127.0.0.1:9/" }];
  const loaded = load({ webhooks });
  expect(loaded.ok && [...loaded.value.values()][0]?.settings.webhooks).toEqual(webhooks);
});

test.each<[object, RegExp]>([
  [{ url: "http://voice.example.com/" }, /webhooks\.0\.url must begin with https:\/\/, except on this machine/],
  [{ url: "https://anna:tulip@voice.example.com/" }, /webhooks\.0\.url must have no user, password or fragment/],
  [{ url: "voice.example.com" }, /webhooks\.0\.url must be an address/],
])("a wrong receiver of webhooks is told: %j", (wrong, line) => {
  const loaded = load({ webhooks: [{ ...webhook, ...wrong }] });
  expect(loaded).toEqual({ ok: false, error: expect.stringMatching(line) });
});

test("no two receivers of webhooks have one address, and there are at most ten", () => {
  expect(load({ webhooks: [webhook, webhook] })).toMatchObject({
    error: expect.stringMatching(/not have two receivers of one address/),
  });
  const many = Array.from({ length: 11 }, (_, index) => ({ ...webhook, url: `https://${index}.example.com/` }));
  expect(load({ webhooks: many })).toMatchObject({ error: expect.stringMatching(/at most 10 receivers/) });
});

test.each(["whsec_tulip-7", "OPERATOR_TOKEN", "WEBHOOK_SECRET_", "WEBHOOK_SECRET_a"])(
  "a secret in place of its name, or another secret's name, is refused and not repeated: %s",
  (secretFrom) => {
    const loaded = load({ webhooks: [{ ...webhook, secretFrom }] });

    expect(loaded).toEqual({ ok: false, error: expect.stringMatching(/secretFrom must be the name of a secret/) });
    expect(loaded.ok ? "" : loaded.error).not.toContain(`"${secretFrom}"`);
  },
);

test("reads only webhook secrets by name", () => {
  const env = {
    WEBHOOK_SECRET_ACME: "a",
    WEBHOOK_SECRET_EMPTY: "",
    WEBHOOK_SECRET_OBJECT: {},
    WEBEX_SECRET_ACME: "b",
    OPERATOR_TOKEN: "c",
  };
  const names = [...Object.keys(env), "WEBHOOK_SECRET_NONE", "constructor"];
  expect(names.filter((name) => secretIn(env, name) !== undefined)).toEqual(["WEBHOOK_SECRET_ACME"]);
});

test("a customer reference is one line with something in it", () => {
  const said = (customerReference: string) => JSON.stringify(load({ customerReference }));
  expect(said("ACME 4711")).toContain('"ok":true');
  expect(said("  ")).toMatch(/customerReference must not be blanks alone/);
  expect(said("a\nb")).toMatch(/customerReference must not have line breaks/);
});
