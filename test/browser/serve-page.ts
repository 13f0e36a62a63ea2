import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** By which nothing may come from anywhere, nor any script run. */
export const STYLE_ALONE = "default-src 'none'; style-src 'unsafe-inline'";

/** Serves a page until the test is over, under a Content-Security-Policy. Returns its address. */
export async function servePage(html: string, policy: string): Promise<string> {
  const server = createServer((request, response) => {
    // A browser asks for it by itself.
    if (request.url === "/favicon.ico") response.writeHead(204).end();
    else response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy }).end(html);
  });
  onTestFinished(() => close(server));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
