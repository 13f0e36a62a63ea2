import { cut, digitsOf, isLoopback } from "../doors/foundation.ts";
import type { Path, Response } from "./xml-api/operations.ts";

/** What a domain's settings say that its site should have. */
export interface Expected {
  readonly domain: string;
  /** The edge as WebEx reaches it; absent: not known. */
  readonly edge?: string | undefined;
  readonly adapterSecrets: readonly string[];
  /** Numbers that lead to the domain's bridges; none: they are not known. */
  readonly numbers: readonly string[];
  readonly labels: {
    readonly participantCode?: string | undefined;
    readonly subscriberCode?: string | undefined;
    readonly attendeeId?: string | undefined;
  };
  /** Hosts that may be posted to, as in `webex.hosts`. */
  readonly hosts: readonly string[];
  /** Whether the domain has a page of global numbers. */
  readonly hasNumbersPage: boolean;
}

/** A difference between the site and the settings, in a sentence with what to do. No access code or secret is in it. */
export interface Difference {
  /** `site`, or whose account it is. */
  readonly about: string;
  readonly says: string;
}

/** A call-in number as the site has it. */
export interface SiteNumber {
  readonly number: string;
  readonly kind: "toll" | "toll-free";
  readonly label?: string;
}

/** The fields of getSite that are used. */
export const siteReads = [
  "siteInstance.metaData.telephonyDomain",
  "siteInstance.telephonyConfig.isTSPUsingTelephonyAPI",
  "siteInstance.telephonyConfig.participantAccessCodeLabel",
  "siteInstance.telephonyConfig.subscriberAccessCodeLabel",
  "siteInstance.telephonyConfig.attendeeIDLabel",
  "siteInstance.telephonyConfig.primaryAdaptorURL",
  "siteInstance.telephonyConfig.secondaryAdaptorURL",
  "siteInstance.telephonyConfig.callInNumber",
  "siteInstance.telephonyConfig.supportAdapterlessTSP",
  "siteInstance.telephonyConfig.displayAttendeeID",
  ...adaptorReads("primaryLarge"),
  ...adaptorReads("backup1Large"),
  ...adaptorReads("backup2Large"),
] as const satisfies readonly Path<"getSite">[];

function adaptorReads<Name extends string>(name: Name) {
  const adaptor = `siteInstance.telephonyConfig.tspAdaptorSettings.${name}` as const;
  return [`${adaptor}.enableAdaptor`, `${adaptor}.mpAudio`, `${adaptor}.globalCallInNumURL`] as const;
}

/** The fields of getUser that are used. */
export const userReads = [
  "webExId",
  "privilege.host",
  "tspAccount.tspAccount.accountIndex",
  "tspAccount.tspAccount.tollCallInNumber",
  "tspAccount.tspAccount.tollFreeCallInNumber",
  "tspAccount.tspAccount.participantAccessCode",
  "tspAccount.tspAccount.subscriberAccessCode",
  "tspAccount.tspAccount.nbrDialOut",
] as const satisfies readonly Path<"getUser">[];

type Telephony = NonNullable<NonNullable<Response<"getSite">["siteInstance"]>["telephonyConfig"]>;

/** What of the site itself is not as expected. Nothing else can be told where its telephony settings are not shown. */
export function siteDifferences(site: Response<"getSite">, expected: Expected): readonly Difference[] {
  const { telephonyConfig: telephony, metaData } = site.siteInstance ?? {};
  if (!telephony) return [ofSite("The site shows no telephony settings: ask as a site administrator.")];
  const says = [
    ...(telephony.isTSPUsingTelephonyAPI === false
      ? [
          "The site does not use the telephony API, so it never asks the adapter: have WebEx set isTSPUsingTelephonyAPI.",
        ]
      : []),
    ...adapterUrlFaults("primary", telephony.primaryAdaptorURL ?? "", expected),
    ...(telephony.secondaryAdaptorURL ? adapterUrlFaults("secondary", telephony.secondaryAdaptorURL, expected) : []),
    ...(telephony.supportAdapterlessTSP
      ? ["The site may hold meetings without an adapter (supportAdapterlessTSP): those are not seen here."]
      : []),
    ...(telephony.displayAttendeeID === false
      ? [
          "The site does not show participants their attendee ID (displayAttendeeID), which callers are asked for here: switch it on, or callers stay unnamed.",
        ]
      : []),
    ...labelFaults(telephony, expected),
    ...adaptorFaults(telephony, expected),
    ...siteNumbers(site).flatMap(({ number }) =>
      isExpected(number, expected)
        ? []
        : `The site shows the call-in number ${shown(number, expected)}, which the domain does not have: ${numberAdvice}.`,
    ),
    ...hostFaults(metaData?.telephonyDomain, expected),
  ];
  return says.map(ofSite);
}

