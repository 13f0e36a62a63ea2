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
  /** `null`: without TLS, or where it does not say when it ends. */
  readonly certificate: EdgeCertificate | null;
}

/** The certificate at an address of the edge, in milliseconds since 1970. */
interface EdgeCertificate {
  readonly begins: EpochMs;
  readonly ends: EpochMs;
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
      resolve({ status: statusCode, headers, certificate: socket instanceof TLSSocket ? shownBy(socket) : null });
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

function shownBy(socket: TLSSocket): EdgeCertificate | null {
  const { valid_from, valid_to } = socket.getPeerCertificate();
  const [begins, ends] = [Date.parse(valid_from), Date.parse(valid_to)];
  return Number.isNaN(begins + ends) ? null : { begins, ends };
}
