import type { DomainName, EpochMs } from "./foundation/ids.ts";
import { LogLimit, RateLimit, setLimited } from "./foundation/limits.ts";
import type { LogFacts } from "./foundation/text/log-line.ts";
import { type Timers, wait, within } from "./foundation/time/timers.ts";
import { version } from "./foundation/version.ts";
import { withWholeUrl } from "./http/address.ts";
import { type App, type AppPorts, createApp } from "./http/app.ts";
import type { EdgePorts } from "./http/edge-ports.ts";
import { Rates } from "./http/guard.ts";
import { type EdgeEvent, Metrics, processText } from "./http/monitoring/monitoring.ts";
import { answerOrNull } from "./http/objects-of-request.ts";
import { problem } from "./http/problem.ts";
import { type Disk, Storage } from "./http/storage.ts";
import { type PostHooks, type TextAnswer, withUsualHeaders } from "./http/text-answer.ts";
import type { EdgePair } from "./operators/edge-pair.ts";
import { type People, peopleOf, readOperators } from "./operators/people.ts";
import { strongToken, weaknessOf } from "./operators/token-strength.ts";
import type { CreatesUnderWay } from "./routing/creates-under-way.ts";
import { HandleCache } from "./routing/handles.ts";
import type { EdgeObjects } from "./rpc/objects.ts";
import { type Domain, type Domains, domainsOf, type EdgeVariables } from "./settings/load.ts";

type Level = "info" | "warn" | "error";

/** What an edge has of the place where it runs. */
export interface EdgePlace extends Timers {
  readonly variables: EdgeVariables;
  readonly objects: EdgeObjects;
  /** What its objects and requests count. */
  readonly counting: {
    readonly measures: { text(domains: Iterable<Domain>): string; readonly creates: CreatesUnderWay };
    countRefused(domain: DomainName): Promise<void>;
  };
  log(line: LogFacts & { readonly level: Level; readonly event: string }): void;
  /** Where the objects' files lie; `null`: the platform answers for its disks. */
  readonly disk: Disk | null;
  now(): number;
  /** See `EdgePorts`. */
  passedMs(): number;
  newId(): string;
  fetch: AppPorts["fetch"];
  /** Lets this come to its end, although the request is over. */
  waitUntil(work: Promise<unknown>): void;
  /** Absent: it shares its state with no other edge. */
  readonly pair?: EdgePair;
  /** See `EdgePorts`. */
  clockAheadMs?(): number | null;
  /** See `AuditPorts`. */
  mayLeave?(): Promise<void> | null;
  /** See `EdgePorts`. */
  readonly giveWay?: EdgePorts["giveWay"];
}

/** Of a domain, so many servers are told to its directory as refused; each of them once in ten minutes. */
const SERVERS_A_MINUTE = 6;
const SAME_SERVER_MS = 10 * 60_000;
const MOST_SERVERS = 1_000;

/** The platform lets work go on for 30 s after an answer. */
const AUDIT_WITHIN_MS = 20_000;

/** By then an answer has left, with whatever it stands on. */
const ANSWERED_MS = 1_000;
const SOURCE_REFUSED =
  "webex.from of the settings does not have this address: add it if it is WebEx's; of a proxy's, have it set X-Forwarded-For, and then name it in trustedProxies";

/** The edge in one process, from requests to objects. */
export class Edge {
  readonly #place: EdgePlace;
  readonly #metrics = new Metrics();
  readonly #logLimit = new LogLimit();
  readonly #serversRefused = new RateLimit();
  /** By domain and host, when it was told last: a loud stranger leaves room for others. */
  readonly #serversTold = new Map<string, EpochMs>();
  #app: App | undefined;
  #people: Promise<People> | undefined;

  constructor(place: EdgePlace) {
    this.#place = place;
  }

  async fetch(received: Request, hooks?: PostHooks): Promise<Response | TextAnswer> {
    const request = withWholeUrl(received);
    if (request === null) {
      const refused = new Response("The request's target is no path, or its Host no host.\n", { status: 400 });
      return withUsualHeaders(received, refused);
    }
    const { variables } = this.#place;
    const domains = domainsOf(variables);
    if (!domains.ok) {
      this.#log("settings-refused", { error: domains.error }, "error");
      const detail = "This deployment serves nothing until its settings are right; see its log.";
      return withUsualHeaders(request, problem(503, "wrong settings", detail));
    }
    this.#app ??= createApp(this.#ports(domains.value));
    return this.#app.fetch(request, hooks);
  }