/** The call-in numbers of the site itself; those of WebEx's own audio are not among them. */
export function siteNumbers(site: Response<"getSite">): readonly SiteNumber[] {
  const telephony = site.siteInstance?.telephonyConfig;
  if (!telephony) return [];
  const labelled = adaptorsOf(telephony).flatMap(({ adaptor }) => adaptor.mpAudio ?? []);
  return distinct([
    ...labelled.flatMap(({ label = "", phoneNumber = "" }) =>
      numberOf(phoneNumber, /free/i.test(label) ? "toll-free" : "toll", label),
    ),
    ...numberOf(telephony.callInNumber, "toll"),
  ]);
}

/** An access code and whose it is, to find those that two accounts have. */
export interface AccessCode {
  readonly code: string;
  readonly owner: string;
}

export interface UserFindings {
  readonly differences: readonly Difference[];
  readonly numbers: readonly SiteNumber[];
  readonly codes: readonly AccessCode[];
}

/** What of a user's TSP accounts is not as expected, and what of them is compared with other accounts. */
export function userFindings(user: Response<"getUser">, expected: Expected): UserFindings {
  // An account that was never filled in is none.
  const accounts = (user.tspAccount?.tspAccount ?? []).filter((account) =>
    [
      account.tollCallInNumber,
      account.tollFreeCallInNumber,
      account.participantAccessCode,
      account.subscriberAccessCode,
    ].some(Boolean),
  );
  const ofUser = aboutUser(user.webExId);
  const numbers: SiteNumber[] = [];
  const codes: AccessCode[] = [];
  const differences: Difference[] = [];
  if (accounts.length === 0 && user.privilege?.host !== false) {
    differences.push({
      about: ofUser,
      says: "The user may host and has no TSP account, so that its meetings have no call-in numbers: give it one, or take the right to host away.",
    });
  }
  for (const [place, account] of accounts.entries()) {
    const about = `${ofUser}, account ${account.accountIndex ?? place + 1}`;
    const add = (says: string) => differences.push({ about, says });
    const { participantAccessCode: participant = "", subscriberAccessCode: subscriber = "" } = account;
    // Somebody may have filled a code into the wrong field.
    const holdsCode = (number: string, isNumber: boolean) =>
      [participant, subscriber].some((code) => code !== "" && hasIn(number, isNumber, code));
    if (!account.tollCallInNumber && !account.tollFreeCallInNumber)
      add("It has neither a toll nor a toll-free number: give it one that leads to a bridge.");
    for (const [kind, given] of [
      ["toll", account.tollCallInNumber],
      ["toll-free", account.tollFreeCallInNumber],
    ] as const) {
      const [own] = numberOf(given, kind);
      if (given && holdsCode(given, own !== undefined)) {
        add(`Its ${kind} number holds an access code of the account: correct it at the site.`);
        continue;
      }
      if (own) numbers.push(own);
      if (!own && given)
        add(`Its ${kind} number ${JSON.stringify(shown(given, expected))} is no telephone number: correct it.`);
      if (own && !isExpected(own.number, expected))
        add(`Its ${kind} number ${shown(own.number, expected)} is none of the domain's: ${numberAdvice}.`);
    }
    if (account.nbrDialOut === "TOLL_FREE" && !account.tollFreeCallInNumber)
      add("Recordings dial its toll-free number (nbrDialOut), and it has none: set nbrDialOut to TOLL.");
    if (account.nbrDialOut === "TOLL" && !account.tollCallInNumber)
      add("Recordings dial its toll number (nbrDialOut), and it has none: set nbrDialOut to TOLL_FREE.");
    if (participant === "")
      add("It has no participant access code, so that participants can key the meeting number alone.");
    for (const [what, code] of [
      ["participant", participant],
      ["subscriber", subscriber],
    ] as const) {
      if (code === "") continue;
      if (/^\d{1,64}$/.test(code)) codes.push({ code, owner: `${about}, ${what} access code` });
      else add(`Its ${what} access code is not 1 to 64 digits, and no telephone can key it: give it another.`);
    }
    if (participant !== "" && participant === subscriber)
      add("Its two access codes are one, so that every participant is the host: give it two.");
  }
  return { differences, numbers: distinct(numbers), codes };
}

