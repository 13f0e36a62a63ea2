import { expect, test } from "vitest";
import { BEGINS_AFTER_MS } from "../../src/http/console/begun-page.tsx";
import { FakeEdge, token } from "./fake-edge.ts";

const browser = { authorization: "", "sec-fetch-dest": "document", accept: "text/html,application/xhtml+xml" };

/** An edge whose directory answers when it is let go on, for a browser that is signed in. */
async function slowEdge(how: "answers" | "fails") {
  const edge = new FakeEdge();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const running = edge.directory.list.running.bind(edge.directory.list);
  edge.directory.list.running = async (query) => {
    await held;
    if (how === "fails") throw new Error("no directory");
    return running(query);
  };
  const signIn = await edge.app.request("/console/sign-in", {
    method: "POST",
    body: new URLSearchParams({ token }),
    headers: { "sec-fetch-site": "same-origin", accept: "text/html" },
  });
  const { authorization: _, ...headers } = browser;
  const cookie = (signIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { edge, goOn: () => goOn(), headers: { ...headers, cookie } };
}

async function firstPart(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = (await reader?.read())?.value ?? "";
  const rest = async () => {
    let text = "";
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value;
    return text;
  };
  return { first, rest };
}

test("a browser has the head of a page while its data is on its way, and then one whole page", async () => {
  const { edge, goOn, headers } = await slowEdge("answers");
  const whole = edge.app.request("/console/local/conferences", { headers: { ...headers, "sec-fetch-dest": "empty" } });
  const response = await edge.app.request("/console/local/conferences", { headers });
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  const { first, rest } = await firstPart(response);
  expect(first).toMatch(
    /^<!doctype html><html lang="en" data-now="\d+" data-zone="UTC"><head>.*live\.js" defer=""><\/script>$/,
  );

  goOn();
  expect(first + (await rest())).toBe(await (await whole).text());
});

test("what fails behind the head is said on the page; a program has the status", async () => {
  const { edge, goOn, headers } = await slowEdge("fails");
  const program = edge.app.request("/console/local/conferences", {
    headers: { ...headers, "sec-fetch-dest": "empty" },
  });
  const { first, rest } = await firstPart(await edge.app.request("/console/local/conferences", { headers }));
  goOn();
  const text = first + (await rest());
  expect(text).toContain("<h1>Failed for now</h1>");
  expect(text.match(/<title>|<head>|<html/g)).toHaveLength(3);
  expect((await program).status).toBe(503);
});

test("a page that is there soon has its own status", async () => {
  const { edge, goOn, headers } = await slowEdge("answers");
  goOn();
  expect(BEGINS_AFTER_MS).toBeLessThan(100);
  expect((await edge.app.request("/console/local/nowhere", { headers })).status).toBe(404);
  expect((await edge.app.request("/console/local/conferences", { headers })).status).toBe(200);
});
