import { createHmac } from "node:crypto";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import { Measures } from "../../../durable-objects/platform/measures.ts";
import { WebexSite } from "../../../durable-objects/webex-site/webex-site.ts";
import type { ConfKey, DomainName } from "../../../src/foundation/ids.ts";
import type { PostFetch } from "../../../webex-interfaces/doors/edge.ts";
import { answerXml, type Site } from "../../../webex-interfaces/doors/site.ts";
import { noon, SiteOnTest, seeded } from "../../../webex-interfaces/doors/tests.ts";
import { testDomain } from "../../local-domain.ts";
import { Clock } from "../../simulation/clock.ts";
import { Database } from "../../simulation/database.ts";
import { fakePlatform } from "../fakes.ts";

export const domain = "local" as DomainName;

export const weekly = String(seeded.MC) as ConfKey;

/** An object over a simulated site, on virtual time. */
export class World {
  readonly time = new Clock(noon);
  readonly simulated = new SiteOnTest();
  readonly measures = new Measures();
  readonly lines: LogLine[] = [];
  /** The operations that were asked for. */
  readonly asked: string[] = [];
  /** In place of the site's answer. */
  instead: (() => Response | Promise<Response>) | null = null;
  /** The same for some requests. */
  insteadOf: ((body: string) => Response | Promise<Response> | undefined) | null = null;
  secret: string | undefined;
  /** The operator's. */
  token = "token";
  settings: object | null;
  /** By so much the machine's clock was set back. */
  setBackMs = 0;
  /** So much of the time is in doubt. */
  doubtMs = 0;
  /** Set so far. */
  alarms = 0;
  #alarmAt: number | null = null;
  readonly sql = new Database();
  object: WebexSite;

  constructor(settings: object = {}) {
    this.settings = settings;
    this.secret = this.simulated.user("anna.berg").password;
    this.object = this.open();
  }

  open(): WebexSite {
    const object: WebexSite = new WebexSite({
      ...fakePlatform(this.time, {
        sql: this.sql,
        measures: this.measures,
        now: () => this.time.now - this.setBackMs,
        doubtMs: () => this.doubtMs,
        log: (line) => this.lines.push(line),
        getAlarm: async () => this.#alarmAt,
        setAlarm: async (at) => {
          if (at <= 0) throw new Error("the platform sets no alarm at 0");
          const set = ++this.alarms;
          this.#alarmAt = at;
          this.time.after(at + this.setBackMs - this.time.now, () => {
            if (set !== this.alarms) return;
            this.#alarmAt = null;
            void this.object.alarm();
          });
        },
      }),
      domain: () => this.domain(),
      secret: (name) => (name === "WEBEX_SECRET_HARBOUR" ? this.secret : undefined),
      fetch: this.#fetch,
      secretDigest: async (text) =>
        this.token === "" ? "" : createHmac("sha256", this.token).update(text).digest("base64"),
      deleteAll: async () => this.sql.clear(),
    });
    this.object = object;
    return object;
  }

  domain() {
    const { settings } = this;
    return testDomain(
      settings === null
        ? {}
        : {
            webexSite: {
              site: "https://harbour.webex.example/harbour",
              webExId: "anna.berg",
              passwordFrom: "WEBEX_SECRET_HARBOUR",
              nightlyCheck: false,
              ...settings,
            },
          },
    );
  }

  as(user: string): this {
    this.secret = this.simulated.user(user).password;
    this.settings = { ...this.settings, webExId: user };
    return this;
  }

  readonly #fetch: PostFetch = async (_, { body }) => {
    this.asked.push(/binding\.\w+\.(\w+)"/.exec(body)?.[1] ?? body);
    const instead = this.instead?.() ?? this.insteadOf?.(body);
    if (instead) return instead;
    return answerOf(this, body);
  };

  async meeting(confKey = weekly, more: object = {}) {
    const question = { domain, confKey, sessionKey: String(confKey), ...more };
    return this.during(this.object.meeting(question), 6_000);
  }

  /** The answer, while time goes on. */
  async during<Value>(answer: Promise<Value>, ms: number): Promise<Value> {
    let found: { readonly value: Value } | undefined;
    void answer.then((value) => {
      found = { value };
    });
    await this.time.pass(0);
    for (let passed = 0; !found && passed < ms; passed += 100) await this.time.pass(100);
    if (!found) throw new Error(`no answer within ${ms} ms`);
    return found.value;
  }

  /** Users who may not host, beside the four of the site. */
  addUsers(count: number): void {
    for (let n = 0; n < count; n += 1) {
      this.simulated.site.insert("users", {
        ...{ web_ex_id: `user${n}`, email: `user${n}@harbour.example`, password: "x" },
        ...{ first_name: "U", last_name: `${n}`, role: "host", active: "ACTIVATED", time_zone: 4 },
        ...{ registered_at: noon, profile: '{"privilege":{"host":false}}' },
      });
    }
  }

  askedFor(operation: string): number {
    return this.asked.filter((one) => one === operation).length;
  }

  /** A whole provisioning check by hand. */
  async check() {
    await this.object.beginCheck(domain);
    await this.time.pass(10_000);
    return this.object.provisioning(domain);
  }

  events(): string[] {
    return this.lines.map(({ event }) => event);
  }
}

export function answerOf({ simulated, time }: World, body: string): Response {
  simulated.at = time.now;
  return new Response(answerXml(simulated.site, body), { headers: { "content-type": "text/xml" } });
}

/** Refuses everything, so that no request changes it. */
let siteAtLimit: Site | undefined;

/** The site's refusal of one request too many. */
export function limited(body: string): Response {
  if (!siteAtLimit) {
    siteAtLimit = new SiteOnTest().site;
    siteAtLimit.run("UPDATE sites SET rate_limit = 0");
  }
  return new Response(answerXml(siteAtLimit, body), { headers: { "content-type": "text/xml" } });
}

export const html = () => new Response("<!DOCTYPE html><html><body>Back soon.</body></html>");

/** The site's refusal of a user whom it does not have. */
export function noSuchUser(world: World): Response {
  return new Response(
    world.simulated.ask("user.GetUser", "<webExId>nobody</webExId>", world.simulated.as("site.admin")),
  );
}

/** A site that answers when the test wants it to. */
export function slowSite(world: World): (response: Response) => void {
  let answer: (response: Response) => void = () => {};
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  world.instead = () => slow;
  return (response) => answer(response);
}

/** All that is on the disk. */
export function diskOf(sql: Database): string {
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
  return JSON.stringify(tables.map(({ name }) => sql.exec(`SELECT * FROM ${name}`)));
}

export const serverError = () => new Response("no", { status: 500 });

export const never = () => new Promise<Response>(() => {});
