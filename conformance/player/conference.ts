import { type UpdateAction, updateActions } from "../messages.ts";
import type { CallId } from "../telephones/telephones.ts";
import { type Element, element, type Message } from "../xml.ts";
import type { Dialling } from "./people.ts";
import { type Dial, type Fits, matches, type Stage, type Wait } from "./stage.ts";
import type { Posted, Received } from "./traffic.ts";

/** The traits that identify a participant's entry. */
export interface Person {
  /** The telephone number. */
  readonly number: string;
  /** DTMF digits as entered; empty if callers enter none. */
  readonly attendeeId: string;
  /** ExtCallID from WebEx. */
  readonly extCallId?: string;
}

/** A caller in a conference. */
export interface Caller extends Required<Person> {
  readonly call: CallId;
  readonly entered: Received;
}

/** A request that was confirmed with 0. */
export interface Asked {
  readonly message: Message;
  readonly posted: Posted;
  /** Waits for its answer. */
  answer(fits?: Fits): Promise<Received>;
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** Time for a notification that no document demands. A longer time slows down every clause that uses it. */
const MAY_NOTIFY_MS = 2_000;

/** A conference from WebEx's side. */
export class Conference {
  readonly stage: Stage;
  readonly confKey: string;
  extConfId: string;
  /** Number of the TSP server that has it. */
  server: number;
  /** True if the adapter may have it. */
  isOpen = false;
  readonly #persons: Person[] = [];

  constructor(stage: Stage, server: number) {
    this.stage = stage;
    this.server = server;
    this.confKey = `${stage.numbers.run}${String(stage.numbers.next()).padStart(4, "0")}`;
    this.extConfId = this.#newExtConfId();
  }

  /** Returns a message about this conference, with a new MsgID, its host and its ExtConfID. */
  message(name: string, attributes: Attributes = {}, children?: readonly Element[]): Message {
    const MsgID = this.stage.webex.ids(this.server).msgId();
    const common = { MsgID, WbxHostName: this.stage.webex.host(this.server), ExtConfID: this.extConfId };
    return { name, attributes: { ...common, ...attributes }, ...(children && { children }) };
  }

  createMessage(attributes: Attributes = {}): Message {
    this.isOpen = true;
    return this.message("W2A_CreateConference", { ConfKey: this.confKey, MaxNumAttendee: "100", ...attributes });
  }

  updateMessage(action: UpdateAction, attributes: Attributes = {}): Message {
    return this.message("W2A_UpdateConference", { ActionCode: String(updateActions[action]), ...attributes });
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

  /** Posts W2A_UpdateConference with this action. */
  async updates(action: UpdateAction, caller?: Pick<Caller, "extCallId">, attributes: Attributes = {}): Promise<Asked> {
    return this.posts(this.updateMessage(action, { ExtCallID: caller?.extCallId, ...attributes }));
  }

  async posts(message: Message): Promise<Asked> {
    const posted = await this.stage.posts([message], this.server);
    return { message, posted, answer: (fits) => this.stage.answer(message, fits) };
  }

  /** Posts a request that must be answered with Result 0. Returns the answer. */
  async succeeds(name: string, attributes: Attributes = {}): Promise<Received> {
    return (await this.asks(name, attributes)).answer({ Result: "0" });
  }

  /** Creates the conference, and waits for the answer and the start. */
  async create(attributes: Attributes = {}): Promise<void> {
    await this.starts(await this.posts(this.createMessage(attributes)));
  }

  /** Waits for the answer to a create, then for the start. */
  async starts({ answer }: Pick<Asked, "answer">): Promise<void> {
    await answer({ Result: "0" });
    await this.receives("A2W_NotifyConferenceChange", { Status: "0" });
  }

  /** Waits for a notification about this conference. */
  receives(name: string, fits: Fits = {}, wait?: Wait): Promise<Received> {
    return this.stage.receives(name, { ExtConfID: this.extConfId, ...fits }, wait);
  }

  /** Changes a call by `act`. Returns the notification, which no public document demands, or `null`. */
  async mayNotify(fits: Fits, act: () => Promise<void>): Promise<Received | null> {
    const after = this.stage.last;
    await act();
    return this.receives("A2W_NotifyUserChange", fits, { after, withinMs: MAY_NOTIFY_MS }).catch(() => null);
  }

  /** Returns the last A2W_NotifyUserChange of the call after message `n`. */
  lastChange(extCallId: string, n = 0): Received | undefined {
    const ids = { ExtConfID: this.extConfId, ExtCallID: extCallId };
    return this.stage.received.findLast((one) => one.n > n && one.name === "A2W_NotifyUserChange" && matches(one, ids));
  }

  /** Has a caller dial in. */
  async dialIn(attendeeId = "", how: Dialling = {}): Promise<Dial> {
    const dial = await this.stage.people.dialIn(this.confKey, attendeeId, how);
    this.#persons.push(dial);
    return dial;
  }

  /** Has a caller dial in and enter, and gives the call a name. */
  async callIn(attendeeId = String(1000 + this.stage.numbers.next()), how: Dialling = {}): Promise<Caller> {
    const dial = await this.dialIn(attendeeId, how);
    const [entered] = await this.entriesOf(dial);
    dial.entered = entered;
    const extCallId = await this.stage.nameOf(entered);
    this.#persons[this.#persons.indexOf(dial)] = { ...dial, extCallId };
    return { ...dial, entered, extCallId };
  }

  /** Has `count` callers dial in, one after the other. */
  async callInMany(count: number): Promise<readonly Caller[]> {
    const callers: Caller[] = [];
    while (callers.length < count) callers.push(await this.callIn());
    return callers;
  }

  /** Waits for the entry of each person. Unidentified entries are assigned in the order of arrival. */
  async entriesOf<const Persons extends readonly Person[]>(
    ...persons: Persons
  ): Promise<{ readonly [Index in keyof Persons]: Received }> {
    const entries: Received[] = [];
    for (const person of persons) {
      const isIt = (one: Received) =>
        one.name === "A2W_NotifyUserEnter" && one.attributes.ExtConfID === this.extConfId && this.#mayBe(one, person);
      entries.push(await this.stage.receivesOne(`A2W_NotifyUserEnter of ${shown(person)}`, isIt));
    }
    return entries as { readonly [Index in keyof Persons]: Received };
  }

  /** Waits for this person's entry. Throws `NotTestable` if the adapter's entries are unidentified. */
  async entryOf(person: Person): Promise<Received> {
    const [entered] = await this.entriesOf(person);
    if (this.#persons.length > 1 && !this.#whose(entered))
      this.stage.notTestable("the entries have no attendee ID, telephone number or name that identifies the caller");
    return entered;
  }

  /** Returns the person with the name that the new entry got. */
  async renamed<Kind extends Person>(person: Kind): Promise<Kind & { readonly extCallId: string }> {
    return { ...person, extCallId: await this.stage.nameOf(await this.entryOf(person)) };
  }

  /** True if an entry is this person's, or unidentified. */
  #mayBe(entry: Received, person: Person): boolean {
    const whose = this.#whose(entry);
    if (whose) return whose.number === person.number;
    return !entry.attributes.AttendeeID || person.attendeeId === "";
  }

  /** Identifies an entry by attendee ID, name or number. */
  #whose({ attributes }: Received): Person | undefined {
    const { AttendeeID = "", ExtCallID = "", DID = "" } = attributes;
    const digits = DID.replace(/\D/g, "");
    const others = this.#persons.filter(({ attendeeId }) => AttendeeID === "" || attendeeId === "");
    return (
      this.#persons.find(({ attendeeId }) => attendeeId !== "" && attendeeId === AttendeeID) ??
      others.find(({ extCallId }) => extCallId === ExtCallID) ??
      others.find(({ number }) => digits.length >= 7 && (number.endsWith(digits) || digits.endsWith(number)))
    );
  }

