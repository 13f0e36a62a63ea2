import { readPage } from "../console/read-page.ts";
import { BrowserCookies } from "./browser-cookies.ts";
import { type FakeEdge, token } from "./fake-edge.ts";

type Fields = Readonly<Record<string, string>>;

/** A browser's window at an edge, in which somebody has signed in. */
export async function windowOf(edge: FakeEdge, by = token) {
  const accept = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const cookies = new BrowserCookies();
  /** Opens a page, or posts a form. */
  const ask = async (path: string, fields?: Fields) => {
    const form = fields && { method: "POST", body: new URLSearchParams(fields) };
    const response = await edge.app.request(path, { ...form, headers: { ...accept, cookie: cookies.for(path) } });
    cookies.keep(response);
    return response;
  };
  await ask("/console/sign-in", { token: by });
  /** What people read of a page of the domain, or of the page to which a form leads. */
  const read = async (path: string, fields?: Fields) => {
    const first = await ask(`/console/local${path}`, fields);
    const location = first.headers.get("location");
    return readPage(await (location === null ? first : await ask(location)).text());
  };
  return { ask, read };
}
