/** One thing about the caller's own meeting: a number to dial, or a code to key in. */
export interface MeetingDetail {
  readonly kind: "number" | "code";
  readonly label: string;
  readonly value: string;
}

/** Longer than any number or code; what is longer is none. */
const MAX_CHARACTERS = 64;

/**
 * What WebEx filled into the URL from the meeting's TSP account (protocol 1.6). The six names are known in any case; of
 * a repeated one the first usable value counts; everything else is passed over.
 */
export function meetingDetails(query: URLSearchParams): MeetingDetail[] {
  const given = usableValues(query);
  const toll = fullNumber(given.get("tollnumcc"), given.get("tollnum"));
  const tollFree = fullNumber(given.get("tollfreenumcc"), given.get("tollfreenum"));
  return [
    ...detail("number", "Call-in number (toll)", toll),
    ...detail("number", "Call-in number (toll-free)", tollFree),
    ...detail("code", "Participant code", given.get("participantcode")),
    ...detail("code", "Subscriber code", given.get("subscribercode")),
  ];
}

const names: ReadonlySet<string> = new Set([
  "participantcode",
  "subscribercode",
  "tollnum",
  "tollnumcc",
  "tollfreenum",
  "tollfreenumcc",
]);

function usableValues(query: URLSearchParams): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [anyCase, raw] of query) {
    const name = anyCase.toLowerCase();
    if (!names.has(name) || values.has(name) || raw.length > MAX_CHARACTERS) continue;
    // Control and direction characters would let a value pass for something else.
    const value = raw.replace(/[\p{C}\s]+/gu, " ").trim();
    // A placeholder that is still there was not filled in: the account has nothing for it.
    if (value !== "" && !/^%\w+%$/.test(value)) values.set(name, value);
  }
  return values;
}

function fullNumber(country: string | undefined, number: string | undefined): string | undefined {
  if (number === undefined || country === undefined || number.startsWith("+")) return number;
  return `${/^\d+$/.test(country) ? "+" : ""}${country} ${number}`;
}

function detail(kind: MeetingDetail["kind"], label: string, value: string | undefined): MeetingDetail[] {
  return value === undefined ? [] : [{ kind, label, value }];
}
