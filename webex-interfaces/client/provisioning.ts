import { cut, digitsOf, isLoopback } from "../doors/foundation.ts";
import type { Answered } from "../tables/operations.ts";

/** A domain's settings that concern its site. */
export interface Expected {
  readonly domain: string;
  /** URL at which WebEx reaches the edge; absent if unknown. */
  readonly edge?: string | undefined;
  readonly adapterSecrets: readonly string[];
  /** Numbers that lead to the domain's bridges; empty if unknown. */
  readonly numbers: readonly string[];
  /** The setting `webex.hosts`. */
  readonly hosts: readonly string[];
  readonly hasNumbersPage: boolean;
}

/** A difference between the site and the settings, with its fix. Contains no access code or secret. */
export interface Difference {
  /** `site`, or an account. */
  readonly about: string;
  readonly says: string;
}

type Rule = readonly [isWrong: boolean, says: string];

/** Used fields of getSite and getUser. */
export const siteReads = ["siteInstance.telephonyConfig", "siteInstance.metaData.telephonyDomain"];
export const userReads = ["webExId", "privilege.host", "tspAccount"];

type Telephony = NonNullable<NonNullable<Answered<"getSite">["siteInstance"]>["telephonyConfig"]>;

/** Compares the site with the settings. */
export function siteDifferences(site: Answered<"getSite">, expected: Expected): readonly Difference[] {
  const { telephonyConfig: telephony, metaData } = site.siteInstance ?? {};
  const rules: readonly Rule[] = telephony
    ? [
        ...switches(telephony),
        ...adaptorUrl("primary", telephony.primaryAdaptorURL ?? "", expected),
        ...(telephony.secondaryAdaptorURL ? adaptorUrl("secondary", telephony.secondaryAdaptorURL, expected) : []),
        ...numbers(telephony, expected),
        ...globalNumbers(telephony, expected),
        ...domainHost(metaData?.telephonyDomain, expected),
      ]
    : [[true, "The site shows no telephony settings. Sign in as a site administrator."]];
  return wrongOf("site", rules);
}

function wrongOf(about: string, rules: readonly Rule[]): readonly Difference[] {
  return rules.flatMap(([isWrong, says]) => (isWrong ? { about, says } : []));
}

function switches(telephony: Telephony): readonly Rule[] {
  const labels = ["participantAccessCodeLabel", "subscriberAccessCodeLabel", "attendeeIDLabel"] as const;
  return [
    [
      telephony.isTSPUsingTelephonyAPI === false,
      "The site does not use the telephony API, so the adapter is not used. Ask WebEx to set isTSPUsingTelephonyAPI.",
    ],
    [
      telephony.supportAdapterlessTSP === true,
      "The site allows meetings without an adapter (supportAdapterlessTSP). Bridgehead does not see them.",
    ],
    [
      telephony.displayAttendeeID === false,
      "The site does not show attendee IDs, so callers have no name. Switch displayAttendeeID on.",
    ],
    [
      telephony.tspAdaptorSettings?.primaryLarge?.enableAdaptor === false,
      "The site's primary adaptor is off. Switch tspAdaptorSettings.primaryLarge on.",
    ],
    ...labels.map((name): Rule => [!telephony[name]?.trim(), `The site has no ${name}. Set it; participants need it.`]),
  ];
}

function adaptorUrl(which: string, given: string, expected: Expected): readonly Rule[] {
  const { domain, edge, adapterSecrets } = expected;
  const own = `/tsp/${domain}`;
  const paths = adapterSecrets.length > 0 ? adapterSecrets.map((secret) => `${own}/${secret}`) : [own];
  const right = `${edge?.replace(/\/+$/, "") ?? "https://…"}${own}${adapterSecrets.length > 0 ? "/…" : ""}`;
  const change = `Ask WebEx to change it to ${right}.`;
  const about = `The site's ${which} adaptor URL`;
  const url = URL.parse(given);
  if (!url) return [[true, `${about} is ${given === "" ? "missing" : "not a URL"}. ${change}`]];
  // A slash at the end is harmless.
  const path = url.pathname.replace(/\/$/, "");
  const isOurs = paths.includes(path);
  const otherSecret = !isOurs && adapterSecrets.length > 0 && path.startsWith(`${own}/`);
  const shownUrl = `${shown(url.origin, expected)}${path === own || path === "" ? path : "/…"}`;
  const leads = `${about} leads to ${shown(url.origin, expected)}, not to ${edge}. ${change}`;
  const isPlain = url.protocol === "http:" && !isLoopback(url.hostname);
  const rules: readonly Rule[] = [
    [isPlain, `${about} is plain HTTP, so its secret can be read. ${change}`],
    [edge !== undefined && url.origin !== URL.parse(edge)?.origin, leads],
    [otherSecret, `${about} has a secret that is not in adapterSecrets, so WebEx gets 404. ${change}`],
    [!isOurs, `${about} is ${shownUrl}, not this domain's. ${change}`],
  ];
  // All rules have the same fix, so the first is enough.
  return rules.filter(([isWrong]) => isWrong).slice(0, 1);
}

