import { err, ok, type Result } from "../../doors/foundation.ts";
import { entryFor } from "./arguments.ts";
import { type ArgumentsOf, type Command, type CommandName, commands } from "./commands.ts";
import { type FormPage, formPage, formPost, link, type RequestError } from "./request.ts";
import { type BackResult, type ResultError, readResult } from "./result.ts";
import type { Site } from "./site.ts";

/** Where the user's browser goes next. */
export type Visit = { readonly via: "link"; readonly url: string } | { readonly via: "form"; readonly page: FormPage };

/** A command on the way from log-in to log-out. */
export type Step = {
  [Name in CommandName]: {
    readonly command: Name;
    /** Without what `from` and the flow itself fill in: BU and CSRF. */
    readonly arguments: Partial<ArgumentsOf<Name>>;
    /** Arguments that an earlier step's back URL brings, by the names there: `{ MK: "MK" }`. */
    readonly from?: Readonly<Record<string, string>>;
  };
}[CommandName];

/** A flow that waits for the browser. Plain JSON; the password of the log-in is not in it, arguments of later steps are. */
export interface Flow {
  readonly site: Site;
  readonly backUrl: string;
  /** Those still to come; the first one is under way. */
  readonly steps: readonly Step[];
  /** The token of this log-in; `null` on sites that hand none out. */
  readonly csrf: string | null;
  readonly brought: Readonly<Record<string, string>>;
  readonly results: readonly StepResult[];
}

export interface StepResult {
  readonly command: CommandName;
  readonly result: BackResult<Readonly<Record<string, unknown>>>;
}

export type Move =
  | { readonly next: "visit"; readonly flow: Flow; readonly visit: Visit }
  /** `succeeded` only if each step did; a log-in of somebody who was logged in already counts as one that did. */
  | { readonly next: "end"; readonly succeeded: boolean; readonly results: readonly StepResult[] };

/** Why the flow did not move: the result is none, or what it brought does not make the next command. */
export type FlowError =
  | { readonly kind: "result"; readonly error: ResultError }
  | { readonly kind: "request"; readonly command: CommandName; readonly error: RequestError };

export interface FlowPlan {
  readonly site: Site;
  /** A page of ours with something in its query that nobody can guess, so that a stranger's URL is no result. */
  readonly backUrl: string;
  readonly credentials: { readonly WID: string } & ({ readonly PW: string } | { readonly TK: string });
  readonly steps: readonly Step[];
  /** Whether a log-out ends the flow, also after a step that failed. */
  readonly logOut: boolean;
}

/** Schedules a meeting and hosts it: impromptu-meeting would tell no meeting number. */
export function scheduleAndHost(
  schedule: Partial<ArgumentsOf<"schedule-meeting">>,
  host: Partial<ArgumentsOf<"host-meeting">> = {},
): readonly Step[] {
  return [
    { command: "schedule-meeting", arguments: schedule },
    { command: "host-meeting", arguments: host, from: { MK: "MK" } },
  ];
}

/**
 * Begins with the log-in, which comes back to the back URL (MU is GoBack). Each command of the plan follows from there. Who was logged in
 * already stays so, perhaps as somebody else: where that matters, send the browser to log-out first.
 */
export function beginFlow(plan: FlowPlan): Result<Move, FlowError> {
  const { site, backUrl, credentials, steps, logOut } = plan;
  const page = formPage(site, "log-in", { ...credentials, MU: "GoBack", BU: backUrl });
  if (!page.ok) return err({ kind: "request", command: "log-in", error: page.error });
  for (const [at, step] of steps.entries()) {
    const error = faultOf(step, steps.slice(0, at), plan);
    if (error) return err({ kind: "request", command: step.command, error });
  }
  const all: Step[] = [{ command: "log-in", arguments: {} }, ...steps];
  if (logOut) all.push({ command: "log-out", arguments: {} });
  const flow: Flow = { site, backUrl, steps: all, csrf: null, brought: {}, results: [] };
  return ok({ next: "visit", flow, visit: { via: "form", page: page.value } });
}