/**
 * A code is found whatever stands between its digits. One of less than 6 digits may by chance be in any telephone number, and is told by the
 * number as a whole alone.
 */
function hasIn(text: string, isNumber: boolean, code: string): boolean {
  const [digits, sought] = [digitsOf(text), digitsOf(code)];
  if (sought === "") return text.includes(code);
  return isNumber && sought.length < 6 ? digits === sought : digits.includes(sought);
}

/** Whose account a difference is. */
export function aboutUser(webExId: string): string {
  return `user ${cut(webExId, mostIdShown)}`;
}

/** Two owners of one code. */
export function sharedCodeDifference(one: string, other: string): Difference {
  return {
    about: one,
    says: `It is also that of ${other}; when both meet at a time, it leads into neither meeting: give one of them another.`,
  };
}

/** The first of those that have the same digits. */
export function distinct(numbers: readonly SiteNumber[]): readonly SiteNumber[] {
  const seen = new Map<string, SiteNumber>();
  for (const number of numbers) {
    const key = digitsOf(number.number);
    if (!seen.has(key)) seen.set(key, number);
  }
  return [...seen.values()];
}

const numberAdvice = "correct it at the site, or add it to the expected numbers";
const mostShown = 60;
/** Sites allow no longer ones. */
const mostIdShown = 64;

function ofSite(says: string): Difference {
  return { about: "site", says };
}

/** Whether a number leads to the domain's bridges; any may where none is known. */
export function isExpected(number: string, { numbers }: Pick<Expected, "numbers">): boolean {
  return numbers.length === 0 || numbers.some((one) => digitsOf(one) === digitsOf(number));
}

