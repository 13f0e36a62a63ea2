import { MAX_MESSAGES, rowsByName } from "../messages.ts";
import type { Handler, HttpAnswer, HttpRequest, Ports } from "../ports.ts";
import { type Element, type Message, type ReadDocument, readDocument, writeConfirmation } from "../xml.ts";
import { ReferenceBridge } from "./bridge.ts";
import { isDialable } from "./call-outs.ts";
import { ReferenceConference } from "./conference.ts";
import type { DefectName, Defects, Deviation } from "./defects.ts";
import { Outbox } from "./outbox.ts";

const OK = 0;
const INTERNAL = -1;
const NOT_XML = -2;
const WRONG = -7;
const NO_SUCH_CONFERENCE = 1;
const CLOSED = 11;
const NOT_KNOWN = -12;

/** How long an answer waits for others: of its conference, or of its document. */
const GATHER_ONE_MS = 2;
const GATHER_MS = 200;

/** What a request must have, by its name. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...rowsByName.values()].map(({ name, attributes }) => [
    name,
    attributes.flatMap((attribute) => (attribute.required && attribute.name !== "SubConfID" ? [attribute.name] : [])),
  ]),
);

/**
 * A small adapter with a bridge of its own, in memory: what the kit is tried on. Without a defect it conforms; each defect makes it wrong in
 * one way.
 */
export class ReferenceAdapter {
  readonly bridge: ReferenceBridge;
  readonly outbox: Outbox;
  readonly has: Defects;
  readonly ports: Ports;
  /** By key. */
  readonly conferences = new Map<string, ReferenceConference>();
  /** Keys of conferences that ended while no server could be told. */
  readonly closed = new Map<string, ReferenceConference>();
  readonly #seen = new Map<string, Promise<HttpAnswer>>();
  /** When each TransID first came. */
  readonly #seenAt = new Map<string, number>();
  readonly #confirmed = new Set<string>();
  readonly #unknown = new Set<string>();
  /** By MsgID, the document that it came in; empty: it was alone in it. */
  readonly #documents = new Map<string, string>();
  /** What leaves soon. */
  readonly #answers = new Map<string, { readonly messages: Message[]; readonly sent: Promise<boolean> }>();
  /** The first server of WebEx that asked for anything. */
  firstHost = "";

  constructor(ports: Ports, deviations: readonly Deviation[] = []) {
    this.ports = ports;
    this.has = (name) => deviations.includes(name);
    this.bridge = new ReferenceBridge(ports, this.has);
    this.bridge.onEvent = (key, event) => void this.conferences.get(key)?.happened(event);
    this.outbox = new Outbox(ports, this.has);
  }

  /** Serves WebEx and the telephones; the addresses that were taken. */
  async start(address: string, bridgeAddress: string): Promise<{ readonly adapter: string; readonly bridge: string }> {
    const adapter = await this.ports.listen(address, this.receive);
    const bridge = await this.ports.listen(bridgeAddress, this.bridge.control);
    return { adapter: adapter.address, bridge: bridge.address };
  }

  readonly receive: Handler = async (request) => {
    if (request.url.startsWith("/numbers")) {
      const isWanting = this.has("numbers-want-a-code") && request.url.includes("code=&");
      return { status: isWanting ? 404 : 200, body: "" };
    }
    const refusal = this.#refusesPost(request.spelling);
    if (refusal !== null) return { status: refusal, body: "" };
    const answer = await this.#receive(request);
    if (this.has("confirmations-late")) await this.ports.sleep(200);
    return answer.status === 200 && this.has("http-202") ? { ...answer, status: 202 } : answer;
  };

