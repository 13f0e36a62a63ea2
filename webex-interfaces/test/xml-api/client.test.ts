import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { type PostFetch, XmlApi, type XmlApiSettings } from "../../client/xml-api/client.ts";
import { sayFault, type XmlApiFault } from "../../client/xml-api/faults.ts";
import { operations } from "../../client/xml-api/operations.ts";
import type { SecurityContext } from "../../client/xml-api/request.ts";
import { answerWith, example, refusal } from "./answers.ts";

const credentials: SecurityContext = {
  form: "password",
  site: { siteName: "example" },
  person: { webExId: "dora" },
  password: "correct horse",
};

const ticket: SecurityContext = {
  form: "ticket",
  site: { siteName: "example" },
  person: { webExId: "dora" },
  sessionTicket: "platform nine",
};

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

/** The network and the clock of one test. */
class World {
  time = 1_000_000;
  readonly sent: Parameters<PostFetch>[] = [];
  /** What is answered, in order; the last one again and again. */
  answers: (Response | Error | "never")[] = [];
  /** Answers wait until they are let go. */
  held: (() => void)[] | null = null;
  #alarms: Alarm[] = [];

  readonly fetch: PostFetch = async (...post) => {
    this.sent.push(post);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (this.held) await new Promise<void>((go) => this.held?.push(go));
    if (answer === undefined || answer === "never") return new Promise(() => {});
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };

  readonly timers = {
    after: (ms: number, run: () => void) => {
      const alarm = { at: this.time + ms, run };
      this.#alarms.push(alarm);
      return () => {
        this.#alarms = this.#alarms.filter((one) => one !== alarm);
      };
    },
  };

  api(settings: Partial<XmlApiSettings> = {}): XmlApi {
    const ports = { fetch: this.fetch, timers: this.timers, now: () => this.time };
    return new XmlApi({ site: example, credentials, ...settings }, ports);
  }

  get alarms(): number {
    return this.#alarms.length;
  }

  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      await settled();
      const next = this.#alarms.filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.time = next.at;
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      next.run();
    }
    this.time = until;
    await settled();
  }
}