function numbers(telephony: Telephony, expected: Expected): readonly Rule[] {
  const labelled = adaptors(telephony).flatMap(([, { mpAudio = [] }]) =>
    mpAudio.map(({ phoneNumber = "" }) => phoneNumber),
  );
  const given = [...labelled, telephony.callInNumber ?? ""].filter((number) => number.trim() !== "");
  const unique = Array.from(Map.groupBy(given, digitsOf).values(), ([first = ""]) => first);
  return unique.map((number) => [
    !isExpected(number, expected),
    `The site shows the call-in number ${shown(number, expected)}, which the domain does not have. ${numberAdvice}`,
  ]);
}

function globalNumbers(telephony: Telephony, { domain, edge, hasNumbersPage }: Expected): readonly Rule[] {
  const page = `${edge?.replace(/\/+$/, "") ?? "https://…"}/global-numbers/${domain}`;
  return adaptors(telephony).flatMap(([name, { globalCallInNumURL: given = "" }]): readonly Rule[] => {
    const url = URL.parse(given);
    const isOfEdge = edge === undefined || url?.origin === URL.parse(edge)?.origin;
    const isRight = url?.pathname === `/global-numbers/${domain}` && isOfEdge;
    return [
      [
        /%SubscriberCode%/i.test(given),
        `The site's ${name} adaptor shows the host's code in the URL of global numbers. Remove %SubscriberCode%.`,
      ],
      [
        hasNumbersPage && !isRight,
        `The site's ${name} adaptor has other global numbers. Ask WebEx to set ${page} (docs/global-numbers.md).`,
      ],
    ];
  });
}

function adaptors({ tspAdaptorSettings = {} }: Telephony) {
  return Object.entries(tspAdaptorSettings).flatMap(([name, adaptor]) =>
    adaptor?.enableAdaptor ? [[name, adaptor] as const] : [],
  );
}

/** Checks the site's telephony domain, to which its TSP servers belong if it is a host name. */
function domainHost(telephonyDomain = "", expected: Expected): readonly Rule[] {
  const host = telephonyDomain.trim().toLowerCase();
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host)) return [];
  const names = expected.hosts.map((listed) => listed.toLowerCase().replace(/^\*\./, ""));
  const isListed = names.some((name) => name === host || host.endsWith(`.${name}`) || name.endsWith(`.${host}`));
  const says = `The site's telephony domain is ${shown(host, expected)}. Add its TSP servers to webex.hosts.`;
  return [[!isListed, says]];
}

/** An access code and its owner, to find shared codes. */
export interface AccessCode {
  readonly code: string;
  readonly owner: string;
}

