import type { DomainName } from "../foundation/ids.ts";
import { cut } from "../foundation/text/cut.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { type Timers, wait, within } from "../foundation/time/timers.ts";
import { type AuditEntry, unknownOutcome, wasDone } from "../operators/audit.ts";
import type { DirectoryRpc } from "../rpc/directory.ts";
import type { SessionsRpc } from "../rpc/sessions.ts";
import type { SignedIn } from "./guard.ts";
import { problem } from "./problem.ts";

export interface AuditPorts {
  now(): number;
  /** Writes down that a person asks this of a domain, before it is done; `false`, after two seconds: it could not. */
  auditAsked(domain: DomainName, entry: AuditEntry): Promise<boolean>;
  /**
   * Writes it down where the audit has it from once it answers; `false`, after two seconds: it could not, and the
   * log has it.
   */
  auditOwed(domain: DomainName, entry: AuditEntry): Promise<boolean>;
  /** Writes down what has become of it, in the place of that, unawaited. `isOwed`: so was that it is asked. */
  audit(domain: DomainName, entry: AuditEntry, isOwed?: boolean): void;
  /** The same for what is refused before anything is asked of an object: nothing of it was written down before. */
  auditRefused(domain: DomainName, entry: AuditEntry): void;
  /**
   * Taken before something is done; what it returns is called behind that, and rejects where it is lost.
   * Absent: the platform waits.
   */
  gate?(): () => Promise<void>;
}

interface AskedRequest {
  readonly domain: DomainName;
  readonly signedIn: SignedIn;
  readonly action: string;
  readonly actionId: string;
  /** All that is asked, such as which caller it is about. */
  readonly about: Readonly<Record<string, string>>;
  readonly from: string;
}

/** Keeps in the audit what a person has asked and may not, or cannot ask so. */
export function auditRefusal(edge: AuditPorts, asked: AskedRequest, { response, refusal }: Became): Response {
  edge.auditRefused(asked.domain, entryOf(asked, edge.now(), { status: response.status, refusal }));
  return response;
}

type Outcome = Pick<AuditEntry, "status" | "refusal" | "repeat">;

function entryOf(asked: AskedRequest, at: number, outcome: Outcome): AuditEntry {
  const { signedIn, action, actionId, from } = asked;
  const { name: person, role } = signedIn.person;
  return { at, person, role, by: signedIn.by, action, about: shortened(asked.about), actionId, ...outcome, from };
}

const mayBeDone = "Conferences can be ended, and bridges drained and handed over, all the same: the log has it.";

/** In place of what nobody may do unseen. */
function notWrittenDown(): Became {
  const why = "Nothing is done, and no secret shown, before the audit has who asks it, and the audit does not answer";
  const where = "/readyz and the log of the edge say where it is the database";
  const refusal = "not written down";
  return { response: problem(503, refusal, `${why} (${where}). ${mayBeDone} Try it again.`), refusal };
}

interface Became {
  readonly response: Response;
  readonly refusal: string | null;
}

/**
 * Carries out what a person asks, and keeps in the audit that it was asked (before) and what became of it.
 * `isUrgent`: also where the audit does not answer, which is then owed both.
 */
export async function audited(
  edge: AuditPorts,
  asked: AskedRequest,
  isUrgent: boolean,
  act: () => Promise<Became>,
): Promise<Response> {
  const { domain } = asked;
  const at = edge.now();
  const onDisk = edge.gate?.();
  const before = entryOf(asked, at, unknownOutcome);
  const isWrittenDown = await edge.auditAsked(domain, before);
  const isOwed = !isWrittenDown && isUrgent && (await edge.auditOwed(domain, before));
  try {
    const { response, refusal } = isWrittenDown || isUrgent ? await act() : notWrittenDown();
    await onDisk?.();
    const outcome = {
      status: response.status,
      refusal,
      ...(response.headers.has(replayed) && { repeat: true as const }),
    };
    edge.audit(domain, entryOf(asked, at, outcome), isOwed);
    return response;
  } catch (error) {
    edge.audit(domain, before, isOwed);
    throw error;
  }
}

/** As other services name it. */
const replayed = "idempotent-replayed";

/** The answer to an action that was done before: nothing was done for it. */
export function asReplay(answer: Response): Response {
  answer.headers.set(replayed, "true");
  return answer;
}

/** What people send is kept for long, so it is not kept at any length. */
function shortened(about: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(about).map(([name, text]) => [name, cut(text, 256)]));
}

interface OwedPorts extends Timers {
  sessions(): Pick<SessionsRpc, "oweAudit">;
}

interface KeptPorts extends OwedPorts {
  log(event: "audit-not-kept", facts: LogFacts, level: "error"): void;
  directory(domain: DomainName): Pick<DirectoryRpc, "keepAudit">;
}

/** The platform gives work behind an answer 30 s. */
const PAUSES_MS = [0, 1_000, 5_000];
const ANSWER_WITHIN_MS = 7_000;
/** Somebody waits for it. */
const ASKED_WITHIN_MS = 2_000;

/** Has the domain's directory keep that something is asked; `false`: it did not within 2 s. */
export async function keepAsked(
  ports: Pick<KeptPorts, "after" | "directory">,
  domain: DomainName,
  entry: AuditEntry,
): Promise<boolean> {
  try {
    await within(ports, ASKED_WITHIN_MS, "the directory", ports.directory(domain).keepAudit(domain, entry));
    return true;
  } catch {
    // Told again with its outcome, whose failures are logged.
    return false;
  }
}

/** Has the sessions' object keep what the audit lacks, until that answers; `false`: it did not within 2 s. */
async function oweAudit(ports: OwedPorts, domain: DomainName, entry: AuditEntry): Promise<boolean> {
  const owed = within(ports, ASKED_WITHIN_MS, "the sessions", ports.sessions().oweAudit(domain, entry));
  return owed.catch(() => false);
}

/** The same before it is done: what cannot be owed, the log alone has, should the edge end meanwhile. */
export async function oweAsked(
  ports: OwedPorts & { show(domain: DomainName, entry: AuditEntry): void },
  domain: DomainName,
  entry: AuditEntry,
): Promise<boolean> {
  const isOwed = await oweAudit(ports, domain, entry);
  if (!isOwed) ports.show(domain, entry);
  return isOwed;
}

/**
 * Has the domain's directory keep what a person has asked. Where that fails, it is owed if it was done, else asked
 * again. The log has it in any case.
 */
export async function keepAudit(
  ports: KeptPorts,
  domain: DomainName,
  entry: AuditEntry,
  isOwed = false,
): Promise<void> {
  const { person, action, actionId } = entry;
  const about = { domain, person, action, actionId };
  const note = "it is made good as soon as the directory answers";
  // In the place of what is owed, and not past it.
  if (isOwed && (await oweAudit(ports, domain, entry))) return ports.log("audit-not-kept", { ...about, note }, "error");
  let failure: unknown;
  for (const pauseMs of PAUSES_MS) {
    if (pauseMs > 0) await wait(ports, pauseMs);
    try {
      // Each time anew: the stub of an object that has ended stays broken.
      const kept = ports.directory(domain).keepAudit(domain, entry);
      return await within(ports, ANSWER_WITHIN_MS, "the directory", kept);
    } catch (error) {
      failure = error;
    }
    if (wasDone(entry) && (await oweAudit(ports, domain, entry)))
      return ports.log("audit-not-kept", { ...about, error: String(failure), note }, "error");
  }
  ports.log("audit-not-kept", { ...about, error: String(failure) }, "error");
}