  #ports(domains: Domains): AppPorts {
    const place = this.#place;
    const { variables, objects, counting, waitUntil, after, now, passedMs } = place;
    const since = now();
    const log: AppPorts["log"] = (event, facts, level) => this.#log(event, facts, level);
    const { directory } = objects;
    const refusedOnce = (told: "serverRefused" | "sourceRefused", domain: DomainName, host: string) => {
      const name = `${told} ${domain} ${host}`;
      const toldAt = this.#serversTold.get(name) ?? Number.NEGATIVE_INFINITY;
      if (Math.abs(now() - toldAt) < SAME_SERVER_MS) return;
      if (this.#serversRefused.waitSeconds(`${told} ${domain}`, SERVERS_A_MINUTE, now()) > 0) return;
      setLimited(this.#serversTold, name, now(), MOST_SERVERS);
      const answered = answerOrNull(directory(domain)[told](domain, host), { log }, { domain, host });
      waitUntil(answered.then((answer) => void (answer === null && this.#serversTold.delete(name))));
    };
    return {
      ...{
        after,
        now,
        passedMs,
        domains,
        objects,
        log,
        fetch: place.fetch,
        metrics: this.#metrics,
      },
      handleCache: new HandleCache(),
      posts: new RateLimit(),
      wrongKeys: new RateLimit(),
      storage: new Storage({ after, now, disk: place.disk, mark: place.newId(), log }),
      creates: counting.measures.creates,
      measured: (of) => counting.measures.text(of),
      processText: () => processText(version, since),
      people: () => {
        this.#people ??= this.#peopleFrom(variables.OPERATORS ?? "");
        return this.#people;
      },
      // Empty where nobody has a token: then nobody has a session.
      sessionKey: variables.OPERATOR_TOKEN || variables.OPERATORS || "",
      rates: new Rates(),
      refused: (domain) => waitUntil(counting.countRefused(domain)),
      serverRefused: (domain, host) => refusedOnce("serverRefused", domain, host),
      sourceRefused: (domain, from) => {
        const noted = wait({ after }, ANSWERED_MS).then(() => {
          this.#metrics.count("sources_refused", { domain });
          this.#log("source-refused", { domain, from, note: SOURCE_REFUSED }, "warn");
          refusedOnce("sourceRefused", domain, from);
        });
        waitUntil(noted);
      },
      ...(place.mayLeave && { mayLeave: place.mayLeave }),
      giveWay: place.giveWay,
      ...(place.pair && { pair: place.pair }),
      ...(place.clockAheadMs && { clockAheadMs: place.clockAheadMs }),
      isTokenWeak: () => this.#tokenWeakness !== null,
      logAction: (domain, action) => place.log({ level: "info", event: "operator-action", domain, ...action }),
      audit: (domain, entry) => {
        const stored = within({ after }, AUDIT_WITHIN_MS, "the directory", directory(domain).keepAudit(domain, entry));
        const failed = (error: unknown) =>
          place.log({ level: "error", event: "audit-not-kept", domain, ...entry, error: String(error) });
        waitUntil(stored.catch(failed));
      },
    };
  }

  get #tokenWeakness(): string | null {
    const token = this.#place.variables.OPERATOR_TOKEN ?? "";
    return token === "" ? null : weaknessOf(token);
  }

  /** All who may sign in. Wrong settings of people stop no conference: then whoever has the operator's token is the only one. */
  async #peopleFrom(json: string): Promise<People> {
    const operators = readOperators(json);
    if (!operators.ok) this.#log("operators-refused", { error: operators.error }, "error");
    const token = this.#place.variables.OPERATOR_TOKEN ?? "";
    const weakness = this.#tokenWeakness;
    if (weakness !== null) this.#log("operator-token-weak", { error: `it ${weakness}; ${strongToken}` }, "warn");
    return peopleOf(operators.ok ? operators.value : { people: [] }, token);
  }

  /** Lines of the log that could not be written. */
  countLostLines(lines: number): void {
    this.#metrics.count("log_lines_dropped", { event: "log-lines-lost" }, lines);
  }

  /** Any request can cause a line, so each event of each domain has its limit. */
  #log(event: EdgeEvent, facts: LogFacts, level: Level = "info"): void {
    const { log, now } = this.#place;
    const dropped = this.#logLimit.admit(event, String(facts.domain ?? facts.outcome ?? ""), now());
    if (dropped === null) this.#metrics.count("log_lines_dropped", { event });
    else log({ level, event, ...(dropped > 0 && { droppedBefore: dropped }), ...facts });
  }
}