  /** Hangs up. A later call with the same attendee ID is a new person. */
  async hangsUp({ call, number }: Caller): Promise<void> {
    await this.stage.people.hangUp(call);
    const index = this.#persons.findIndex((person) => person.number === number);
    this.#persons.splice(index, 1);
  }

  /** Calls out to a telephone, which answers and enters. */
  async callOut(attributes: Attributes = {}): Promise<Caller & { readonly answered: Received }> {
    const { people } = this.stage;
    const number = await people.number("answer");
    const message = this.calloutMessage(number, attributes);
    const { ExtCallID = "" } = message.attributes;
    const person = { number: number.join(""), attendeeId: "", extCallId: ExtCallID };
    this.#persons.push(person);
    const answered = await (await this.posts(message)).answer({ Result: "0" });
    const call = await people.called(number);
    const entered = await this.receives("A2W_NotifyUserEnter", { ExtCallID });
    this.stage.inOrder(answered, entered);
    this.stage.called.push({ answered, entered });
    const extCallId = await this.stage.nameOf(entered);
    return { ...person, call, extCallId, entered, answered };
  }

  /** Has another TSP server take over, and waits for the answer and the start. */
  async failOver(server = 2, attributes: Attributes = {}): Promise<void> {
    await this.starts(await this.takeOver(server, attributes));
  }

  /** Has server 2 take over, and waits until it is notified of these persons. */
  async takenOver(...persons: readonly Person[]): Promise<void> {
    await this.failOver();
    await this.entriesOf(...persons);
  }

  /** Posts only the request of a takeover. */
  async takeOver(server = 2, attributes: Attributes = {}): Promise<Asked> {
    return this.posts(this.takeOverMessage(server, attributes));
  }

  /** Moves the conference to this server and ExtConfID, and returns the create that takes over. */
  takeOverMessage(server = 2, attributes: Attributes = {}, extConfId = this.#newExtConfId()): Message {
    this.stage.isDisturbed = true;
    this.server = server;
    this.extConfId = extConfId;
    return this.createMessage(attributes);
  }

  /** Closes the conference, without waiting for the answer. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.stage.post([this.message("W2A_CloseConference")], this.server);
  }

  #newExtConfId(): string {
    const id = `${this.stage.numbers.run}${String(this.stage.numbers.next()).padStart(3, "0")}`;
    this.stage.webex.ofConferences.set(id, this.stage);
    return id;
  }
}

function shown({ attendeeId, number, extCallId }: Person): string {
  if (extCallId !== undefined) return `ExtCallID ${extCallId}${attendeeId === "" ? "" : `, AttendeeID ${attendeeId}`}`;
  return attendeeId === "" ? `caller ${number}` : `AttendeeID ${attendeeId}`;
}
