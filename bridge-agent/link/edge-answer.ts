import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { TLSSocket } from "node:tls";
import { codeOf } from "../../src/foundation/text/reason.ts";
import type { AgentSettings } from "../service/settings.ts";
import { edgeRoute } from "./edge-route.ts";

const PATIENCE_MS = 5_000;

/** What the edge, or a proxy in front of it, answered to the agent's first request for a socket. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** When the server's certificate ends; `null` without TLS. */
  readonly certificateEnds: Date | null;
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
      const ends = socket instanceof TLSSocket ? new Date(socket.getPeerCertificate().valid_to) : null;
      resolve({ status: statusCode, headers, certificateEnds: ends });
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

/** When the certificate at this address of the edge ends, in milliseconds since 1970; `null`: nobody says. */
export async function certificateEnds(address: string, settings: Pick<AgentSettings, "ca">): Promise<number | null> {
  if (!address.startsWith("wss:")) return null;
  const answer = await askEdge(address, {}, settings).catch(() => null);
  const ends = answer?.certificateEnds?.getTime() ?? Number.NaN;
  return Number.isNaN(ends) ? null : ends;
}
