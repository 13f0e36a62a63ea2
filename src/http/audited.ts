import type { DomainName } from "../foundation/ids.ts";
import { cut } from "../foundation/text/cut.ts";
import { type AuditEntry, unknownOutcome } from "../operators/audit.ts";
import type { SignedIn } from "./guard.ts";

/** Where it is written down what people ask. */
export interface AuditPorts {
  now(): number;
  /** Writes down that a person asks this of a domain, before it is done; `false`, after two seconds: it could not. */
  auditAsked(domain: DomainName, entry: AuditEntry): Promise<boolean>;
  /** Writes down what has become of it, in the place of that. The answer does not wait for it. */
  audit(domain: DomainName, entry: AuditEntry): void;
}

/** What a person asks of a domain. */
export interface Asked {
  readonly domain: DomainName;
  readonly signedIn: SignedIn;
  /** The operation's name in the API. */
  readonly action: string;
  readonly actionId: string;
  /** All that is asked, such as which caller it is about. */
  readonly about: Readonly<Record<string, string>>;
  readonly from: string;
}

/** In place of a secret that somebody may read. */
export const notWrittenDown =
  "A secret is shown only once the audit has who reads it, and the audit does not answer. Try it again.";

/** The answer, and of a refusal its title. */
export interface Became {
  readonly response: Response;
  readonly refusal: string | null;
}

/**
 * Carries out what a person asks, and writes down what became of it, also where that failed. That it was asked is on
 * disk before, unless the directory is away: staff can act also then. `act` hears whether it is.
 */
export async function audited(
  edge: AuditPorts,
  asked: Asked,
  act: (isWrittenDown: boolean) => Promise<Became>,
): Promise<Response> {
  const { domain, signedIn, action, actionId, from } = asked;
  const { name: person, role } = signedIn.person;
  const at = edge.now();
  const about = shortened(asked.about);
  const entryOf = (outcome: Pick<AuditEntry, "status" | "refusal">): AuditEntry => {
    return { at, person, role, by: signedIn.by, action, about, actionId, ...outcome, from };
  };
  const isWrittenDown = await edge.auditAsked(domain, entryOf(unknownOutcome));
  try {
    const { response, refusal } = await act(isWrittenDown);
    edge.audit(domain, entryOf({ status: response.status, refusal }));
    return response;
  } catch (error) {
    edge.audit(domain, entryOf(unknownOutcome));
    throw error;
  }
}

/** What people send is kept for long, so it is not kept at any length. */
function shortened(about: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(about).map(([name, text]) => [name, cut(text, 256)]));
}
