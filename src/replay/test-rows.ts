import type { DecisionProgress } from "../conference/decide.ts";
import { type SingleFact, singleFacts } from "../conference/facts.ts";
import { type ConferenceInput, showInput } from "../conference/inputs.ts";
import { gatheredIn } from "../conference/server/queue.ts";
import { type DialRules, mayDial, wrongNumber } from "../foundation/dial-rules.ts";
import type { ConfKey, PhoneNumber } from "../foundation/ids.ts";
import type { Person } from "../foundation/shown.ts";
import { Replacements } from "../foundation/text/replacements.ts";
import type { TestFact, TestRow, TestRowsPage } from "../rpc/replay.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import { localDomain } from "../settings/local-domain.ts";
import { type About, changesOf, decisiveSettings, type TransactionRows } from "./history.ts";
import { Page } from "./page.ts";
import { writtenIn } from "./sent.ts";

/** Of one page: the work between two of them is bounded. */
const MOST_ROWS = 500;

/** Reads a journal for a test. The same value is made up alike in all pages that one reader reads. */
export class TestReader {
  readonly confKey: ConfKey;
  readonly settings: object;
  readonly #madeUp: MadeUp;
  #progress: DecisionProgress = { bridge: null, serial: 0 };

  constructor({ confKey, domain }: About) {
    this.confKey = confKey;
    this.#madeUp = new MadeUp(domain.settings.policy);
    this.settings = ownSettings(domain.settings, this.#madeUp);
  }

  /** Goes behind a transaction. */
  pass(rows: TransactionRows): void {
    this.#progress = (rows.at(-1) ?? rows[0]).progress;
  }

  read(rows: TransactionRows): readonly TestRow[] {
    const { bridge, cannot = [] } = this.#progress;
    const facts = rows.flatMap((row) => row.facts ?? []);
    const isGathered = gatheredIn(writtenIn(changesOf(rows) ?? []).documents);
    const confirmed = facts.flatMap((fact) => (fact.kind === "post-confirmed" ? [fact.transId] : []));
    return rows.map((row, index) => ({
      ...{ seq: row.seq, at: row.at, input: row.input && this.#input(row.input), bridge, cannot },
      facts: (row.facts ?? []).flatMap(singleFacts).map((fact) => inWords(fact, isGathered)),
      confirmed: index === 0 ? confirmed : [],
    }));
  }

  #input(input: ConferenceInput): ConferenceInput {
    const shown = showInput(input, this.#madeUp.person);
    if (shown.type === "operator" && input.type === "operator")
      return { ...shown, person: "Ann", request: this.#dialled(shown.request, input.request) };
    if (shown.type !== "webex" || input.type !== "webex") return shown;
    return {
      ...shown,
      messages: shown.messages.map((message, index) => this.#dialled(message, input.messages[index] ?? message)),
    };
  }

  /** Country and policy decide whether a number may be dialled: they let the made-up one pass, too. */
  #dialled<Shown extends object>(shown: Shown, original: { readonly type: string }): Shown {
    const { type, number, phone } = original as { readonly [part in "type" | "number" | "phone"]?: unknown };
    if (type !== "call-out") return shown;
    return number
      ? { ...shown, number: this.#madeUp.phone(number as PhoneNumber) }
      : { ...shown, phone: this.#madeUp.phone(phone as PhoneNumber) };
  }
}

/** Rows from this one on, as many as one answer holds. `transactions`: from where the reader stands; it reads up to the page that follows. */
export async function testRowsPage(
  transactions: AsyncIterable<TransactionRows>,
  reader: TestReader,
  from: number,
): Promise<TestRowsPage> {
  const { confKey, settings } = reader;
  const page = new Page<TestRow>(MOST_ROWS);
  for await (const rows of transactions) {
    for (const row of reader.read(rows))
      if (row.seq >= from && (page.isFull || !page.add(row)))
        return { confKey, settings, rows: page.items, next: row.seq };
    reader.pass(rows);
  }
  return { confKey, settings, rows: page.items, next: null };
}

const parts = ["type", "call", "room", "invitee", "command", "msgId", "transId", "muted", "locked", "result", "status"];

/** What tells facts apart, and what later inputs name. */
function inWords(fact: SingleFact, isGathered: ReturnType<typeof gatheredIn>): TestFact {
  const said = parts.map((part) => [part, fact[part as keyof SingleFact]] as const);
  const gathered = fact.kind === "post-queued" && isGathered(fact);
  return {
    kind: fact.kind,
    ...Object.fromEntries(said.filter(([, value]) => value !== undefined)),
    ...(gathered && { gathered }),
  };
}

/** The settings that decisions use and that differ from those of a local run, without what names anybody. */
function ownSettings(settings: DomainSettings, madeUp: MadeUp): object {
  const usual: Readonly<Record<string, unknown>> = { protocol: {}, ...localDomain({ agents: [] }) };
  const { hybrid, recording, passthroughUrl, protocol, ...decisive } = decisiveSettings(settings);
  const { host, ...others } = protocol;
  const attendeeIds = host?.attendeeIds?.map(madeUp.person);
  const all = {
    ...decisive,
    ...(hybrid && {
      hybrid: {
        ...hybrid,
        clientUrl: "https://client.example.com/",
        ...(hybrid.connectData !== undefined && { connectData: "connect" }),
        ...(hybrid.appDetection !== undefined && { appDetection: "app" }),
      },
    }),
    ...(recording && {
      recording: { number: { country: "1", area: "408", local: "5550199" }, sequence: "P1D1#P0" },
    }),
    ...(passthroughUrl !== undefined && { passthroughUrl: "https://back-end.example.com/" }),
    protocol: { ...others, ...(host && { host: { ...host, ...(attendeeIds && { attendeeIds }) } }) },
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(usual[name]),
    ),
  );
}

/** Digits that are a telephone number. */
const numberFrom = 7;
const madeUpBegin = "1408555";

/** Made-up names, numbers and codes in place of a conference's own: what was equal stays equal, and what differed stays different. */
export class MadeUp {
  readonly #numbers = new Replacements((place) => `${madeUpBegin}${String(place).padStart(4, "0")}`);
  readonly #codes = new Replacements((place) => String(5_000 + place));
  readonly #texts = new Replacements((place) => `data${place}`);
  readonly #policy: DialRules | undefined;

  constructor(policy: DialRules | undefined) {
    this.#policy = policy;
  }

  /** In place of a number, code or name of a person, and of a secret; a withheld one stays so. */
  readonly person: Person = Object.assign((text: string) => this.#of(text), {
    secret: (text: string) => this.#of(text),
  });

  #of(text: string): string {
    if (text === "") return "";
    if (!/^\d+$/.test(text)) return this.#texts.of(text);
    return text.length < numberFrom ? this.#codes.of(text) : this.#numbers.of(text);
  }

  /** To be dialled. Country and area stay, and as many digits behind them as decide whether the domain lets it be dialled. */
  phone(phone: PhoneNumber): PhoneNumber {
    if (wrongNumber(phone) !== null) return { country: "1", area: "", local: "wrong", extension: "" };
    const { country, area, local, extension } = phone;
    // Who is dialled may be in, or call in: no other number may become the same.
    const number = Number(this.#numbers.of(`${country}${area}${local}`).slice(madeUpBegin.length));
    const place = String(number).padStart(Math.min(4, local.length), "0");
    let made = local;
    for (let kept = 0; kept <= local.length; kept += 1) {
      const filled = local.slice(0, kept) + "5".repeat(Math.max(0, local.length - kept - place.length)) + place;
      made = filled.length >= local.length ? filled : local;
      const dialled = { ...phone, local: made };
      if (wrongNumber(dialled) !== null) continue;
      if (!this.#policy || mayDial(this.#policy, dialled) === mayDial(this.#policy, phone)) break;
    }
    return { country, area, local: made, extension: "0".repeat(extension.length) };
  }
}