/** What is no telephone number is left out: pages show these. */
function numberOf(given: string | undefined, kind: SiteNumber["kind"], label = ""): SiteNumber[] {
  const number = given?.trim() ?? "";
  if (!/^\+?\(?\d[\d ().-]{1,38}$/.test(number) || digitsOf(number).length < 3) return [];
  return [{ number, kind, ...(label && { label: cut(label, mostShown) }) }];
}

/** Of the path only this domain's: the adapter's secret may stand anywhere. */
function shownUrl(url: URL, expected: Expected): string {
  const own = `/tsp/${expected.domain}`;
  const path = url.pathname === own || url.pathname === "/" ? url.pathname : "/…";
  return `${shownOrigin(url, expected)}${path}`;
}

function shownOrigin({ origin, protocol }: URL, expected: Expected): string {
  return cut(withoutSecrets(origin === "null" ? `${protocol}…` : origin, expected), 2 * mostShown);
}

/** The site's words as they may be shown. Cut after the secrets are out of them: a part of a secret is none to look for. */
function shown(text: string, expected: Expected): string {
  return cut(withoutSecrets(text, expected), mostShown);
}

/** The adapter's secrets are letters, digits, - and _, as they are or as an address may have them; hosts have no capitals. */
function withoutSecrets(text: string, { adapterSecrets }: Expected): string {
  return adapterSecrets.reduce((without, secret) => {
    const signs = Array.from(secret, (sign) => `(?:${sign}|%(?:25)*${sign.charCodeAt(0).toString(16)})`);
    return without.replace(new RegExp(signs.join(""), "gi"), "…");
  }, text);
}

function adapterUrlFaults(which: "primary" | "secondary", given: string, expected: Expected): string[] {
  const { domain, edge, adapterSecrets } = expected;
  const right = `${edge?.replace(/\/+$/, "") ?? "https://…"}/tsp/${domain}${adapterSecrets.length > 0 ? "/…" : ""}`;
  const change = `have WebEx change it to ${right}`;
  if (given === "") return [`The site has no ${which} adaptor URL, so WebEx cannot reach the adapter: ${change}.`];
  const url = URL.parse(given);
  if (!url) return [`The site's ${which} adaptor URL is no address: ${change}.`];
  const faults: string[] = [];
  const paths =
    adapterSecrets.length > 0 ? adapterSecrets.map((secret) => `/tsp/${domain}/${secret}`) : [`/tsp/${domain}`];
  // One slash behind it does no harm.
  const path = url.pathname.replace(/\/$/, "");
  if (edge !== undefined && url.origin !== URL.parse(edge)?.origin) {
    faults.push(
      `The site's ${which} adaptor URL leads to ${shownOrigin(url, expected)}, and not to ${edge}: ${change}.`,
    );
  }
  if (paths.some((own) => path.startsWith(own) && /^\/+$/.test(path.slice(own.length)))) {
    faults.push(`The site's ${which} adaptor URL ends with several slashes, so that WebEx gets 404: ${change}.`);
  } else if (!paths.includes(path)) {
    faults.push(
      adapterSecrets.length > 0 && path.startsWith(`/tsp/${domain}/`)
        ? `The site's ${which} adaptor URL ends with another secret than those in adapterSecrets, so that WebEx gets 404: ${change}.`
        : `The site's ${which} adaptor URL is ${shownUrl(url, expected)}, and not this domain's: ${change}.`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    faults.push(`The site's ${which} adaptor URL is plain http, so that its secret can be read on the way: ${change}.`);
  return faults;
}

function labelFaults(telephony: Telephony, expected: Expected): string[] {
  return (
    [
      ["participantAccessCodeLabel", expected.labels.participantCode],
      ["subscriberAccessCodeLabel", expected.labels.subscriberCode],
      ["attendeeIDLabel", expected.labels.attendeeId],
    ] as const
  ).flatMap(([name, right]) => {
    const label = telephony[name]?.trim() ?? "";
    if (right !== undefined && label !== right)
      return `The site's ${name} is ${JSON.stringify(shown(label, expected))}, and the settings have ${JSON.stringify(right)}: change one of them.`;
    if (label === "") return `The site has no ${name}: participants do not see what to key; give it one.`;
    return [];
  });
}

function adaptorsOf(telephony: Telephony) {
  const { primaryLarge, backup1Large, backup2Large } = telephony.tspAdaptorSettings ?? {};
  return Object.entries({ primaryLarge, backup1Large, backup2Large }).flatMap(([name, adaptor]) =>
    adaptor?.enableAdaptor ? [{ name, adaptor }] : [],
  );
}

function adaptorFaults(telephony: Telephony, expected: Expected): string[] {
  const { domain, edge, hasNumbersPage } = expected;
  const adaptors = adaptorsOf(telephony);
  const disabled = telephony.tspAdaptorSettings?.primaryLarge?.enableAdaptor === false;
  const page = `${edge?.replace(/\/+$/, "") ?? "https://…"}/global-numbers/${domain}`;
  return [
    ...(disabled
      ? ["The site's primary adaptor is switched off (tspAdaptorSettings.primaryLarge): switch it on."]
      : []),
    ...adaptors.flatMap(({ name, adaptor }) => {
      const given = adaptor.globalCallInNumURL ?? "";
      const about = `The site's ${name} adaptor`;
      const faults: string[] = [];
      if (/%SubscriberCode%/i.test(given))
        faults.push(
          `${about} puts the host's code into the address of the global numbers, for everybody who has the link: take %SubscriberCode% out.`,
        );
      if (!hasNumbersPage) return faults;
      const url = URL.parse(given);
      const isRight =
        url?.pathname === `/global-numbers/${domain}` && (edge === undefined || url.origin === URL.parse(edge)?.origin);
      if (given === "")
        faults.push(
          `${about} has no address of global numbers: have WebEx set it to ${page}, with the variables of docs/global-numbers.md.`,
        );
      else if (!isRight)
        faults.push(
          `${about} leads to other global numbers${url ? ` (${shownUrl(url, expected)})` : ""}: have WebEx set the address to ${page}, with the variables of docs/global-numbers.md.`,
        );
      return faults;
    }),
  ];
}

/** TSP servers answer from the site's telephony domain, where that is the name of a host. */
function hostFaults(telephonyDomain: string | undefined, expected: Expected): string[] {
  const host = telephonyDomain?.trim().toLowerCase() ?? "";
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host)) return [];
  const isListed = expected.hosts.some((listed) => {
    const name = listed.toLowerCase().replace(/^\*\./, "");
    return name === host || host.endsWith(`.${name}`) || name.endsWith(`.${host}`);
  });
  if (isListed) return [];
  return [
    `The site's telephony domain is ${shown(host, expected)}, and webex.hosts has no host of it: if its TSP servers are there, add them, or their requests are refused.`,
  ];
}
