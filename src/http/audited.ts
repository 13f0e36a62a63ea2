import type { DomainName } from "../foundation/ids.ts";
import { cut } from "../foundation/text/cut.ts";
import type { AuditEntry, AuditedAction, AuditOutcome } from "../operators/audit.ts";
import type { SignedIn } from "./guard.ts";
import type { Problem } from "./problem.ts";

export interface AuditPorts {
  now(): number;
  /** Logs what a user asks of a domain, before anything is done: the proof if the audit cannot be stored. */
  logAction(domain: DomainName, action: AuditedAction): void;
  /** Stores the action and its outcome in the domain's audit, while the answer leaves. */
  audit(domain: DomainName, entry: AuditEntry): void;
  /** Resolves once all that was done is on disk. Absent: the platform waits. */
  mayLeave?(): Promise<void> | null;
}

interface AskedAction extends Pick<AuditedAction, "action" | "actionId" | "about" | "from"> {
  readonly domain: DomainName;
  readonly signedIn: SignedIn;
}

/** Carries out what a user asks of a domain: one log line before it, one row of the audit after it. */
export async function audited(
  edge: AuditPorts,
  { domain, signedIn, about, ...asked }: AskedAction,
  act: () => Promise<Response>,
): Promise<Response> {
  const { name: person, role } = signedIn.person;
  const action = { at: edge.now(), person, role, by: signedIn.by, ...asked, about: shortened(about) };
  edge.logAction(domain, action);
  let outcome: AuditOutcome = { status: 503, refusal: "failed for now" };
  try {
    const response = await act();
    await edge.mayLeave?.();
    outcome = await outcomeOf(response);
    return response;
  } finally {
    edge.audit(domain, { ...action, ...outcome });
  }
}

async function outcomeOf(response: Response): Promise<AuditOutcome> {
  const { status, ok, headers } = response;
  if (!ok) return { status, refusal: ((await response.clone().json()) as Problem).title };
  return headers.has(replayed) ? { status, refusal: null, repeat: true } : { status, refusal: null };
}

/** The usual name of this header. */
const replayed = "idempotent-replayed";

/** Marks the answer to a repeated action, which was not done again. */
export function asReplay(answer: Response): Response {
  answer.headers.set(replayed, "true");
  return answer;
}

/** Limits what users can have stored with one action. */
function shortened(about: AuditedAction["about"]): AuditedAction["about"] {
  return Object.fromEntries(Object.entries(about).map(([name, text]) => [name, cut(text, 256)]));
}
