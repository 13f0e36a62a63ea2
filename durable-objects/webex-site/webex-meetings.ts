import type { ConfKey } from "../../src/foundation/ids.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import type { MeetingAnswer } from "../../src/rpc/webex-site.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import {
  filledSequences,
  getSessionInfo,
  link,
  type Meeting,
  meetingOf,
  type Site,
  withoutCode,
} from "../../webex-interfaces/doors/edge.ts";
import type { Platform } from "../platform/platform.ts";
import { type Connection, sayFailure, type WebexSiteClient } from "./webex-site-client.ts";
import type { MeetingRow, WebexSiteStore } from "./webex-site-store.ts";

/** A session that the site does not show, or a user who may not see it, is asked again so soon. */
const againMs = 60_000;

/** The meetings that operators have asked about. */
export class WebexMeetings {
  readonly #ports: Pick<Platform, "now" | "log">;
  readonly #store: WebexSiteStore;
  readonly #client: WebexSiteClient;
  readonly #afterWriting: (connection: Connection) => void;
  readonly #lookUps = new Map<ConfKey, Promise<string | null>>();

  /** `afterWriting` is called after each answer and each failure that is written down. */
  constructor(
    ports: Pick<Platform, "now" | "log">,
    store: WebexSiteStore,
    client: WebexSiteClient,
    afterWriting: (connection: Connection) => void,
  ) {
    this.#ports = ports;
    this.#store = store;
    this.#client = client;
    this.#afterWriting = afterWriting;
  }

  /** Whether what is known is too old, or of another session. */
  mustAsk(confKey: ConfKey, sessionKey: string, { cacheMs }: WebexSiteSettings): boolean {
    const row = this.#store.meeting(confKey);
    if (row?.session !== sessionKey) return true;
    const age = this.#ports.now() - row.askedAt;
    return age < 0 || age >= (row.failure === null ? cacheMs : againMs);
  }

  /**
   * Asks the site about the meeting, or waits for the question that is under way. Resolves to why the site was not asked or does not work,
   * which the next question may find to be over; `null`: an answer, or why there is none to this question, is on disk. Never rejects.
   */
  lookUp(connection: Connection, confKey: ConfKey, sessionKey: string): Promise<string | null> {
    const underWay = this.#lookUps.get(confKey);
    if (underWay) return underWay;
    const lookUp = this.#lookUpNow(connection, confKey, sessionKey)
      .catch((error: unknown) => {
        this.#broke(error);
        return null;
      })
      .finally(() => this.#lookUps.delete(confKey));
    this.#lookUps.set(confKey, lookUp);
    return lookUp;
  }

  async #lookUpNow(connection: Connection, confKey: ConfKey, sessionKey: string): Promise<string | null> {
    const asked = await this.#client.ask(connection, () => getSessionInfo(connection.api, { sessionKey }));
    const now = this.#ports.now();
    // Meanwhile the settings may have come to name another site.
    if (!this.#client.isCurrent(connection)) return asked.ok ? null : asked.says;
    if (!asked.ok && (asked.why === "site" || asked.why === "not-sent")) return sayFailure(asked.says, asked.until);
    try {
      if (asked.ok) this.#store.writeMeeting(confKey, sessionKey, now, meetingOf(asked.value));
      else this.#store.writeMeetingFailure(confKey, sessionKey, now, asked.says);
    } catch (error) {
      this.#broke(error);
      const says = `the site's answer could not be kept here: ${reasonOf(error)}; the log has a line about it`;
      this.#store.writeMeetingFailure(confKey, sessionKey, now, says);
    }
    this.#afterWriting(connection);
    return null;
  }

  #broke(error: unknown): void {
    this.#ports.log({ level: "error", event: "webex-site-look-up-broke", why: reasonOf(error) });
  }

  /** Why the last question had no answer, and when the next one is sent. */
  #failureOf({ failure, askedAt }: MeetingRow): string | null {
    const againAt = askedAt + againMs;
    return failure === null || againAt <= this.#ports.now() ? failure : sayFailure(failure, againAt);
  }

  /** The participants' code, as far as it is known. */
  accessCode(confKey: ConfKey): string | null {
    return this.#store.meeting(confKey)?.known?.meeting.accessCode ?? null;
  }

  /** What is known of the meeting, without its access code; `failureNow` is why nothing newer is. */
  answer(
    { site }: Connection,
    confKey: ConfKey,
    attendeeId: string | undefined,
    failureNow: string | null,
  ): MeetingAnswer {
    const row = this.#store.meeting(confKey);
    const failure = failureNow ?? (row && this.#failureOf(row));
    if (!row?.known)
      return { ...noAnswer, failure: failure ?? "nothing is known of it: its conference is over, or has no ExtConfID" };
    const { at } = row.known;
    const meeting = withoutCode(row.known.meeting);
    const { sequences, faults } = filledSequences(meeting, confKey, attendeeId);
    return { meeting, knownAt: at, dialIn: sequences, links: linksOf(site, meeting), failure, notes: faults };
  }
}

export const noAnswer: MeetingAnswer = {
  meeting: null,
  knownAt: null,
  dialIn: [],
  links: null,
  failure: null,
  notes: [],
};

/** How an event is started by a link, no public document says; nor how a support session is joined by its key. */
function linksOf(site: Site, { sessionKey: MK, service }: Meeting): MeetingAnswer["links"] {
  if (service === "other") return { start: null, join: null };
  const isEvent = service === "EC";
  const start = isEvent ? null : link(site, "host-meeting", { MK });
  const join = isEvent ? link(site, "join-event", { MK }) : link(site, "join-meeting", { MK });
  return {
    start: start?.ok ? { url: start.value, needsLogIn: true } : null,
    join: join.ok ? { url: join.value, needsLogIn: false } : null,
  };
}
