import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

interface Written {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer | string;
}

const chars = (text: string) => [...text].map((one) => `&#${one.charCodeAt(0)};`).join("");

/** Spellings of one document that mean the same. */
const spellings: readonly ((xml: string) => Buffer | string)[] = [
  (xml) => xml,
  // An XML declaration, comments, and line breaks.
  (xml) => `<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->${xml.replaceAll("><", ">\n  <")}\n`,
  // Apostrophes, and blanks inside of tags.
  (xml) => xml.replace(/ (\w+)="([^"']*)"/g, "\n $1 = '$2'").replaceAll("/>", " />"),
  // Attributes in reverse order.
  (xml) =>
    xml.replace(
      /<(\w+)((?: \w+="[^"]*")+)/g,
      (_, name, all) =>
        `<${name}${all
          .match(/ \w+="[^"]*"/g)
          .reverse()
          .join("")}`,
    ),
  // Start and end tag for an empty element.
  (xml) => xml.replace(/<(\w+)([^<>]*)\/>/g, "<$1$2></$1>"),
  // References to characters.
  (xml) => xml.replace(/ ExtConfID="(\w+)"/g, (_, id) => ` ExtConfID="${chars(id)}"`),
  // UTF-16.
  (xml) => Buffer.from(`\uFEFF${xml}`, "utf16le"),
  // Another encoding, by its declaration.
  (xml) => Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><!-- für -->${xml}`, "latin1"),
];

/** Attributes that an adapter need not send. */
const optional = / (?:ParticipantType="2"|DID="[^"]*"|CallType="\d"|ActionResult="0")/g;

/**
 * Stands between the kit and an adapter, and changes what the adapter writes within what the documents allow: other spellings and
 * encodings of XML, a root named as a response, absent optional attributes, more attributes, Status 1 before Status 0, HTTP 202 and late
 * Confirmations, HTTP 400 for what is not a document, one post at a time for all conferences, and answers in another order.
 */
export class LegalVariations {
  readonly #servers: Server[] = [];
  #lastPost: Promise<unknown> = Promise.resolve();
  adapterUrl = "";
  /** Of the TSP servers, for the adapter. */
  readonly hosts: string[] = [];

  /** `tspServers`: `host:port` of each TSP server of the kit. */
  static async start(adapterUrl: string, tspServers: readonly string[]): Promise<LegalVariations> {
    const proxy = new LegalVariations();
    const { pathname } = new URL(adapterUrl);
    proxy.adapterUrl = `http://${await proxy.#serve((body) => proxy.#toAdapter(adapterUrl, body))}${pathname}`;
    for (const host of tspServers)
      proxy.hosts.push(await proxy.#serve((body) => proxy.#toWebex(`http://${host}/`, body)));
    return proxy;
  }

  stop(): void {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  async #toAdapter(url: string, body: Buffer): Promise<Written> {
    const answer = await fetch(url, {
      method: "POST",
      body: new Uint8Array(body),
      headers: { "content-type": "text/xml" },
    });
    const text = await answer.text();
    await pause(20);
    const isDocument = /<TransID>[^<]/.test(text);
    const named = text.replace('"WTSPDOM"', '"WTSPDOM Response"');
    return { status: isDocument ? 202 : 400, type: "application/xml", body: spell(named) };
  }

  /** One at a time. Answers wait, so that notifications of other conferences pass them. */
  async #toWebex(url: string, body: Buffer): Promise<Written> {
    const xml = body.toString();
    if (xml.includes("<A2W_Rsp")) await pause(20);
    const changed = xml
      .replace(optional, "")
      .replace(/<A2W_(\w+) /g, '<A2W_$1 PartnerNote="a &lt; b" ')
      .replace(
        /(?<=<\/TransID>)<A2W_NotifyConferenceChange [^>]*Status="0"[^>]*>/,
        (started) => creating(started) + started,
      );
    const before = this.#lastPost;
    const sent = before.then(() => fetch(url, { method: "POST", body: spell(changed) as string }));
    this.#lastPost = sent.catch(() => {});
    const answer = await sent;
    return { status: answer.status, type: "text/xml", body: await answer.text() };
  }

  async #serve(handle: (body: Buffer) => Promise<Written>): Promise<string> {
    const server = createServer(async (request: IncomingMessage, response) => {
      const body = Buffer.concat(await request.toArray());
      await handle(body).then(
        ({ status, type, body: text }) => response.writeHead(status, { "Content-Type": type }).end(text),
        () => request.socket.destroy(),
      );
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    this.#servers.push(server);
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** The same conference, as being created. */
function creating(started: string): string {
  const own = started.replace(/MsgID="\d\d(\d+)"/, 'MsgID="99$1"').replace('Status="0"', 'Status="1"');
  return own.replace(/([^/])>$/, "$1/>");
}

/** The same each time for one TransID: repeats have the same text. */
function spell(xml: string): Buffer | string {
  const [, transId = "0"] = /<TransID>\d*?(\d{1,6})</.exec(xml) ?? [];
  return spellings[Number(transId) % spellings.length]?.(xml) ?? xml;
}
