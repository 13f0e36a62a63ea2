import { expect, test } from "vitest";
import { type Site, siteOf, XmlApi } from "../../webex-interfaces/doors/edge.ts";

function siteAt(given: string): Site {
  const site = siteOf(given);
  if (!site.ok) throw new Error(site.error.says);
  return site.value;
}

// The parser, the encodings and the streams of the Workers runtime are not Node's.
test("the client of WebEx's XML API runs on workerd", async () => {
  const answer = `<?xml version="1.0" encoding="ISO-8859-1"?><serv:message><serv:header><serv:response>
<serv:result>SUCCESS</serv:result></serv:response></serv:header><serv:body><serv:bodyContent>
<use:webExId>zoë &amp; co</use:webExId></serv:bodyContent></serv:body></serv:message>`;
  const sent: string[] = [];
  const api = new XmlApi(
    {
      site: siteAt("example"),
      credentials: { form: "password", site: { siteName: "example" }, person: { webExId: "dora" }, password: "tulip7" },
    },
    {
      fetch: async (_, { body }) => {
        sent.push(body);
        return new Response(Uint8Array.from(answer, (sign) => sign.charCodeAt(0)));
      },
      timers: { after: () => () => {} },
      now: () => 0,
    },
  );

  expect(await api.call("getUser", { webExId: "zoë <&>" })).toEqual({
    ok: true,
    value: { value: { webExId: "zoë & co" }, wrong: [] },
  });
  expect(sent[0]).toContain("<webExId>zoë &lt;&amp;&gt;</webExId>");
  expect(await api.call("getUser", { webExId: "zoë" }, { reads: ["webExId"] })).toMatchObject({ ok: true });
});

test("the runtime's own fetch fits as it is", async () => {
  const api = new XmlApi(
    {
      // Nobody listens there.
      site: siteAt("http://127.0.0.1:9/example"),
      credentials: { form: "token", site: { siteName: "example" }, accessToken: "tulip7" },
      retryPausesMs: [],
    },
    { fetch, timers: { after: () => () => {} }, now: () => 0 },
  );
  const answer = await api.call("getUser", { webExId: "dora" });

  expect(answer).toMatchObject({ ok: false, error: { kind: "not-reached" } });
  expect(JSON.stringify(answer)).not.toMatch(/illegal|incorrect this/i);
});
