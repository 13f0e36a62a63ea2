import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Expected,
  siteDifferences,
  siteNumbers,
  siteReads,
  userFindings,
  userReads,
} from "../client/provisioning.ts";

const expected: Expected = {
  domain: "acme",
  edge: "https://tsp.example.com",
  adapterSecrets: ["q3J8xWm0ZbV5tYk2a", "b3J8xWm0ZbV5tYk2b"],
  numbers: ["+1 408 555 0142", "18005550142"],
  labels: {},
  hosts: ["*.webex.com"],
  hasNumbersPage: true,
};
const page = "https://tsp.example.com/global-numbers/acme?participantcode=%ParticipantCode%";
const telephony = {
  isTSPUsingTelephonyAPI: true,
  participantAccessCodeLabel: "Attendee access code",
  subscriberAccessCodeLabel: "Host access code",
  attendeeIDLabel: "Attendee ID",
  primaryAdaptorURL: "https://tsp.example.com/tsp/acme/b3J8xWm0ZbV5tYk2b",
  secondaryAdaptorURL: "",
  displayAttendeeID: true,
  supportAdapterlessTSP: false,
  callInNumber: "1-408-555-0142",
  tspAdaptorSettings: {
    primaryLarge: {
      enableAdaptor: true,
      serverIP: "192.0.2.1",
      mpAudio: [{ label: "Toll-free", phoneNumber: "+1 (800) 555.0142" }],
      globalCallInNumURL: page,
    },
    backup1Large: { enableAdaptor: false, serverIP: "", globalCallInNumURL: "" },
  },
  meetingPlace: { persistentTSP: false, mpAudioConferencing: "WithoutIntegration" },
} as const;

function differences(more: object = {}, other: Partial<Expected> = {}, metaData: object = {}): string[] {
  const site = { siteInstance: { telephonyConfig: { ...telephony, ...more }, metaData } };
  return siteDifferences(site as never, { ...expected, ...other }).map(({ says }) => says);
}

test("a site that is as the settings say has no difference", () => {
  expect(differences()).toEqual([]);
  expect(differences({ primaryAdaptorURL: "https://tsp.example.com/tsp/acme/q3J8xWm0ZbV5tYk2a" })).toEqual([]);
  expect(
    differences({ primaryAdaptorURL: "http://127.0.0.1:8787/tsp/acme" }, { edge: undefined, adapterSecrets: [] }),
  ).toEqual([]);
  expect(differences({}, {}, { telephonyDomain: "tsp4.webex.com" })).toEqual([]);
  expect(differences({}, {}, { telephonyDomain: "Telephony Domain 7" })).toEqual([]);
  expect(differences({}, { hosts: ["tsp4.webex.com"] }, { telephonyDomain: "Webex.com" })).toEqual([]);
});

test.each([
  [{ isTSPUsingTelephonyAPI: false }, /does not use the telephony API/],
  [{ primaryAdaptorURL: "" }, /has no primary adaptor URL.*change it to https:\/\/tsp\.example\.com\/tsp\/acme\/…\.$/],
  [{ primaryAdaptorURL: "tsp.example.com" }, /is no address/],
  [
    { primaryAdaptorURL: "https://tsp.example.com/tsp/acme/0000000000000000" },
    /ends with another secret than those in adapterSecrets/,
  ],
  [
    { primaryAdaptorURL: "https://tsp.example.com/tsp/acme" },
    /is https:\/\/tsp\.example\.com\/tsp\/acme, and not this domain's/,
  ],
  [
    { primaryAdaptorURL: "https://tsp.example.com/tsp/beta/0000000000000000" },
    /is https:\/\/tsp\.example\.com\/…, and not/,
  ],
  [
    { secondaryAdaptorURL: "https://old.example.com/tsp/acme/b3J8xWm0ZbV5tYk2b" },
    /secondary adaptor URL leads to https:\/\/old\.example\.com, and not to/,
  ],
  [{ supportAdapterlessTSP: true }, /without an adapter/],
  [{ displayAttendeeID: false }, /displayAttendeeID.*switch it on/],
  [{ attendeeIDLabel: " " }, /has no attendeeIDLabel/],
  [{ callInNumber: "14085550199" }, /shows the call-in number 14085550199, which the domain does not have/],
])("%j is told, and what to do", (more, says) => {
  const found = differences(more);

  expect(found).toEqual([expect.stringMatching(says)]);
  expect(found.join()).not.toMatch(/0000000000000000|xWm0/);
});

