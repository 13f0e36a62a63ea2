import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bodyOf, send } from "../doors/programs.ts";
import { decodeText } from "../wire/xml.ts";
import { type Controls, control } from "./control.ts";
import { answerWith, type Faults, noFaults } from "./faults.ts";
import { answerPage, isPage, pageOf } from "./pages.ts";
import { SiteData, type SiteOptions, siteName } from "./site.ts";
import { answerXml } from "./xml-service.ts";

/** Longer requests are refused. */
const MAX_BODY_BYTES = 1024 * 1024;
const XML_PATH = "/WBXService/XMLService";

/** Starts a site on 127.0.0.1: the XML API, the pages of the URL API, and the control interface under `/control`. */
export async function startSimulatedSite(port: number, options: Omit<SiteOptions, "address">) {
  const controls: Controls = { faults: noFaults, aheadMs: 0, sentBy: "redirect" };
  const now = () => options.now() + controls.aheadMs;
  const server = createServer((request, response) => {
    answer(site, controls, request, response).catch((error: Error) => {
      if (!request.destroyed) console.error(`simulated site: ${error.stack}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "content-type": "text/plain" }).end("The site has failed.\n");
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const taken = (server.address() as AddressInfo).port;
  const site = new SiteData({ ...options, now, address: `http://127.0.0.1:${taken}` });
  return {
    port: taken,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          site.store.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  site: SiteData,
  controls: Controls,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = urlOf(site, request.url ?? "");
  const method = request.method ?? "";
  const bytes = await bodyOf(request, MAX_BODY_BYTES);
  if (bytes === null) {
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  const body = await textOf(bytes, request.headers["content-type"] ?? "");
  if (url.pathname.startsWith("/control/")) {
    send(response, control(site, controls, method, url.pathname, body));
    return;
  }
  if (url.pathname === XML_PATH) {
    if (method !== "POST") response.writeHead(405, { allow: "POST" }).end();
    else answerXmlRequest(site, controls, body, response);
    return;
  }
  const [, name = "", page = "", ...more] = url.pathname.split("/");
  const isSite = name === "" || name.toLowerCase() === siteName;
  if (isSite && more.length === 0 && isPage(page) && (method === "GET" || method === "POST")) {
    const args = url.searchParams;
    for (const [key, value] of new URLSearchParams(method === "POST" ? body : "")) args.append(key, value);
    const [, cookie = ""] = /(?:^|;\s*)WBXSESSION=([^;]*)/.exec(request.headers.cookie ?? "") ?? [];
    const result = answerPage(site, page, args, cookie, controls.sentBy);
    response.writeHead(result.status, result.headers).end(result.body);
    return;
  }
  const isHome = isSite && page === "" && method === "GET";
  response
    .writeHead(isHome ? 200 : 404, { "content-type": "text/html; charset=utf-8" })
    .end(pageOf(isHome ? `The simulated site ${siteName}` : "There is no such page", [], site.url()));
}

/** Parses a path, or a whole URL as proxies send it. A path such as `//` must not name a host. */
function urlOf(site: SiteData, target: string): URL {
  return new URL(`${site.options.address}/${target.replace(/^(https?:\/\/[^/?#]*)?\/?/i, "")}`);
}

function answerXmlRequest(site: SiteData, controls: Controls, body: string, response: ServerResponse): void {
  const faults = faultsFor(controls, body);
  const { status, contentType, body: sent } = answerWith(faults, () => answerXml(site, body));
  if (faults.hang) return; // The client must time out.
  const send = () =>
    response.writeHead(status, { "content-type": contentType, "content-length": sent.length }).end(sent);
  if (faults.delayMs === 0) send();
  else setTimeout(send, faults.delayMs).unref();
}

/** Returns the faults for this request, and counts down their times. */
function faultsFor(controls: Controls, body: string): Faults {
  const { operation, times } = controls.faults;
  if (operation !== undefined && !new RegExp(`[.:]${operation}["']`, "i").test(body)) return noFaults;
  const { faults } = controls;
  if (times !== undefined) controls.faults = times > 1 ? { ...faults, times: times - 1 } : noFaults;
  return faults;
}

/** Returns the document, sent as the body or as a form's field XML. Wrongly encoded text becomes empty. */
async function textOf(bytes: Buffer, contentType: string): Promise<string> {
  if (/^multipart\/form-data\b/i.test(contentType)) {
    const form = new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
    const [, given = ""] = [...(await form.catch(() => []))].find(([name]) => /^xml$/i.test(name)) ?? [];
    return typeof given === "string" ? given : given.text();
  }
  const [, field] = /^(?:[^<=&]*=[^<&]*&)*(xml)=/i.exec(bytes.toString("latin1")) ?? [];
  const text = decodeText(bytes, field ? "" : contentType);
  if (!text.ok) return "";
  return field ? (new URLSearchParams(text.value).get(field) ?? "") : text.value;
}
