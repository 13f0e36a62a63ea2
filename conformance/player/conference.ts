import type { CallId } from "../telephones/telephones.ts";
import { type Element, element, type Message } from "../xml.ts";
import type { Fits, Stage } from "./stage.ts";
import type { Posted, Received } from "./traffic.ts";

/** Somebody in a conference. */
export interface Caller {
  readonly call: CallId;
  readonly extCallId: string;
  readonly entered: Received;
}

/** A request that was confirmed with 0. */
export interface Asked {
  readonly msgId: string;
  readonly posted: Posted;
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** A conference, as WebEx knows it. */
export class Conference {
  readonly stage: Stage;
  readonly confKey: string;
  extConfId: string;
  /** The TSP server that has it. */
  server: number;
  /** The adapter may have it. */
  isOpen = false;

  constructor(stage: Stage, server: number) {
    this.stage = stage;
    this.server = server;
    this.confKey = `${stage.numbers.run}${String(stage.numbers.next()).padStart(4, "0")}`;
    this.extConfId = this.#newExtConfId();
  }

  /** A message about this conference, with an id, its host and this ExtConfID. */
  message(name: string, attributes: Attributes = {}, children?: readonly Element[]): Message {
    const MsgID = this.stage.webex.ids(this.server).msgId();
    const common = { MsgID, WbxHostName: this.stage.webex.host(this.server), ExtConfID: this.extConfId };
    return { name, attributes: { ...common, ...attributes }, ...(children && { children }) };
  }

  createMessage(attributes: Attributes = {}): Message {
    this.isOpen = true;
    return this.message("W2A_CreateConference", { ConfKey: this.confKey, MaxNumAttendee: "100", ...attributes });
  }

  calloutMessage(number: readonly [string, string, string], attributes: Attributes = {}, extension = ""): Message {
    const [country, area, local] = number;
    const phone = element("PhoneNum", "", [
      element("CountryCode", country),
      element("AreaCode", area),
      element("LocalNumber", local),
      ...(extension === "" ? [] : [element("Extension", extension)]),
    ]);
    const ExtCallID = attributes.ExtCallID ?? String(50_000 + this.stage.numbers.next());
    const usual = { ExtCallID, Privilege: "0", MaxWaitingTime: "30", ParticipantType: "2", JoinMode: "1" };
    return this.message("W2A_Callout", { ...usual, ...attributes }, [phone]);
  }

  /** Posts a request that must be confirmed with 0. */
  async asks(name: string, attributes: Attributes = {}): Promise<Asked> {
    return this.posts(this.message(name, attributes));
  }

  async posts(message: Message): Promise<Asked> {
    const posted = await this.stage.posts([message], this.server);
    return { msgId: message.attributes.MsgID ?? "", posted };
  }

  /** Creates it: the answer, then its start. */
  async create(attributes: Attributes = {}): Promise<void> {
    const { msgId } = await this.posts(this.createMessage(attributes));
    await this.stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" });
    await this.receives("A2W_NotifyConferenceChange", { Status: "0" });
  }

  /** A notification about this conference. */
  receives(name: string, fits: Fits = {}, withinMs?: number): Promise<Received> {
    return this.stage.receives(name, { ExtConfID: this.extConfId, ...fits }, withinMs);
  }

  /** Somebody dials in, enters, and gets a name from WebEx. */
  async callIn(attendeeId = String(1000 + this.stage.numbers.next())): Promise<Caller> {
    this.stage.people.need("dial in");
    const call = await this.stage.people.dialIn(this.confKey, attendeeId);
    const wanted: Fits = attendeeId === "" ? {} : { AttendeeID: attendeeId };
    const entered = await this.receives("A2W_NotifyUserEnter", wanted);
    return { call, entered, extCallId: await this.stage.nameOf(entered) };
  }

  /** WebEx calls somebody out, who answers and enters. */
  async callOut(attributes: Attributes = {}): Promise<Caller & { readonly answered: Received }> {
    const { people } = this.stage;
    people.need("answer calls");
    const number = await people.number("answer");
    const message = this.calloutMessage(number, attributes);
    const { msgId } = await this.posts(message);
    const answered = await this.stage.receives("A2W_RspCallout", { MsgID: msgId, Result: "0" });
    const call = await people.called(number);
    const extCallId = message.attributes.ExtCallID ?? "";
    const entered = await this.receives("A2W_NotifyUserEnter", { ExtCallID: extCallId });
    this.stage.inOrder(answered, entered);
    return { call, extCallId: await this.stage.nameOf(entered), entered, answered };
  }

  /** Another TSP server takes over; the answer, and the start. */
  async failOver(server = 2, attributes: Attributes = {}): Promise<void> {
    const { msgId } = await this.takeOver(server, attributes);
    await this.stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" });
    await this.receives("A2W_NotifyConferenceChange", { Status: "0" });
  }

  /** Only the request of it. */
  async takeOver(server = 2, attributes: Attributes = {}): Promise<Asked> {
    this.server = server;
    this.extConfId = this.#newExtConfId();
    return this.posts(this.createMessage(attributes));
  }

  /** WebEx ends it, and does not wait. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.stage.post([this.message("W2A_CloseConference")], this.server);
  }

  #newExtConfId(): string {
    const id = `${this.stage.numbers.run}${String(this.stage.numbers.next()).padStart(3, "0")}`;
    this.stage.webex.own(id, this.stage);
    return id;
  }
}