  /** With a defect: a status for a post that is written otherwise than most are. */
  #refusesPost(how: HttpRequest["spelling"]): number | null {
    if (how === undefined) return null;
    const { isUpperCase, place, contentType, framing, version, isWithoutHost, isPipelined, isUtf16 } = how;
    const refusals: readonly (readonly [DefectName, boolean, number])[] = [
      ["headers-by-case", isUpperCase === true, 400],
      ["one-post-a-connection", place > 0, 400],
      ["one-content-type", contentType !== undefined && !contentType.startsWith("text/xml"), 415],
      ["utf-16-not-read", isUtf16 === true, 400],
      ["chunks-not-read", framing === "chunked", 411],
      ["never-says-continue", framing === "expect", 417],
      ["gzip-not-read", framing === "gzip", 415],
      ["http-1.1-only", version === "1.0", 505],
      ["http-1.0-with-host-only", isWithoutHost === true, 400],
      ["pipeline-cut-off", isPipelined === true && place > 0, 400],
    ];
    return refusals.find(([name, isIt]) => isIt && this.has(name))?.[2] ?? null;
  }

  #receive({ method, body: text }: HttpRequest): Promise<HttpAnswer> {
    const body = this.has("doctype-dropped") ? withoutDocType(text) : text;
    if (method !== "POST") return Promise.resolve({ status: 405, body: "" });
    const document = readDocument(body);
    if (document.notWellFormed !== null && this.has("no-xml-refused-by-http"))
      return Promise.resolve({ status: 400, body: "" });
    const { transId, messages } = document;
    if (/^\d{11}$/.test(transId)) this.outbox.digitsOfWebex = transId.slice(0, 2);
    const known = this.has("repeats-known-by-text") ? body : transId;
    const seen = this.#seen.get(known);
    if (seen && this.has("repeats-not-confirmed")) return Promise.resolve({ status: 409, body: "" });
    const again = this.#isForgotten(transId, body);
    if (seen && !again) return seen;
    if (this.has("repeats-by-content") && messages.some(({ name }) => this.#isRepeat(name))) {
      return Promise.resolve({ status: 200, body: writeConfirmation(transId, OK) });
    }
    const answer = this.#confirm(body, document);
    if (transId !== "") {
      this.#seen.set(known, answer);
      this.#seenAt.set(transId, this.#seenAt.get(transId) ?? this.ports.now());
      void answer.then(() => this.#confirmed.add(transId));
    }
    return answer;
  }

  /** A repeat that is not taken for one. */
  #isForgotten(transId: string, body: string): boolean {
    const isOther = !/W2A_(?:CreateConference|Callout)/.test(body);
    return (
      this.has("repeats-carried-out") ||
      (this.has("callouts-repeated") && body.includes("W2A_Callout")) ||
      (this.has("other-repeats-carried-out") && isOther) ||
      (this.has("repeats-in-flight-carried-out") && !this.#confirmed.has(transId)) ||
      (this.has("repeats-soon-forgotten") && this.ports.now() - (this.#seenAt.get(transId) ?? 0) > 10_000)
    );
  }

  /** Whether the last message of another name than those that the table knows was this one, too. */
  #isRepeat(name: string): boolean {
    const isRepeat = !rowsByName.has(name) && this.#unknown.has(name);
    this.#unknown.add(name);
    return isRepeat;
  }

  async #confirm(body: string, document: ReadDocument): Promise<HttpAnswer> {
    const { transId, messages } = document;
    if (body.startsWith("<!DOCTYPE") && this.has("doctype-refused-without-trans-id"))
      return { status: 200, body: writeConfirmation("", NOT_XML) };
    if (this.has("repeats-in-flight-carried-out")) await this.ports.sleep(5);
    const result = this.#check(body, document);
    const named = this.has("first-name-of-a-document-only") ? withOneName(messages) : messages;
    const known = this.has("one-takeover-of-a-document") ? this.#withOneTakeover(named) : named;
    const executed = result === OK || this.has("refused-document-carried-out") ? known : [];
    const meant =
      this.has("nothing-beside-unknown") && messages.some(this.#isUnknown)
        ? messages.filter(this.#isUnknown)
        : executed;
    for (const { attributes } of messages)
      if (attributes.MsgID) this.#documents.set(attributes.MsgID, messages.length > 1 ? transId : "");
    const work = Promise.all(
      this.has("only-first-message")
        ? meant.slice(0, 1).map(this.#carryOut(transId))
        : meant.map(this.#carryOut(transId)),
    );
    const isCreate = messages.some(({ name }) => name === "W2A_CreateConference");
    if (this.has(isCreate ? "create-confirmed-when-created" : "confirms-after-the-work")) await work;
    const isSub = messages.some(({ name }) => name === "W2A_CreateSubConference");
    if (isSub && this.has("sub-confirmed-when-created")) await work;
    return { status: 200, body: this.#confirmation(transId, result, messages) };
  }

  /** But for all takeovers behind the first one. */
  #withOneTakeover(messages: readonly Element[]): readonly Element[] {
    const isTakeover = ({ attributes: { ConfKey = "" } }: Element) => this.conferences.has(ConfKey);
    const first = messages.find(isTakeover);
    return messages.filter((message) => message === first || !isTakeover(message));
  }

  /** With a defect: there is too much to tell a new server. */
  #isTooBig({ attributes: { ConfKey = "" } }: Element): boolean {
    const { subs, legs } = this.conferences.get(ConfKey) ?? {};
    const called = [...(legs?.values() ?? [])].filter(({ sub }) => sub !== null);
    return (
      ((subs?.size ?? 0) > 50 && this.has("takeover-with-many-rooms-refused")) ||
      (called.length > 50 && this.has("takeover-with-many-calls-refused"))
    );
  }

  #confirmation(transId: string, result: number, messages: readonly Element[]): string {
    const text = writeConfirmation(this.has("confirms-another-trans-id") ? `${transId}0` : transId, result);
    if (this.has("confirmation-without-result")) return text.replace(/ Result="[^"]*"/, "");
    if (this.has("named-as-response")) return text.replace("WTSPDOM", "WTSPDOM Response");
    const create = messages.find(({ name }) => name === "W2A_CreateConference");
    if (create && this.has("result-in-the-http-answer")) {
      const answer = `<A2W_RspCreateConference MsgID="${create.attributes.MsgID}" Result="0"/>`;
      return text.replace("</WbxTSPSchema>", `${answer}</WbxTSPSchema>`);
    }
    return text;
  }

  /** Answers to one document that are ready together travel together. */
  async answer(conference: string, host: string, message: Message): Promise<boolean> {
    const document = this.#documents.get(message.attributes.MsgID ?? "") ?? "";
    const by = [
      ...[document, host],
      ...(document === "" || this.has("answers-by-conference") ? [conference] : []),
      ...(this.has("answers-by-kind") ? [message.name] : []),
    ].join(" ");
    const others = this.#answers.get(by);
    if (others && !this.has("answers-by-themselves")) {
      others.messages.push(message);
      return others.sent;
    }
    const messages = [message];
    const sent = this.ports.sleep(document === "" ? GATHER_ONE_MS : GATHER_MS).then(() => {
      this.#answers.delete(by);
      return this.outbox.send(conference, host, messages);
    });
    this.#answers.set(by, { messages, sent });
    return sent;
  }

  #check(body: string, { messages, notWellFormed, transId }: ReadDocument): number {
    const isLost =
      (body.includes('";>') && this.has("semicolon-confirmed")) ||
      (body.includes("\u201C") && this.has("typographic-quotes-confirmed"));
    if (isLost) return OK;
    if (notWellFormed !== null) return this.has("broken-xml-confirmed") ? OK : NOT_XML;
    if (/<W2A_\w+\n/.test(body) && this.has("line-break-behind-a-name-refused")) return NOT_XML;
    if (/<W2A_UpdateConference[^>]*\n/.test(body) && this.has("line-breaks-in-updates-refused")) return NOT_XML;
    if (body.includes("> <") && this.has("blanks-between-elements-refused")) return NOT_XML;
    if (body.includes("WTSPDOM Response") && this.has("requests-named-as-response-refused")) return NOT_XML;
    if (/<W2A_\w+>\s*MsgID=/.test(body) && this.has("text-for-attributes-confirmed")) return OK;
    if (/<!DOCTYPE[^>]*\[/.test(body)) return NOT_XML;
    if (!body.includes("<WbxTSPSchema") && !this.has("other-root-confirmed")) return NOT_XML;
    if (transId === "" && !this.has("no-trans-id-confirmed")) return NOT_XML;
    if (this.has("blanks-refused") && / =|\s>/.test(body)) return NOT_XML;
    if (this.has("declaration-refused") && body.startsWith("<?xml")) return NOT_XML;
    if (this.has("line-breaks-refused") && body.includes("\n")) return NOT_XML;
    const most = this.has("forty-messages-at-most") ? 40 : MAX_MESSAGES;
    if (messages.length === 0 || messages.length > most) return -10;
    if (messages.some((message) => this.#isTooBig(message))) return INTERNAL;
    const verdicts = messages.map((message) => this.#checkMessage(message));
    if (this.has("one-wrong-message-confirmed") && verdicts.includes(OK)) return OK;
    if (this.has("unknown-message-excuses") && messages.some(this.#isUnknown)) return OK;
    if (this.has("judged-by-the-last-message")) return verdicts.at(-1) ?? OK;
    return verdicts.find((verdict) => verdict !== OK) ?? OK;
  }

  #checkMessage({ name, attributes, children }: Element): number {
    const required = this.#isUnknown({ name }) ? undefined : REQUIRED[name];
    if (!required) return this.has("unknown-message-refused") ? NOT_KNOWN : OK;
    const unasked = Object.keys(attributes).filter(
      (key) => !rowsByName.get(name)?.attributes.some((one) => one.name === key),
    );
    const refuses: DefectName =
      name === "W2A_Callout" ? "unknown-attributes-of-call-out-refused" : "unknown-attributes-refused";
    if (unasked.length > 0 && this.has(refuses)) return WRONG;
    const isOther = !["W2A_Callout", "W2A_CreateConference"].includes(name);
    if (unasked.length > 0 && isOther && this.has("unknown-attributes-of-others-refused")) return WRONG;
    if (attributes.HybridSDKEnabled && this.has("hybrid-refused")) return WRONG;
    if (name === "W2A_Callout" && !attributes.ParticipantType && this.has("participant-type-demanded")) return WRONG;
    const forgiven: readonly (readonly [DefectName, string, string])[] = [
      ["create-without-key-confirmed", "W2A_CreateConference", "ConfKey"],
      ["no-msg-id-confirmed", name, "MsgID"],
      ["create-without-ext-conf-id-confirmed", "W2A_CreateConference", "ExtConfID"],
      ["update-without-action-confirmed", "W2A_UpdateConference", "ActionCode"],
      ["call-out-without-ids-confirmed", "W2A_Callout", "ExtConfID"],
      ["call-out-without-ids-confirmed", "W2A_Callout", "ExtCallID"],
      ["update-without-ext-conf-id-confirmed", "W2A_UpdateConference", "ExtConfID"],
      ["no-msg-id-of-others-confirmed", name === "W2A_CreateConference" ? "" : name, "MsgID"],
      ["create-without-host-confirmed", "W2A_CreateConference", "WbxHostName"],
      ["close-without-ext-conf-id-confirmed", "W2A_CloseConference", "ExtConfID"],
      ["add-without-call-confirmed", "W2A_AddToSubConference", "ExtCallID"],
    ];
    const isForgiven = (key: string) =>
      forgiven.some(([defect, of, which]) => of === name && which === key && this.has(defect));
    if (
      required.some((key) => !attributes[key] && !isForgiven(key) && !(key === "WbxHostName" && !attributes.ExtConfID))
    )
      return WRONG;
    const numbers = children.filter((child) => child.name === "PhoneNum");
    const areas = numbers.flatMap((number) => number.children.filter((child) => child.name === "AreaCode"));
    if (areas.some(({ text }) => text === "") && this.has("area-code-demanded")) return WRONG;
    const digits = numbers.flatMap((number) => number.children.map(({ text }) => text)).join("");
    const isAlone = children.every((child) => child.name === "PhoneNum");
    if (!isAlone && this.has("other-elements-in-a-call-out-refused")) return WRONG;
    if (!isDialable(digits) && this.has("letters-refuse-a-document")) return WRONG;
    if (name === "W2A_Callout" && numbers.length !== 1 && !this.has("call-out-without-number-confirmed")) return WRONG;
    return OK;
  }

  readonly #isUnknown = ({ name }: Pick<Element, "name">): boolean => {
    const isKnown = this.has("only-documented-messages")
      ? rowsByName.get(name)?.standing === "documented"
      : rowsByName.has(name);
    return !isKnown || !name.startsWith("W2A_");
  };

  /** Resolves when the work is done. */
  #carryOut(transId: string): (message: Element) => Promise<void> {
    return async (message) => {
      const { name, attributes } = message;
      if (this.has("works-later")) await this.ports.sleep(150);
      if (name === "W2A_CreateConference") return this.#create(message, transId);
      const conference = [...this.conferences.values()].find(
        (one) => one.isCalled(attributes.ExtConfID) || this.#actsLate(message, one),
      );
      if (name === "W2A_RspNotifyUserEnter") {
        for (const one of this.conferences.values()) one.named(attributes.MsgID ?? "", attributes.ExtCallID ?? "");
        return conference?.owed.catchUp();
      }
      if (this.#isUnknown(message)) {
        if (this.has("unknown-message-ignored")) return;
        if (!conference && this.has("unknown-of-no-conference-ignored")) return;
        const code = this.has("unknown-message-other-code") ? "-11" : String(NOT_KNOWN);
        const ErrMsg = this.has("other-text-for-unknown") ? "error" : "unknown msg received";
        const error = {
          MsgID: attributes.MsgID,
          Result: code,
          ...(!this.has("code-without-text") && { ErrMsg }),
        };
        const host = this.has("unknown-answered-to-the-conference") ? undefined : attributes.WbxHostName;
        const to = host ?? conference?.host ?? attributes.WbxHostName ?? "";
        await this.answer(attributes.ExtConfID ?? "", to, { name: "A2W_RspMessageError", attributes: error });
        return;
      }
      const isIgnored = conference?.wasTakenOver && this.has("new-server-not-known");
      if (conference && !isIgnored) {
        const isPending = !this.bridge.conferences.has(conference.key);
        if (isPending && this.has("lost-while-creating")) return;
        conference.heardFrom(attributes.WbxHostName);
        const isThere = !isPending || this.has("keep-alive-while-creating-ends") || (await conference.created);
        if (isThere && isPending && this.has("twice-while-creating")) void conference.asked(message);
        if (isThere) return conference.asked(message);
      }
      return this.#answerForNobody(message);
    };
  }

  /** A request under an ExtConfID that no conference has, or has any more: what is closed needs no close. */
  async #answerForNobody({ name, attributes: { MsgID, WbxHostName, ExtConfID = "" } }: Element): Promise<void> {
    const isClose = name === "W2A_CloseConference";
    const guessed = this.has("only-documented-messages") ? undefined : name.replace("W2A_", "A2W_Rsp");
    const answer = rowsByName.get(name)?.answer ?? guessed;
    const isLate = [...this.conferences.values()].some(({ formerIds }) => formerIds.has(ExtConfID));
    if (!answer || !rowsByName.has(answer) || !WbxHostName) return;
    if (isLate && this.has(isClose ? "late-close-not-answered" : "late-requests-not-answered")) return;
    const attributes = { MsgID, Result: String(isClose ? OK : NO_SUCH_CONFERENCE) };
    await this.answer("", WbxHostName, { name: answer, attributes });
  }

  /** With a defect: a replaced server still acts. */
  #actsLate({ name, attributes: { ExtConfID = "", KeepAlive, ActionCode = "" } }: Element, one: ReferenceConference) {
    const isSpeaker = ["8", "9"].includes(ActionCode);
    const defectOf: Readonly<Record<string, DefectName>> = {
      W2A_CloseConference: KeepAlive ? "late-keep-alive-carried-out" : "late-close-carried-out",
      W2A_Callout: "late-call-out-carried-out",
      W2A_UpdateConference: isSpeaker ? "late-speakers-carried-out" : "late-lock-carried-out",
      W2A_UpdateUser: "late-mute-carried-out",
      W2A_DropUser: "late-mute-carried-out",
    };
    const defect = defectOf[name] ?? (name.includes("SubConference") ? "late-rooms-carried-out" : undefined);
    return defect !== undefined && one.formerIds.has(ExtConfID) && this.has(defect);
  }

  async #create({ attributes }: Element, transId: string): Promise<void> {
    const { ConfKey = "", ExtConfID = "", WbxHostName = "", MsgID = "", AnonymousID = "" } = attributes;
    if (this.closed.has(ConfKey) && !this.has("closed-created-anew")) {
      this.closed.get(ConfKey)?.owed.clear();
      this.closed.delete(ConfKey);
      const answer = { name: "A2W_RspCreateConference", attributes: { MsgID, Result: String(CLOSED) } };
      await this.outbox.send(ConfKey, WbxHostName, [answer]);
      if (this.has("ended-beside-code-11")) {
        const ended = { MsgID: this.outbox.msgId(""), ExtConfID, Status: "3" };
        await this.outbox.send(ConfKey, WbxHostName, [{ name: "A2W_NotifyConferenceChange", attributes: ended }]);
      }
      return;
    }
    if (this.firstHost === "") this.firstHost = WbxHostName;
    const running = this.conferences.get(ConfKey);
    if (this.has("slow-but-in-time")) await this.ports.sleep(12_000);
    if (this.has("twenty-conferences-at-most") && !running && this.conferences.size >= 20) {
      const refusal = { name: "A2W_RspCreateConference", attributes: { MsgID, Result: "4" } };
      return void (await this.outbox.send(ConfKey, WbxHostName, [refusal]));
    }
    if (running?.wasTakenOver && running.extConfId !== ExtConfID && this.has("second-failover-refused")) {
      const refusal = { name: "A2W_RspCreateConference", attributes: { MsgID, Result: "2" } };
      return void (await this.outbox.send(ConfKey, WbxHostName, [refusal]));
    }
    if (running) return running.takenOver(ExtConfID, WbxHostName, MsgID, AnonymousID);
    const conference = new ReferenceConference(this, ConfKey, ExtConfID, WbxHostName, AnonymousID);
    this.conferences.set(ConfKey, conference);
    await conference.create(attributes, transId);
  }
}

/** As a forgiving reader has it: entities are their names. */
function withoutDocType(text: string): string {
  const [type = ""] = /^<!DOCTYPE[^[>]*(?:\[[^\]]*\])?>/.exec(text) ?? [];
  return type === "" ? text : text.slice(type.length).replace(/&(\w+);/g, "$1");
}

/** But for all names that WebEx gives behind the first one. */
function withOneName(messages: readonly Element[]): readonly Element[] {
  const isName = ({ name }: Element) => name === "W2A_RspNotifyUserEnter";
  const first = messages.find(isName);
  return messages.filter((message) => message === first || !isName(message));
}
