import type { Difference, FilledSequence, Meeting, SiteNumber } from "../../webex-interfaces/doors/edge.ts";
import type { ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import type { ConferenceIdentity } from "./conference.ts";

/** A conference at its domain's WebEx site. */
export interface MeetingQuestion extends ConferenceIdentity {
  /** By which the site knows it; `null`: that is not known, and only what is cached is shown. */
  readonly sessionKey: string | null;
  readonly attendeeId?: string | undefined;
}

export interface MeetingAnswer {
  /** As the site last said, also where a later look-up failed, without its access code; `null`: it never did. */
  readonly meeting: Meeting | null;
  /** When the site said so, in milliseconds since 1970. */
  readonly knownAt: EpochMs | null;
  /** As telephones key them. */
  readonly dialIn: readonly FilledSequence[];
  /** For people's browsers; the host's asks for a log-in at the site, and works for the host alone. */
  readonly links: { readonly start: MeetingLink | null; readonly join: MeetingLink | null } | null;
  /** Why the site did not answer the last look-up, and what to do; `null`: it did. */
  readonly failure: string | null;
  /** What is odd about the answer. */
  readonly notes: readonly string[];
}

export interface MeetingLink {
  readonly url: string;
  readonly needsLogIn: boolean;
}

/** What the last finished provisioning check found. */
export interface ProvisioningResult {
  readonly begunAt: EpochMs;
  readonly endedAt: EpochMs;
  /** Users of the site that were looked at. */
  readonly users: number;
  readonly differences: readonly Difference[];
  /** Further ones that are only counted. */
  readonly more: number;
  /** What could not be compared, and why. */
  readonly notCompared: readonly string[];
}

export interface RunningCheck {
  readonly begunAt: EpochMs;
  /** Users of the site that were looked at so far, of so many, where that is known. */
  readonly users: number;
  readonly of: number | null;
  /** Why the site keeps it from going on, and when it is asked again by itself; `null`: it goes on. */
  readonly waits: { readonly says: string; readonly until: EpochMs } | null;
}

export interface ProvisioningState {
  /** The last check that came to its end, also where a later one failed; `null`: none did. */
  readonly last: ProvisioningResult | null;
  readonly running: RunningCheck | null;
  /** Why the latest check came to no end, and what to do; `null`: it did, or none began. */
  readonly failure: { readonly at: EpochMs; readonly says: string } | null;
  /** When the next one begins by itself; `null`: the settings want none. */
  readonly nextAt: EpochMs | null;
}

/**
 * What a domain knows of its WebEx site. Nothing on the way of a call asks it. Where the domain has no site, nothing is written.
 */
export interface WebexSiteRpc {
  /** The settings were read, perhaps anew: sees to it that the object wakes for what it does by itself. Asks the site nothing. */
  settingsRead(domain: DomainName): Promise<void>;
  /** Asks the site where what is cached is too old, and waits some seconds for that; what comes later is there for the next question. */
  meeting(question: MeetingQuestion): Promise<MeetingAnswer>;
  /** The participants' access code, for one person who may read it; waits as `meeting` does. `null`: none is known. */
  accessCode(question: MeetingQuestion): Promise<string | null>;
  /** The topics that are cached; asks the site nothing. */
  topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>>;
  /** The call-in numbers that are cached; asks the site nothing. */
  numbers(domain: DomainName): Promise<readonly SiteNumber[]>;
  provisioning(domain: DomainName): Promise<ProvisioningState>;
  /** Begins a provisioning check now, unless one runs. */
  beginCheck(domain: DomainName): Promise<ProvisioningState>;
}