test.each(["https://tsp.example.com/tsp/q3J8xWm0ZbV5tYk2a", "https://tsp.example.com/acme/q3J8xWm0ZbV5tYk2a"])(
  "%s lacks a part of the path, and its secret is not told",
  (primaryAdaptorURL) => {
    expect(differences({ primaryAdaptorURL })).toEqual([
      expect.stringMatching(/is https:\/\/tsp\.example\.com\/…, and not this domain's/),
    ]);
  },
);

test("no adapter secret is in any sentence, wherever it stands in what the site has, as it is or percent-encoded", () => {
  const escaped = (text: string) => text.replace(/./g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  const secret = fc
    .constantFrom(...expected.adapterSecrets)
    .chain((own) => fc.constantFrom(own, own.toUpperCase(), escaped(own), own.slice(0, 3) + escaped(own.slice(3))));
  const piece = fc.oneof(secret, fc.constantFrom("tsp", "acme", "global-numbers", "x", "", ".", "@", "?", "#", "%2F"));
  const path = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join("/"));
  const host = fc.oneof(
    fc.constantFrom("tsp.example.com", "tsp.example.com:8443"),
    fc.tuple(secret, fc.constantFrom("@tsp.example.com", ".example.com", "")).map((parts) => parts.join("")),
  );
  const url = fc
    .tuple(fc.constantFrom("https://", "http://", "ftp:", ""), host, path)
    .map(([scheme, name, rest]) => `${scheme}${name}/${rest}`);

  fc.assert(
    fc.property(url, fc.oneof(url, secret), (address, other) => {
      const adaptor = { ...telephony.tspAdaptorSettings.primaryLarge, globalCallInNumURL: other };
      const said = differences(
        {
          ...{ primaryAdaptorURL: address, secondaryAdaptorURL: other, attendeeIDLabel: other },
          tspAdaptorSettings: { primaryLarge: adaptor },
        },
        { labels: { attendeeId: "Your ID" } },
        { telephonyDomain: other },
      ).join(" ");
      let read = said;
      while (/%[\da-f]{2}/i.test(read))
        read = read.replace(/%([\da-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
      for (const own of expected.adapterSecrets) expect(read.toLowerCase()).not.toContain(own.toLowerCase());
    }),
    { numRuns: 500 },
  );
});

test("what a site says is told at no more than some lines", () => {
  const long = "x".repeat(100_000);
  const said = differences(
    { primaryAdaptorURL: `https://${long}.example/`, participantAccessCodeLabel: long },
    { labels: { participantCode: "Code" } },
    { telephonyDomain: `${long}.example` },
  );
  const { differences: ofUser, codes } = userFindings(
    { webExId: long, tspAccount: { tspAccount: [{ ...account, tollCallInNumber: long }] } } as never,
    expected,
  );

  expect(said).toHaveLength(4);
  expect(ofUser).toHaveLength(1);
  expect(Math.max(...said.map(({ length }) => length))).toBeLessThan(800);
  expect(JSON.stringify([ofUser, codes]).length).toBeLessThan(1_000);
});

test("a site's texts of any length and signs are compared at once", () => {
  const signs = ["/", "%", "%25", ".", "-", " ", "a.", "\t", "1", "(", "@", "x/"];
  const texts = signs.map((sign) => `${sign.repeat(100_000 / sign.length)}!`);
  const before = process.threadCpuUsage();
  for (const text of [...texts, ...texts.map((end) => `https://tsp.example.com/tsp/acme/${end}`)]) {
    const adaptor = { ...telephony.tspAdaptorSettings.primaryLarge, globalCallInNumURL: text };
    differences(
      {
        ...{ primaryAdaptorURL: text, secondaryAdaptorURL: text, attendeeIDLabel: text, callInNumber: text },
        tspAdaptorSettings: { primaryLarge: { ...adaptor, mpAudio: [{ label: text, phoneNumber: text }] } },
      },
      { labels: { attendeeId: "Your ID" } },
      { telephonyDomain: text },
    );
    findings(
      { ...account, tollCallInNumber: text, participantAccessCode: text },
      { ...account, tollCallInNumber: text },
    );
  }

  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(4_000);
});

test("an adaptor URL may end with a slash; one that ends with several gets 404", () => {
  expect(differences({ primaryAdaptorURL: `${telephony.primaryAdaptorURL}/` })).toEqual([]);
  expect(differences({ primaryAdaptorURL: `${telephony.primaryAdaptorURL}//` })).toEqual([
    expect.stringMatching(/primary adaptor URL ends with several slashes, so that WebEx gets 404/),
  ]);
});

test("labels, hosts, plain http and the address of the global numbers are compared", () => {
  const primaryLarge = { ...telephony.tspAdaptorSettings.primaryLarge };
  const withAddress = (globalCallInNumURL: string) =>
    differences({ tspAdaptorSettings: { primaryLarge: { ...primaryLarge, globalCallInNumURL } } });

  expect(differences({}, { labels: { attendeeId: "Your ID" } })).toEqual([
    'The site\'s attendeeIDLabel is "Attendee ID", and the settings have "Your ID": change one of them.',
  ]);
  expect(differences({}, {}, { telephonyDomain: "bex.com" })).toHaveLength(1);
  expect(differences({}, {}, { telephonyDomain: "voice.example.net" })).toEqual([
    expect.stringMatching(/telephony domain is voice\.example\.net, and webex\.hosts has no host of it/),
  ]);
  const plain = telephony.primaryAdaptorURL.replace("https", "http");
  expect(differences({ primaryAdaptorURL: plain }, { edge: undefined })).toEqual([
    expect.stringMatching(/is plain http, so that its secret can be read/),
  ]);
  expect(withAddress("")).toEqual([
    expect.stringMatching(/primaryLarge adaptor has no address of global numbers: have WebEx set it to https:\/\/tsp/),
  ]);
  expect(withAddress("https://numbers.example/x?k=1")).toEqual([
    expect.stringMatching(/leads to other global numbers \(https:\/\/numbers\.example\/…\)/),
  ]);
  expect(withAddress(`${page}&s=%SubscriberCode%`)).toEqual([expect.stringMatching(/take %SubscriberCode% out/)]);
  expect(differences({ tspAdaptorSettings: { primaryLarge: { ...primaryLarge, enableAdaptor: false } } })).toEqual([
    expect.stringMatching(/switched off/),
  ]);
});

test("without numbers in the settings, none is a difference; a site that shows nothing says so", () => {
  expect(differences({ callInNumber: "14085550199" }, { numbers: [] })).toEqual([]);
  expect(siteDifferences({}, expected)).toEqual([
    { about: "site", says: "The site shows no telephony settings: ask as a site administrator." },
  ]);
});

test("the site's numbers are those of adaptors that are on, and its own, each once", () => {
  const site = { siteInstance: { telephonyConfig: { ...telephony, callInNumber: "18005550142 " } } };

  expect(siteNumbers(site as never)).toEqual([{ number: "+1 (800) 555.0142", kind: "toll-free", label: "Toll-free" }]);
  expect(siteNumbers({})).toEqual([]);
  const labelled = (label: string, phoneNumber: string) => {
    const tspAdaptorSettings = { primaryLarge: { enableAdaptor: true, mpAudio: [{ label, phoneNumber }] } };
    return siteNumbers({
      siteInstance: { telephonyConfig: { ...telephony, callInNumber: "", tspAdaptorSettings } },
    } as never);
  };
  expect(labelled("FREE of charge", "110")).toEqual([{ number: "110", kind: "toll-free", label: "FREE of charge" }]);
  expect(labelled("Toll", "1-2")).toEqual([]);
});

const account = {
  accountIndex: 1,
  tollCallInNumber: "+1 408 555 0142",
  tollFreeCallInNumber: "1-800-555-0142",
  participantAccessCode: "4711001",
  subscriberAccessCode: "94711001",
};
const findings = (...accounts: object[]) =>
  userFindings({ webExId: "anna", tspAccount: { tspAccount: accounts } } as never, expected);

test("two access codes that are missing are not one", () => {
  const { differences: found } = findings({ ...account, participantAccessCode: "", subscriberAccessCode: "" });

  expect(found.map(({ says }) => says)).toEqual([expect.stringMatching(/no participant access code/)]);
});

test("an account that is right has no difference, and gives its numbers and codes", () => {
  const { differences: found, numbers, codes } = findings(account, { accountIndex: 2, tollCallInNumber: "" });

  expect(found).toEqual([]);
  expect(numbers.map(({ kind }) => kind)).toEqual(["toll", "toll-free"]);
  expect(codes).toEqual([
    { code: "4711001", owner: "user anna, account 1, participant access code" },
    { code: "94711001", owner: "user anna, account 1, subscriber access code" },
  ]);
});

test.each([
  [{ tollCallInNumber: "", tollFreeCallInNumber: "" }, /neither a toll nor a toll-free number/],
  [{ tollCallInNumber: "ask me" }, /toll number "ask me" is no telephone number/],
  [{ tollCallInNumber: "14085550199" }, /toll number 14085550199 is none of the domain's/],
  [{ tollFreeCallInNumber: "", nbrDialOut: "TOLL_FREE" }, /set nbrDialOut to TOLL\./],
  [{ tollCallInNumber: "", nbrDialOut: "TOLL" }, /set nbrDialOut to TOLL_FREE\./],
  [{ participantAccessCode: "" }, /no participant access code/],
  [{ participantAccessCode: "47-11" }, /is not 1 to 64 digits/],
  [{ subscriberAccessCode: "4711001" }, /two access codes are one/],
])("an account with %j is told", (more, says) => {
  const { differences: found } = findings({ ...account, ...more });

  expect(found).toEqual([{ about: "user anna, account 1", says: expect.stringMatching(says) }]);
  expect(found[0]?.says).not.toMatch(/4711|47-11/);
});

test.each([
  ["4711001", "4711001"],
  ["+47-11001", "4711001"],
  ["14085550142,,4711001#", "4711001"],
  ["12", "12"],
  ["1408-471100", "471100"],
  ["14085550142,,4711#", "4711"],
  ["14085550142,,12#", "12"],
])("a number %j that holds a code of the account is told without it, and is on no page", (tollCallInNumber, code) => {
  const account = { tollCallInNumber, participantAccessCode: code, subscriberAccessCode: "94711001" };
  const user = { webExId: "anna", tspAccount: { tspAccount: [account] } } as never;
  const { differences, numbers } = userFindings(user, { ...expected, numbers: [] });

  expect(differences).toEqual([
    {
      about: "user anna, account 1",
      says: expect.stringMatching(/^Its toll number holds an access code of the account/),
    },
  ]);
  expect(numbers).toEqual([]);
});

test.each(["42", "5550", "55501"])(
  "a number that has the digits of the short code %j by chance is no difference",
  (code) => {
    const found = findings({ ...account, participantAccessCode: code });

    expect(found.differences).toEqual([]);
    expect(found.numbers).toHaveLength(2);
  },
);

test("who may host needs an account", () => {
  expect(findings().differences).toHaveLength(1);
  expect(userFindings({ webExId: "vera", privilege: { host: false } }, expected).differences).toEqual([]);
});

/** The value, which notes the path of each text, number and truth value that is read of it. */
function noting<Value>(value: Value, paths: Set<string>, path = ""): Value {
  if (typeof value !== "object" || value === null) {
    paths.add(path);
    return value;
  }
  return new Proxy(value, {
    get(whole, name) {
      const found = Reflect.get(whole, name);
      if (typeof name === "symbol" || !Object.hasOwn(whole, name) || name === "length") return found;
      const isItem = Array.isArray(whole);
      return noting(found, paths, isItem ? path : path === "" ? name : `${path}.${name}`);
    },
  });
}

test("what the comparison reads of site and users, and nothing else, must be of the right type", () => {
  const [ofSite, ofUser] = [new Set<string>(), new Set<string>()];
  const { primaryLarge } = telephony.tspAdaptorSettings;
  const tspAdaptorSettings = { primaryLarge, backup1Large: primaryLarge, backup2Large: primaryLarge };
  const telephonyConfig = { ...telephony, tspAdaptorSettings };
  const site = noting({ siteInstance: { telephonyConfig, metaData: { telephonyDomain: "x" } } }, ofSite);
  siteDifferences(site as never, expected);
  siteNumbers(site as never);
  const privilege = { host: true };
  for (const nbrDialOut of ["TOLL", "TOLL_FREE"]) {
    const tspAccount = { tspAccount: [{ ...account, tollFreeCallInNumber: "", nbrDialOut }] };
    userFindings(noting({ webExId: "anna", privilege, tspAccount }, ofUser) as never, expected);
  }
  userFindings(noting({ webExId: "anna", privilege }, ofUser) as never, expected);

  const withoutItems = [...ofSite].map((path) => path.replace(/\.mpAudio\.\w+$/, ".mpAudio"));
  expect([...new Set(withoutItems)].toSorted()).toEqual([...siteReads].toSorted());
  expect([...ofUser].toSorted()).toEqual([...userReads].toSorted());
});