/** All that can happen without the clock has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function answer(body: string, init: ResponseInit = {}): Response {
  return new Response(body, { headers: { "content-type": "text/xml;charset=UTF-8" }, ...init });
}

const dora = answerOf(200);
function answerOf(status: number): Response {
  return answer(answerWith("<webExId>dora</webExId>"), { status });
}
let world: World;
beforeEach(() => {
  world = new World();
});

test("posts UTF-8 as text/xml, follows no redirect, and types the answer", async () => {
  world.answers = [dora];
  const user = await world.api().call("getUser", { webExId: "Zoë" });

  expectTypeOf(user).toExtend<{ ok: boolean }>();
  expect(user).toEqual({ ok: true, value: { value: { webExId: "dora" }, wrong: [] } });
  const [[to, post] = []] = world.sent;
  expect(to).toBe("https://example.webex.com/WBXService/XMLService");
  expect(post).toMatchObject({ method: "POST", redirect: "manual" });
  expect(post?.headers["content-type"]).toBe("text/xml; charset=UTF-8");
  expect(post?.body).toContain("<webExId>Zoë</webExId>");
  expect(world.alarms).toBe(0);
});

test("a request that breaks its table is not sent", async () => {
  const made = await world.api().call("getMeeting", { meetingKey: "no key" });

  expect(made).toMatchObject({ ok: false, error: { kind: "wrong-request", path: "meetingKey" } });
  expect(world.sent).toEqual([]);
});

test("names and values from outside are checked alike", async () => {
  world.answers = [dora, answer(answerWith("<user><webExId>dora</webExId></user>"))];
  const api = world.api();

  expect(await api.callUntyped(operations.getUser, { webExId: 7 })).toMatchObject({ error: { path: "webExId" } });
  expect(await api.callUntyped(operations.getUser, { webExId: "dora" })).toMatchObject({
    value: { value: { webExId: "dora" } },
  });
  expect(await api.listUntyped(operations.lstsummaryUser, [])).toMatchObject({ error: { path: "the request" } });
  expect(await api.listUntyped(operations.lstsummaryUser, { active: "ACTIVATED" })).toEqual({
    ok: true,
    value: { items: [{ webExId: "dora" }], isComplete: true, wrong: [] },
  });
});

test("other credentials for one call", async () => {
  world.answers = [answer(answerWith("<sessionkey>1</sessionkey>"))];
  const as: SecurityContext = { form: "anonymous", site: { siteName: "elsewhere" } };
  await world.api().call("getSessionInfo", { sessionKey: "1" }, { as });

  expect(world.sent[0]?.[1].body).toContain("<securityContext><siteName>elsewhere</siteName></securityContext>");
});

test("an answer in ISO-8859-1 is read as such", async () => {
  const bytes = Uint8Array.from(answerWith("<webExId>Zoë</webExId>"), (sign) => sign.charCodeAt(0));
  world.answers = [new Response(bytes, { headers: { "content-type": "text/xml;charset=ISO-8859-1" } })];

  expect(await world.api().call("getUser", { webExId: "zoe" })).toMatchObject({ value: { value: { webExId: "Zoë" } } });
});

describe("what is no answer is a fault", () => {
  test.each<[string, Response | Error | "never", object]>([
    [
      "a redirect",
      answer("", { status: 302, headers: { location: "https://elsewhere.example" } }),
      { kind: "redirected", status: 302 },
    ],
    ["a redirect whose status is hidden", Response.error(), { kind: "redirected", status: 0 }],
    ["HTML", answer("<html/>", { status: 200 }), { kind: "not-xml", looksLike: "html" }],
    ["HTML and 503", answer("<html/>", { status: 503 }), { kind: "http-status", status: 503, looksLike: "html" }],
    ["nothing and 404", answer("", { status: 404 }), { kind: "http-status", status: 404, looksLike: "empty" }],
    ["nothing", answer(""), { kind: "not-xml", looksLike: "empty" }],
    ["no body", new Response(null, { status: 204 }), { kind: "not-xml", looksLike: "empty" }],
    ["XML that is cut off", answer("<message>"), { kind: "bad-xml", reason: "it is cut off" }],
    ["too much", answer(answerWith(" ".repeat(5_000))), { kind: "too-large", limitBytes: 4_000 }],
    ["a success with an error of HTTP", answerOf(500), { kind: "http-status", status: 500, looksLike: "xml" }],
    ["another field", answer(answerWith("<webExId><a/></webExId>")), { kind: "wrong-field", path: "webExId" }],
    [
      "no network",
      new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }),
      { kind: "not-reached", reason: "fetch failed: ECONNREFUSED" },
    ],
    ["silence", "never", { kind: "timed-out", afterMs: 30_000 }],
  ])("%s", async (_, given, fault) => {
    world.answers = [given];
    const call = world.api({ maxAnswerBytes: 4_000, retryPausesMs: [] }).call("getUser", { webExId: "dora" });
    await world.pass(30_000);

    expect(await call).toMatchObject({ ok: false, error: fault });
    expect(world.alarms).toBe(0);
  });

  test("a refusal with an error of HTTP is a refusal", async () => {
    world.answers = [answer(refusal("000001", "no"), { status: 403 })];

    expect(await world.api().call("getUser", { webExId: "dora" })).toMatchObject({ error: { why: "access-denied" } });
  });

  test("a body that breaks off is not reached", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
    const api = new XmlApi(
      { site: example, credentials, retryPausesMs: [] },
      { fetch: async () => new Response(body), timers: world.timers, now: () => 0 },
    );

    expect(await api.call("getUser", { webExId: "dora" })).toEqual({
      ok: false,
      error: { kind: "not-reached", reason: "reset" },
    });
  });
});

test("a request that takes too long is given up", async () => {
  world.answers = ["never"];
  const call = world.api({ timeoutMs: 1_000 }).call("delMeeting", { meetingKey: "1" });
  await world.pass(999);
  const signal = world.sent[0]?.[1].signal;
  expect(signal?.aborted).toBe(false);
  await world.pass(1);

  expect(await call).toEqual({ ok: false, error: { kind: "timed-out", afterMs: 1_000, wasSent: true } });
  expect(signal?.aborted).toBe(true);
});

describe("tried again", () => {
  const passing = [
    ["not reached", new Error("refused")],
    ["timed out", "never"],
    ["not responding", answer(refusal("000035", "busy"))],
    ["a server on the way (502)", answerOf(502)],
    ["a server on the way (503)", answer("<html/>", { status: 503 })],
    ["a server on the way (504)", answer("", { status: 504 })],
  ] as const;

  test.each(passing)("%s, what reads, after each pause", async (_, failure) => {
    world.answers = [failure, failure, dora];
    const call = world
      .api({ credentials: ticket, timeoutMs: 100, retryPausesMs: [500, 2_000] })
      .call("getUser", { webExId: "dora" });
    await world.pass(0);
    expect(world.sent).toHaveLength(1);
    await world.pass(100 + 499);
    expect(world.sent.length).toBeLessThanOrEqual(2);
    await world.pass(100 + 2_001);

    expect(await call).toMatchObject({ ok: true });
    expect(world.sent).toHaveLength(3);
  });

  test.each(passing)("%s, and given up at last", async (_, failure) => {
    world.answers = [failure];
    const call = world
      .api({ credentials: ticket, timeoutMs: 100, retryPausesMs: [500, 2_000] })
      .call("getUser", { webExId: "dora" });
    await world.pass(10_000);

    expect(await call).toMatchObject({ ok: false });
    expect(world.sent).toHaveLength(3);
  });

  test.each(passing)("%s: nothing that changes something", async (_, failure) => {
    world.answers = [failure, dora];
    const call = world.api({ timeoutMs: 100 }).call("setUser", { webExId: "dora" });
    await world.pass(10_000);

    expect(await call).toMatchObject({ ok: false });
    expect(world.sent).toHaveLength(1);
  });

  const refused = answer(refusal("030002", "no"));
  const noConnection = new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });

  test.each(passing)("%s: a password that the site has not accepted is judged once", async (name, failure) => {
    const isSafe = name === "not responding";
    world.answers = [failure, dora, failure, dora, refused, failure, dora];
    const api = world.api({ timeoutMs: 100, retryPausesMs: [500] });
    const ask = async () => {
      const before = world.sent.length;
      const call = api.call("getUser", { webExId: "dora" });
      await world.pass(10_000);
      await call;
      return world.sent.length - before;
    };

    expect(api.isAccepted).toBe(false);
    expect(await ask()).toBe(isSafe ? 2 : 1);
    if (!isSafe) expect([api.isAccepted, await ask()]).toEqual([false, 1]);
    expect([api.isAccepted, await ask()]).toEqual([true, 2]);
    expect(await ask()).toBe(1); // Refused.
    expect([api.isAccepted, await ask()]).toEqual([false, isSafe ? 2 : 1]);
  });

  test("a password that was not sent, or that goes with a request refused for something else", async () => {
    world.answers = [noConnection, answer(refusal("060001", "no such meeting")), new Error("reset"), dora];
    const api = world.api({ retryPausesMs: [500] });
    const first = api.call("getMeeting", { meetingKey: "1" });
    await world.pass(500);
    expect([world.sent.length, api.isAccepted]).toEqual([2, true]);
    const second = api.call("getUser", { webExId: "dora" });
    await world.pass(500);

    expect([(await first).ok, (await second).ok]).toEqual([false, true]);
    expect(world.sent).toHaveLength(4);
  });

  test.each([
    ["wrong credentials", answer(refusal("030002", "no"))],
    ["HTML", answer("<html/>")],
    ["an error of the server itself", answer("<html/>", { status: 500 })],
  ])("not: %s", async (_, failure) => {
    world.answers = [failure, dora];
    const call = world.api().call("getUser", { webExId: "dora" });
    await world.pass(10_000);

    expect(await call).toMatchObject({ ok: false });
    expect(world.sent).toHaveLength(1);
  });
});

describe("the site's rate limit", () => {
  const limited = answer(refusal("000045", "too many"));

  test.each([
    ["the API", limited],
    ["a server before it", answer("<html/>", { status: 429 })],
  ])("of %s is waited out by what reads, once", async (_, refused) => {
    world.answers = [refused, dora];
    const call = world.api().call("getUser", { webExId: "dora" });
    await world.pass(59_999);
    expect(world.sent).toHaveLength(1);
    await world.pass(1);

    expect(await call).toMatchObject({ ok: true });
    expect(world.sent).toHaveLength(2);
  });

  test("that lasts is a fault that says when to try again", async () => {
    world.answers = [limited];
    const call = world.api().call("getUser", { webExId: "dora" });
    await world.pass(200_000);

    expect(await call).toMatchObject({ error: { why: "rate-limit", retryAt: 1_000_000 + 120_000 } });
    expect(world.sent).toHaveLength(2);
  });

  test("is no reason to repeat what changes something, but holds the next request back", async () => {
    world.answers = [limited, dora];
    const api = world.api();
    expect(await api.call("delMeeting", { meetingKey: "1" })).toMatchObject({ error: { retryAt: 1_060_000 } });
    const next = api.call("delMeeting", { meetingKey: "2" });
    await world.pass(59_999);
    expect(world.sent).toHaveLength(1);
    await world.pass(1);

    expect(await next).toMatchObject({ ok: true });
    expect(world.sent).toHaveLength(2);
  });

  test("is over when the clock is set back by more than its window", async () => {
    world.answers = [limited];
    const api = world.api();
    await api.call("delMeeting", { meetingKey: "1" });
    world.time = 100_000;

    expect(await api.call("delMeeting", { meetingKey: "2" })).toMatchObject({ error: { retryAt: 160_000 } });
    expect(world.sent).toHaveLength(2);
  });

  test("is told at once where nobody wants to wait, and holds no other request back", async () => {
    world.answers = [limited, dora];
    const api = world.api({ waitsForRateLimit: false });

    expect(await api.call("getUser", { webExId: "dora" })).toMatchObject({ error: { retryAt: 1_060_000 } });
    expect(world.sent).toHaveLength(1);
    expect(await api.call("getUser", { webExId: "dora" })).toMatchObject({ ok: true });
  });
});

describe("a deadline", () => {
  const limited = answer(refusal("000045", "too many"));
  const late = { ok: false, error: { kind: "timed-out", afterMs: 5_000, wasSent: false } };

  test("ends the wait for a turn, and whoever is behind goes on", async () => {
    world.answers = [dora];
    world.held = [];
    const api = world.api({ maxInFlight: 1 });
    const first = api.call("getUser", { webExId: "a" });
    const second = api.call("getUser", { webExId: "b" }, { deadlineMs: 5_000 });
    const third = api.call("getUser", { webExId: "c" });
    await world.pass(5_000);
    expect(await second).toEqual(late);
    expect(sayFault((late as { error: XmlApiFault }).error)).toContain("not sent");
    world.held.shift()?.();
    await settled();
    world.held.shift()?.();

    expect([(await first).ok, (await third).ok, world.sent.length, world.alarms]).toEqual([true, true, 2, 0]);
  });

  test("that is not named is the client's", async () => {
    world.answers = [dora];
    world.held = [];
    const api = world.api({ maxInFlight: 1, deadlineMs: 5_000, timeoutMs: 100_000 });
    const calls = [api.call("getUser", { webExId: "a" }), api.call("getUser", { webExId: "b" })];
    await world.pass(5_000);

    expect(await Promise.all(calls)).toEqual([
      { ok: false, error: { kind: "timed-out", afterMs: 5_000, wasSent: true } },
      late,
    ]);
  });

  test("cuts an exchange, and no pause is waited for that ends behind it", async () => {
    world.answers = [new Error("refused"), "never"];
    const api = world.api({ credentials: ticket, retryPausesMs: [500, 2_000] });
    const cut = api.call("getUser", { webExId: "a" }, { deadlineMs: 2_000 });
    await world.pass(2_000);
    expect(await cut).toEqual({ ok: false, error: { kind: "timed-out", afterMs: 1_500, wasSent: true } });
    world.answers = [new Error("refused")];

    expect(await api.call("getUser", { webExId: "a" }, { deadlineMs: 500 })).toMatchObject({
      error: { kind: "not-reached" },
    });
  });

  test("before the rate limit ends: it is told at once, of what reads and of what is held back", async () => {
    world.answers = [limited, dora];
    const api = world.api();
    const told = { error: { why: "rate-limit", retryAt: 1_060_000 } };

    expect(await api.call("getUser", { webExId: "a" }, { deadlineMs: 60_000 })).toMatchObject(told);
    expect(await api.call("delMeeting", { meetingKey: "1" }, { deadlineMs: 60_000 })).toMatchObject(told);
    expect(world.sent).toHaveLength(1);
  });

  test("of a list is for all of its pages", async () => {
    const page = (first: number) =>
      answer(
        answerWith(
          `<user><webExId>u${first}</webExId></user><matchingRecords><total>9</total><returned>1</returned><startFrom>${first}</startFrom></matchingRecords>`,
        ),
      );
    world.answers = [page(1), new Error("refused"), page(2), "never"];
    const api = world.api({ retryPausesMs: [3_000] });
    const listed = api.list("lstsummaryUser", {}, { pageSize: 1, deadlineMs: 5_000 });
    await world.pass(5_000);

    expect(await listed).toEqual({ ok: false, error: { kind: "timed-out", afterMs: 2_000, wasSent: true } });
  });
});

test.each([0, -1, Number.NaN])("%s under way at once would be none", (maxInFlight) => {
  expect(() => world.api({ maxInFlight })).toThrow(`maxInFlight must be 1 or more (it is ${maxInFlight})`);
});

test("no more are under way than allowed, and the others go in order", async () => {
  world.answers = [dora];
  world.held = [];
  const api = world.api({ maxInFlight: 2 });
  const calls = ["a", "b", "c", "d"].map((webExId) => api.call("getUser", { webExId }));
  const asked = () => world.sent.map(([, { body }]) => /<webExId>(.)</.exec(body)?.[1]).join("");
  await settled();
  expect(asked()).toBe("ab");
  world.held.shift()?.();
  await settled();
  expect(asked()).toBe("abc");
  world.held.shift()?.();
  await settled();
  expect(asked()).toBe("abcd");
  for (const go of world.held) go();

  expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true);
  world.held = null;
  await Promise.all([api.call("getUser", { webExId: "e" }), api.call("getUser", { webExId: "f" })]);
  expect(asked()).toBe("abcdef");
});

describe("no secret is shown", () => {
  const echo = (said: string) =>
    answer(
      refusal(
        "110000",
        `bad ${said}`,
        `<subErrors><subError><exceptionID>1</exceptionID><reason>${said}!</reason><value>${said}</value></subError></subErrors><value>${said}</value>`,
      ),
    );

  test.each<[string, SecurityContext]>([
    ["password", credentials],
    [
      "ticket",
      { form: "ticket", site: { siteName: "example" }, person: { webExId: "dora" }, sessionTicket: "correct horse" },
    ],
    ["token", { form: "token", site: { siteName: "example" }, accessToken: "correct horse" }],
  ])("of the credentials: %s", async (_, as) => {
    world.answers = [echo("correct horse"), new Error("cannot send <password>correct horse</password>")];
    const api = world.api({ credentials: as, retryPausesMs: [] });
    const faults = [await api.call("getUser", { webExId: "dora" }), await api.call("getUser", { webExId: "dora" })];

    expect(JSON.stringify(faults)).not.toContain("horse");
    for (const fault of faults) if (!fault.ok) expect(sayFault(fault.error)).not.toContain("horse");
  });

  test.each([
    ["as it is", `p&q<"r"'s`],
    ["escaped for XML", "p&amp;q&lt;&quot;r&quot;&apos;s"],
    ["escaped for XML, without quotation marks", `p&amp;q&lt;"r"'s`],
    ["escaped for XML, by number", "p&amp;q&lt;&quot;r&quot;&#39;s"],
    ["escaped for an address", "p%26q%3C%22r%22's"],
    ["escaped as of a form", "p%26q%3C%22r%22%27s"],
    ["escaped for an address, in small letters", "p%26q%3c%22r%22's"],
  ])("in a request that the site repeats: %s", async (_, said) => {
    const once = said.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    world.answers = [echo(once), answer(answerWith(`<userId>${once}</userId>`))];
    const request = { webExId: "ada", password: `p&q<"r"'s` };
    const api = world.api();
    const faults = [await api.call("createUser", request), await api.call("createUser", request)];

    expect(faults[0]).toMatchObject({ error: { reason: "bad …", value: "…", subErrors: [{ value: "…" }] } });
    expect(faults[1]).toMatchObject({ error: { path: "userId", value: "…" } });
  });

  test("in a long value, which is cut only when nothing of it is to be hidden", async () => {
    world.answers = [answer(answerWith(`<userId>${"x".repeat(95)}tulip7${"x".repeat(95)}</userId>`))];
    const fault = await world.api().call("createUser", { webExId: "ada", password: "tulip7" });

    expect(fault).toMatchObject({ error: { kind: "wrong-field", value: `${"x".repeat(95)}…${"x".repeat(4)}` } });
  });

  test("of two, of which one begins with the other", async () => {
    world.answers = [echo("tulip7")];
    const as: SecurityContext = {
      form: "password",
      site: { siteName: "a" },
      person: { webExId: "a" },
      password: "tulip",
    };
    const fault = await world.api().call("getSessionInfo", { sessionKey: "1", sessionPassword: "tulip7" }, { as });

    expect(fault).toMatchObject({ error: { reason: "bad …" } });
  });

  test("of the request, in a refusal or a field", async () => {
    world.answers = [echo("tulip &amp; rose"), answer(answerWith("<userId>tulip &amp; rose</userId>"))];
    const api = world.api();
    const request = { webExId: "ada", password: "tulip & rose" };
    const faults = [await api.call("createUser", request), await api.call("createUser", request)];

    expect(faults[1]).toMatchObject({ error: { kind: "wrong-field", path: "userId", value: "…" } });
    expect(JSON.stringify(faults)).not.toContain("tulip");
  });
});

describe("a list", () => {
  const elementOf = ({ meetingKey }: { readonly meetingKey: string }) =>
    `<meeting><meetingKey>${meetingKey}</meetingKey></meeting>`;
  const page = (first: number, count: number, records: string) =>
    answer(
      answerWith(
        `${keys(first, first + count - 1)
          .map(elementOf)
          .join("")}<matchingRecords>${records}</matchingRecords>`,
      ),
    );
  const records = (total: number, returned: number, startFrom: number) =>
    `<x:total>${total}</x:total><x:returned>${returned}</x:returned><x:startFrom>${startFrom}</x:startFrom>`;
  const controls = () => world.sent.map(([, { body }]) => /<listControl>(.*)<\/listControl>/.exec(body)?.[1]);
  const keys = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => ({ meetingKey: String(first + index) }));

  test("is read page by page until all are there", async () => {
    world.answers = [page(1, 2, records(5, 2, 1)), page(3, 2, records(5, 2, 3)), page(5, 1, records(5, 1, 5))];
    const listed = await world.api().list("lstsummaryMeeting", { hostWebExID: "dora" }, { pageSize: 2 });

    expect(listed).toEqual({ ok: true, value: { items: keys(1, 5), total: 5, isComplete: true, wrong: [] } });
    expect(controls()).toEqual([
      "<startFrom>1</startFrom><maximumNum>2</maximumNum>",
      "<startFrom>3</startFrom><maximumNum>2</maximumNum>",
      "<startFrom>5</startFrom><maximumNum>2</maximumNum>",
    ]);
    expect(world.sent[0]?.[1].body).toContain("</listControl><hostWebExID>dora</hostWebExID>");
  });

  test("has a most", async () => {
    world.answers = [page(1, 2, records(5, 2, 1)), page(3, 1, records(5, 1, 3))];
    const listed = await world.api().list("lstsummaryMeeting", {}, { pageSize: 2, most: 3 });

    expect(listed).toEqual({ ok: true, value: { items: keys(1, 3), total: 5, isComplete: false, wrong: [] } });
    expect(controls()[1]).toBe("<startFrom>3</startFrom><maximumNum>1</maximumNum>");
  });

  test("without a count of records ends with a page that is not full", async () => {
    const bare = (first: number, last: number) => answer(answerWith(keys(first, last).map(elementOf).join("")));
    world.answers = [bare(1, 2), bare(3, 3)];

    expect(await world.api().list("lstsummaryMeeting", {}, { pageSize: 2 })).toEqual({
      ok: true,
      value: { items: keys(1, 3), isComplete: true, wrong: [] },
    });
  });

  test("without items is empty, though the site calls it a failure", async () => {
    world.answers = [answer(refusal("000015", "no record"))];

    expect(await world.api().list("lstsummaryMeeting", {})).toEqual({
      ok: true,
      value: { items: [], total: 0, isComplete: true, wrong: [] },
    });
  });

  test("that shrinks while it is read ends", async () => {
    world.answers = [page(1, 2, records(5, 2, 1)), page(0, 0, records(2, 0, 3))];

    expect(await world.api().list("lstsummaryMeeting", {}, { pageSize: 2 })).toMatchObject({
      value: { items: keys(1, 2), isComplete: true },
    });
  });

  test("that does not go on is a fault", async () => {
    world.answers = [page(1, 2, records(5, 2, 1))];

    expect(await world.api().list("lstsummaryMeeting", {}, { pageSize: 2 })).toMatchObject({
      error: { kind: "wrong-field", path: "matchingRecords.startFrom", value: "1" },
    });
  });

  test("goes on behind an item that was left out", async () => {
    const spoilt = answer(
      answerWith(
        `<meeting>x</meeting><meeting><meetingKey>2</meetingKey></meeting><matchingRecords>${records(3, 2, 1)}</matchingRecords>`,
      ),
    );
    world.answers = [spoilt, page(3, 1, records(3, 1, 3))];
    const listed = await world.api().list("lstsummaryMeeting", {}, { pageSize: 2, reads: [] });

    expect(listed).toMatchObject({ value: { items: keys(2, 3), isComplete: true, wrong: [{ path: "meeting[0]" }] } });
  });

  test("begins where the request says, and a failed page fails it", async () => {
    world.answers = [page(7, 1, records(8, 1, 7)), answer(refusal("000001", "no"))];

    expect(
      await world.api().list("lstsummaryMeeting", { listControl: { startFrom: 7 } }, { pageSize: 1 }),
    ).toMatchObject({ error: { why: "access-denied" } });
    expect(controls()[0]).toBe("<startFrom>7</startFrom><maximumNum>1</maximumNum>");
  });
});