/** Compares a user's TSP accounts with the settings, and collects their access codes. */
export function userFindings(
  user: Answered<"getUser">,
  expected: Expected,
): { readonly differences: readonly Difference[]; readonly codes: readonly AccessCode[] } {
  const ofUser = `user ${cut(user.webExId, 64)}`;
  const differences: Difference[] = [];
  const codes: AccessCode[] = [];
  // Skips empty accounts.
  const accounts = (user.tspAccount?.tspAccount ?? []).filter(
    ({ tollCallInNumber, tollFreeCallInNumber, participantAccessCode, subscriberAccessCode }) =>
      tollCallInNumber || tollFreeCallInNumber || participantAccessCode || subscriberAccessCode,
  );
  const none = "The user can host but has no TSP account, so its meetings have no call-in numbers. Create one.";
  differences.push(...wrongOf(ofUser, [[accounts.length === 0 && user.privilege?.host !== false, none]]));
  for (const [place, account] of accounts.entries()) {
    const about = `${ofUser}, account ${account.accountIndex ?? place + 1}`;
    const { participantAccessCode: participant = "", subscriberAccessCode: subscriber = "" } = account;
    const { tollCallInNumber: toll = "", tollFreeCallInNumber: tollFree = "", nbrDialOut } = account;
    const own = [participant, subscriber].filter((code) => code !== "");
    const ofNumber = (kind: string, number: string): readonly Rule[] => {
      // Never shows a code that is in the wrong field.
      const holdsCode = own.some((code) => holds(number, code));
      const isNumber = isTelephoneNumber(number);
      const name = `Its ${kind} number ${JSON.stringify(shown(number, expected))}`;
      if (number === "" || holdsCode)
        return [[holdsCode, `Its ${kind} number contains an access code of the account. Correct it.`]];
      return [
        [!isNumber, `${name} is not a telephone number. Correct it.`],
        [isNumber && !isExpected(number, expected), `${name} is not one of the domain's. ${numberAdvice}`],
      ];
    };
    const ofCode = (kind: string, code: string): Rule => [
      code !== "" && !isCode(code),
      `Its ${kind} access code is not 1 to 64 digits, so no telephone can enter it. Change it.`,
    ];
    const rules: readonly Rule[] = [
      [!toll && !tollFree, "It has neither a toll nor a toll-free number. Add one that leads to a bridge."],
      ...ofNumber("toll", toll),
      ...ofNumber("toll-free", tollFree),
      [
        nbrDialOut === "TOLL_FREE" && !tollFree,
        "Recordings dial its toll-free number, but it has none. Set nbrDialOut to TOLL.",
      ],
      [
        nbrDialOut === "TOLL" && !toll,
        "Recordings dial its toll number, but it has none. Set nbrDialOut to TOLL_FREE.",
      ],
      [participant === "", "It has no participant access code, so participants must enter the meeting number."],
      ofCode("participant", participant),
      ofCode("subscriber", subscriber),
      [
        participant !== "" && participant === subscriber,
        "Both access codes are the same, so every participant is the host. Change one.",
      ],
    ];
    differences.push(...wrongOf(about, rules));
    for (const code of own) {
      const kind = code === participant ? "participant" : "subscriber";
      if (isCode(code)) codes.push({ code, owner: `${about}, ${kind} access code` });
    }
  }
  return { differences, codes };
}

/** Finds access codes that two accounts have. */
export function sharedCodes(codes: readonly AccessCode[]): readonly Difference[] {
  return Array.from(Map.groupBy(codes, ({ code }) => code).values()).flatMap(([first, ...others]) =>
    others.flatMap(({ owner }) => {
      const says = `It is the same as that of ${first?.owner}, so callers reach the wrong meeting. Change one.`;
      return wrongOf(owner, [[first?.owner !== owner, says]]);
    }),
  );
}

const numberAdvice = "Correct it at the site, or add it to the settings.";

function isCode(code: string): boolean {
  return /^\d{1,64}$/.test(code);
}

function isTelephoneNumber(number: string): boolean {
  return /^\+?\(?\d[\d ().-]{1,38}$/.test(number.trim()) && digitsOf(number).length >= 3;
}

/** True if a number contains a code. Codes under 6 digits must match whole, because parts match by chance. */
function holds(number: string, code: string): boolean {
  const [digits, sought] = [digitsOf(number), digitsOf(code)];
  if (sought === "") return number.includes(code);
  return isTelephoneNumber(number) && sought.length < 6 ? digits === sought : digits.includes(sought);
}

/** True if a number leads to the domain's bridges, or if their numbers are unknown. */
function isExpected(number: string, { numbers: known }: Expected): boolean {
  return known.length === 0 || known.some((one) => digitsOf(one) === digitsOf(number));
}

/** Masks, then cuts, a text of the site. Cutting first could leave a part of a secret. */
function shown(text: string, { adapterSecrets }: Expected): string {
  const masked = adapterSecrets.reduce((without, secret) => {
    const signs = Array.from(secret, (sign) => `(?:${sign}|%(?:25)*${sign.charCodeAt(0).toString(16)})`);
    return without.replace(new RegExp(signs.join(""), "gi"), "…");
  }, text);
  return cut(masked, 120);
}
