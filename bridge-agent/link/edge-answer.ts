import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { TLSSocket } from "node:tls";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { codeOf } from "../../src/foundation/text/reason.ts";
import type { AgentSettings } from "../service/settings.ts";
import { edgeRoute } from "./edge-route.ts";

const PATIENCE_MS = 5_000;

/** What the edge, or a proxy in front of it, answered to the agent's first request for a socket. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** When the server's certificate begins and ends; `null` without TLS. */
  readonly certificate: { readonly begins: Date; readonly ends: Date } | null;
}

/** A first answer, by the agent's own way to this address. */
export async function askEdge(
  url: string,
  headers: OutgoingHttpHeaders,
  settings: Pick<AgentSettings, "ca">,
): Promise<EdgeAnswer> {
  const { agent = false, ca } = edgeRoute(url, settings);
  const options = { headers, agent, timeout: PATIENCE_MS, ...(ca !== undefined && { ca }) };
  return new Promise((resolve, reject) => {
    const request = (url.startsWith("wss:") ? httpsRequest : httpRequest)(url.replace(/^ws/, "http"), options);
    const timer = setTimeout(() => {
      // A request that waits for a proxy does not say that it was destroyed.
      reject(new Error(`it does not answer within ${PATIENCE_MS / 1_000} s`));
      request.destroy();
    }, PATIENCE_MS);
    const answered = ({ statusCode = 0, headers, socket }: IncomingMessage) => {
      clearTimeout(timer);
      const { valid_from, valid_to } = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
      const certificate = valid_from && valid_to ? { begins: new Date(valid_from), ends: new Date(valid_to) } : null;
      resolve({ status: statusCode, headers, certificate });
      socket.destroy();
    };
    request.on("response", answered);
    request.on("upgrade", answered);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error.message ? error : new Error(codeOf(error)));
    });
    request.end();
  });
}

/** The certificate at an address of the edge, in milliseconds since 1970. */
export interface EdgeCertificate {
  readonly begins: EpochMs;
  readonly ends: EpochMs;
}

/** `null`: nobody says. */
export async function certificateOf(
  address: string,
  settings: Pick<AgentSettings, "ca">,
): Promise<EdgeCertificate | null> {
  if (!address.startsWith("wss:")) return null;
  const { certificate } = (await askEdge(address, {}, settings).catch(() => null)) ?? {};
  const [begins, ends] = [certificate?.begins.getTime() ?? Number.NaN, certificate?.ends.getTime() ?? Number.NaN];
  return Number.isNaN(begins) || Number.isNaN(ends) ? null : { begins, ends };
}
