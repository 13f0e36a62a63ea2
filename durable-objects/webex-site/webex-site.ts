import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { dayMs, within } from "../../src/foundation/time/timers.ts";
import type { MeetingAnswer, MeetingQuestion, ProvisioningState, WebexSiteRpc } from "../../src/rpc/webex-site.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import type { SiteNumber } from "../../webex-interfaces/doors/edge.ts";
import { Alarm } from "../platform/alarm.ts";
import { type DomainPorts, doubtOf, type Platform, surelyNow } from "../platform/platform.ts";
import { ProvisioningCheck } from "./provisioning-check.ts";
import { noAnswer, WebexMeetings } from "./webex-meetings.ts";
import { WebexNumbers } from "./webex-numbers.ts";
import { type Connection, settingsChanged, WebexSiteClient, type WebexSiteClientPorts } from "./webex-site-client.ts";
import { WebexSiteStore } from "./webex-site-store.ts";

interface WebexSitePorts extends Platform, WebexSiteClientPorts, Pick<DomainPorts, "deleteAll"> {}

/** How long a question waits for the site; the routes give it some seconds more. */
const answerWithinMs = 5_000;

/** What a domain knows of its WebEx site: meetings, call-in numbers, and the nightly comparison of its accounts with the domain's settings. */
export class WebexSite implements WebexSiteRpc {
  readonly #ports: WebexSitePorts;
  readonly #alarm: Alarm;
  readonly #store: WebexSiteStore;
  readonly #client: WebexSiteClient;
  readonly #meetings: WebexMeetings;
  readonly #numbers: WebexNumbers;
  readonly #check: ProvisioningCheck;

  constructor(ports: WebexSitePorts) {
    const store = new WebexSiteStore(ports.sql);
    this.#store = store;
    this.#ports = {
      ...ports,
      log: (line) => ports.log({ ...line, ...(store.domain && { domain: store.domain }) }),
    };
    this.#alarm = new Alarm(this.#ports);
    this.#client = new WebexSiteClient(this.#ports, store);
    this.#meetings = new WebexMeetings(this.#ports, store, this.#client, ({ settings }) =>
      this.#alarm.wakeBy(this.#nextWake(settings)),
    );
    this.#numbers = new WebexNumbers(this.#ports, store, this.#client);
    this.#check = new ProvisioningCheck(this.#ports, store, this.#client, this.#numbers);
  }

  async settingsRead(domain: DomainName): Promise<void> {
    const connection = this.#client.connect(domain);
    if (connection === null) {
      if (this.#store.hasTables) await this.#deleteAll();
      return;
    }
    await this.#client.noticeOtherSecret();
    // Meanwhile the settings may have come to name no site.
    if (!this.#store.hasTables) return;
    this.#check.beginByNight(connection.settings);
    await this.#alarm.ensure(this.#nextWake(connection.settings));
  }

  async meeting(question: MeetingQuestion): Promise<MeetingAnswer> {
    const { domain, confKey, attendeeId } = question;
    const connection = this.#client.connect(domain);
    if (connection === null) return noAnswer;
    const failure = await this.#lookUp(connection, question);
    // Meanwhile the settings may have come to name another site, or none.
    if (!this.#client.isCurrent(connection)) return { ...noAnswer, failure: settingsChanged.says };
    return this.#meetings.answer(connection, confKey, attendeeId, failure);
  }

  async accessCode(question: MeetingQuestion): Promise<string | null> {
    const connection = this.#client.connect(question.domain);
    if (connection === null) return null;
    await this.#lookUp(connection, question);
    return this.#client.isCurrent(connection) ? this.#meetings.accessCode(question.confKey) : null;
  }

  /** Asks the site where what is known is too old. Resolves to why nothing newer is known; `null`: it is new enough. */
  async #lookUp(connection: Connection, { confKey, sessionKey }: MeetingQuestion): Promise<string | null> {
    if (sessionKey === null || !this.#meetings.mustAsk(confKey, sessionKey, connection.settings)) return null;
    const lookUp = this.#meetings.lookUp(connection, confKey, sessionKey);
    return within(this.#ports, answerWithinMs, "the site", lookUp).catch(
      () => "the site has not answered yet; ask again",
    );
  }

  async topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>> {
    return this.#client.connect(domain) === null ? new Map() : this.#store.topics(conferences);
  }

  async numbers(domain: DomainName): Promise<readonly SiteNumber[]> {
    const connection = this.#client.connect(domain);
    const found = this.#ports.domain(domain);
    return found && connection?.settings.globalNumbers ? this.#numbers.known(found) : [];
  }

  async provisioning(domain: DomainName): Promise<ProvisioningState> {
    return this.#check.state(this.#client.connect(domain));
  }

  async beginCheck(domain: DomainName): Promise<ProvisioningState> {
    const connection = this.#client.connect(domain);
    if (connection) {
      this.#check.beginByHand();
      this.#alarm.wakeBy(this.#ports.now());
    }
    return this.#check.state(connection);
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(() => this.#wake());
  }

  async #wake(): Promise<void> {
    const connection = this.#store.domain && this.#client.connect(this.#store.domain);
    if (!connection) return this.#deleteAll();
    const { settings } = connection;
    this.#check.beginByNight(settings);
    await this.#check.continue(connection);
    if ((this.#numbers.dueAt(settings) ?? Number.POSITIVE_INFINITY) <= this.#ports.now())
      await this.#numbers.ask(connection);
    // Meanwhile the settings may have come to name no site.
    if (!this.#store.hasTables) return;
    this.#store.deleteOldMeetings(surelyNow(this.#ports) - this.#retentionMs);
    this.#alarm.wakeBy(Math.max(this.#nextWake(settings), this.#ports.now() + 100));
  }

  /** Within a day at the latest: the settings may lose the site while the edge is down, and then nothing else wakes the object. */
  #nextWake(settings: WebexSiteSettings): EpochMs {
    const oldestAt = this.#store.oldestMeetingAt();
    const deletionAt = oldestAt === null ? null : oldestAt + this.#retentionMs + doubtOf(this.#ports) + 1;
    const latest = this.#ports.now() + dayMs;
    return earliest(latest, this.#check.dueAt(settings), this.#numbers.dueAt(settings), deletionAt) ?? latest;
  }

  get #retentionMs(): number {
    const domain = this.#store.domain && this.#ports.domain(this.#store.domain);
    return (domain ? domain.settings.journalRetentionDays : 0) * dayMs;
  }

  async #deleteAll(): Promise<void> {
    this.#store.tablesDeleted();
    this.#client.disconnect();
    await this.#ports.deleteAll();
  }
}