/** Goes on with the URL to which WebEx sent the browser. After an error the flow still waits for the same result. */
export function continueFlow(flow: Flow, url: string): Result<Move, FlowError> {
  const { backUrl } = flow;
  const [step, ...following] = flow.steps;
  if (!step) return ok(ended(flow));
  const read = readResult(url, { command: step.command, backUrl });
  if (!read.ok) return err({ kind: "result", error: read.error });
  const result = read.value;
  const data: Readonly<Record<string, unknown>> = result.status === "success" ? result.data : {};
  const { CSRF: token, ...brought } = data;
  const after: Flow = {
    ...flow,
    csrf: typeof token === "string" ? token : flow.csrf,
    brought: { ...flow.brought, ...(brought as Readonly<Record<string, string>>) },
    results: [...flow.results, { command: step.command, result }],
    steps: hasSucceeded({ command: step.command, result })
      ? following
      : following.filter(({ command }) => command === "log-out" && step.command !== "log-in"),
  };
  return visitNext(after);
}

/**
 * One trip instead of a flow: after the log-in WebEx itself leads to the command, and from there to the command's back URL. A log-in that
 * fails comes back there, too: the page behind it gets the result of log-in (AT=LI, ST=FAIL), or that of the command.
 */
export function logInTo<Name extends CommandName>(
  site: Site,
  credentials: FlowPlan["credentials"],
  name: Name,
  given: ArgumentsOf<Name>,
): Result<FormPage, RequestError> {
  const page = link(site, name, given);
  if (!page.ok) return page;
  const { BU } = given as { readonly BU?: string };
  return formPage(site, "log-in", { ...credentials, MU: page.value, ...(BU !== undefined && { BU }) });
}

function visitNext(flow: Flow): Result<Move, FlowError> {
  const [step] = flow.steps;
  if (!step) return ok(ended(flow));
  const { command } = step;
  const table: Command["arguments"] = commands[command].arguments;
  const given: Record<string, unknown> = { ...step.arguments };
  for (const [argument, brought] of Object.entries(step.from ?? {})) given[argument] = flow.brought[brought];
  if (flow.csrf !== null && Object.hasOwn(table, "CSRF")) given.CSRF = flow.csrf;
  given.BU = flow.backUrl;
  const visit = visitOf(flow.site, command, given as ArgumentsOf<typeof command>);
  return visit.ok
    ? ok({ next: "visit", flow, visit: visit.value })
    : err({ kind: "request", command, error: visit.error });
}

/** A link; a form for what no link can carry, and for arguments that no public source tells, of which one may be a secret. */
export function visitOf<Name extends CommandName>(
  site: Site,
  name: Name,
  given: ArgumentsOf<Name>,
): Result<Visit, RequestError> {
  const url = link(site, name, given);
  const table: Command["arguments"] = commands[name].arguments;
  const isKnown = Object.keys(given).every((argument) => entryFor(table, argument));
  if (url.ok && isKnown) return ok({ via: "link", url: url.value });
  if (!url.ok && url.error.kind !== "secret-in-link" && url.error.kind !== "too-long") return url;
  const page = formPage(site, name, given);
  return page.ok ? ok({ via: "form", page: page.value }) : page;
}

/** What would stop the flow at this step, with the user logged in and half of the work done. */
function faultOf(
  { command, arguments: own, from = {} }: Step,
  earlier: readonly Step[],
  { site, backUrl }: FlowPlan,
): RequestError | null {
  const given: Record<string, unknown> = { ...own, BU: backUrl };
  for (const [argument, brought] of Object.entries(from)) {
    if (!earlier.some((step) => Object.hasOwn(commands[step.command].returns, brought))) {
      return {
        kind: "missing-argument",
        argument,
        says: `no step before ${command} brings ${brought} for ${argument}`,
      };
    }
    given[argument] = "1";
  }
  const post = formPost(site, command, given as ArgumentsOf<typeof command>);
  return post.ok ? null : post.error;
}

function hasSucceeded({ command, result }: StepResult): boolean {
  return result.status === "success" || (command === "log-in" && result.reason === "already-logged-in");
}

function ended({ results }: Flow): Move {
  return { next: "end", succeeded: results.every(hasSucceeded), results };
}
